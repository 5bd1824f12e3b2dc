package cli

import (
	"errors"
	"fmt"
	"os"
	"slices"

	"palisade.dev/scan"
	"palisade.dev/scan/baseline"
)

// What every scan does with its flags before it begins and with its run afterwards.

// scanEnd gives a failed scan its exit code: 2 for errors of who asked, 3 where the target is to blame, 4 where we are.
func scanEnd(err error, asked, target []error) error {
	var e ended
	var m misuse
	is := func(kinds []error) bool {
		return slices.ContainsFunc(kinds, func(kind error) bool { return errors.Is(err, kind) })
	}
	switch {
	case err == nil, errors.As(err, &e), errors.As(err, &m):
		return err
	case is(asked):
		return misuse{err}
	case is(target):
		return ended{ScanPartly, err}
	}
	return ended{ScanInternal, fmt.Errorf("the scan failed: %w", err)}
}

// gateOf reads at which severity a scan fails: the last word that is given, medium without one.
func gateOf(words ...string) (scan.Severity, error) {
	gate := scan.Medium
	for _, word := range words {
		if word == "" {
			continue
		}
		var err error
		if gate, err = scan.ParseSeverity(word); err != nil {
			return gate, misuse{fmt.Errorf("--fail-on: %w", err)}
		}
	}
	return gate, nil
}

// known reads the baseline; nil where none is given.
func (f *reportFlags) known() (*baseline.File, error) {
	if f.Baseline == "" {
		if f.NewOnly {
			return nil, misuse{errors.New("--new-only needs a baseline; write one with --write-baseline FILE")}
		}
		return nil, nil
	}
	data, err := os.ReadFile(f.Baseline)
	if err != nil {
		return nil, misuse{fmt.Errorf("the baseline %s: %w", f.Baseline, cause(err))}
	}
	known, err := baseline.Read(data)
	if err != nil {
		return nil, misuse{fmt.Errorf("%s: %w", f.Baseline, err)}
	}
	return known, nil
}

// writeBaseline keeps what a run found as known, and says how to go on from there; the scan is as it would be typed.
func (f *reportFlags) writeBaseline(s *session, run *scan.Run, typed string) error {
	now := baseline.Of(run)
	if err := replace(f.WriteBaseline, now.Bytes()); err != nil {
		return misuse{fmt.Errorf("writing %s: %w", f.WriteBaseline, err)}
	}
	fmt.Fprintf(s.Err, "%s holds %d findings. From now on: palisade scan %s --baseline %s --new-only\n", f.WriteBaseline, len(now.Known), typed, f.WriteBaseline)
	return nil
}
