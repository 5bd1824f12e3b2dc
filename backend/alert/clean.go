package alert

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Clean makes a stranger's words safe to look at. What would move a terminal's cursor, turn the direction of writing, or
// hide from the eye is shown as a sign of its own; more than most bytes are cut, with a mark that says how many there were.
// It leaves clean text as it is, so cleaning twice is cleaning once.
func Clean(s string, most int) string {
	whole := len(s)
	if cut := most * 2; len(s) > cut { // a bound on the work; the exact cut is below
		s = s[:cut]
	}
	var b strings.Builder
	var size int
	for i := 0; i < len(s); i += size {
		var r rune
		r, size = utf8.DecodeRuneInString(s[i:])
		b.WriteString(visible(r))
		if b.Len() > most {
			break
		}
	}
	if b.Len() <= most && whole == len(s) {
		return b.String()
	}
	mark := fmt.Sprintf("… (cut, %d bytes)", whole)
	keep := b.String()[:max(0, min(b.Len(), most-len(mark)))]
	for keep != "" { // not within a letter
		if r, size := utf8.DecodeLastRuneInString(keep); r != utf8.RuneError || size != 1 {
			break
		}
		keep = keep[:len(keep)-1]
	}
	return keep + mark
}

// visible is a rune as it may be shown.
func visible(r rune) string {
	switch {
	case r < 0x20:
		return string(0x2400 + r) // the control pictures: ␊, ␛
	case r == 0x7f:
		return "␡"
	case r == utf8.RuneError:
		return "\ufffd"
	// Controls, marks of direction, joiners and tags; and the separators that some take for a line's end.
	case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Co):
		return fmt.Sprintf("⟨U+%04X⟩", r)
	}
	return string(r)
}
