package cli

import (
	"encoding/json"
	"fmt"
	"strings"

	"palisade.dev/scan"
)

// A finding of a report, looked at again.
type againFlags struct {
	Finding string `arg:"" help:"Its fingerprint, or the beginning of it."`
	Report  string `help:"The report that holds it, written with --out FILE.json." required:"" placeholder:"FILE"`
	apiFlags
}

type scanReplayCmd struct{ againFlags }

// Run asks again and shows what is answered now.
func (c *scanReplayCmd) Run(s *session) error {
	before, run, err := c.again(s)
	if err != nil {
		return apiEnd(err)
	}
	for _, f := range run.Findings {
		if f.Fingerprint != before.Fingerprint {
			continue
		}
		for _, x := range f.Evidence {
			fmt.Fprintf(s.Out, "# %s\n%s\n\n%s\n\n%s\n\n", clean(x.Title), clean(x.Curl), clean(x.Request), clean(x.Response))
		}
		return ended{ScanFound, fmt.Errorf("it is there still: %s", clean(f.Message))}
	}
	return c.gone(s, before, run)
}

type scanVerifyFixCmd struct{ againFlags }

// Run asks again and says whether it is mended.
func (c *scanVerifyFixCmd) Run(s *session) error {
	before, run, err := c.again(s)
	if err != nil {
		return apiEnd(err)
	}
	for _, f := range run.Findings {
		if f.Fingerprint == before.Fingerprint {
			return ended{ScanFound, fmt.Errorf("it is not mended: %s", clean(f.Message))}
		}
	}
	return c.gone(s, before, run)
}

// gone tells a finding that is clear now from one that could not be looked at: the latter is never taken for mended.
func (c *againFlags) gone(s *session, before scan.Finding, run *scan.Run) error {
	why := "nothing was said"
	for _, o := range run.Outcomes {
		if o.Verdict == scan.Clear {
			fmt.Fprintf(s.Out, "It is mended: %s\n", clean(o.Why))
			return nil
		}
		why = o.Why
		if o.Unlock != "" {
			why += "; " + o.Unlock
		}
	}
	return ended{ScanPartly, fmt.Errorf("whether %s is mended could not be told: %s", before.Check, clean(why))}
}

func (c *againFlags) again(s *session) (before scan.Finding, run *scan.Run, err error) {
	data, err := readBounded(c.Report, 256<<20)
	if err != nil {
		return before, nil, misuse{err}
	}
	var old scan.Run
	if err := json.Unmarshal(data, &old); err != nil || old.Kind != "api" {
		return before, nil, misuse{fmt.Errorf("%s is no JSON report of palisade scan api", c.Report)}
	}
	n := 0
	for _, f := range old.Findings {
		if strings.HasPrefix(f.Fingerprint, c.Finding) {
			before = f
			n++
		}
	}
	if n != 1 || c.Finding == "" {
		return before, nil, misuse{fmt.Errorf("%s holds %d findings whose fingerprint begins with %q", c.Report, n, c.Finding)}
	}
	o, err := c.options(s, old.Target)
	if err != nil {
		return before, nil, err
	}
	if o.Probes, err = choose([]string{before.Check}, nil); err != nil {
		return before, nil, err
	}
	o.Only = &before.Place
	run, err = c.scan(s, o)
	return before, run, err
}
