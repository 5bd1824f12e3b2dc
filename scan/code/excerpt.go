package code

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"palisade.dev/scan"
	"palisade.dev/scan/tree"
)

// An excerpt shows the finding's own lines and no more: a person has the file, a report is read by many.
const (
	longestExcerpt = 8
	longestLine    = 240
)

// excerpts gives findings the source they are about. One that brings its own, because its lines hold a secret, keeps it.
func excerpts(t *tree.Tree, findings []scan.Finding) {
	var name string
	var lines [][]byte
	for i := range findings {
		f := &findings[i]
		if f.Excerpt != "" || f.Place.Start.Line == 0 || f.Place.File == "" {
			continue
		}
		if f.Place.File != name {
			data, err := t.Text(f.Place.File)
			if err != nil {
				data = nil
			}
			name, lines = f.Place.File, bytes.Split(data, []byte("\n"))
		}
		first, last := f.Place.Start.Line, max(f.Place.Start.Line, f.Place.End.Line)
		if first > len(lines) {
			continue
		}
		if f.Place.End.Column == 1 && last > first { // it ends with the line break before
			last--
		}
		last = min(last, len(lines), first+longestExcerpt-1)
		var b strings.Builder
		for _, line := range lines[first-1 : last] {
			text := strings.ToValidUTF8(strings.TrimRight(string(line), "\r"), string(utf8.RuneError))
			if len(text) > longestLine {
				text = strings.ToValidUTF8(text[:longestLine], "") + "…"
			}
			b.WriteString(text + "\n")
		}
		f.Excerpt = strings.TrimRight(b.String(), "\n")
	}
}
