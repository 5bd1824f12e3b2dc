//go:build ignore

// Command generate writes std.txt.gz: what the standard library of the running Go declares, as source without bodies,
// without comments and without what nobody outside can name.
package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"go/constant"
	"go/importer"
	"go/token"
	"go/types"
	"log"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
)

func main() {
	list, err := exec.Command("go", "list", "std").Output()
	if err != nil {
		log.Fatal(err)
	}
	from := importer.ForCompiler(token.NewFileSet(), "source", nil)
	var all bytes.Buffer
	for _, path := range strings.Fields(string(list)) {
		if strings.Contains(path, "internal") || strings.HasPrefix(path, "vendor/") {
			continue
		}
		p, err := from.Import(path)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Fprintf(&all, "-- %s --\n", path)
		(&printer{pkg: p}).print(&all)
	}
	var packed bytes.Buffer
	w, _ := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	w.Comment = runtime.Version()
	if _, err := w.Write(all.Bytes()); err != nil {
		log.Fatal(err)
	}
	w.Close()
	if err := os.WriteFile("std.txt.gz", packed.Bytes(), 0o644); err != nil {
		log.Fatal(err)
	}
	fmt.Println(all.Len(), "bytes,", packed.Len(), "packed")
}

type printer struct {
	pkg     *types.Package
	imports []string
	body    bytes.Buffer
}

func (p *printer) qualify(other *types.Package) string {
	if other == p.pkg {
		return ""
	}
	i := slices.Index(p.imports, other.Path())
	if i < 0 {
		i = len(p.imports)
		p.imports = append(p.imports, other.Path())
	}
	return fmt.Sprintf("p%d", i)
}

func (p *printer) text(t types.Type) string { return types.TypeString(t, p.qualify) }

func (p *printer) print(out *bytes.Buffer) {
	scope := p.pkg.Scope()
	for _, name := range scope.Names() {
		switch o := scope.Lookup(name).(type) {
		case *types.TypeName: // one that is not exported may still be the type of something that is
			p.typeName(o)
		case *types.Const:
			if o.Exported() {
				t := ""
				if b, ok := o.Type().(*types.Basic); !ok || b.Info()&types.IsUntyped == 0 {
					t = " " + p.text(o.Type())
				}
				value := o.Val().ExactString()
				if o.Val().Kind() == constant.Float {
					f, _ := constant.Float64Val(o.Val())
					value = fmt.Sprint(f)
				}
				fmt.Fprintf(&p.body, "const %s%s = %s\n", name, t, value)
			}
		case *types.Var:
			if o.Exported() {
				fmt.Fprintf(&p.body, "var %s %s\n", name, p.text(o.Type()))
			}
		case *types.Func:
			if o.Exported() {
				fmt.Fprintln(&p.body, types.ObjectString(o, p.qualify))
			}
		}
	}
	fmt.Fprintf(out, "package %s\n", p.pkg.Name())
	for i, path := range p.imports {
		fmt.Fprintf(out, "import p%d %q\n", i, path)
	}
	out.Write(p.body.Bytes())
}

func (p *printer) typeName(o *types.TypeName) {
	if o.IsAlias() {
		if o.Exported() {
			fmt.Fprintf(&p.body, "type %s = %s\n", o.Name(), p.text(types.Unalias(o.Type())))
		}
		return
	}
	named, ok := o.Type().(*types.Named)
	if !ok {
		return
	}
	declared, used := "", ""
	if params := named.TypeParams(); params.Len() > 0 {
		var with, names []string
		for i := range params.Len() {
			with = append(with, params.At(i).Obj().Name()+" "+p.text(params.At(i).Constraint()))
			names = append(names, params.At(i).Obj().Name())
		}
		declared, used = "["+strings.Join(with, ", ")+"]", "["+strings.Join(names, ", ")+"]"
	}
	under := p.text(named.Underlying())
	if s, ok := named.Underlying().(*types.Struct); ok {
		var fields []string
		for i := range s.NumFields() {
			switch f := s.Field(i); {
			case f.Embedded():
				fields = append(fields, p.text(f.Type()))
			case f.Exported():
				fields = append(fields, f.Name()+" "+p.text(f.Type()))
			}
		}
		under = "struct{" + strings.Join(fields, "; ") + "}"
	}
	fmt.Fprintf(&p.body, "type %s%s %s\n", o.Name(), declared, under)
	if _, ok := named.Underlying().(*types.Interface); ok {
		return
	}
	for i := range named.NumMethods() {
		m := named.Method(i)
		if !m.Exported() {
			continue
		}
		sig := m.Type().(*types.Signature)
		star := ""
		if _, ok := sig.Recv().Type().(*types.Pointer); ok {
			star = "*"
		}
		fmt.Fprintf(&p.body, "func (_ %s%s%s) %s%s\n", star, o.Name(), used, m.Name(), strings.TrimPrefix(p.text(sig), "func"))
	}
}
