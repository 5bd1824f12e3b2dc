// Package sarif writes a run as SARIF 2.1.0, so that GitHub and editors show findings where the code is: with rules that
// carry their own help, severities and CWEs, whole regions, flows from source to sink, fixes, and fingerprints that
// survive moved lines.
package sarif

import (
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"time"

	"palisade.dev/scan"
	"palisade.dev/scan/fix"
	"palisade.dev/scan/report"
	"palisade.dev/scan/report/clean"
)

// GitHub takes no more of a run; the worst are kept then, and the cut is told.
const (
	mostResults = 25_000
	mostTags    = 20
)

const root = "%SRCROOT%"

// Write writes the run.
func Write(w io.Writer, r *scan.Run, o report.Options) error {
	s := &writer{run: r, o: o, rules: map[string]int{}}
	d := document{Schema: "https://json.schemastore.org/sarif-2.1.0.json", Version: "2.1.0", Runs: []run{s.write()}}
	data, err := json.MarshalIndent(d, "", " ")
	if err != nil {
		return err
	}
	_, err = w.Write(append(data, '\n'))
	return err
}

type writer struct {
	run   *scan.Run
	o     report.Options
	list  []rule
	rules map[string]int
}

func (s *writer) write() run {
	name, version, _ := strings.Cut(s.run.Tool, " ")
	out := run{
		AutomationDetails: id{"palisade/" + s.run.Kind + "/"},
		ColumnKind:        "utf16CodeUnits",
		OriginalURIBases:  map[string]base{root: {message{Text: "The folder that was scanned."}}},
		Results:           []result{},
	}
	inv := invocation{Successful: len(s.run.Gaps) == 0, Start: stamp(s.run.Started), End: stamp(s.run.Ended)}
	for _, g := range s.run.Gaps {
		inv.Notifications = append(inv.Notifications, notification{Level: "warning", Message: plain("Not scanned: " + g.Where + ": " + g.Why)})
	}
	findings := s.run.Findings
	if len(findings) > mostResults {
		inv.Notifications = append(inv.Notifications, notification{Level: "warning", Message: plain(fmt.Sprintf("%d findings were left out, the least severe: a run holds %d", len(findings)-mostResults, mostResults))})
		findings = scan.Sorted(report.Worst(findings)[:mostResults])
	}
	// Every check that ran is a rule, also where it found nothing: that is how a viewer knows that it ran.
	for _, c := range s.run.Checks {
		s.rule(c, scan.Finding{Check: c.ID, Severity: c.Severity})
	}
	known := slices.ContainsFunc(findings, func(f scan.Finding) bool { return f.Known })
	for _, f := range findings {
		out.Results = append(out.Results, s.result(f, known))
	}
	out.Invocations = []invocation{inv}
	out.Tool.Driver = driver{Name: title(name), Version: version, InformationURI: "https://palisade.dev", Rules: s.list}
	if len(s.run.Facts) > 0 {
		facts := map[string]any{}
		for _, f := range s.run.Facts {
			facts[f.Name] = f.Value
		}
		out.Properties = facts
	}
	return out
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}

// rule gives the number of a finding's rule. GitHub reads the severity off the rule and not off the result, so an
// advisory is a rule of its own, and so is a check where a finding is worse or better than as a rule.
func (s *writer) rule(c scan.Check, f scan.Finding) int {
	name, text := c.ID, c.Title
	help := c.Doc
	switch {
	case f.Package != nil && f.Package.Advisory != "":
		name += "/" + f.Package.Advisory
		text = f.Title
		help = f.Message + "\n\n" + help
	case f.Severity != c.Severity:
		name += "/" + f.Severity.String()
	}
	if n, ok := s.rules[name]; ok {
		return n
	}
	cwe := c.CWE
	if len(f.CWE) > 0 {
		cwe = f.CWE
	}
	tags := []string{"security"}
	for _, n := range cwe {
		tags = append(tags, fmt.Sprintf("external/cwe/cwe-%03d", n))
	}
	tags = append(tags, c.Tags...)
	tags = append(tags, c.Standards...)
	if help == "" {
		help = c.Title
	}
	r := rule{
		ID: name, Name: camel(c.ID), ShortDescription: message{Text: clean.Text(text)}, FullDescription: message{Text: clean.Text(firstLines(help, text))},
		Help:                 message{Text: clean.Text(help), Markdown: clean.Text(help)},
		DefaultConfiguration: configuration{level(f.Severity)},
		Properties:           map[string]any{"tags": tags[:min(len(tags), mostTags)], "security-severity": score(f.Severity), "problem.severity": problem(f.Severity), "precision": "high"},
	}
	s.rules[name] = len(s.list)
	s.list = append(s.list, r)
	return len(s.list) - 1
}

func (s *writer) result(f scan.Finding, known bool) result {
	n := s.rule(report.Check(s.run, f.Check), f)
	text := f.Title
	if f.Message != "" {
		text = f.Message
	}
	r := result{
		RuleID: s.list[n].ID, RuleIndex: n, Level: level(f.Severity), Message: plain(text),
		Locations: []location{s.location(f.Place, f.Excerpt, "")},
		// GitHub tells alerts apart by the second alone, and counts lines itself where it is missing.
		PartialFingerprints: map[string]string{"palisade/v1": f.Fingerprint, "primaryLocationLineHash": f.Fingerprint + ":1"},
		Properties:          map[string]any{"confidence": f.Confidence.String(), "security-severity": score(f.Severity)},
	}
	if len(f.Flow) > 0 {
		var steps []threadFlowLocation
		for _, step := range f.Flow {
			note := step.Note
			if note == "" {
				note = step.Text
			}
			steps = append(steps, threadFlowLocation{s.location(step.Place, step.Text, note)})
		}
		r.CodeFlows = []codeFlow{{[]threadFlow{{steps}}}}
	}
	if fixed, ok := s.fix(f); ok {
		r.Fixes = []fixes{fixed}
	}
	if a := f.Suppressed; a != nil {
		kind := "external"
		if strings.HasPrefix(a.Source, "comment ") || strings.HasPrefix(a.Source, "sobelow_skip ") {
			kind = "inSource"
		}
		more := map[string]any{"source": a.Source}
		if a.By != "" {
			more["author"] = a.By
		}
		if !a.Until.IsZero() {
			more["until"] = a.Until.Format(time.DateOnly)
		}
		r.Suppressions = []suppression{{Kind: kind, Status: "accepted", Justification: a.Reason, Properties: more}}
	}
	if known {
		r.BaselineState = "new"
		if f.Known {
			r.BaselineState = "unchanged"
		}
	}
	if p := f.Package; p != nil {
		r.Properties["package"] = p
	}
	return r
}

func (s *writer) location(p scan.Place, text, note string) location {
	var l location
	switch {
	case p.File != "":
		l.Physical = &physical{Artifact: artifact{URI: (&url.URL{Path: p.File}).EscapedPath(), Base: root}, Region: s.region(p, text)}
	case p.URL != "":
		l.Physical = &physical{Artifact: artifact{URI: p.URL}}
	}
	switch {
	case p.Symbol != "":
		l.Logical = []logical{{FullyQualifiedName: p.Symbol, Kind: "function"}}
	case p.Method != "" || p.Param != "":
		l.Logical = []logical{{FullyQualifiedName: strings.TrimSpace(p.Method + " " + p.URL + " " + p.Param)}}
	}
	if note != "" {
		m := plain(note)
		l.Message = &m
	}
	return l
}

func (s *writer) region(p scan.Place, text string) *region {
	if p.Start.Line == 0 {
		return &region{StartLine: 1} // the file as a whole: GitHub shows nothing without a line
	}
	src := s.o.Text(p.File)
	r := &region{StartLine: p.Start.Line, StartColumn: max(1, report.UTF16(src, p.Start))}
	if p.End.Line >= p.Start.Line && p.End.Offset > p.Start.Offset {
		r.EndLine, r.EndColumn = p.End.Line, max(1, report.UTF16(src, p.End))
	} else {
		r.EndLine, r.EndColumn = r.StartLine, r.StartColumn+1
	}
	if text != "" {
		r.Snippet = &snippet{clean.Text(text)}
	}
	return r
}

func (s *writer) fix(f scan.Finding) (fixes, bool) {
	if f.Fix == nil || len(f.Fix.Edits) == 0 {
		return fixes{}, false
	}
	out := fixes{Description: plain(f.Fix.Text)}
	files, by := fix.ByFile(f.Fix.Edits)
	for _, name := range files {
		src := s.o.Text(name)
		if src == nil {
			return fixes{}, false
		}
		lines := scan.NewLines(src)
		c := change{Artifact: artifact{URI: (&url.URL{Path: name}).EscapedPath(), Base: root}}
		for _, e := range by[name] {
			if e.Start < 0 || e.End < e.Start || e.End > len(src) {
				return fixes{}, false
			}
			start, end := lines.At(e.Start), lines.At(e.End)
			c.Replacements = append(c.Replacements, replacement{
				Deleted:  region{StartLine: start.Line, StartColumn: report.UTF16(src, start), EndLine: end.Line, EndColumn: report.UTF16(src, end)},
				Inserted: &snippet{e.New},
			})
		}
		out.Changes = append(out.Changes, c)
	}
	return out, true
}

// plain is a message's text. Square brackets make links in it, and a project must not write links into our words.
func plain(s string) message {
	s = clean.Text(s)
	return message{Text: strings.NewReplacer(`\`, `\\`, "[", `\[`, "]", `\]`).Replace(s)}
}

func level(s scan.Severity) string {
	switch s {
	case scan.Critical, scan.High:
		return "error"
	case scan.Medium:
		return "warning"
	}
	return "note"
}

func problem(s scan.Severity) string {
	if l := level(s); l != "note" {
		return l
	}
	return "recommendation"
}

// score is a number in the middle of the band that GitHub shows under the severity's word.
func score(s scan.Severity) string {
	switch s {
	case scan.Critical:
		return "9.5"
	case scan.High:
		return "8.0"
	case scan.Medium:
		return "5.5"
	case scan.Low:
		return "2.5"
	}
	return "0.0"
}

// camel makes a name of an identifier: elixir/bintoterm is ElixirBintoterm.
func camel(check string) string {
	out := ""
	for _, part := range strings.Split(check, "/") {
		out += title(part)
	}
	return out
}

func title(s string) string {
	if s == "" {
		return ""
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// firstLines gives the first paragraph of prose.
func firstLines(doc, otherwise string) string {
	for _, p := range strings.Split(doc, "\n\n") {
		if p = strings.TrimSpace(p); p != "" && !strings.HasPrefix(p, "#") {
			return strings.Join(strings.Fields(p), " ")
		}
	}
	return otherwise
}
