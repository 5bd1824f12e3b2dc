package identity

import (
	"errors"
	"strings"

	"palisade.dev/guard/wire"
)

// Errors of a path that no honest client sends.
var (
	ErrPathLong    = errors.New("path of over 8192 bytes")
	ErrPathEscape  = errors.New("path with a broken percent escape")
	ErrPathControl = errors.New("path with a control byte")
)

const maxPath = 8 << 10

// Paths spells a path the way a site's router reads it, so that a rule and the app mean the same thing by it.
type Paths struct{ r wire.Path }

// NewPaths takes what a site declares.
func NewPaths(r wire.Path) Paths { return Paths{r} }

// Normalise spells an escaped path in the one way that rules know. It decodes once: what is escaped twice stays escaped.
// An escaped slash stays escaped unless the site says that its router decodes it. A path that is spelt so already costs
// one pass and nothing else.
func (p Paths) Normalise(escaped string) (string, error) {
	if len(escaped) > maxPath {
		return "", ErrPathLong
	}
	if p.plain(escaped) {
		return escaped, nil
	}
	return p.rewrite(escaped)
}

// plain reports whether nothing is to be done.
func (p Paths) plain(s string) bool {
	if s == "" || s[0] != '/' {
		return false
	}
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '%' || c < 0x20 || c == 0x7f:
			return false
		case c == '\\' && p.r.Backslash, c == ';' && p.r.StripParams:
			return false
		case 'A' <= c && c <= 'Z' && p.r.FoldCase:
			return false
		case c == '/':
			rest := s[i+1:]
			if rest == "" {
				return i == 0 || p.r.KeepTrailing
			}
			if rest[0] == '/' && !p.r.KeepSlashes {
				return false
			}
			if rest[0] == '.' && !p.r.KeepDots {
				return false
			}
		}
	}
	return true
}

func (p Paths) rewrite(s string) (string, error) {
	var b strings.Builder
	b.Grow(len(s))
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '%' {
			if i+2 >= len(s) || !isHex(s[i+1]) || !isHex(s[i+2]) {
				return "", ErrPathEscape
			}
			c = unhex(s[i+1])<<4 | unhex(s[i+2])
			i += 2
			if c == '/' && !p.r.DecodeSlash {
				b.WriteString("%2F")
				continue
			}
			if c == '%' { // %2541 is the text %41, not the letter A
				b.WriteString("%25")
				continue
			}
		}
		if c < 0x20 || c == 0x7f {
			return "", ErrPathControl
		}
		if c == '\\' && p.r.Backslash {
			c = '/'
		}
		if p.r.FoldCase && 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		b.WriteByte(c)
	}
	return p.segments(b.String()), nil
}

// segments resolves dots, doubled slashes, parameters and the trailing slash.
func (p Paths) segments(s string) string {
	s = strings.TrimPrefix(s, "/")
	out := make([]string, 0, 8)
	trailing := false
	for segment := range strings.SplitSeq(s, "/") {
		if p.r.StripParams {
			segment, _, _ = strings.Cut(segment, ";")
		}
		trailing = false
		switch {
		case segment == "" && !p.r.KeepSlashes, segment == "." && !p.r.KeepDots:
			trailing = true
			continue
		case segment == ".." && !p.r.KeepDots:
			if len(out) > 0 {
				out = out[:len(out)-1]
			}
			trailing = true
			continue
		}
		out = append(out, segment)
	}
	joined := "/" + strings.Join(out, "/")
	if p.r.KeepTrailing && trailing && len(out) > 0 {
		joined += "/"
	}
	if !p.r.KeepTrailing && len(joined) > 1 {
		joined = strings.TrimRight(joined, "/")
		if joined == "" {
			joined = "/"
		}
	}
	return joined
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func unhex(c byte) byte {
	switch {
	case c <= '9':
		return c - '0'
	case c <= 'F':
		return c - 'A' + 10
	}
	return c - 'a' + 10
}
