// Package version orders versions as Hex, Go and npm do, which is the order of semantic versioning: pre-releases before
// their release, numbers by value, build metadata without weight. It also reads Hex's requirements.
package version

import (
	"cmp"
	"fmt"
	"strings"
)

// longest bounds a version; the longest published on Hex has 40 characters, Go's pseudo-versions about 60.
const longest = 256

// Version is a version that was read.
type Version struct {
	numbers [3]string // without leading zeros, as they may be larger than any integer
	pre     []string
	parts   int // how many of the three were written
}

// Parse reads a version. A leading v and missing parts are taken as lock files and advisories write them; what is no
// version is an error.
func Parse(text string) (Version, error) {
	v, ok := parse(text)
	if !ok {
		return v, fmt.Errorf("%.60q is no version", text)
	}
	return v, nil
}

func parse(text string) (v Version, ok bool) {
	s := strings.TrimPrefix(text, "v")
	if len(s) > longest {
		return v, false
	}
	s, build, hasBuild := strings.Cut(s, "+")
	if hasBuild && !identifiers(build) {
		return v, false
	}
	s, pre, hasPre := strings.Cut(s, "-")
	if hasPre {
		if !identifiers(pre) {
			return v, false
		}
		v.pre = strings.Split(pre, ".")
	}
	numbers := strings.Split(s, ".")
	if len(numbers) > 3 {
		return v, false
	}
	v.numbers = [3]string{"0", "0", "0"}
	v.parts = len(numbers)
	for i, n := range numbers {
		if !digits(n) {
			return v, false
		}
		v.numbers[i] = trim(n)
	}
	return v, true
}

func identifiers(s string) bool {
	for _, part := range strings.Split(s, ".") {
		if part == "" {
			return false
		}
		for _, c := range []byte(part) {
			if (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c != '-' {
				return false
			}
		}
	}
	return true
}

func digits(s string) bool {
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return s != ""
}

func trim(n string) string {
	if n = strings.TrimLeft(n, "0"); n == "" {
		return "0"
	}
	return n
}

// Compare orders two versions.
func (v Version) Compare(w Version) int {
	for i := range v.numbers {
		if c := number(v.numbers[i], w.numbers[i]); c != 0 {
			return c
		}
	}
	switch {
	case len(v.pre) == 0 && len(w.pre) == 0:
		return 0
	case len(v.pre) == 0:
		return 1
	case len(w.pre) == 0:
		return -1
	}
	for i := range min(len(v.pre), len(w.pre)) {
		a, b := v.pre[i], w.pre[i]
		var c int
		switch na, nb := digits(a), digits(b); {
		case na && nb:
			c = number(trim(a), trim(b))
		case na:
			c = -1
		case nb:
			c = 1
		default:
			c = cmp.Compare(a, b)
		}
		if c != 0 {
			return c
		}
	}
	return cmp.Compare(len(v.pre), len(w.pre))
}

// number compares two numbers without leading zeros.
func number(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) }

// Pre says whether it comes before a release.
func (v Version) Pre() bool { return len(v.pre) > 0 }

// String writes all three numbers.
func (v Version) String() string {
	s := strings.Join(v.numbers[:], ".")
	if len(v.pre) > 0 {
		s += "-" + strings.Join(v.pre, ".")
	}
	return s
}
