// Package secret finds credentials in text: tokens that can be told by their form, private keys, addresses with a password
// in them, and values under a telling name that look as if chance had made them. It serves any text file, the history of a
// repository, and the scanners of a language, which know names and values better than a line of text does.
//
// What it tells of a secret never gives it away: see [Shown].
package secret

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"strings"

	"palisade.dev/scan"
)

// Match is one secret in a text.
type Match struct {
	Check      string // token, key, url or value
	What       string // "a GitHub token", "a private key"
	Start, End int    // of the secret itself, in bytes
	Severity   scan.Severity
	Confidence scan.Confidence
	Name       string // the name it stands under, where that is what gave it away
}

// Find gives the secrets of a text in their order, without overlaps. Named says whether to judge values by the names they
// stand under as well; where a scanner knows the language, it does that better.
func Find(text []byte, named bool) []Match {
	found := tokens(text)
	found = merge(found, privateKeys(text))
	found = merge(found, addresses(text))
	if named {
		found = merge(found, values(text))
	}
	return found
}

// merge adds what does not overlap with what was found before.
func merge(found, more []Match) []Match {
	if len(more) == 0 {
		return found
	}
	out := make([]Match, 0, len(found)+len(more))
	i := 0
	for _, m := range more {
		for i < len(found) && found[i].End <= m.Start {
			out = append(out, found[i])
			i++
		}
		if i < len(found) && found[i].Start < m.End {
			continue
		}
		out = append(out, m)
	}
	return append(out, found[i:]...)
}

// Shown is what may be told of a secret. A long one that chance made is told by its first four characters and eight digits
// of a salted hash, enough to find it and to see whether two are the same; of a password, which can be guessed and then
// compared, only the length.
func Shown(secret string) string {
	if !Random(secret) || len(secret) < 20 {
		return fmt.Sprintf("%d characters", len(secret))
	}
	return fmt.Sprintf("%s…, %d characters, hash %s", secret[:4], len(secret), Hash(secret)[:8])
}

// Hash tells two secrets apart. It is for secrets of chance only: those that people think of are found by trying.
func Hash(secret string) string {
	sum := sha256.Sum256([]byte("palisade scan/secret 1\x00" + secret))
	return hex.EncodeToString(sum[:])
}

// Key is what stands in a fingerprint for a secret under a name: a new value is a new finding where the value cannot be
// guessed from its hash, and else the name has to do.
func Key(name, secret string) string {
	if Random(secret) && len(secret) >= 20 {
		return name + " " + Hash(secret)
	}
	return name
}

// Random says whether a text looks as if chance had made it: mixed kinds of characters without the runs of letters that
// words have, and close to as many different ones as chance would bring.
func Random(s string) bool {
	if len(s) < 16 || strings.ContainsAny(s, " \t\n") {
		return false
	}
	digits, letters, lower, upper, hexadecimal, vowelRuns := 0, 0, 0, 0, 0, 0
	run := 0
	for i := range len(s) {
		c := s[i]
		switch {
		case '0' <= c && c <= '9':
			digits++
		case 'a' <= c && c <= 'z':
			letters++
			lower++
		case 'A' <= c && c <= 'Z':
			letters++
			upper++
		}
		if '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F' {
			hexadecimal++
		}
		// A word in snake or camel case is a row of lower-case letters; in base 64 one of seven is rare.
		if 'a' <= c && c <= 'z' {
			if run++; run == 7 {
				vowelRuns++
			}
		} else {
			run = 0
		}
	}
	e := Entropy(s)
	if hexadecimal == len(s) {
		return len(s) >= 24 && digits > 0 && letters > 0 && e >= 3.0
	}
	if digits == 0 || letters == 0 || lower == 0 && upper == 0 {
		// Of forty letters without a digit one in a thousand is chance; the others are words.
		return digits == 0 && lower > 0 && upper > 0 && len(s) >= 24 && vowelRuns == 0 && e >= 4.2
	}
	if vowelRuns > len(s)/24 || upper == 0 && named(s) {
		return false
	}
	return e >= min(3.2+float64(len(s)-16)*0.04, 4.2)
}

// named says whether a text is words put together, as api_v2_temp_token: each part is letters, with a few digits at most.
func named(s string) bool {
	parts := strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune("_-./:", r) })
	for _, part := range parts {
		digits := 0
		for i := range len(part) {
			if '0' <= part[i] && part[i] <= '9' {
				digits++
			}
		}
		if digits > 2 || digits == 2 && len(part) < 5 {
			return false
		}
	}
	return len(parts) > 2
}

// Entropy is the average information of a character, in bits, as far as the text itself tells.
func Entropy(s string) float64 {
	if s == "" {
		return 0
	}
	var count [256]int
	for i := range len(s) {
		count[s[i]]++
	}
	bits := 0.0
	for _, n := range count {
		if n > 0 {
			p := float64(n) / float64(len(s))
			bits -= p * math.Log2(p)
		}
	}
	return bits
}
