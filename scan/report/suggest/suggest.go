// Package suggest writes the fixes of a run as review comments that a person accepts with a click: one JSON array in the
// form that GitHub's reviews take, with a suggestion block that replaces whole lines. The action posts those that fall on
// lines of the pull request.
package suggest

import (
	"encoding/json"
	"io"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/fix"
	"palisade.dev/scan/report"
	"palisade.dev/scan/report/clean"
)

// Comment is one suggestion.
type Comment struct {
	Path        string `json:"path"`
	StartLine   int    `json:"start_line,omitempty"` // only where there are several
	StartSide   string `json:"start_side,omitempty"`
	Line        int    `json:"line"`
	Side        string `json:"side"`
	Body        string `json:"body"`
	Fingerprint string `json:"fingerprint"`
}

// Of gives the suggestions of a run. A fix that goes over several files, or far apart, cannot be one.
func Of(run *scan.Run, o report.Options) []Comment {
	comments := []Comment{}
	for _, f := range run.Open(o.NewOnly) {
		if f.Fix == nil || len(f.Fix.Edits) == 0 {
			continue
		}
		files, by := fix.ByFile(f.Fix.Edits)
		src := o.Text(files[0])
		if len(files) != 1 || src == nil {
			continue
		}
		after, err := fix.Apply(src, by[files[0]])
		if err != nil {
			continue
		}
		c, ok := lines(string(src), string(after))
		if !ok {
			continue
		}
		c.Path, c.Fingerprint = files[0], f.Fingerprint
		c.Body = "**" + f.Severity.String() + "** " + clean.Markdown(f.Title) + ": " + clean.Markdown(f.Fix.Text) + "\n\n" + c.Body +
			"\n<!-- palisade-finding:" + f.Fingerprint + " -->\n"
		comments = append(comments, c)
	}
	return comments
}

// Write writes the suggestions.
func Write(w io.Writer, run *scan.Run, o report.Options) error {
	data, err := json.MarshalIndent(Of(run, o), "", " ")
	if err != nil {
		return err
	}
	_, err = w.Write(append(data, '\n'))
	return err
}

// farthest is how many lines a suggestion replaces: more is for a diff.
const farthest = 40

// lines finds the lines that differ. At least one is replaced, as a suggestion cannot only insert.
func lines(before, after string) (Comment, bool) {
	old, new := strings.Split(before, "\n"), strings.Split(after, "\n")
	first := 0
	for first < len(old)-1 && first < len(new)-1 && old[first] == new[first] {
		first++
	}
	tail := 0
	for tail < len(old)-first-1 && tail < len(new)-first-1 && old[len(old)-1-tail] == new[len(new)-1-tail] {
		tail++
	}
	last := len(old) - 1 - tail
	if last-first >= farthest || last < first {
		return Comment{}, false
	}
	text := strings.ReplaceAll(strings.Join(new[first:len(new)-tail], "\n"), "\r", "")
	if clean.Text(text) != text {
		return Comment{}, false // shown harmless it would be another text
	}
	c := Comment{Line: last + 1, Side: "RIGHT", Body: clean.Block("suggestion", text)}
	if last > first {
		c.StartLine, c.StartSide = first+1, "RIGHT"
	}
	return c, true
}
