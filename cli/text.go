package cli

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"
)

// clean makes a stranger's words safe for a terminal: control characters, and marks that turn the writing direction,
// are shown as what they are.
func clean(s string) string {
	const longest = 512
	var b strings.Builder
	for i, r := range s {
		if i > longest {
			b.WriteString("…")
			break
		}
		switch {
		case r == '\n' || r == '\t':
			b.WriteRune(r)
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r), r == unicode.ReplacementChar, unicode.Is(unicode.Zl, r), unicode.Is(unicode.Zp, r):
			fmt.Fprintf(&b, "\\u%04x", r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// word is clean for one cell of a table.
func word(s string) string {
	return strings.NewReplacer("\n", `\n`, "\t", `\t`).Replace(clean(s))
}

// table writes rows in columns.
func table(w io.Writer, head []string, rows [][]string) {
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(t, strings.Join(head, "\t"))
	for _, r := range rows {
		for i := range r {
			r[i] = word(r[i])
		}
		fmt.Fprintln(t, strings.Join(r, "\t"))
	}
	_ = t.Flush()
}

// ago says how long before now a time was, in unix milliseconds.
func (s *session) ago(ms int64) string {
	if ms == 0 {
		return "never"
	}
	return span(s.Now().Sub(time.UnixMilli(ms))) + " ago"
}

// until says when something ends, in unix milliseconds, 0 for never.
func (s *session) until(ms int64) string {
	if ms == 0 {
		return "until lifted"
	}
	d := time.UnixMilli(ms).Sub(s.Now())
	if d <= 0 {
		return "ended"
	}
	return "for " + span(d.Round(time.Second))
}

func span(d time.Duration) string {
	switch {
	case d < 0:
		return "0s"
	case d < 2*time.Minute:
		return strconv.Itoa(int(d.Seconds())) + "s"
	case d < 2*time.Hour:
		return strconv.Itoa(int(d.Minutes())) + "m"
	case d < 48*time.Hour:
		return strconv.Itoa(int(d.Hours())) + "h"
	}
	return strconv.Itoa(int(d.Hours()/24)) + "d"
}

// thousands writes 1234567 as 1,234,567.
func thousands[N int | int64 | uint64](n N) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
