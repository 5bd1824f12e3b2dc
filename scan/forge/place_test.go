package forge

import (
	"bytes"
	"strings"
	"testing"

	"palisade.dev/scan"
	"palisade.dev/scan/report/markdown"
)

const document = `openapi: 3.1.0
servers: [{url: /v1}]
paths:
  /orders:
    get: {}

    post:
      summary: "get: one"
  "/orders/{id}":
    parameters: []
    get:
      responses: {}
  /late: {get: {}}
`

func TestInSpecification(t *testing.T) {
	for at, want := range map[string]int{
		"GET /orders": 5, "POST /orders": 7, "GET /v1/orders/{id}": 11, "DELETE /v1/orders/{id}": 9, "GET /elsewhere": 1, " /": 1, "GET /late": 13, "GET ": 1,
	} {
		method, path, _ := strings.Cut(at, " ")
		r := &scan.Run{Findings: []scan.Finding{{Place: scan.Place{URL: path, Method: method}}, {Place: scan.Place{File: "a.ex", Start: scan.Position{Line: 4}}}}}
		InSpecification(r, "api.yaml", []byte(document))
		if p := r.Findings[0].Place; p.File != "api.yaml" || p.Start.Line != want || p.URL != path {
			t.Errorf("%s is at %s:%d, not %d", at, p.File, p.Start.Line, want)
		}
		if r.Findings[1].Place.Start.Line != 4 {
			t.Error("a finding in code was moved")
		}
	}
	compact := strings.Split(`{"paths": {
 "/orders": {
  "get": {}
 }}}`, "\n")
	if n := lineOf(compact, "/orders", "GET"); n != 3 {
		t.Errorf("in JSON at %d", n)
	}
}

// TestAnnotateAPI tells what has no file as well.
func TestAnnotateAPI(t *testing.T) {
	var b bytes.Buffer
	Annotate(&b, &scan.Run{Findings: []scan.Finding{{Check: "api/x/y", Title: "Bad", Message: "it is\n::error::x", Severity: scan.High, Place: scan.Place{URL: "/o,x", Method: "GET"}}}}, false)
	if got := b.String(); got != "::error title=api/x/y%3A Bad::GET /o,x: it is%0A::error::x\n" {
		t.Errorf("%q", got)
	}
}

// TestCommentOfAPI stands beside that of the code, and says the grade.
func TestCommentOfAPI(t *testing.T) {
	f, p := start(t, false)
	r := &scan.Run{Kind: "api", Target: "http://127.0.0.1:4000/", Score: &scan.Score{Points: 74, Grade: "C", Coverage: 81}, Findings: scan.Stamp([]scan.Finding{
		{Check: "api/object/read", Title: "Bad", Message: "it is", Severity: scan.High, Place: scan.Place{URL: "/orders/{id}", Method: "GET"}},
	})}
	for _, r := range []*scan.Run{r, run(), r} {
		if err := p.Comment(t.Context(), r, options); err != nil {
			t.Fatal(err)
		}
	}
	told := ""
	for _, text := range f.notes {
		if strings.HasPrefix(text, markdown.Mark("api")) {
			told += text
		}
	}
	if len(f.notes) != 2 || !strings.Contains(told, "**74 of 100, C**; 81 %") || !strings.Contains(told, "GET /orders/{id}") {
		t.Errorf("%d comments: %s", len(f.notes), told)
	}
}

// FuzzLineOf never looks beyond the lines that are there.
func FuzzLineOf(f *testing.F) {
	seeds := [][2]string{{document, "/v1/orders/{id}"}, {document, "/"}, {"", "/a/b"}, {":::\n\t:", "//"}, {`"/a":` + "\n  get:", "/a"}}
	if len(seeds) != 5 {
		f.Fatalf("%d seeds", len(seeds))
	}
	for _, s := range seeds {
		f.Add(s[0], s[1])
	}
	f.Fuzz(func(t *testing.T, text, path string) {
		lines := strings.Split(text, "\n")
		if n := lineOf(lines, path, "GET"); n < 1 || n > len(lines) {
			t.Errorf("line %d of %d", n, len(lines))
		}
	})
}
