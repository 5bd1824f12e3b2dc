package trap

import (
	"bytes"
	"crypto/rand"
	"html/template"
	"strings"
	"testing"

	"palisade.dev/guard/engine"
	"palisade.dev/guard/wire"
)

// What is invented is a trap that a guard takes, of the kind that was asked for, with bait that leads into it.
func TestInvent(t *testing.T) {
	tr := &Traps{Rand: rand.Reader}
	seen := map[string]bool{}
	for _, kind := range []Kind{Form, Path, Link, ID} {
		for range 20 {
			x, err := tr.Invent(kind)
			if err != nil {
				t.Fatal(err)
			}
			if kindOf(x) != kind || !named(x.Name) || seen[strings.Join(x.Paths, "")+x.Form] {
				t.Fatalf("%s: %+v is of kind %s", kind, x, kindOf(x))
			}
			seen[strings.Join(x.Paths, "")+x.Form] = true
			p, err := engine.Compile(&wire.Policy{Version: wire.Version, Traps: []wire.Trap{x}}, nil, engine.Abilities{})
			if err != nil || len(p.Notes) > 0 {
				t.Fatalf("%s: %v, %v", kind, err, p.Notes)
			}
			for _, s := range Snippets(x, kind) {
				bait := strings.TrimSuffix(strings.Join(x.Paths, "")+x.Form, "/**")
				if !strings.Contains(s.Text, bait) || s.How == "" || s.Title == "" {
					t.Errorf("%s: %+v", kind, s)
				}
			}
			if len(Snippets(x, kind)) == 0 {
				t.Errorf("%s has no bait", kind)
			}
		}
	}
	if _, err := tr.Invent("mine"); err == nil {
		t.Error("a kind that is none")
	}
	if _, err := (&Traps{Rand: strings.NewReader("short")}).Invent(Form); err == nil {
		t.Error("without chance there is no trap")
	}
}

// The Go template is one, and gives what the plain HTML has.
func TestGoSnippet(t *testing.T) {
	all := Snippets(wire.Trap{Name: "x", Form: "/contact-1234"}, Form)
	var b bytes.Buffer
	page := template.Must(template.New("").Parse(all[2].Text + `<body>{{template "decoy"}}</body>`))
	if err := page.Execute(&b, nil); err != nil {
		t.Fatal(err)
	}
	got := strings.TrimSpace(strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(b.String()), "<body>"), "</body>"))
	if got != strings.TrimSpace(all[0].Text) {
		t.Errorf("%s", got)
	}
}

// A path that means something in HTML or a template becomes no bait.
func TestHostilePaths(t *testing.T) {
	for _, p := range []string{`/"><script>`, "/{{.}}", "/<%= x %>", "/a b", "/\u202e", "/é", "nothing", ""} {
		for _, kind := range []Kind{Form, Path, Link} {
			if s := Snippets(wire.Trap{Name: "x", Form: p, Paths: []string{p}}, kind); len(s) > 0 {
				t.Errorf("%s %q: %+v", kind, p, s)
			}
		}
	}
}

func TestKindOf(t *testing.T) {
	for want, x := range map[Kind]wire.Trap{
		Signature: {Paths: []string{".env", "*.php"}}, Path: {Paths: []string{"/admin-old/**", "/old"}}, Form: {Form: "/x", Paths: []string{".env"}},
		ID: {Paths: []string{"0198c2de-7a5b-4f3c-a1d2-5e6f708192a3"}}, Link: {Paths: []string{linkPath + "0123"}},
	} {
		if got := kindOf(x); got != want {
			t.Errorf("%+v: %s, want %s", x, got, want)
		}
	}
}
