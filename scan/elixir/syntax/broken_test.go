package syntax_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"palisade.dev/scan/elixir/syntax"
)

// Broken files say in comments what must be told and kept: `# fault TEXT` on the line at fault, or anywhere as `# fault line N: TEXT`,
// and `# kept NAME` for functions that must be in the tree, each below the module that it was written in.
func TestBrokenFilesKeepTheirSoundParts(t *testing.T) {
	files, err := filepath.Glob("testdata/broken/*.ex")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		f := syntax.Parse(src, syntax.Option{})
		if !f.Partial || len(f.Faults) == 0 {
			t.Errorf("%s: read as if it were sound", file)
		}
		var faults []string
		for _, fault := range f.Faults {
			faults = append(faults, fault.String())
		}
		told := strings.Join(faults, "\n")
		kept := map[string]bool{}
		functions(f.Tree, "", kept)
		wants := 0
		for i, line := range strings.Split(string(src), "\n") {
			if _, want, ok := strings.Cut(line, "# fault "); ok {
				wants++
				if !strings.HasPrefix(want, "line ") {
					want = fmt.Sprintf("line %d: %s", i+1, want)
				}
				if !strings.Contains(told, want) {
					t.Errorf("%s: %q is not told, but\n%s", file, want, told)
				}
			}
			if _, want, ok := strings.Cut(line, "# kept "); ok {
				wants++
				if !kept[want] {
					t.Errorf("%s: %s is not kept, but %v", file, want, kept)
				}
			}
		}
		if wants < 2 {
			t.Errorf("%s wants nothing", file)
		}
	}
	if len(files) < 12 {
		t.Errorf("%d broken files", len(files))
	}
}

// functions collects Module.name/arity of definitions; those that stand within another's body do not count.
func functions(n *syntax.Node, module string, into map[string]bool) {
	syntax.Walk(n, func(n *syntax.Node) bool {
		switch {
		case syntax.Is(n, "defmodule") && len(n.Args) > 0:
			functions(syntax.Do(n), syntax.AliasName(n.Args[0]), into)
			return false
		case syntax.Is(n, "def", "defp") && len(n.Args) > 0:
			head := n.Args[0]
			into[fmt.Sprintf("%s.%s/%d", module, head.Name, len(head.Args))] = true
			return false
		}
		return true
	})
}

func TestLimits(t *testing.T) {
	deep := strings.Repeat("(", 5000) + "a" + strings.Repeat(")", 5000)
	for name, c := range map[string]struct {
		source string
		opt    syntax.Option
		fault  string
	}{
		"bytes":            {"foo(bar)", syntax.Option{MaxBytes: 4}, "line 1: expected at most 4 bytes, found 8"},
		"nodes":            {"a = 1\nb = [1, 2, 3, 4, 5, 6]\n", syntax.Option{MaxNodes: 6}, "line 2: expected at most 6 nodes"},
		"depth":            {"x = 1\n" + deep + "\ny = 2\n", syntax.Option{}, "line 2: expected at most 2000 levels"},
		"left depth":       {"x = 1\nz = a" + strings.Repeat("+a", 5000) + "\ny = 2\n", syntax.Option{}, "line 2: expected at most 2000 levels"},
		"depth of a block": {"x = 1\ny = 2\nz = " + strings.Repeat("[", 1999) + strings.Repeat("]", 1999), syntax.Option{MaxDepth: 1999}, "line 3: expected at most 1999 levels"},
		"dots":             {"x = 1\nz = a" + strings.Repeat(".a", 5000) + "\ny = 2\n", syntax.Option{}, "line 2: expected at most 2000 levels"},
		"holes":            {strings.Repeat(`"#{`, 5000), syntax.Option{}, "at most 250 strings inside strings"},
		"steps":            {strings.Repeat("a;", 500), syntax.Option{MaxSteps: 100}, "a source that is read in 100 steps"},
	} {
		f := syntax.Parse([]byte(c.source), c.opt)
		var faults []string
		for _, fault := range f.Faults {
			faults = append(faults, fault.String())
		}
		if told := strings.Join(faults, "\n"); !f.Partial || !strings.Contains(told, c.fault) {
			t.Errorf("%s: %q is not told, but %.300s", name, c.fault, told)
		}
		if strings.HasPrefix(c.source, "x = 1") && !strings.HasPrefix(syntax.Quoted(f.Tree), "(__block__ (= $x 1) (= $y 2)") {
			t.Errorf("%s: kept %.200s", name, syntax.Quoted(f.Tree))
		}
	}
}

// Wherever the limit is met, what was read before is kept and nothing falls out.
func TestEveryLimitOnNodesAndSteps(t *testing.T) {
	source := "defmodule A do\n  def b(c) when c > 1 do\n    case c do\n      {:ok, [d | _]} -> \"a#{d}\"\n      _ -> fn -> %{e: 1} end\n    end\n  end\nend\nx = 1\n"
	for n := 1; n < 60; n++ {
		for _, opt := range []syntax.Option{{MaxNodes: n}, {MaxSteps: n}, {MaxDepth: n}} {
			f := syntax.Parse([]byte(source), opt)
			if f.Partial != (len(f.Faults) > 0) || f.Tree == nil {
				t.Errorf("%+v: %v", opt, f.Faults)
			}
			_ = syntax.Quoted(f.Tree)
		}
	}
}

// Sources that made quadratic or worse readers of other parsers: each is large enough to be noticed by the clock of the test.
func TestHostileSourcesEnd(t *testing.T) {
	n := 200_000
	for name, s := range map[string]string{
		"open parentheses": strings.Repeat("(", n), "closed": strings.Repeat(")", n), "open and named": strings.Repeat("a(", n),
		"sigils":      strings.Repeat("~s(\n", n),
		"heredocs":    strings.Repeat("~s\"\"\"\n", n),
		"strings":     strings.Repeat("\"\n", n+1),
		"holes":       strings.Repeat("\"#{\n", n),
		"heads":       strings.Repeat("(a;(", n),
		"when heads":  strings.Repeat("((a) when ", n),
		"arrows":      strings.Repeat("->", n),
		"fn":          strings.Repeat("fn ", n),
		"do":          strings.Repeat("a do ", n),
		"do lines":    strings.Repeat("a do\n", n),
		"ends":        strings.Repeat("end\n", n),
		"commas":      strings.Repeat(",", n),
		"captures":    strings.Repeat("& ", n),
		"dots":        strings.Repeat("a.", n),
		"brackets":    strings.Repeat("a[", n),
		"maps":        strings.Repeat("%{a|", n),
		"definitions": strings.Repeat("def a(\n", n),
		"bad bytes":   strings.Repeat("\xff\xfe", n),
		"merge marks": strings.Repeat("<<<<<<< a\n", n),
	} {
		f := syntax.Parse([]byte(s), syntax.Option{})
		if f.Tree == nil || !f.Partial || len(f.Faults) == 0 {
			t.Errorf("%s: read as if it were sound", name)
		}
		_ = syntax.Quoted(f.Tree)
	}
}

func TestInvalidUTF8IsToldAndRead(t *testing.T) {
	f := syntax.Parse([]byte("# caf\xe9\nx = \"\xff\"\ny = 1\n"), syntax.Option{})
	if got := syntax.Quoted(f.Tree); got != `(__block__ (= $x "\xff") (= $y 1))` || f.Partial {
		t.Error(got, f.Partial)
	}
	if len(f.Faults) != 1 || f.Faults[0].String() != "line 1: expected UTF-8, found byte 0xe9" {
		t.Error(f.Faults)
	}
}

func TestCodeInsideAnotherFile(t *testing.T) {
	outer := "é <%= foo(\n  @bar) %>"
	code := outer[7 : len(outer)-3]
	f := syntax.Parse([]byte(code), syntax.Option{At: syntax.Place{Offset: 7, Line: 1, Column: 7}})
	arg := f.Tree.Args[0]
	if start, end := f.Start(arg), f.End(arg); outer[arg.Start:arg.End] != "@bar" || start.Line != 2 || start.Column != 3 || end.Column != 7 || arg.Line != 2 {
		t.Error(start, end, outer[arg.Start:arg.End])
	}
	if start := f.Start(f.Tree); start.Line != 1 || start.Column != 7 {
		t.Error(start)
	}
	f = syntax.Parse([]byte("if a do\n  b\nend; fn -> c do"), syntax.Option{At: syntax.Place{Offset: 700, Line: 20, Column: 3}})
	if !f.Partial || f.Faults[0].Line != 22 || f.Start(f.Tree).Line != 20 || f.Tree.Start < 700 {
		t.Error(f.Faults, f.Tree)
	}
	f = syntax.Parse([]byte("class: @a, id: 1"), syntax.Option{Arguments: true})
	if got := syntax.Quoted(f.Tree); got != "[{:class (@ $a)} {:id 1}]" || f.Partial {
		t.Error(got, f.Faults)
	}
}

func FuzzParse(f *testing.F) {
	seeds := 0
	for _, s := range snippets(f) {
		f.Add([]byte(s.source))
		seeds++
	}
	files, _ := filepath.Glob("testdata/broken/*.ex")
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(src)
		seeds++
	}
	if seeds < 210 {
		f.Fatalf("%d seeds", seeds)
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		file := syntax.Parse(src, syntax.Option{})
		if file.Partial && len(file.Faults) == 0 {
			t.Error("something was lost and nothing said")
		}
		syntax.Walk(file.Tree, func(n *syntax.Node) bool {
			if n.End < n.Start || n.Start < 0 || int(n.End) > len(src) || n.Kind == 0 {
				t.Fatalf("%v from %d to %d of %d", n.Kind, n.Start, n.End, len(src))
			}
			return true
		})
		if moved := syntax.Parse(src, syntax.Option{At: syntax.Place{Offset: 70, Line: 7, Column: 3}}); syntax.Quoted(moved.Tree) != syntax.Quoted(file.Tree) {
			t.Error("read in another place, another tree")
		}
		if again := syntax.Parse(src, syntax.Option{}); syntax.Quoted(again.Tree) != syntax.Quoted(file.Tree) {
			t.Error("read twice, two trees")
		}
		for _, c := range file.Comments {
			if !strings.HasPrefix(string(src[c.Offset:]), c.Text) {
				t.Errorf("comment %q is not at %d", c.Text, c.Offset)
			}
		}
	})
}

func BenchmarkParse(b *testing.B) {
	var src strings.Builder
	for _, s := range snippets(b) {
		if !strings.Contains(s.source, "__END__") {
			fmt.Fprintf(&src, "defmodule M%d do\n  @moduledoc \"about %s\"\n  # %s\n%s\nend\n", src.Len(), strings.ReplaceAll(s.name, `"`, ""), s.name, s.source)
		}
	}
	source := []byte(src.String())
	if f := syntax.Parse(source, syntax.Option{}); f.Partial {
		b.Fatal(f.Faults[0])
	}
	b.SetBytes(int64(len(source)))
	b.ReportAllocs()
	for b.Loop() {
		syntax.Parse(source, syntax.Option{})
	}
}
