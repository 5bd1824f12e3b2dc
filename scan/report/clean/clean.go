// Package clean makes words harmless that a scanned project chose: names of files, source text, names of packages. What
// is harmless depends on who reads them: a terminal, a build server that takes lines as commands, Markdown.
package clean

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"palisade.dev/scan/late"
)

// A build server takes these for commands: GitHub lines that begin with :: and ##[ anywhere, Azure and TeamCity ##vso[ and
// ##teamcity[ anywhere.
var (
	commands = late.Pattern(`##(\[|vso|teamcity)`)
	colons   = late.Pattern(`(?m)^([^\S\n]*):(:)`)
)

// Text shows what is no visible character as its number: terminal codes, and marks that turn the writing direction or
// hide. Line breaks and tabs stay. What a build server would take for a command is broken by a blank.
func Text(s string) string {
	s = Visible(s)
	if strings.Contains(s, "##") {
		s = commands.ReplaceAllString(s, "# #$1")
	}
	if strings.Contains(s, "::") {
		s = colons.ReplaceAllString(s, "$1: $2")
	}
	return s
}

// Visible shows what is no visible character as its number and leaves the rest.
func Visible(s string) string {
	if !strings.ContainsFunc(s, hidden) && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n <= 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case hidden(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
		i += n
	}
	return b.String()
}

func hidden(r rune) bool {
	switch {
	case r == '\n' || r == '\t':
		return false
	case unicode.IsControl(r), unicode.Is(unicode.Cf, r), unicode.Is(unicode.Zl, r), unicode.Is(unicode.Zp, r):
		return true
	}
	return false
}

// Line is Text on one line.
func Line(s string) string {
	return Text(strings.NewReplacer("\r\n", " ", "\n", " ", "\t", " ").Replace(s))
}

// Markdown makes a text of one line stand in Markdown as it is: no markup, no HTML, no link, no mention of a person or
// of an issue. Mentions and bare links are found in what was rendered, so no escape helps there: a character without
// width parts them.
func Markdown(s string) string {
	s = strings.NewReplacer("\r\n", " ", "\n", " ", "\t", " ").Replace(s)
	s = Text(s)
	var b strings.Builder
	for i, r := range s {
		switch r {
		case '&':
			b.WriteString("&amp;")
		case '<':
			b.WriteString("&lt;")
		case '>':
			b.WriteString("&gt;")
		case '\\', '`', '*', '_', '[', ']', '|', '~', '(', ')', '!', '$':
			b.WriteByte('\\')
			b.WriteRune(r)
		case '@', '#':
			b.WriteRune(r)
			b.WriteString("&#8203;")
		case ':':
			b.WriteRune(r)
			if strings.HasPrefix(s[i:], "://") {
				b.WriteString("&#8203;")
			}
		case '.':
			b.WriteRune(r)
			if strings.HasSuffix(strings.ToLower(s[:i]), "www") {
				b.WriteString("&#8203;")
			}
		case '-', '+', '=':
			if i == 0 {
				b.WriteByte('\\')
			}
			b.WriteRune(r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// Code puts a text of one line into a span of code, fenced by more backticks than it holds.
func Code(s string) string {
	s = strings.NewReplacer("\r\n", " ", "\n", " ", "\t", " ").Replace(s)
	s = Text(s)
	if s == "" {
		return ""
	}
	fence := strings.Repeat("`", longest(s)+1)
	if s[0] == '`' || s[len(s)-1] == '`' {
		s = " " + s + " "
	}
	return fence + s + fence
}

// Cell is Code within a table.
func Cell(s string) string { return strings.ReplaceAll(Code(s), "|", `\|`) }

// Block puts a text of several lines into a fenced block of a language.
func Block(language, s string) string {
	s = Text(strings.ReplaceAll(s, "\r\n", "\n"))
	fence := strings.Repeat("`", max(3, longest(s)+1))
	return fence + language + "\n" + strings.TrimRight(s, "\n") + "\n" + fence + "\n"
}

// longest counts the longest run of backticks.
func longest(s string) int {
	most, run := 0, 0
	for _, r := range s {
		if r != '`' {
			run = 0
			continue
		}
		run++
		most = max(most, run)
	}
	return most
}
