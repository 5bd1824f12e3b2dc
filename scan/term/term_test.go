package term

import (
	"fmt"
	"strings"
	"testing"
)

// show prints a term as Elixir would, which reads back as the same.
func show(t Term) string {
	items := func() string {
		var parts []string
		for i := 0; i < len(t.Items); i++ {
			if t.Kind == Map && i+1 < len(t.Items) {
				parts = append(parts, show(t.Items[i])+" => "+show(t.Items[i+1]))
				i++
				continue
			}
			parts = append(parts, show(t.Items[i]))
		}
		return strings.Join(parts, ", ")
	}
	quote := func(s string) string {
		return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\t", `\t`, "\r", `\r`, "#{", `\#{`).Replace(s) + `"`
	}
	switch t.Kind {
	case Atom:
		return ":" + quote(t.Text)
	case String:
		return quote(t.Text)
	case Number:
		return t.Text
	case List:
		return "[" + items() + "]"
	case Tuple:
		return "{" + items() + "}"
	}
	return "%{" + items() + "}"
}

func TestTerms(t *testing.T) {
	for _, c := range []struct{ src, want string }{
		{`:ok`, `:"ok"`},
		{`[a: 1, "b c": nil, d?: true]`, `[{:"a", 1}, {:"b c", :"nil"}, {:"d?", :"true"}]`},
		{`%{"x": {:hex, :x, "1.0.0"}, y: [], "z" => -1.5}`, `%{:"x" => {:"hex", :"x", "1.0.0"}, :"y" => [], "z" => -1.5}`},
		{"# a comment\n[\r\n  :\"a\\\"b\", # another\r\n  \"tab\\there\\u00e4\\x41\",\n]", `[:"a\"b", "tab\thereäA"]`},
		{"\ufeff{}", `{}`},
		{`{:a, "~> 1.0", only: [:dev, :test], runtime: false}`, `{:"a", "~> 1.0", [{:"only", [:"dev", :"test"]}, {:"runtime", :"false"}]}`},
		{`[Shop.Repo, :gen_tcp]`, `[:"Elixir.Shop.Repo", :"gen_tcp"]`},
	} {
		got, err := Parse([]byte(c.src))
		if err != nil {
			t.Errorf("%s: %v", c.src, err)
		} else if show(got) != c.want {
			t.Errorf("%s is read as %s, want %s", c.src, show(got), c.want)
		}
	}
}

func TestWhatIsNoConstant(t *testing.T) {
	for _, c := range []struct{ src, want string }{
		{`%{"a": System.cmd("rm", ["-rf", "/"])}`, `1:8: code stands where a constant should be`},
		{`["#{File.read!("x")}"]`, `1:3: code stands in a string`},
		{"[\n  foo(1)]", `2:3: code stands where a constant should be`},
		{`[1 2]`, `1:4: a comma or ']' should be here`},
		{`"open`, `1:1: a string does not end`},
		{`%{a}`, `1:3: code stands where a constant should be`},
		{`%{:a}`, `1:5: a key of the map has no value`},
		{`{:a} :b`, `1:6: something follows the term`},
		{``, `1:1: the text ends where a term should be`},
		{strings.Repeat("[", 70), `1:66: terms nest more than 64 deep`},
		{"%{\n<<<<<<< HEAD\n}", `2:1: a merge conflict is not resolved here`},
	} {
		if _, err := Parse([]byte(c.src)); fmt.Sprint(err) != c.want {
			t.Errorf("%q gives %v, want %s", c.src, err, c.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	seeds := []string{`%{"a": {:hex, :a, "1.0.0", "s", [:mix], [{:b, "~> 1", [hex: :b, optional: true]}], "hexpm", "o"}}`, `[a: 1, b: "\u{1F600}"]`, `{-1_000.5, :"x y"}`, `"#{x}"`, "# c\n[]", `[Foo.Bar]`}
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		first, err := Parse(src)
		if err != nil {
			return
		}
		again, err := Parse([]byte(show(first)))
		if err != nil {
			t.Fatalf("%q prints as %q, which is not read: %v", src, show(first), err)
		}
		if show(again) != show(first) {
			t.Fatalf("%q reads back as %q", show(first), show(again))
		}
	})
}
