package syntax_test

import (
	"fmt"
	"strings"
	"testing"

	"palisade.dev/scan/elixir/syntax"
)

func tree(t testing.TB, source string) *syntax.Node {
	f := syntax.Parse([]byte(source), syntax.Option{})
	if len(f.Faults) > 0 {
		t.Fatalf("%q: %v", source, f.Faults)
	}
	return f.Tree
}

func Example() {
	f := syntax.Parse([]byte("def show(conn, params) do\n  System.cmd(\"sh\", [params[\"x\"]], into: [])\nend\n"), syntax.Option{})
	syntax.Walk(f.Tree, func(n *syntax.Node) bool {
		if syntax.Callee(n) == "System.cmd" {
			command, constant := syntax.Text(n.Args[0])
			fmt.Println(f.Start(n).Line, command, constant, len(syntax.Args(n)), syntax.Keyword(n, "into") != nil)
		}
		return true
	})
	// Output: 2 sh true 2 true
}

func TestCallee(t *testing.T) {
	for source, want := range map[string]string{
		"raw(x)": "raw", "a + b": "+", "Repo.query!(x)": "Repo.query!", "Foo.Bar.baz": "Foo.Bar.baz", ":os.cmd(x)": ":os.cmd",
		"conn.params": "conn.params", "a.b.c(1)": "a.b.c", "@repo.all(q)": "@repo.all", "__MODULE__.Sub.run()": "__MODULE__.Sub.run",
		"f.(x)": "", "hd(list).name": "", "foo": "", "unquote(a).b()": "",
	} {
		if got := syntax.Callee(tree(t, source)); got != want {
			t.Errorf("%s: %q, want %q", source, got, want)
		}
	}
	if syntax.Callee(nil) != "" || syntax.Is(nil, "def") || syntax.AliasName(nil) != "" {
		t.Error("nothing names something")
	}
	if n := tree(t, "defp a(b), do: c"); !syntax.Is(n, "def", "defp") || syntax.Is(n, "def") {
		t.Error("defp is not told from def")
	}
	if got := syntax.AliasName(tree(t, "@mod.Foo")); got != "" {
		t.Error(got)
	}
}

func TestKeywords(t *testing.T) {
	for source, want := range map[string]string{
		"foo(1, a: 1, key: 2)": "2", "foo 1, key: 2 do\n3\nend": "2", "[a: 1, key: 2]": "2", "[{:key, 2}]": "2", "%{key: 2}": "2",
		"%{:key => 2}": "2", "%Foo{key: 2}": "2", "foo([key: 2])": "2", "Foo.bar(key: 2)": "2", "foo(1)": "", "foo([key: 2], 1)": "",
		"%{\"key\" => 2}": "",
	} {
		got := ""
		if v := syntax.Keyword(tree(t, source), "key"); v != nil {
			got = syntax.Quoted(v)
		}
		if got != want {
			t.Errorf("%s: %q, want %q", source, got, want)
		}
	}
	n := tree(t, "if a do\n  b\n  c\nelse\n  d\nend")
	if got := syntax.Quoted(syntax.Do(n)); got != "(__block__ $b $c)" || len(syntax.Body(syntax.Do(n))) != 2 {
		t.Error(got)
	}
	if got := syntax.Quoted(syntax.Keyword(n, "else")); got != "$d" || len(syntax.Body(syntax.Keyword(n, "else"))) != 1 || syntax.Body(nil) != nil {
		t.Error(got)
	}
	if got := len(syntax.Args(tree(t, "foo(1, 2, a: 1) do\nend"))); got != 2 {
		t.Error(got)
	}
	if got := len(syntax.Args(tree(t, "foo(1, [a: 1])"))); got != 2 {
		t.Error(got)
	}
}

func TestText(t *testing.T) {
	for source, want := range map[string]string{
		`"a\tb"`: "a\tb", `'abc'`: "abc", `~s(a\nb)`: "a\nb", `~S(a\nb)`: `a\nb`, `"a" <> "b" <> ~s(c)`: "abc", "\"\"\"\n  x\n  \"\"\"": "x\n",
		`~s(\xZZ)`: `\xZZ`, `~c"ab"`: "ab",
	} {
		if got, ok := syntax.Text(tree(t, source)); got != want || !ok {
			t.Errorf("%s: %q %v, want %q", source, got, ok, want)
		}
	}
	for _, source := range []string{`"a#{b}"`, "a", `"a" <> b`, "~r/a/", "~s(#{a})", ":a", "1"} {
		if got, ok := syntax.Text(tree(t, source)); ok {
			t.Errorf("%s is %q", source, got)
		}
	}
}

func TestInt(t *testing.T) {
	for source, want := range map[string]int64{"1_000": 1000, "0xFF": 255, "0b101": 5, "0o17": 15, "?a": 97, `?\n`: 10, "?é": 233, "007": 7} {
		if got, ok := tree(t, source).Int(); got != want || !ok {
			t.Errorf("%s: %d", source, got)
		}
	}
	if _, ok := tree(t, strings.Repeat("9", 40)).Int(); ok {
		t.Error("forty digits fit")
	}
}

func TestWrongEscapesAreTold(t *testing.T) {
	f := syntax.Parse([]byte(`x = "a\xZ"`), syntax.Option{})
	if len(f.Faults) != 1 || f.Partial || f.Faults[0].String() != `line 1: expected \xHH, \uHHHH or \u{H}, found "\\xZ"` {
		t.Error(f.Faults)
	}
}
