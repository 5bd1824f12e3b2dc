// Package golang scans Go source. A check is a value in a folder of its own beside this file: what it is called, how bad it
// is, what must not flow where, and a function that looks at the project. Package checks is the list of them, made from the
// folders; package golangtest holds each to its samples. Neither the go command nor anything of the project is ever run.
package golang

import (
	"context"
	"fmt"
	"go/ast"
	"slices"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/golang/flow"
	"palisade.dev/scan/golang/project"
	"palisade.dev/scan/tree"
)

// Check is one thing to look for.
type Check struct {
	scan.Check
	Flow *flow.Spec // what must not reach where; what does is in the pass's Hits. May be nil.
	Run  func(*Pass)
}

// Pass is one run of one check over one project. Checks run side by side: they read the project and report to their pass.
type Pass struct {
	Project *project.Project
	Check   *Check
	Hits    []flow.Hit

	part scan.Part
}

// Report adds a finding. Check, title, severity, CWE and standards are the check's where the finding leaves them empty.
func (p *Pass) Report(f scan.Finding) {
	c := p.Check
	f.Check = c.ID
	if f.Title == "" {
		f.Title = c.Title
	}
	if f.Severity == scan.None {
		f.Severity = c.Severity
	}
	if f.CWE == nil {
		f.CWE = c.CWE
	}
	if f.Standards == nil {
		f.Standards = c.Standards
	}
	if f.Key == "" {
		f.Key = f.Message
	}
	p.part.Findings = append(p.part.Findings, f)
}

// At is the finding at a node: its place, the function around it, and the node's text as the key.
func (p *Pass) At(f *project.File, n ast.Node, message string) scan.Finding {
	place := f.Place(n)
	place.Symbol = f.Symbol(n.Pos())
	return scan.Finding{Place: place, Key: f.Text(n), Message: message, Confidence: scan.Firm}
}

// Of is the finding of a flow, with its way from the source to the sink.
func (p *Pass) Of(h flow.Hit, message string) scan.Finding {
	f := p.At(h.File, h.Call, message)
	f.Flow, f.Confidence = h.Steps, scan.Confirmed
	return f
}

// Replace is the edit that puts a text in the place of a node.
func Replace(f *project.File, n ast.Node, text string) scan.Edit {
	return scan.Edit{File: f.Path, Start: f.Offset(n.Pos()), End: f.Offset(n.End()), New: text}
}

// Insert is the edit that puts a text before an offset.
func Insert(f *project.File, offset int, text string) scan.Edit {
	return scan.Edit{File: f.Path, Start: offset, End: offset, New: text}
}

// Element is the edit that adds an element to a composite literal with named elements, in its manner: on the same line,
// or on a line of its own.
func Element(f *project.File, lit *ast.CompositeLit, text string) scan.Edit {
	at := f.Offset(lit.Lbrace) + 1
	if len(lit.Elts) == 0 {
		return Insert(f, at, text)
	}
	between := string(f.Source[at:f.Offset(lit.Elts[0].Pos())])
	if strings.Contains(between, "\n") {
		indent := between[strings.LastIndexByte(between, '\n'):]
		return Insert(f, at, indent+text+",")
	}
	return Insert(f, at, text+", ")
}

// Import gives what a file calls a package, with the edit that imports it where it does not. A file that uses the name for
// something else gets none.
func Import(f *project.File, path string) (name string, edits []scan.Edit) {
	name = path[strings.LastIndexByte(path, '/')+1:]
	for _, i := range f.AST.Imports {
		if strings.Trim(i.Path.Value, "\"`") == path {
			if i.Name != nil {
				return i.Name.Name, nil
			}
			return name, nil
		}
	}
	for _, d := range f.AST.Decls {
		if g, ok := d.(*ast.GenDecl); ok && g.Lparen.IsValid() && len(g.Specs) > 0 && g.Tok.String() == "import" {
			// Among the others in order, as formatters want it, unless the first is of another kind.
			for _, s := range g.Specs {
				if v := strings.Trim(s.(*ast.ImportSpec).Path.Value, "\"`"); v > path {
					return name, []scan.Edit{Insert(f, f.Offset(s.Pos()), fmt.Sprintf("%q\n\t", path))}
				}
			}
			return name, []scan.Edit{Insert(f, f.Offset(g.Specs[0].Pos()), fmt.Sprintf("%q\n\t", path))}
		}
	}
	return name, []scan.Edit{Insert(f, f.Offset(f.AST.Name.End()), fmt.Sprintf("\n\nimport %q", path))}
}

// Calls gives each call of one of some functions, with its file and the function around it.
func (p *Pass) Calls(yield func(c *flow.Call, name string)) {
	p.Files(func(f *project.File) {
		walk(f.AST, func(n, fn ast.Node) {
			if call, ok := n.(*ast.CallExpr); ok {
				yield(&flow.Call{Project: p.Project, Package: f.Package, File: f, Func: fn, CallExpr: call}, p.Project.Callee(f.Package, call))
			}
		})
	})
}

// Literals gives each composite literal of a named type, with the function around it.
func (p *Pass) Literals(yield func(f *project.File, lit *ast.CompositeLit, name string, fn ast.Node)) {
	p.Files(func(f *project.File) {
		walk(f.AST, func(n, fn ast.Node) {
			if lit, ok := n.(*ast.CompositeLit); ok {
				if name := project.TypeName(f.Package.Info.TypeOf(lit)); name != "" {
					yield(f, lit, name, fn)
				}
			}
		})
	})
}

// Files gives each file.
func (p *Pass) Files(yield func(f *project.File)) {
	for _, pkg := range p.Project.Packages {
		for _, f := range pkg.Files {
			yield(f)
		}
	}
}

// walk visits all nodes with the innermost function around each.
func walk(root ast.Node, visit func(n, fn ast.Node)) {
	var funcs []ast.Node
	var stack []bool
	ast.Inspect(root, func(n ast.Node) bool {
		if n == nil {
			if stack[len(stack)-1] {
				funcs = funcs[:len(funcs)-1]
			}
			stack = stack[:len(stack)-1]
			return true
		}
		var fn ast.Node
		if len(funcs) > 0 {
			fn = funcs[len(funcs)-1]
		}
		visit(n, fn)
		is := false
		switch n.(type) {
		case *ast.FuncDecl, *ast.FuncLit:
			is = true
			funcs = append(funcs, n)
		}
		stack = append(stack, is)
		return true
	})
}

// Scanner runs checks over a tree.
type Scanner struct{ checks []Check }

// New gives a scanner of some checks.
func New(checks []Check) *Scanner { return &Scanner{checks} }

// Name is what the scanner is called.
func (s *Scanner) Name() string { return "Go source" }

// Checks are what it looks for.
func (s *Scanner) Checks() []scan.Check {
	out := make([]scan.Check, len(s.checks))
	for i, c := range s.checks {
		out[i] = c.Check
	}
	return out
}

// Scan reads the project once, follows what clients send through it once, and gives both to each wanted check.
func (s *Scanner) Scan(ctx context.Context, t *tree.Tree, wanted func(string) bool) (scan.Part, error) {
	if !slices.ContainsFunc(t.Files, func(f tree.File) bool { return f.Ext() == ".go" }) {
		return scan.Part{}, nil
	}
	p, part, err := project.Read(ctx, t)
	if err != nil {
		return part, err
	}
	if len(p.Packages) == 0 {
		return part, nil
	}
	part.Facts = append(part.Facts, facts(p)...)
	var checks []Check
	var specs []flow.Spec
	kinds := map[int]int{} // of a spec's index, the check's
	for _, c := range s.checks {
		if !wanted(c.ID) {
			continue
		}
		if c.Flow != nil {
			kinds[len(specs)] = len(checks)
			specs = append(specs, *c.Flow)
		}
		checks = append(checks, c)
	}
	hits := make([][]flow.Hit, len(checks))
	if len(specs) > 0 {
		// One item, for what Each does when time runs out or we are at fault.
		followed, err := tree.Each(ctx, specs[:1], func(flow.Spec) string { return "flows" }, func(ctx context.Context, _ flow.Spec) scan.Part {
			for _, h := range flow.Run(ctx, p, specs) {
				hits[kinds[h.Kind]] = append(hits[kinds[h.Kind]], h)
			}
			return scan.Part{}
		})
		if part.Add(followed); err != nil {
			return part, err
		}
	}
	if len(p.Unknown) > 0 {
		for _, c := range checks {
			if c.Flow != nil {
				part.Outcomes = append(part.Outcomes, scan.Outcome{
					Check: c.ID, Where: list(p.Unknown), Verdict: scan.CouldNotTell,
					Why: fmt.Sprintf("the types of %d packages of others are not known; what flows through them was not followed", len(p.Unknown)),
				})
			}
		}
	}
	order := make([]int, len(checks))
	for i := range order {
		order[i] = i
	}
	found, err := tree.Each(ctx, order, func(i int) string { return checks[i].ID }, func(_ context.Context, i int) scan.Part {
		pass := &Pass{Project: p, Check: &checks[i], Hits: hits[i]}
		checks[i].Run(pass)
		return pass.part
	})
	part.Add(found)
	return part, err
}

func list(names []string) string {
	const most = 5
	if len(names) > most {
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", len(names)-most)
	}
	return strings.Join(names, ", ")
}

func facts(p *project.Project) []scan.Fact {
	files := 0
	for _, pkg := range p.Packages {
		files += len(pkg.Files)
	}
	facts := []scan.Fact{{Name: "Go packages", Value: fmt.Sprint(len(p.Packages))}, {Name: "Go files", Value: fmt.Sprint(files)}}
	if p.Left > 0 {
		facts = append(facts, scan.Fact{Name: "Go files for other systems or tags", Value: fmt.Sprint(p.Left)})
	}
	if len(p.Unknown) > 0 {
		facts = append(facts, scan.Fact{Name: "Go packages known by name only", Value: fmt.Sprint(len(p.Unknown))})
	}
	return facts
}
