package template_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"palisade.dev/scan/elixir/syntax"
	"palisade.dev/scan/elixir/template"
)

var update = flag.Bool("update", false, "write the holes into the samples")

// describe puts a hole on one line: where it lands, in what, and its expression.
func describe(h *template.Hole) string {
	in := h.Context.String()
	if h.Mark == template.Raw {
		in = "raw " + in
	}
	if h.Name != "" {
		in += " " + h.Name
	}
	if h.Quote != 0 {
		in += " " + string(h.Quote)
	}
	if h.Element != nil {
		in += " of " + h.Element.Name
	}
	tree := "nothing"
	if h.Node != nil {
		tree = syntax.Quoted(h.Node)
	}
	return in + ": " + tree
}

// Each file in testdata is a template, a line of ---, and its holes as describe prints them.
func TestHoles(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	holes := 0
	for _, file := range files {
		name, source, want := sample(t, file)
		f := template.Parse(name, []byte(source), template.Option{})
		var got strings.Builder
		for _, fault := range f.Faults {
			fmt.Fprintf(&got, "%v\n", fault)
		}
		for _, h := range f.Holes {
			holes++
			fmt.Fprintf(&got, "%d %s\n", f.Code.Place(h.Start).Line, describe(h))
		}
		if *update {
			if err := os.WriteFile(file, []byte(strings.TrimSuffix(source, "\n")+"\n---\n"+got.String()), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if got.String() != want {
			t.Errorf("%s: got\n%s\nwant\n%s", file, got.String(), want)
		}
	}
	if len(files) < 12 || holes < 80 {
		t.Errorf("%d files with %d holes", len(files), holes)
	}
}

func sample(t testing.TB, file string) (name, source, want string) {
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	source, want, ok := strings.Cut(string(raw), "\n---\n")
	if !ok {
		t.Fatalf("%s has no line of ---", file)
	}
	return strings.TrimSuffix(filepath.Base(file), ".txt"), source + "\n", want
}

func TestElements(t *testing.T) {
	f := template.Parse("a.html.heex", []byte(`<.form :let={f} for={@form} phx-submit="save"><input type=text value="a<b" disabled {@rest} /><:col :if={@x}>{@y}</:col></.form>`), template.Option{})
	if f.Partial || len(f.Elements) != 3 {
		t.Fatal(f.Faults, len(f.Elements))
	}
	form, input, col := f.Elements[0], f.Elements[1], f.Elements[2]
	if form.Name != ".form" || input.Parent != form || col.Name != ":col" || col.Parent != form {
		t.Error(form, input, col)
	}
	if a := form.Attribute("phx-submit"); a == nil || a.Value != "save" || a.Expr != nil {
		t.Error(a)
	}
	if a := form.Attribute(":let"); a == nil || a.Expr == nil || syntax.Quoted(a.Expr.Node) != "$f" {
		t.Error(a)
	}
	if a := input.Attribute("value"); a == nil || a.Value != "a<b" {
		t.Error(a)
	}
	if a := input.Attribute("type"); a == nil || a.Value != "text" {
		t.Error(a)
	}
	if input.Attribute("disabled") == nil || input.Attribute("").Expr == nil || form.Attribute("none") != nil {
		t.Error(input.Attributes)
	}
}

func TestSigilsHaveTheirPlacesInTheFile(t *testing.T) {
	source := "defmodule A do\n  def render(assigns) do\n    ~H\"\"\"\n    <p class={@a}>\n      é {raw(@b)}\n    </p>\n    \"\"\"\n  end\nend\n"
	file := syntax.Parse([]byte(source), syntax.Option{})
	found := 0
	syntax.Walk(file.Tree, func(n *syntax.Node) bool {
		f, ok := template.Sigil(file, n, template.Option{})
		if !ok {
			return true
		}
		found++
		raw := f.Holes[1]
		if place := file.Start(raw.Node); source[raw.Node.Start:raw.Node.End] != "raw(@b)" || place.Line != 5 || place.Column != 10 || raw.Node.Line != 5 {
			t.Error(place, raw.Node)
		}
		if place := f.Code.Start(raw.Node); place.Line != 5 || place.Column != 10 {
			t.Error(place)
		}
		if source[raw.Start:raw.End] != "{raw(@b)}" || raw.Element.Name != "p" || source[raw.Element.Start:raw.Element.End] != "<p class={@a}>" {
			t.Error(raw)
		}
		return true
	})
	if found != 1 {
		t.Errorf("%d sigils", found)
	}
}

func TestBlocksOverHoles(t *testing.T) {
	f := template.Parse("a.html.eex", []byte("<%= for u <- @users do %><li><%= u.name %></li><% end %>"), template.Option{})
	if got := syntax.Quoted(f.Code.Tree); got != "(for (<- $u (@ $users)) [{:do ((. $u :name))}])" || f.Partial {
		t.Error(got, f.Faults)
	}
}

func TestLimits(t *testing.T) {
	f := template.Parse("a.heex", []byte("<p>{@a}</p>"), template.Option{MaxBytes: 4})
	if !f.Partial || len(f.Faults) != 1 || f.Faults[0].String() != "line 1: expected at most 4 bytes, found 11" {
		t.Error(f.Faults)
	}
	n := 50_000
	for name, s := range map[string]string{
		"braces": strings.Repeat("{", n), "closed": strings.Repeat("{}", n), "tags": strings.Repeat("<a", n), "open": strings.Repeat("<a>", n),
		"ends": strings.Repeat("<a>", n) + strings.Repeat("</b>", n), "code": strings.Repeat("<%", n), "bad code": strings.Repeat("<%= ( %>", n),
		"quotes": strings.Repeat("<a b=\"", n), "keywords": strings.Repeat("{a: 1}", n), "comments": strings.Repeat("<!--", n),
		"no curly": strings.Repeat("<a phx-no-curly-interpolation>", n), "hashes": strings.Repeat("<%= # %>", n), "scripts": strings.Repeat("<script>", n),
		"bad braces": strings.Repeat("{)}", n), "attributes": "<a " + strings.Repeat("b={c} ", n),
	} {
		_ = template.Parse("a.heex", []byte(s), template.Option{})
		if f := template.Parse("a.html.eex", []byte(s), template.Option{}); f.Code == nil {
			t.Error(name)
		}
	}
}

func FuzzParse(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.txt")
	for _, file := range files {
		name, source, _ := sample(f, file)
		f.Add(uint8(template.LanguageOf(name)), []byte(source))
	}
	if len(files) < 12 {
		f.Fatalf("%d seeds", len(files))
	}
	f.Fuzz(func(t *testing.T, language uint8, src []byte) {
		file := template.Read(template.Language(language%3), src, template.Option{})
		if file.Partial && len(file.Faults) == 0 {
			t.Error("something was lost and nothing said")
		}
		last := 0
		for _, h := range file.Holes {
			if h.Start < last || h.End < h.Start || h.End > len(src) {
				t.Fatalf("hole from %d to %d after %d", h.Start, h.End, last)
			}
			last = h.End
			_ = describe(h)
		}
		for _, e := range file.Elements {
			for _, a := range e.Attributes {
				if a.End < a.Start || a.End > len(src) {
					t.Fatalf("attribute from %d to %d", a.Start, a.End)
				}
			}
		}
	})
}

func BenchmarkParse(b *testing.B) {
	files, _ := filepath.Glob("testdata/*.heex.txt")
	var all strings.Builder
	for _, file := range files {
		if _, source, want := sample(b, file); !strings.HasPrefix(want, "line ") {
			all.WriteString(source)
		}
	}
	source := []byte(strings.Repeat(all.String(), 20))
	b.SetBytes(int64(len(source)))
	b.ReportAllocs()
	for b.Loop() {
		template.Read(template.HEEx, source, template.Option{})
	}
}
