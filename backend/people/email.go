package people

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ParseEmail reads an e-mail address as people are known by: in lower case, so that one person is not two. It takes the
// letters of ASCII only. Folding the case of others turns the addresses of two people into one (the Turkish i without its
// dot, the Kelvin sign), which has opened other people's accounts elsewhere.
func ParseEmail(s string) (string, error) {
	s = strings.TrimSpace(s)
	refuse := func(why string) (string, error) {
		return "", fmt.Errorf("%w: e-mail address %.100q: %s", ErrInvalid, s, why)
	}
	if len(s) > 254 { // RFC 5321, 4.5.3.1.3, less its brackets
		return "", fmt.Errorf("%w: e-mail address %.40q…: it has more than 254 bytes", ErrInvalid, s)
	}
	at := strings.LastIndexByte(s, '@')
	if at < 0 {
		return refuse("want one such as ada@example.org")
	}
	local, domain := s[:at], s[at+1:]
	if local == "" || len(local) > 64 {
		return refuse("want 1 to 64 bytes before the @")
	}
	for i := range len(local) {
		if c := local[i]; !letter(c) && !strings.ContainsRune("!#$%&'*+-/=?^_`{|}~.", rune(c)) {
			return refuse("before the @ want letters of ASCII, digits and signs, without quotes")
		}
	}
	if strings.HasPrefix(local, ".") || strings.HasSuffix(local, ".") || strings.Contains(local, "..") {
		return refuse("a dot stands between other letters")
	}
	for label := range strings.SplitSeq(domain, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return refuse("after the @ want a domain such as example.org")
		}
		for i := range len(label) {
			if !letter(label[i]) && label[i] != '-' {
				return refuse("after the @ want a domain of ASCII letters; write an international one as xn--…")
			}
		}
	}
	return strings.ToLower(s), nil
}

func letter(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// printable reports whether a text can stand in a list without disturbing its neighbours: no controls, and none of the marks
// that turn the direction of writing.
func printable(s string) bool {
	if !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if !unicode.IsGraphic(r) {
			return false
		}
	}
	return true
}
