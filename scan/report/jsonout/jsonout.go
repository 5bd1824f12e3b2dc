// Package jsonout writes a run as JSON, in the form that schema.json beside the sinks describes. It is the whole run:
// what was accepted and what the baseline knows are marked and not left out.
package jsonout

import (
	"io"

	"palisade.dev/scan"
	"palisade.dev/scan/report"
)

// Write writes the run.
func Write(w io.Writer, run *scan.Run, _ report.Options) error {
	data, err := run.JSON()
	if err != nil {
		return err
	}
	_, err = w.Write(data)
	return err
}
