// Package terminal writes a run for a person who just typed the command: grouped, with the source, the way from source
// to sink and the change that would mend it, the worst last, where the eye is.
package terminal

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"palisade.dev/scan"
	"palisade.dev/scan/report"
	"palisade.dev/scan/report/clean"
)

// Write writes the run.
func Write(w io.Writer, run *scan.Run, o report.Options) error {
	out := &page{Writer: bufio.NewWriter(w), o: o, run: run}
	shown := run.Open(o.NewOnly)
	for _, g := range groups(shown, o.ByFile) {
		out.group(g)
	}
	out.evidence()
	out.cleared()
	out.end(shown)
	return out.Flush()
}

// group is what stands under one heading.
type group struct {
	name     string
	worst    scan.Severity
	findings []scan.Finding
}

// groups sorts findings under headings, the mildest first, so that the worst are last and need no scrolling.
func groups(findings []scan.Finding, byFile bool) []group {
	var list []group
	at := map[string]int{}
	for _, f := range findings {
		name := f.Check
		if byFile {
			name = f.Place.File
			if name == "" {
				name = strings.TrimSpace(f.Place.Method + " " + f.Place.URL)
			}
		}
		i, ok := at[name]
		if !ok {
			i = len(list)
			at[name] = i
			list = append(list, group{name: name})
		}
		list[i].findings = append(list[i].findings, f)
		list[i].worst = max(list[i].worst, f.Severity)
	}
	slices.SortStableFunc(list, func(a, b group) int { return int(a.worst) - int(b.worst) })
	return list
}

type page struct {
	*bufio.Writer
	o   report.Options
	run *scan.Run
}

// Colours, as the terminal numbers them. Nothing that a project chose is within them uncleaned.
var colours = map[scan.Severity]string{scan.Critical: "1;35", scan.High: "1;31", scan.Medium: "1;33", scan.Low: "36", scan.Info: "2"}

func (p *page) paint(code, s string) string {
	if !p.o.Color || s == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

func (p *page) line(format string, args ...any) { fmt.Fprintf(p, format+"\n", args...) }

func (p *page) group(g group) {
	if p.o.ByFile {
		p.line("%s", p.paint("1", clean.Line(g.name)))
	} else {
		c := report.Check(p.run, g.name)
		p.line("%s  %s", p.paint("1", clean.Line(c.Title)), p.paint("2", clean.Line(g.name)))
	}
	p.line("")
	for _, f := range g.findings {
		p.finding(f)
	}
}

func (p *page) finding(f scan.Finding) {
	head := p.paint(colours[f.Severity], strings.ToUpper(f.Severity.String()))
	where := clean.Line(f.Place.Where())
	if f.Place.Symbol != "" {
		where += p.paint("2", "  in "+clean.Line(f.Place.Symbol))
	}
	note := f.Confidence.String()
	if f.Known {
		note += ", in the baseline"
	}
	p.line("  %s  %s  %s", head, where, p.paint("2", note))
	if p.o.ByFile || f.Title != report.Check(p.run, f.Check).Title {
		title := clean.Line(f.Title)
		if p.o.ByFile {
			title += p.paint("2", "  "+clean.Line(f.Check))
		}
		p.line("      %s", title)
	}
	p.wrap("      ", f.Message)
	p.excerpt(f)
	if len(f.Flow) > 0 {
		p.line("")
		for i, s := range f.Flow {
			p.line("      %d  %s  %s", i+1, clean.Line(s.Note), p.paint("2", clean.Line(s.Place.Where())))
			if s.Text != "" {
				p.line("           %s", p.paint("36", clean.Line(s.Text)))
			}
		}
	}
	for _, e := range f.Evidence {
		p.line("")
		p.line("      %s", clean.Line(e.Title))
		for _, text := range []string{e.Request, e.Response, e.Curl} {
			for _, l := range strings.Split(strings.TrimSpace(text), "\n") {
				if l != "" {
					p.line("      │ %s", clean.Line(l))
				}
			}
		}
	}
	if f.Fix != nil {
		p.line("")
		p.wrap("      "+p.paint("32", "fix")+"  ", f.Fix.Text)
		p.diff(p.o.Diff(f))
	}
	p.line("")
}

func (p *page) excerpt(f scan.Finding) {
	if f.Excerpt == "" {
		return
	}
	p.line("")
	for i, l := range strings.Split(f.Excerpt, "\n") {
		number := ""
		if f.Place.Start.Line > 0 {
			number = fmt.Sprint(f.Place.Start.Line + i)
		}
		p.line("  %s %s", p.paint("2", fmt.Sprintf("%6s │", number)), clean.Line(strings.ReplaceAll(l, "\t", "    ")))
	}
}

func (p *page) diff(diff string) {
	if diff == "" {
		return
	}
	for _, l := range strings.Split(strings.TrimSpace(diff), "\n") {
		code := ""
		switch {
		case strings.HasPrefix(l, "diff ") || strings.HasPrefix(l, "---") || strings.HasPrefix(l, "+++"):
			continue
		case strings.HasPrefix(l, "@@"):
			code = "2"
		case strings.HasPrefix(l, "+"):
			code = "32"
		case strings.HasPrefix(l, "-"):
			code = "31"
		}
		text := "      " + clean.Line(strings.ReplaceAll(l, "\t", "    "))
		if code != "" {
			text = p.paint(code, text)
		}
		p.line("%s", strings.TrimRight(text, " "))
	}
}

// wrap writes prose at a width that reads well.
func (p *page) wrap(indent, text string) {
	const width = 96
	line := ""
	for _, word := range strings.Fields(clean.Line(text)) {
		if line != "" && len([]rune(line))+len([]rune(word)) >= width {
			p.line("%s%s", indent, line)
			indent, line = strings.Repeat(" ", 6), ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	if line != "" {
		p.line("%s%s", indent, line)
	}
}

// evidence says what could not be told; what is clear goes without saying.
func (p *page) evidence() {
	const most = 20
	n := 0
	for _, o := range p.run.Outcomes {
		if o.Verdict != scan.CouldNotTell {
			continue
		}
		if n++; n == 1 {
			p.line("%s", p.paint("1", "Could not tell"))
		}
		if n > most {
			continue
		}
		text := "  " + clean.Line(o.Check)
		if o.Where != "" {
			text += " at " + clean.Line(o.Where)
		}
		text += ": " + clean.Line(o.Why)
		if o.Unlock != "" {
			text += " (" + clean.Line(o.Unlock) + ")"
		}
		p.line("%s", text)
	}
	if n > most {
		p.line("  and %d more; --format json has all", n-most)
	}
	if n > 0 {
		p.line("")
	}
}

func (p *page) end(shown []scan.Finding) {
	if len(p.run.Gaps) > 0 {
		p.line("%s", p.paint("1;33", "Not scanned"))
		for i, g := range p.run.Gaps {
			if i == 20 {
				p.line("  and %d more; --format json has all", len(p.run.Gaps)-i)
				break
			}
			p.line("  %s: %s", clean.Line(g.Where), clean.Line(g.Why))
		}
		p.line("")
	}
	if s := p.run.Score; s != nil {
		p.line("Grade %s: %d of 100 points, from %d %% of what the checks could have told", clean.Line(s.Grade), s.Points, s.Coverage)
	}
	tally := report.Count(p.run, p.o.NewOnly)
	var parts []string
	for _, s := range report.Severities {
		if n := tally.By[s]; n > 0 {
			parts = append(parts, p.paint(colours[s], fmt.Sprintf("%d %s", n, s)))
		}
	}
	text := "No findings"
	switch {
	case len(shown) == 0 && p.run.Kind == "code" && p.run.Read == 0:
		text = "Nothing was scanned"
	case len(shown) == 0 && len(p.run.Gaps) > 0:
		text = "No findings in what was scanned, which is not all"
	case len(shown) > 0:
		text = fmt.Sprintf("%s: %s", plural(len(shown), "finding"), strings.Join(parts, ", "))
	}
	if tally.Suppressed > 0 {
		text += fmt.Sprintf("; %d accepted", tally.Suppressed)
	}
	if tally.Known > 0 {
		text += fmt.Sprintf("; %d in the baseline", tally.Known)
	}
	p.line("%s", text)
	var facts []string
	for _, f := range p.run.Facts {
		facts = append(facts, clean.Line(f.Name)+" "+clean.Line(f.Value))
	}
	if took := p.run.Ended.Sub(p.run.Started); took > 0 {
		facts = append(facts, "in "+took.Round(time.Millisecond).String())
	}
	if len(facts) > 0 {
		p.line("%s", p.paint("2", strings.Join(facts, " · ")))
	}
}

func plural(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}
