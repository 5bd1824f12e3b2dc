package page

import (
	"fmt"
	"html/template"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"palisade.dev/scan"
)

// maxShown is how many characters of a stranger's word are shown at once; the rest is in the title, up to maxTitle.
const (
	maxShown = 120
	maxTitle = 1000
)

// Show makes a stranger's word harmless and readable: markup is escaped, characters that steer a terminal or a text's
// direction are shown by their number, an endless word is cut, and its direction does not spill over into its
// neighbours'.
func Show(word string) template.HTML {
	clean := visible(word, maxTitle)
	short := Cut(clean, maxShown)
	if short == clean {
		return template.HTML("<bdi>" + template.HTMLEscapeString(clean) + "</bdi>")
	}
	return template.HTML(`<bdi title="` + template.HTMLEscapeString(clean) + `">` + template.HTMLEscapeString(short) + "</bdi>")
}

// Cut shortens a text to a number of characters and says so with a sign.
func Cut(text string, n int) string {
	if utf8.RuneCountInString(text) <= n {
		return text
	}
	runes := []rune(text)
	return string(runes[:n-1]) + "…"
}

// visible replaces what cannot be seen or would move what is around it.
func visible(text string, limit int) string {
	var b strings.Builder
	n := 0
	for i, c := range text {
		if n++; n > limit {
			fmt.Fprintf(&b, "… and %d bytes more", len(text)-i)
			break
		}
		if c == utf8.RuneError || unicode.Is(unicode.Cc, c) || unicode.Is(unicode.Cf, c) || unicode.Is(unicode.Zl, c) || unicode.Is(unicode.Zp, c) || unicode.Is(unicode.Co, c) {
			fmt.Fprintf(&b, "⟨%04X⟩", c)
			continue
		}
		b.WriteRune(c)
	}
	return b.String()
}

// Count writes a number in groups of three.
func Count(n any) string {
	s := fmt.Sprint(n)
	sign := ""
	if strings.HasPrefix(s, "-") {
		sign, s = "−", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "\u202f" + s[i:]
	}
	return sign + s
}

// Severity names one: 1 is info, 5 critical.
func Severity(n int) string { return scan.Severity(n).String() }

// Plural gives a number with its thing: 1 ban, 2 bans.
func Plural(n any, thing string) string {
	if fmt.Sprint(n) == "1" {
		return "1 " + thing
	}
	switch {
	case strings.HasSuffix(thing, "y") && !strings.HasSuffix(thing, "ay") && !strings.HasSuffix(thing, "ey"):
		thing = thing[:len(thing)-1] + "ies"
	case strings.HasSuffix(thing, "s"), strings.HasSuffix(thing, "ch"):
		thing += "es"
	default:
		thing += "s"
	}
	return Count(n) + " " + thing
}

// Bytes writes a size.
func Bytes(n int64) string {
	switch {
	case n < 1<<10:
		return fmt.Sprintf("%d B", n)
	case n < 1<<20:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	case n < 1<<30:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	}
	return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
}

// Span writes a length of time in its largest fitting unit: 45 s, 12 min, 3 h, 5 d.
func Span(d time.Duration) string {
	switch {
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < 2*time.Minute:
		return fmt.Sprintf("%d s", d/time.Second)
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", d/time.Minute)
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", d/time.Hour)
	}
	return fmt.Sprintf("%d d", d/(24*time.Hour))
}

// Ago says how long ago something was, or how far ahead it is.
func Ago(d time.Duration) string {
	switch {
	case d < 0 && d > -time.Second, d >= 0 && d < time.Second:
		return "now"
	case d < 0:
		return "in " + Span(-d)
	}
	return Span(d) + " ago"
}
