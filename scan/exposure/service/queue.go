package service

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
)

func double(b []byte) float64 { return math.Float64frombits(binary.LittleEndian.Uint64(b)) }

func askAMQP(ctx context.Context, w Wire) (Service, bool) {
	start, err := AMQP(w.say(ctx, []byte("AMQP\x00\x00\x09\x01")))
	if err != nil {
		return Service{}, false
	}
	s := Service{Name: "amqp", Product: word(start.Product), Version: word(start.Version), Access: Guarded}
	if slices.Contains(start.Mechanisms, "ANONYMOUS") {
		s.Access, s.Proof = Open, Proof{"the protocol's header", "Connection.Start with the mechanism ANONYMOUS"}
	}
	return s, true
}

// Start is what a broker says of itself.
type Start struct {
	Product, Version string
	Mechanisms       []string
}

var errAMQP = errors.New("this is no Connection.Start of AMQP")

// AMQP reads a Connection.Start: a frame of method 10.10 with a table and two strings.
func AMQP(b []byte) (Start, error) {
	var s Start
	if len(b) < 13 || b[0] != 1 || string(b[7:11]) != "\x00\x0a\x00\x0a" {
		return s, errAMQP
	}
	size := binary.BigEndian.Uint32(b[3:])
	if size > uint32(len(b)-7) {
		return s, fmt.Errorf("%w: its frame says %d bytes and %d are here", errAMQP, size, len(b)-7)
	}
	if size < 6 {
		return s, fmt.Errorf("%w: its frame ends before its version", errAMQP)
	}
	rest := b[13 : 7+size]
	table, rest, ok := long(rest)
	if !ok {
		return s, fmt.Errorf("%w: its properties do not end", errAMQP)
	}
	for len(table) > 0 {
		name := int(table[0])
		if len(table) < name+2 {
			return s, fmt.Errorf("%w: the name of a property does not end", errAMQP)
		}
		key, kind := string(table[1:1+name]), table[1+name]
		table = table[2+name:]
		var value []byte
		switch kind {
		case 'S', 'F', 'A', 'x':
			if value, table, ok = long(table); !ok {
				return s, fmt.Errorf("%w: the property %.30q does not end", errAMQP, key)
			}
		default:
			n, known := map[byte]int{'t': 1, 'b': 1, 'B': 1, 's': 2, 'u': 2, 'I': 4, 'i': 4, 'f': 4, 'l': 8, 'd': 8, 'T': 8, 'D': 5, 'V': 0}[kind]
			if !known || len(table) < n {
				return s, fmt.Errorf("%w: the property %.30q is of type %q", errAMQP, key, kind)
			}
			table = table[n:]
		}
		switch {
		case kind == 'S' && key == "product":
			s.Product = string(value)
		case kind == 'S' && key == "version":
			s.Version = string(value)
		}
	}
	mechanisms, _, ok := long(rest)
	if !ok || len(mechanisms) > 1024 {
		return s, fmt.Errorf("%w: its mechanisms do not end", errAMQP)
	}
	s.Mechanisms = strings.Fields(string(mechanisms))
	return s, nil
}

// long takes a string behind four bytes of length.
func long(b []byte) (value, rest []byte, ok bool) {
	if len(b) < 4 {
		return nil, nil, false
	}
	n := binary.BigEndian.Uint32(b)
	if n > uint32(len(b)-4) {
		return nil, nil, false
	}
	return b[4 : 4+n], b[4+n:], true
}

// askMQTT connects without a name and a password.
func askMQTT(ctx context.Context, w Wire) (Service, bool) {
	return MQTT(w.say(ctx, []byte("\x10\x0c\x00\x04MQTT\x04\x02\x00\x3c\x00\x00")))
}

// MQTT reads a CONNACK.
func MQTT(b []byte) (Service, bool) {
	if len(b) != 4 || b[0] != 0x20 || b[1] != 2 || b[2] > 1 || b[3] > 5 {
		return Service{}, false
	}
	s := Service{Name: "mqtt"}
	switch b[3] {
	case 0:
		s.Access, s.Proof = Open, Proof{"CONNECT without a name and a password", "CONNACK: accepted"}
	case 4, 5:
		s.Access = Guarded
	}
	return s, true
}
