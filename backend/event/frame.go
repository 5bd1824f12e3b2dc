package event

import (
	"encoding/binary"
	"fmt"
	"math"

	"palisade.dev/guard/wire"
)

// frame is a frame's columns, still in its bytes: one can look for a value before building any event.
type frame struct {
	count   int
	columns [columns]column
	numbers [numbers][]byte
	values  [numbers][]int64 // the numbers, once read
	strings [lastPlain][]string
	lists   [2][][]string // networks and marks, once read, by entry
	results [][]wire.Outcome
	bans    []*wire.BanOrder
}

// column is a dictionary and the events' indexes into it.
type column struct {
	entries   [][]byte
	low, high []byte
}

// at is the dictionary index of event i.
func (c *column) at(i int) int {
	if c.low == nil {
		return 0
	}
	n := int(c.low[i])
	if c.high != nil {
		n |= int(c.high[i]) << 8
	}
	return n
}

// parseFrame checks the layout and every index; what the entries hold is checked when an event is built.
func parseFrame(raw []byte) (*frame, error) {
	f := &frame{}
	count, raw, err := uvarint(raw, MaxSegment, "count of events")
	if err != nil {
		return nil, err
	}
	f.count = count
	for i := range f.columns {
		c := &f.columns[i]
		var n int
		n, raw, err = uvarint(raw, count, fmt.Sprintf("dictionary size of column %d", i))
		if err != nil {
			return nil, err
		}
		if n == 0 && count > 0 {
			return nil, fmt.Errorf("column %d has no entries for %d events", i, count)
		}
		if n > len(raw) {
			return nil, errCut
		}
		c.entries = make([][]byte, n)
		for k := range c.entries {
			var ok bool
			if c.entries[k], raw, ok = text(raw); !ok {
				return nil, errCut
			}
		}
		w := width(n)
		if w*count > len(raw) {
			return nil, errCut
		}
		if w > 0 {
			c.low, raw = raw[:count:count], raw[count:]
		}
		if w > 1 {
			c.high, raw = raw[:count:count], raw[count:]
		}
		for k := range count {
			if at := c.at(k); at >= n {
				return nil, fmt.Errorf("column %d: event %d points to entry %d of %d", i, k, at, n)
			}
		}
	}
	for i := range f.numbers {
		var n int
		n, raw, err = uvarint(raw, len(raw), fmt.Sprintf("size of number column %d", i))
		if err != nil {
			return nil, err
		}
		if n > len(raw) {
			return nil, errCut
		}
		f.numbers[i], raw = raw[:n], raw[n:]
	}
	if len(raw) > 0 {
		return nil, fmt.Errorf("%d bytes too many", len(raw))
	}
	return f, nil
}

func uvarint(raw []byte, most int, what string) (int, []byte, error) {
	n, w := binary.Uvarint(raw)
	if w <= 0 {
		return 0, nil, errCut
	}
	if n > uint64(most) {
		return 0, nil, fmt.Errorf("%s is %d, more than %d", what, n, most)
	}
	return int(n), raw[w:], nil
}

// number reads a number column at its first use.
func (f *frame) number(column int) ([]int64, error) {
	if f.values[column] != nil {
		return f.values[column], nil
	}
	raw := f.numbers[column]
	values := make([]int64, f.count)
	sum := int64(0)
	for i := range values {
		v, w := binary.Varint(raw)
		if w <= 0 {
			return nil, errCut
		}
		raw = raw[w:]
		if column == numSeq || column == numAt {
			sum += v
			v = sum
		}
		values[i] = v
	}
	if len(raw) > 0 {
		return nil, fmt.Errorf("number column %d has %d bytes too many", column, len(raw))
	}
	f.values[column] = values
	return values, nil
}

// text is the value of a plain column; an entry becomes a string once per frame, not once per event.
func (f *frame) text(c, i int) string {
	if f.strings[c] == nil {
		f.strings[c] = make([]string, len(f.columns[c].entries))
	}
	at := f.columns[c].at(i)
	if s := f.strings[c][at]; s != "" {
		return s
	}
	s := string(f.columns[c].entries[at])
	f.strings[c][at] = s
	return s
}

func (f *frame) bytes(c, i int) []byte {
	return f.columns[c].entries[f.columns[c].at(i)]
}

// once parses an entry at its first use and gives the same value to every event that points to it: a large entry that
// all events share is paid for once.
func once[T any](c *column, parsed *[]T, i int, parse func([]byte) (T, bool)) (T, bool) {
	at := c.at(i)
	if len(c.entries[at]) == 0 {
		var absent T
		return absent, true
	}
	if *parsed == nil {
		*parsed = make([]T, len(c.entries))
		for k, entry := range c.entries {
			value, ok := parse(entry)
			if !ok {
				*parsed = nil
				return value, false
			}
			(*parsed)[k] = value
		}
	}
	return (*parsed)[at], true
}

// event builds event i.
func (f *frame) event(i int) (wire.Event, error) {
	var e wire.Event
	var numbers [numbers]int64
	for c := range numbers {
		values, err := f.number(c)
		if err != nil {
			return e, err
		}
		numbers[c] = values[i]
	}
	e.Seq, e.At = uint64(numbers[numSeq]), numbers[numAt]
	e.Duration, e.Bytes = numbers[numDuration], numbers[numBytes]
	for c, s := range plain(&e) {
		*s = f.text(c, i)
	}
	var ok [8]bool
	var status uint64
	e.Address, ok[0] = parseAddress(f.bytes(colAddress, i))
	e.Peer, ok[1] = parseAddress(f.bytes(colPeer, i))
	e.Networks, ok[2] = once(&f.columns[colNetworks], &f.lists[0], i, parseList)
	e.Marks, ok[3] = once(&f.columns[colMarks], &f.lists[1], i, parseList)
	e.Outcomes, ok[4] = once(&f.columns[colOutcomes], &f.results, i, parseOutcomes)
	e.Ban, ok[5] = once(&f.columns[colBan], &f.bans, i, parseBan)
	status, ok[6] = parseNumber(f.bytes(colStatus, i))
	e.Revision, ok[7] = parseNumber(f.bytes(colRevision, i))
	for k, fine := range ok {
		if !fine {
			return e, fmt.Errorf("event %d: entry of column %d makes no sense", i, colAddress+k)
		}
	}
	if status > math.MaxInt {
		return e, fmt.Errorf("event %d: status %d", i, status)
	}
	e.Status = int(status)
	e.Alert = len(f.bytes(colAlert, i)) > 0
	return e, nil
}
