package syntax_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"palisade.dev/scan/elixir/syntax"
)

// snippet is a source with the tree that the real Elixir made of it.
type snippet struct{ file, name, source, tree string }

func snippets(t testing.TB) []snippet {
	files, err := filepath.Glob("testdata/golden/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	var all []snippet
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range strings.Split(string(raw), "\n=== ")[1:] {
			name, rest, _ := strings.Cut(s, "\n")
			source, tree, ok := strings.Cut(rest, "\n---\n")
			if !ok || tree == "" {
				t.Fatalf("%s: %s has no tree: run scripts/elixir-oracle -golden", file, name)
			}
			all = append(all, snippet{file, name, source + "\n", strings.TrimSpace(tree)})
		}
	}
	if len(all) < 200 {
		t.Fatalf("%d snippets in %d files: some moved away", len(all), len(files))
	}
	return all
}

func TestTreesAreThoseOfElixir(t *testing.T) {
	for _, s := range snippets(t) {
		f := syntax.Parse([]byte(s.source), syntax.Option{})
		for _, fault := range f.Faults {
			t.Errorf("%s: %s: %v", s.file, s.name, fault)
		}
		if got := syntax.Quoted(f.Tree); got != s.tree {
			t.Errorf("%s: %s:\n got %s\nwant %s", s.file, s.name, got, s.tree)
		}
	}
}

// What the Elixir of the golden files does not know yet, by the release notes of those that do.
func TestNewerElixir(t *testing.T) {
	for source, want := range map[string]string{
		"~HTML(x)":              `(sigil_HTML (<<>> "x") [])`,
		"~H2O|a\\|b|x":          `(sigil_H2O (<<>> "a|b") [120])`,
		"Foo.bar(...)":          `((. (__aliases__ :Foo) :bar) $...)`,
		"foo(1)(2)(3)":          `(((foo 1) 2) 3)`,
		"\ufefffoo":             `$foo`,
		"foo\r\nbar\r\n":        `(__block__ $foo $bar)`,
		"\"\"\"\r\na\r\n\"\"\"": `"a\x0d\n"`,
		"a \\\r\n + b":          `(+ $a $b)`,
	} {
		f := syntax.Parse([]byte(source), syntax.Option{})
		if got := syntax.Quoted(f.Tree); got != want || f.Partial {
			t.Errorf("%q: got %s, want %s %v", source, got, want, f.Faults)
		}
	}
}

// Every node ends where it says, stands inside of the node around it, and read on its own is the same node.
func TestPlacesNestAndReadBack(t *testing.T) {
	nodes, reread := 0, 0
	for _, s := range snippets(t) {
		f := syntax.Parse([]byte(s.source), syntax.Option{})
		var check func(n, parent *syntax.Node)
		check = func(n, parent *syntax.Node) {
			nodes++
			if n.End < n.Start || n.Start < 0 || int(n.End) > len(s.source) {
				t.Fatalf("%s: %v from %d to %d", s.name, n.Kind, n.Start, n.End)
			}
			if parent != nil && (n.Start < parent.Start || n.End > parent.End) {
				t.Errorf("%s: %v %q at %d to %d stands outside of %v at %d to %d", s.name, n.Kind, n.Name, n.Start, n.End, parent.Kind, parent.Start, parent.End)
			}
			if place := f.Start(n); f.End(n).Line < place.Line || place.Line < 1 || place.Column < 1 {
				t.Errorf("%s: %v at %v", s.name, n.Kind, place)
			}
			if standsAlone(n, parent) {
				reread++
				again := syntax.Parse([]byte(f.Source(n)), syntax.Option{})
				if got, want := syntax.Quoted(again.Tree), syntax.Quoted(n); got != want && got != "(__block__ "+want+")" {
					t.Errorf("%s: %q is %s inside and %s alone", s.name, f.Source(n), want, got)
				}
			}
			if n.Fun != nil {
				check(n.Fun, n)
			}
			for _, a := range n.Args {
				check(a, n)
			}
		}
		check(f.Tree, nil)
	}
	if nodes < 2000 || reread < nodes/2 {
		t.Errorf("%d nodes, %d read on their own", nodes, reread)
	}
}

// standsAlone leaves out what is no expression of its own: pairs, heads, parts of strings, the inner `in` of `a not in b`, and
// what was not written, such as the body of an arrow without one.
func standsAlone(n, parent *syntax.Node) bool {
	switch {
	case n.Start == n.End, n.Kind == syntax.Pair, n.Kind == syntax.Clause, n.Kind == syntax.Hole, n.Flags&syntax.Bare != 0:
		return false
	case parent == nil:
		return true
	case parent.Kind == syntax.Pair && n == parent.Args[0] && parent.Flags&syntax.Colon != 0:
		return false
	case parent.Kind == syntax.Pair && n == parent.Args[0] && (n.Name == "do" || n.Name == "else" || n.Name == "rescue" || n.Name == "catch" || n.Name == "after"):
		return false
	case parent.Kind == syntax.Sigil, parent.Kind == syntax.StringParts, parent.Kind == syntax.CharlistParts, parent.Kind == syntax.AtomParts:
		return false
	case syntax.Is(n, "in") && syntax.Is(parent, "not", "!"):
		return false
	case syntax.Is(n, "when") && parent.Flags&syntax.Bare != 0 && len(n.Args) != 2: // the guard of a head
		return false
	case syntax.Is(n, "|") && (parent.Kind == syntax.Map || parent.Kind == syntax.Struct): // the inside of an update
		return false
	case syntax.Is(parent, "/"): // names of operators in captures
		return false
	}
	return true
}
