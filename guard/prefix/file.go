package prefix

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
)

// Limits bounds what a list file may ask of us.
type Limits struct {
	Lines int
	Bytes int64
	Line  int // bytes of one line
}

// DefaultLimits take the largest list we know forty times over.
var DefaultLimits = Limits{Lines: MaxPrefixes, Bytes: 128 << 20, Line: 512}

// maxFaults is how many faults of a file are told at once.
const maxFaults = 10

// Parse reads a list within DefaultLimits.
func Parse(r io.Reader) ([]netip.Prefix, error) { return DefaultLimits.Parse(r) }

// Parse reads a list: a prefix or address a line, comments after # or ;. With a fault there are no prefixes, so that
// nobody enforces half a list; up to ten faults are told together, each with its line.
func (l Limits) Parse(r io.Reader) ([]netip.Prefix, error) {
	var out []netip.Prefix
	var faults []error
	rest := &io.LimitedReader{R: r, N: l.Bytes + 1}
	sc := bufio.NewScanner(rest)
	sc.Buffer(make([]byte, 0, l.Line+3), l.Line+3) // CR, LF, and one more to tell too long from just so
	n := 0
	for sc.Scan() {
		if rest.N == 0 {
			break
		}
		if n++; n > l.Lines {
			return nil, errors.Join(append(faults, fmt.Errorf("line %d: a list has at most %d lines", n, l.Lines))...)
		}
		p, err := l.line(sc.Bytes(), n == 1)
		if err != nil {
			if faults = append(faults, fmt.Errorf("line %d: %w", n, err)); len(faults) == maxFaults {
				return nil, errors.Join(append(faults, errors.New("and perhaps more: reading stopped"))...)
			}
			continue
		}
		if p.IsValid() {
			out = append(out, p)
		}
	}
	switch err := sc.Err(); {
	case rest.N == 0:
		faults = append(faults, fmt.Errorf("more than %d bytes", l.Bytes))
	case errors.Is(err, bufio.ErrTooLong):
		faults = append(faults, fmt.Errorf("line %d: longer than %d bytes; reading stopped", n+1, l.Line))
	case err != nil:
		faults = append(faults, fmt.Errorf("reading after line %d: %w", n, err))
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	return out, nil
}

// line reads one line; without a prefix on it the answer is the zero Prefix.
func (l Limits) line(b []byte, first bool) (netip.Prefix, error) {
	if len(b) > l.Line {
		return netip.Prefix{}, fmt.Errorf("longer than %d bytes", l.Line)
	}
	if first {
		b = bytes.TrimPrefix(b, []byte("\uFEFF")) // Windows editors put it there
	}
	if i := bytes.IndexAny(b, "#;"); i >= 0 {
		b = b[:i]
	}
	text := strings.TrimSpace(string(b))
	if text == "" {
		return netip.Prefix{}, nil
	}
	return ParsePrefix(text)
}
