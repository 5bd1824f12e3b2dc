package engine

import (
	"fmt"
	"strings"
)

// Signature is a path no honest client asks for, as people write it:
//
//	*.php           a last segment that ends so
//	/admin-old      this path template, as in a route
//	.env  wp-login  a segment that begins so, anywhere in the path
type Signature struct {
	Text string
	trap int
}

// signatures finds the first trap, in policy order, that a path touches.
type signatures struct {
	suffix   map[string]int // by extension, from the last dot
	word     map[byte][]Signature
	begins   [4]uint64 // bytes with which some word begins
	patterns []int     // pattern id → trap, -1 for none
	bits     set
}

const noTrap = -1

// maxExtension is how long an extension may be, its dot included.
const maxExtension = 12

func (s *signatures) add(r *router, text string, trap int, fold bool) error {
	if text == "" || len(text) > 256 || strings.ContainsAny(text, " \t?#") {
		return fmt.Errorf("signature %q: want \"*.php\", \"/admin-old\" or a word such as \".env\"", text)
	}
	switch {
	case text[0] == '*':
		ext := text[1:]
		if len(ext) < 2 || len(ext) > maxExtension || ext[0] != '.' || strings.ContainsAny(ext[1:], "./*") {
			return fmt.Errorf("signature %q: after the star comes one extension of at most %d letters, such as \"*.php\"", text, maxExtension-1)
		}
		if s.suffix == nil {
			s.suffix = map[string]int{}
		}
		if _, taken := s.suffix[strings.ToLower(ext)]; !taken {
			s.suffix[strings.ToLower(ext)] = trap
		}
	case text[0] == '/':
		p, err := ParsePattern(text)
		if err != nil {
			return err
		}
		id, err := r.add(p)
		if err != nil {
			return err
		}
		for len(s.patterns) <= id {
			s.patterns = append(s.patterns, noTrap)
		}
		if s.patterns[id] == noTrap {
			s.patterns[id] = trap
			s.bits.add(id)
		}
	default:
		if strings.ContainsAny(text, "/*") {
			return fmt.Errorf("signature %q: a word holds no / and no star", text)
		}
		text = strings.ToLower(text)
		if s.word == nil {
			s.word = map[byte][]Signature{}
		}
		s.word[text[0]] = append(s.word[text[0]], Signature{text, trap})
		s.begins[text[0]>>6] |= 1 << (text[0] & 63)
	}
	return nil
}

// find gives the trap that the path touches, or noTrap. Words and extensions are compared without case: scanners try
// both, and no app serves one spelling of .env honestly.
func (s *signatures) find(path string, found *set) int {
	best := noTrap
	better := func(t int) {
		if best == noTrap || t < best {
			best = t
		}
	}
	if len(s.patterns) > 0 && s.bits.overlaps(found) {
		for id, trap := range s.patterns {
			if trap != noTrap && found.has(id) {
				better(trap)
			}
		}
	}
	if len(s.word) > 0 {
		for i := 1; i < len(path); i++ { // byte by byte: segments are so short that a search for each costs more
			if path[i-1] != '/' {
				continue
			}
			c := lower(path[i])
			if s.begins[c>>6]>>(c&63)&1 == 0 {
				continue
			}
			rest := path[i:]
			words := s.word[c]
			for i := range words {
				w := &words[i]
				if len(rest) >= len(w.Text) && strings.EqualFold(rest[:len(w.Text)], w.Text) {
					better(w.trap)
				}
			}
		}
	}
	if len(s.suffix) > 0 {
		// Only a short run after the last dot can be an extension, so a long path costs no more than a short one.
		for dot := len(path) - 1; dot >= max(0, len(path)-maxExtension) && path[dot] != '/'; dot-- {
			if path[dot] != '.' {
				continue
			}
			var small [maxExtension]byte
			ext := small[:copy(small[:], path[dot:])]
			for i, c := range ext {
				ext[i] = lower(c)
			}
			if t, ok := s.suffix[string(ext)]; ok {
				better(t)
			}
			break
		}
	}
	return best
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
