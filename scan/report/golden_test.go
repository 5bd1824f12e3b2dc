package report_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"palisade.dev/scan"
	"palisade.dev/scan/report"
	"palisade.dev/scan/report/html"
	"palisade.dev/scan/report/jsonout"
	"palisade.dev/scan/report/junit"
	"palisade.dev/scan/report/markdown"
	"palisade.dev/scan/report/sarif"
	"palisade.dev/scan/report/suggest"
	"palisade.dev/scan/report/terminal"
)

var update = flag.Bool("update", false, "write the golden files anew; read the difference")

const source = "defmodule Shop.Page do\n  # žluťoučký 🐎\n  def show(conn, %{\"id\" => id}) do\n    Repo.query!(\"SELECT 🐎 #{id}\")\n    :erlang.binary_to_term(id)\n  end\nend\n"

// hostile are words that a project could choose, each meant for another reader.
const hostile = "\x1b[31mred\x1b[0m ::error file=x::y ##[error]z <img src=x onerror=alert(1)> [a](http://evil.example) @team `tick` |cell| \u202egnp"

func at(line, column, offset, end int) scan.Place {
	return scan.Place{
		File: "lib/page.ex", Symbol: "Shop.Page.show/2", Start: scan.Position{Line: line, Column: column, Offset: offset},
		End: scan.Position{Line: line, Column: column + end - offset, Offset: end},
	}
}

func sample() *scan.Run {
	query := strings.Index(source, "Repo.query!")
	term := strings.Index(source, ":erlang")
	id := strings.Index(source, "%{")
	r := &scan.Run{
		Kind: "code", Target: ".", Tool: "palisade 0.1.0", Started: time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC), Read: 3,
		Ended: time.Date(2026, 11, 24, 12, 0, 1, 5e8, time.UTC),
		Checks: []scan.Check{
			{ID: "deps/advisory", Title: "A dependency has a known fault", Severity: scan.Medium, CWE: []int{1395}, Standards: []string{"OWASP A06:2021"}, Doc: "# A dependency has a known fault\n\nSomebody found one.\n"},
			{ID: "elixir/bintoterm", Title: "Terms are built from bytes of a request", Severity: scan.High, CWE: []int{502}, Doc: "# Terms\n\nAnybody can\nbuild them.\n"},
			{ID: "elixir/clear", Title: "Nothing of this kind", Severity: scan.Low, Doc: "# Nothing\n"},
			{ID: "elixir/sqlquery", Title: "SQL is built from a request", Severity: scan.Critical, CWE: []int{89}, Standards: []string{"OWASP A03:2021"}, Tags: []string{"injection"}, Doc: "# SQL\n\nText becomes a query.\n"},
		},
		Findings: scan.Stamp([]scan.Finding{
			{
				Check: "elixir/sqlquery", Title: "SQL is built from a request", Message: "The id goes into the text of a query.", Severity: scan.Critical, Confidence: scan.Confirmed,
				Place: at(4, 5, query, query+len(`Repo.query!("SELECT 🐎 #{id}")`)), Excerpt: `    Repo.query!("SELECT 🐎 #{id}")`, Key: "a", CWE: []int{89},
				Flow: []scan.Step{
					{Place: at(3, 18, id, id+12), Text: `%{"id" => id}`, Note: "the request's parameter id"},
					{Place: at(4, 5, query, query+11), Text: "Repo.query!", Note: "becomes part of a query"},
				},
				Fix: &scan.Fix{Text: "Bind the value.", Edits: []scan.Edit{{File: "lib/page.ex", Start: query + len(`Repo.query!("SELECT 🐎 `), End: query + len(`Repo.query!("SELECT 🐎 #{id}")`), New: `$1", [id])`}}},
			},
			{
				Check: "elixir/bintoterm", Title: "Terms are built from bytes of a request", Message: hostile, Severity: scan.Medium, Confidence: scan.Firm,
				Place: at(5, 5, term, term+len(":erlang.binary_to_term(id)")), Excerpt: "    :erlang.binary_to_term(id)\n" + hostile + "\n```\n</details>", Key: "b",
				Suppressed: nil,
			},
			{
				Check: "elixir/bintoterm", Title: "Terms are built from bytes of a request", Message: "It was looked at.", Severity: scan.High, Confidence: scan.Tentative, Place: at(5, 5, term, term+5), Key: "c",
				Suppressed: &scan.Suppressed{By: "kim", Reason: "signed before [x](y)", Source: "comment lib/page.ex:5", Until: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)},
			},
			{
				Check: "deps/advisory", Title: "plug 1.0.0: " + hostile, Message: "plug 1.0.0 falls under EEF-1.", Severity: scan.Low, Confidence: scan.Confirmed, Place: scan.Place{File: "dir with #/mix.lock", Start: scan.Position{Line: 2, Column: 3, Offset: 5}},
				Package: &scan.Package{Ecosystem: "Hex", Name: "plug", Version: "1.0.0", Advisory: "EEF-1", Aliases: []string{"CVE-1"}, Fixed: []string{"1.1.0"}}, Known: true, CWE: []int{770},
				Fix: &scan.Fix{Text: "Use plug 1.1.0 or later."},
			},
			{
				Check: "api/openredirect", Title: "Sends people elsewhere", Message: "It does.", Severity: scan.Medium, Confidence: scan.Confirmed, Place: scan.Place{Method: "GET", URL: "https://shop.example/go", Param: "query:to"},
				Evidence: []scan.Exchange{{Title: "asked", Request: "GET /go?to=//evil.example HTTP/1.1", Response: "HTTP/1.1 302 Found\r\nLocation: //evil.example\x1b[2J", Curl: "curl -i \"$BASE/go\""}},
			},
		}),
		Outcomes: []scan.Outcome{
			{Check: "deps/retired", Where: "mix.lock", Verdict: scan.CouldNotTell, Why: "the registry is not at hand", Unlock: "give a folder with --registry"},
			{Check: "elixir/clear", Verdict: scan.Clear},
		},
		Gaps:  []scan.Gap{{Where: "lib/" + hostile + ".ex", Why: "it was not read: line 3: expected an end"}},
		Facts: []scan.Fact{{Name: "files", Value: "12"}, {Name: "advisories for Hex", Value: "151 of the EEF CNA (CC-BY 4.0)"}},
	}
	return r
}

var options = report.Options{Gate: scan.Medium, Source: func(name string) ([]byte, error) {
	if name == "lib/page.ex" {
		return []byte(source), nil
	}
	return nil, fs.ErrNotExist
}}

var sinks = []struct {
	file  string
	write func(io.Writer, *scan.Run, report.Options) error
}{
	{"terminal.txt", terminal.Write},
	{"run.json", jsonout.Write},
	{"run.sarif", sarif.Write},
	{"junit.xml", junit.Write},
	{"comment.md", markdown.Write},
	{"report.html", html.Write},
	{"suggestions.json", suggest.Write},
}

func written(t *testing.T, write func(io.Writer, *scan.Run, report.Options) error, r *scan.Run, o report.Options) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b, r, o); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestGolden(t *testing.T) {
	for _, s := range sinks {
		got := written(t, s.write, sample(), options)
		if *update {
			if err := os.WriteFile("testdata/"+s.file, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile("testdata/" + s.file)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is another (%v); go test ./scan/report -update writes it anew", s.file, err)
		}
	}
}

// TestNothingHostileIsLeft looks for what each reader would take for more than words.
func TestNothingHostileIsLeft(t *testing.T) {
	for _, s := range sinks {
		text := string(written(t, s.write, sample(), options))
		for _, r := range text {
			if unicode.IsControl(r) && r != '\n' && r != '\t' || unicode.Is(unicode.Bidi_Control, r) {
				t.Errorf("%s leaves %U", s.file, r)
			}
		}
		switch s.file {
		case "run.json", "run.sarif", "suggestions.json":
			if !json.Valid([]byte(text)) {
				t.Errorf("%s is no JSON", s.file)
			}
			continue
		}
		for _, line := range strings.Split(text, "\n") {
			if strings.HasPrefix(strings.TrimSpace(line), "::") || strings.Contains(line, "##[") {
				t.Errorf("%s leaves a command for a build server: %s", s.file, line)
			}
		}
		if s.file == "comment.md" || s.file == "report.html" {
			outside := text
			if s.file == "comment.md" { // what stands in fences and spans of code is code
				outside = withoutCode(text)
			}
			for _, bad := range []string{"<img", "](http", "@team", "<script"} {
				if strings.Contains(outside, bad) && (s.file != "report.html" || bad[0] == '<') {
					t.Errorf("%s leaves %q", s.file, bad)
				}
			}
		}
	}
}

func withoutCode(text string) string {
	var out []string
	fence := ""
	for _, line := range strings.Split(text, "\n") {
		mark := line[:len(line)-len(strings.TrimLeft(line, "`"))]
		switch {
		case fence == "" && len(mark) >= 3:
			fence = mark
		case fence != "" && line == fence:
			fence = ""
		case fence == "":
			parts := strings.Split(line, "``")
			for i := 0; i < len(parts); i += 2 {
				out = append(out, parts[i])
			}
		}
	}
	return strings.Join(out, "\n")
}

func TestColour(t *testing.T) {
	o := options
	o.Color = true
	text := string(written(t, terminal.Write, sample(), o))
	if !strings.Contains(text, "\x1b[1;35mCRITICAL\x1b[0m") {
		t.Error("no colour")
	}
	if strings.Contains(text, "\x1b[31mred") {
		t.Error("a project's own colour is left")
	}
}

// TestCommentFits: however many findings, a comment is no longer than GitHub takes, begins with its mark and says what is
// left out.
func TestCommentFits(t *testing.T) {
	r := sample()
	for i := range 3000 {
		r.Findings = append(r.Findings, scan.Finding{Check: "elixir/sqlquery", Title: fmt.Sprint("number ", i), Message: strings.Repeat(hostile, 20), Severity: scan.Low, Place: at(4, 5, 1, 2)})
		r.Gaps = append(r.Gaps, scan.Gap{Where: strings.Repeat("x", 5000), Why: strings.Repeat("y", 5000)})
		r.Facts = append(r.Facts, scan.Fact{Name: strings.Repeat("x", 5000), Value: "y"})
	}
	text := string(written(t, markdown.Write, r, options))
	if len(text) > 65_000 || !strings.HasPrefix(text, markdown.Mark("code")+"\n") || !strings.Contains(text, "more findings did not fit") {
		t.Errorf("%d bytes: %.80s", len(text), text)
	}
	if !strings.Contains(text, "<b>critical</b>") || strings.Index(text, "<b>critical</b>") > strings.Index(text, "<b>low</b>") {
		t.Error("the worst is not first")
	}
}

func TestJUnitCounts(t *testing.T) {
	var all struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
		Errors   int `xml:"errors,attr"`
		Skipped  int `xml:"skipped,attr"`
	}
	if err := xml.Unmarshal(written(t, junit.Write, sample(), options), &all); err != nil {
		t.Fatal(err)
	}
	if all.Tests != 7 || all.Failures != 3 || all.Errors != 1 || all.Skipped != 2 {
		t.Errorf("%+v", all)
	}
}

// TestSARIF reads the parts that GitHub reads.
func TestSARIF(t *testing.T) {
	var d struct {
		Runs []struct {
			Tool struct {
				Driver struct {
					Rules []struct {
						ID         string
						Help       struct{ Markdown string }
						Properties map[string]any
					}
				}
			}
			Results []struct {
				RuleID    string `json:"ruleId"`
				RuleIndex int    `json:"ruleIndex"`
				Locations []struct {
					PhysicalLocation struct {
						ArtifactLocation struct{ URI string }
						Region           struct{ StartLine, StartColumn, EndLine, EndColumn int }
					}
				}
				PartialFingerprints map[string]string
				CodeFlows           []any
				Fixes               []struct {
					ArtifactChanges []struct {
						Replacements []struct {
							DeletedRegion struct{ StartLine, StartColumn, EndLine, EndColumn int }
						}
					}
				}
				Suppressions []struct{ Kind string }
			}
		}
	}
	if err := json.Unmarshal(written(t, sarif.Write, sample(), options), &d); err != nil {
		t.Fatal(err)
	}
	run := d.Runs[0]
	for _, r := range run.Tool.Driver.Rules {
		if r.Properties["security-severity"] == "" || r.Help.Markdown == "" {
			t.Errorf("rule %s has no severity or help", r.ID)
		}
	}
	flows, fixes, accepted := 0, 0, 0
	for _, r := range run.Results {
		if run.Tool.Driver.Rules[r.RuleIndex].ID != r.RuleID {
			t.Errorf("%s points at rule %s", r.RuleID, run.Tool.Driver.Rules[r.RuleIndex].ID)
		}
		if p := r.Locations[0].PhysicalLocation; !strings.HasPrefix(p.ArtifactLocation.URI, "https") && (p.Region.StartLine < 1 || p.Region.EndLine == p.Region.StartLine && p.Region.EndColumn <= p.Region.StartColumn) {
			t.Errorf("%s has an empty region %+v", r.RuleID, p.Region)
		}
		if r.PartialFingerprints["primaryLocationLineHash"] == "" {
			t.Errorf("%s has no fingerprint", r.RuleID)
		}
		flows += len(r.CodeFlows)
		accepted += len(r.Suppressions)
		for _, f := range r.Fixes {
			fixes++
			// The horse is one character, four bytes and two units of UTF-16.
			if region := f.ArtifactChanges[0].Replacements[0].DeletedRegion; region.StartColumn != 28 || region.EndColumn != 35 {
				t.Errorf("the fix is at %+v", region)
			}
		}
	}
	if flows != 1 || fixes != 1 || accepted != 1 || len(run.Results) != 5 {
		t.Errorf("%d results, %d flows, %d fixes, %d accepted", len(run.Results), flows, fixes, accepted)
	}
}

func TestHTMLLoadsNothing(t *testing.T) {
	text := string(written(t, html.Write, sample(), options))
	for _, bad := range []string{"<script", "src=\"", "href=\"http", "@import", "url("} {
		if strings.Contains(text, bad) {
			t.Errorf("the page holds %s", bad)
		}
	}
	if !strings.Contains(text, "default-src &#39;none&#39;; style-src &#39;sha256-") {
		t.Error("the page has no policy")
	}
}

// TestSchema holds what is written to schema.json, and schema.json to the types: a field of ours that it lacks would be
// refused by whoever checks.
func TestSchema(t *testing.T) {
	data, err := os.ReadFile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var schema map[string]any
	if err := json.Unmarshal(data, &schema); err != nil {
		t.Fatal(err)
	}
	r := sample()
	r.Score = &scan.Score{Points: 80, Grade: "B", Categories: map[string]int{"x": 1}}
	for _, run := range []*scan.Run{r, {Findings: []scan.Finding{}, Gaps: []scan.Gap{}, Checks: []scan.Check{}}} {
		var v any
		if err := json.Unmarshal(written(t, jsonout.Write, run, options), &v); err != nil {
			t.Fatal(err)
		}
		if err := holds(schema, schema, v, "run"); err != nil {
			t.Error(err)
		}
	}
	defs := schema["$defs"].(map[string]any)
	for name, typ := range map[string]reflect.Type{"check": reflect.TypeFor[scan.Check](), "finding": reflect.TypeFor[scan.Finding](), "place": reflect.TypeFor[scan.Place](), "outcome": reflect.TypeFor[scan.Outcome](), "position": reflect.TypeFor[scan.Position]()} {
		fields(t, name, typ, defs[name].(map[string]any))
	}
	fields(t, "run", reflect.TypeFor[scan.Run](), schema)
}

func fields(t *testing.T, name string, typ reflect.Type, schema map[string]any) {
	t.Helper()
	properties := schema["properties"].(map[string]any)
	n := 0
	for i := range typ.NumField() {
		field, _, _ := strings.Cut(typ.Field(i).Tag.Get("json"), ",")
		if field == "-" {
			continue
		}
		n++
		if properties[field] == nil {
			t.Errorf("schema.json lacks %s of %s", field, name)
		}
	}
	if n != len(properties) {
		t.Errorf("%s has %d fields and schema.json %d", name, n, len(properties))
	}
}

// holds checks a value against the parts of JSON Schema that schema.json uses.
func holds(root, schema map[string]any, v any, where string) error {
	if ref, ok := schema["$ref"].(string); ok {
		return holds(root, root["$defs"].(map[string]any)[strings.TrimPrefix(ref, "#/$defs/")].(map[string]any), v, where)
	}
	if enum, ok := schema["enum"].([]any); ok && !slices.Contains(enum, v) {
		return fmt.Errorf("%s is %v, which is none of %v", where, v, enum)
	}
	kind := map[bool]string{true: "integer", false: "number"}
	is := "null"
	switch v := v.(type) {
	case string:
		is = "string"
	case bool:
		is = "boolean"
	case float64:
		is = kind[v == float64(int64(v))]
	case []any:
		is = "array"
	case map[string]any:
		is = "object"
	}
	switch want := schema["type"].(type) {
	case string:
		if is != want {
			return fmt.Errorf("%s is %s, want %s", where, is, want)
		}
	case []any:
		if !slices.Contains(want, any(is)) {
			return fmt.Errorf("%s is %s, want one of %v", where, is, want)
		}
	}
	var errs []error
	switch v := v.(type) {
	case []any:
		if items, ok := schema["items"].(map[string]any); ok {
			for i, item := range v {
				errs = append(errs, holds(root, items, item, fmt.Sprintf("%s[%d]", where, i)))
			}
		}
	case map[string]any:
		properties, _ := schema["properties"].(map[string]any)
		for name, value := range v {
			if p, ok := properties[name].(map[string]any); ok {
				errs = append(errs, holds(root, p, value, where+"."+name))
			} else if schema["additionalProperties"] == false {
				errs = append(errs, fmt.Errorf("%s has a field %s that is not in the schema", where, name))
			}
		}
		required, _ := schema["required"].([]any)
		for _, name := range required {
			if _, ok := v[name.(string)]; !ok {
				errs = append(errs, fmt.Errorf("%s lacks %s", where, name))
			}
		}
	}
	return errors.Join(errs...)
}
