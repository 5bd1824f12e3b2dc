package page

import (
	"html/template"
	"strings"
)

// maxWords is how many characters of a text are shown.
const maxWords = 5000

// Words is Show for a text of several lines, which is shown whole.
func Words(text string) template.HTML {
	var b strings.Builder
	for l := range strings.Lines(text) {
		line, end := strings.CutSuffix(l, "\n")
		b.WriteString("<bdi>" + template.HTMLEscapeString(visible(strings.TrimSuffix(line, "\r"), maxWords)) + "</bdi>")
		if end {
			b.WriteByte('\n')
		}
	}
	return template.HTML(b.String())
}
