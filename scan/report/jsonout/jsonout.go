// Package jsonout writes a run as JSON, in the form that schema.json beside the sinks describes. It is the whole run:
// what was accepted and what the baseline knows are marked and not left out.
package jsonout

import (
	"bytes"
	"fmt"
	"io"
	"unicode"
	"unicode/utf16"

	"palisade.dev/scan"
	"palisade.dev/scan/report"
)

// Write writes the run.
func Write(w io.Writer, run *scan.Run, _ report.Options) error {
	data, err := run.JSON()
	if err != nil {
		return err
	}
	_, err = w.Write(escape(data))
	return err
}

// escape writes what hides or turns the writing direction as JSON's own escapes, so that the text means the same and
// looks like what it is. Outside strings JSON has none of them.
func escape(data []byte) []byte {
	if !bytes.ContainsFunc(data, turns) {
		return data
	}
	var b bytes.Buffer
	for _, r := range string(data) {
		switch {
		case !turns(r):
			b.WriteRune(r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.Bytes()
}

func turns(r rune) bool {
	return r > 0x7e && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r))
}
