package identity

import (
	"bytes"
	"errors"

	"palisade.dev/guard/wire"
)

// Errors of a path that no honest client sends. They are answered with 400.
var (
	ErrPathLong    = errors.New("malformed path: over 8192 bytes")
	ErrPathEscape  = errors.New("malformed path: a % without two hex digits after it")
	ErrPathControl = errors.New("malformed path: a control byte")
)

const maxPath = 8 << 10

// Paths spells a path the way a site's router reads it, so that a rule and the app mean the same thing by it.
type Paths struct{ r wire.Path }

// NewPaths takes what a site declares.
func NewPaths(r wire.Path) Paths { return Paths{r} }

// Normalise spells an escaped path in the one way that rules know. It decodes once: what is escaped twice stays escaped.
// An escaped slash stays escaped unless the site says that its router decodes it. To normalise the result again changes
// nothing; a path that is spelt so already costs one pass and no memory.
func (p Paths) Normalise(escaped string) (string, error) {
	if len(escaped) > maxPath {
		return "", ErrPathLong
	}
	if p.plain(escaped) {
		return escaped, nil
	}
	return p.rewrite(escaped)
}

// kept reports whether a decoded byte stays escaped. What stays must look the same after another pass: a percent sign
// that %25 stood for would otherwise begin an escape, and a semicolon that %3B stood for a parameter.
func (p Paths) kept(c byte) bool {
	return c == '%' || c == '/' && !p.r.DecodeSlash || c == ';' && p.r.StripParams
}

// plain reports whether nothing is to be done.
func (p Paths) plain(s string) bool {
	if s == "" || s[0] != '/' {
		return false
	}
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '%':
			if i+2 >= len(s) {
				return false
			}
			if d, ok := unescape(s[i+1], s[i+2]); !ok || !p.kept(d) || s[i+2] >= 'a' {
				return false
			}
			i += 2
		case c < 0x20 || c == 0x7f, c == '\\' && p.r.Backslash, c == ';' && p.r.StripParams, 'A' <= c && c <= 'Z' && p.r.FoldCase:
			return false
		case c == '/':
			switch rest := s[i+1:]; {
			case rest == "":
				return i == 0 || p.r.KeepTrailing
			case rest[0] == '/' && !p.r.KeepSlashes:
				return false
			case rest[0] == '.' && !p.r.KeepDots:
				if len(rest) == 1 || rest[1] == '/' || rest[1] == '.' && (len(rest) == 2 || rest[2] == '/') {
					return false
				}
			}
		}
	}
	return true
}

func (p Paths) rewrite(s string) (string, error) {
	var room [512]byte
	b := room[:0]
	if len(s) >= len(room) {
		b = make([]byte, 0, len(s)+1)
	}
	if s == "" || s[0] != '/' {
		b = append(b, '/')
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '%' {
			if i+2 >= len(s) {
				return "", ErrPathEscape
			}
			d, ok := unescape(s[i+1], s[i+2])
			if !ok {
				return "", ErrPathEscape
			}
			i += 2
			if p.kept(d) {
				const hex = "0123456789ABCDEF"
				b = append(b, '%', hex[d>>4], hex[d&15])
				continue
			}
			c = d
		}
		if c < 0x20 || c == 0x7f {
			return "", ErrPathControl
		}
		if c == '\\' && p.r.Backslash {
			c = '/'
		}
		if p.r.FoldCase {
			c = lowerByte(c)
		}
		b = append(b, c)
	}
	return string(p.segments(b)), nil
}

// segments resolves dots, doubled slashes, parameters and the trailing slash in place. b begins with a slash.
func (p Paths) segments(b []byte) []byte {
	w, trailing := 0, false
	for r := 0; r < len(b); {
		end := r + 1
		for end < len(b) && b[end] != '/' {
			end++
		}
		segment := b[r+1 : end]
		r = end
		if p.r.StripParams {
			segment, _, _ = bytes.Cut(segment, []byte{';'})
		}
		trailing = true
		switch {
		case len(segment) == 0 && !p.r.KeepSlashes, string(segment) == "." && !p.r.KeepDots:
		case string(segment) == ".." && !p.r.KeepDots:
			w = max(0, bytes.LastIndexByte(b[:w], '/'))
		default:
			b[w] = '/'
			w += 1 + copy(b[w+1:], segment)
			trailing = false
		}
	}
	switch {
	case w == 0 || trailing && p.r.KeepTrailing:
		b[w] = '/'
		w++
	case !p.r.KeepTrailing:
		for w > 1 && b[w-1] == '/' {
			w--
		}
	}
	return b[:w]
}

// unescape gives the byte of two hex digits.
func unescape(high, low byte) (byte, bool) {
	return unhex(high)<<4 | unhex(low), isHex(high) && isHex(low)
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
