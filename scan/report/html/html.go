// Package html writes a run as one file that can be mailed, archived and printed: no script, nothing loaded from
// elsewhere, and a policy in its head that forbids both.
package html

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"strings"
	"time"

	"palisade.dev/scan"
	"palisade.dev/scan/report"
	"palisade.dev/scan/report/clean"
)

//go:embed report.html
var page string

//go:embed report.css
var style string

var tmpl = template.Must(template.New("report").Funcs(template.FuncMap{
	"line":  clean.Line,
	"text":  clean.Text,
	"day":   func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") },
	"lines": numbered,
	"diff":  coloured,
}).Parse(page))

type data struct {
	Run    *scan.Run
	Policy string
	Style  template.CSS
	Tally  []count
	Groups []group
	Aside  report.Tally
	Unsure []scan.Outcome
	Clear  int
}

type count struct {
	Severity scan.Severity
	N        int
}

type group struct {
	Check    scan.Check
	Findings []finding
}

type finding struct {
	scan.Finding
	Diff string
}

// Write writes the run.
func Write(w io.Writer, run *scan.Run, o report.Options) error {
	sum := sha256.Sum256([]byte(style))
	d := data{
		Run: run, Style: template.CSS(style), Aside: report.Count(run, o.NewOnly), //nolint:gosec // our own style sheet
		Policy: fmt.Sprintf("default-src 'none'; style-src 'sha256-%s'; base-uri 'none'; form-action 'none'", base64.StdEncoding.EncodeToString(sum[:])),
	}
	for _, s := range report.Severities {
		d.Tally = append(d.Tally, count{s, d.Aside.By[s]})
	}
	at := map[string]int{}
	for _, f := range report.Worst(run.Findings) {
		if f.Known && o.NewOnly {
			continue
		}
		i, ok := at[f.Check]
		if !ok {
			i = len(d.Groups)
			at[f.Check] = i
			d.Groups = append(d.Groups, group{Check: report.Check(run, f.Check)})
		}
		d.Groups[i].Findings = append(d.Groups[i].Findings, finding{f, o.Diff(f)})
	}
	for _, out := range run.Outcomes {
		switch out.Verdict {
		case scan.CouldNotTell:
			d.Unsure = append(d.Unsure, out)
		case scan.Clear:
			d.Clear++
		}
	}
	return tmpl.Execute(w, d)
}

type numberedLine struct {
	N    int
	Text string
}

func numbered(f finding) []numberedLine {
	var out []numberedLine
	for i, l := range strings.Split(f.Excerpt, "\n") {
		n := 0
		if f.Place.Start.Line > 0 {
			n = f.Place.Start.Line + i
		}
		out = append(out, numberedLine{n, clean.Text(l)})
	}
	return out
}

type diffLine struct{ Class, Text string }

func coloured(d string) []diffLine {
	var out []diffLine
	for _, l := range strings.Split(strings.TrimRight(d, "\n"), "\n") {
		class := "same"
		switch {
		case strings.HasPrefix(l, "diff "):
			continue
		case strings.HasPrefix(l, "@@") || strings.HasPrefix(l, "---") || strings.HasPrefix(l, "+++"):
			class = "head"
		case strings.HasPrefix(l, "+"):
			class = "new"
		case strings.HasPrefix(l, "-"):
			class = "old"
		}
		out = append(out, diffLine{class, clean.Text(l)})
	}
	return out
}
