package event

import (
	"encoding/binary"
	"errors"
)

func appendCount(b []byte, n uint64) []byte { return binary.AppendUvarint(b, n) }

// reader takes numbers and strings off bytes and remembers the first fault.
type reader struct {
	b   []byte
	err error
}

var errTooLarge = errors.New("a number is larger than it can be")

func (r *reader) count(most uint64) uint64 {
	if r.err != nil {
		return 0
	}
	n, w := binary.Uvarint(r.b)
	if w <= 0 {
		r.err = errCut
		return 0
	}
	if n > most {
		r.err = errTooLarge
		return 0
	}
	r.b = r.b[w:]
	return n
}

func (r *reader) signed() int64 {
	if r.err != nil {
		return 0
	}
	n, w := binary.Varint(r.b)
	if w <= 0 {
		r.err = errCut
		return 0
	}
	r.b = r.b[w:]
	return n
}

func (r *reader) byte() byte {
	if r.err != nil {
		return 0
	}
	if len(r.b) == 0 {
		r.err = errCut
		return 0
	}
	v := r.b[0]
	r.b = r.b[1:]
	return v
}

func (r *reader) bytes(most int) []byte {
	if r.err != nil {
		return nil
	}
	s, rest, ok := text(r.b)
	if !ok {
		r.err = errCut
		return nil
	}
	if len(s) > most {
		r.err = errTooLarge
		return nil
	}
	r.b = rest
	return s
}

func (r *reader) text(most int) string { return string(r.bytes(most)) }
