// Package markdown writes a run as a comment for a pull request. Its first line is a mark by which the next run finds
// the comment and updates it, and it is never longer than what GitHub takes: the worst findings come first, and how many
// were left out is said.
package markdown

import (
	"fmt"
	"io"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/report"
	"palisade.dev/scan/report/clean"
)

// longest is the size of a comment in bytes: GitHub takes 65,536 characters.
const longest = 65_000

// Mark is the first line of a comment on a kind of run.
func Mark(kind string) string { return "<!-- palisade-scan:" + kind + " -->" }

// Write writes the run.
func Write(w io.Writer, run *scan.Run, o report.Options) error {
	shown := report.Worst(run.Open(o.NewOnly))
	head := header(run, o, shown)
	foot := footer(run)
	room := longest - len(head) - len(foot) - 200 // for the line that says what was left out
	var body strings.Builder
	left := 0
	for i, f := range shown {
		text := finding(run, f, o)
		if body.Len()+len(text) > room {
			text = brief(f)
		}
		if body.Len()+len(text) > room {
			left = len(shown) - i
			break
		}
		body.WriteString(text)
	}
	if left > 0 {
		fmt.Fprintf(&body, "\n_%d more findings did not fit; the full report has them._\n", left)
	}
	_, err := io.WriteString(w, head+body.String()+foot)
	return err
}

func header(run *scan.Run, o report.Options, shown []scan.Finding) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n### Palisade: %s\n\n", Mark(run.Kind), verdict(run, o, shown))
	tally := report.Count(run, o.NewOnly)
	if s := run.Score; s != nil {
		fmt.Fprintf(&b, "**%d of 100, %s**; %d %% of what was to be looked at could be told. Target: <code>%s</code>\n\n", s.Points, s.Grade, s.Coverage, html(run.Target))
	}
	if len(shown) > 0 {
		b.WriteString("| severity | findings |\n|---|---:|\n")
		for _, s := range report.Severities {
			if n := tally.By[s]; n > 0 {
				fmt.Fprintf(&b, "| %s | %d |\n", s, n)
			}
		}
		b.WriteString("\n")
	}
	var asides []string
	if tally.Suppressed > 0 {
		asides = append(asides, fmt.Sprintf("%d accepted", tally.Suppressed))
	}
	if tally.Known > 0 {
		asides = append(asides, fmt.Sprintf("%d in the baseline", tally.Known))
	}
	if len(asides) > 0 {
		fmt.Fprintf(&b, "Not counted: %s.\n\n", strings.Join(asides, ", "))
	}
	return b.String()
}

func verdict(run *scan.Run, o report.Options, shown []scan.Finding) string {
	what := "no findings"
	if n := len(shown); n > 0 {
		what = fmt.Sprintf("%d findings", n)
		if n == 1 {
			what = "1 finding"
		}
		if o.NewOnly {
			what = strings.Replace(what, "finding", "new finding", 1)
		}
	} else if o.NewOnly {
		what = "no new findings"
	}
	if len(run.Gaps) > 0 {
		what += ", scanned in part"
	}
	return what
}

func finding(run *scan.Run, f scan.Finding, o report.Options) string {
	var b strings.Builder
	fmt.Fprintf(&b, "<details><summary><b>%s</b> %s, <code>%s</code></summary>\n\n", f.Severity, html(f.Title), html(f.Place.Where()))
	fmt.Fprintf(&b, "%s\n\n", clean.Markdown(f.Message))
	if f.Excerpt != "" {
		b.WriteString(clean.Block(language(f.Place.File), f.Excerpt) + "\n")
	}
	for i, s := range f.Flow {
		fmt.Fprintf(&b, "%d. %s, %s", i+1, clean.Markdown(s.Note), clean.Code(s.Place.Where()))
		if s.Text != "" {
			b.WriteString(": " + clean.Code(s.Text))
		}
		b.WriteString("\n")
	}
	if len(f.Flow) > 0 {
		b.WriteString("\n")
	}
	if f.Fix != nil {
		fmt.Fprintf(&b, "**Fix:** %s\n\n", clean.Markdown(f.Fix.Text))
		if d := o.Diff(f); d != "" {
			b.WriteString(clean.Block("diff", d) + "\n")
		}
	}
	fmt.Fprintf(&b, "%s, %s", clean.Code(f.Check), f.Confidence)
	c := report.Check(run, f.Check)
	cwe := c.CWE
	if len(f.CWE) > 0 {
		cwe = f.CWE
	}
	for _, n := range cwe {
		fmt.Fprintf(&b, ", CWE-%d", n)
	}
	fmt.Fprintf(&b, ", fingerprint %s\n\n</details>\n", clean.Code(f.Fingerprint))
	return b.String()
}

// brief is a finding in a line, for when the comment runs full.
func brief(f scan.Finding) string {
	return fmt.Sprintf("\n- **%s** %s, %s\n", f.Severity, clean.Markdown(f.Title), clean.Code(f.Place.Where()))
}

func footer(run *scan.Run) string {
	var b strings.Builder
	if len(run.Gaps) > 0 {
		b.WriteString("\n**Not scanned**\n\n")
		for i, g := range run.Gaps {
			if i == 10 {
				fmt.Fprintf(&b, "- and %d more\n", len(run.Gaps)-i)
				break
			}
			fmt.Fprintf(&b, "- %s: %s\n", clean.Code(cut(g.Where)), clean.Markdown(cut(g.Why)))
		}
	}
	var facts []string
	for i, f := range run.Facts {
		if i == 20 {
			break
		}
		facts = append(facts, clean.Markdown(cut(f.Name))+" "+clean.Markdown(cut(f.Value)))
	}
	if len(facts) > 0 {
		fmt.Fprintf(&b, "\n<sub>%s: %s</sub>\n", clean.Markdown(cut(run.Tool)), strings.Join(facts, ", "))
	}
	return b.String()
}

// cut bounds what stands outside the findings, so that it cannot crowd them out.
func cut(s string) string {
	const most = 300
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}

// html is for words within our own tags. Markdown is read inside a summary, so its signs are escaped as characters.
func html(s string) string {
	s = clean.Line(s)
	var b strings.Builder
	for _, r := range s {
		if strings.ContainsRune("&<>\"'`*_[]|~\\!$#@:", r) {
			fmt.Fprintf(&b, "&#%d;", r)
			if r == '@' || r == '#' || r == ':' {
				b.WriteString("&#8203;")
			}
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// language names the colouring of a file's excerpt.
func language(file string) string {
	for end, name := range map[string]string{".ex": "elixir", ".exs": "elixir", ".heex": "heex", ".eex": "eex", ".go": "go", ".json": "json", ".yaml": "yaml", ".lock": "elixir"} {
		if strings.HasSuffix(file, end) {
			return name
		}
	}
	return ""
}
