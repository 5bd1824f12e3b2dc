package flow

import (
	"go/ast"
	"strings"
)

// effects are what functions of others do to what they are given.
func (w *walker) effects(name string, call *ast.CallExpr, recvExpr ast.Expr, recv value, args []value) {
	joined := func(from int) (v value) {
		for _, a := range args[min(from, len(args)):] {
			v = join(v, a)
		}
		return v
	}
	if flow, ok := writers[name]; ok {
		var v value
		if flow.from < 0 {
			v = recv
		} else {
			v = joined(flow.from)
			if flow.one {
				v = at(args, flow.from)
			}
		}
		if flow.to < 0 {
			if recvExpr != nil {
				w.taint(recvExpr, "", v, call)
			}
		} else if flow.to < len(call.Args) {
			w.taint(call.Args[flow.to], "", v, call)
		}
	}
}

// through is what comes out of functions of others: those that handle texts give on what they are given.
func (w *walker) through(name string, call *ast.CallExpr, recv value, args []value) value {
	if name == "" || strings.HasPrefix(name, "?.") {
		return nil
	}
	if format, ok := formats[name]; ok {
		return w.format(call, format, args)
	}
	if name == "strings.Join" || name == "path.Join" || name == "path/filepath.Join" || name == "net/url.JoinPath" {
		return w.join(name, call, args)
	}
	pkg := strings.TrimLeft(name, "(*")
	if i := strings.LastIndexByte(pkg, '/'); i >= 0 {
		if j := strings.IndexByte(pkg[i:], '.'); j >= 0 {
			pkg = pkg[:i+j]
		}
	} else if j := strings.IndexByte(pkg, '.'); j >= 0 {
		pkg = pkg[:j]
	}
	if stops[name] {
		return nil
	}
	if name == "(*net/url.URL).JoinPath" { // the host is the receiver's
		for _, a := range args {
			recv = join(recv, a.cleared(w.host))
		}
		return recv
	}
	if textual[pkg] {
		v := recv
		for _, a := range args {
			v = join(v, a)
		}
		return v.made().through(w.file, call, "goes through "+short(w.file.Text(call.Fun)))
	}
	return nil
}

// format follows a Sprintf: its text up to a verb says what stands before the argument.
func (w *walker) format(call *ast.CallExpr, first int, args []value) value {
	if first >= len(call.Args) {
		return nil
	}
	text, ok := w.pkg.Constant(call.Args[first])
	if !ok {
		v := at(args, first)
		for _, a := range args[min(first+1, len(args)):] {
			v = join(v, a)
		}
		return v
	}
	var all value
	var before strings.Builder
	next := first + 1
	for i := 0; i < len(text); i++ {
		if text[i] != '%' {
			before.WriteByte(text[i])
			continue
		}
		j := i + 1
		for j < len(text) && strings.IndexByte("+-# 0123456789.[]*", text[j]) >= 0 {
			j++
		}
		if j >= len(text) || text[j] == '%' {
			before.WriteByte('%')
			i = j
			continue
		}
		v := at(args, next)
		if text[j] == 'd' || text[j] == 'x' || text[j] == 'X' || text[j] == 't' || text[j] == 'T' || text[j] == 'p' {
			v = nil
		}
		if next < len(call.Args) {
			all = join(all, v.cleared(w.behind(before.String())))
			before.WriteString(w.written(call.Args[next], v))
		}
		next++
		i = j
	}
	return all.through(w.file, call, "becomes a part of the text")
}

// join follows those that put parts behind one another.
func (w *walker) join(name string, call *ast.CallExpr, args []value) value {
	if name == "strings.Join" {
		return at(args, 0)
	}
	var all value
	before := ""
	for i, v := range args {
		if len(v) > 0 {
			kinds := uint64(0)
			if name == "net/url.JoinPath" && i > 0 {
				kinds = w.behind("\x00/")
			}
			all = join(all, v.cleared(kinds))
			continue
		}
		before += "\x00/"
	}
	return all.through(w.file, call, "becomes a part of the path")
}
