package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"palisade.dev/scan"
	"palisade.dev/scan/api/client"
	"palisade.dev/scan/baseline"
	"palisade.dev/scan/exposure"
	"palisade.dev/scan/exposure/checks"
	"palisade.dev/scan/report"
	"palisade.dev/scan/suppress"
)

type scanExposureCmd struct {
	Hosts  []string      `arg:"" optional:"" name:"host" help:"Names or addresses of hosts that are yours."`
	Ports  string        `help:"Which ports: common, all, or a list such as 22,80,8000-8100." default:"common" placeholder:"PORTS"`
	Expect string        `help:"Ports that are meant to be open and are no news." placeholder:"PORTS"`
	Mode   string        `help:"How far to go: passive, active." default:"active" placeholder:"MODE"`
	Rate   float64       `help:"The most connections a second (200, and 2000 within the own network)." placeholder:"N"`
	Time   time.Duration `help:"The longest it may take (10m)." placeholder:"DURATION"`

	IOwnThis   bool   `help:"State that public hosts are yours; the report repeats it." name:"i-own-this"`
	OwnerToken string `help:"Token that proves it, in DNS or at /.well-known/palisade-owner.txt." placeholder:"TOKEN"`

	Checks        []string `help:"Only these checks, as exposure/ssh." placeholder:"CHECK"`
	Skip          []string `help:"All but these checks." placeholder:"CHECK"`
	Baseline      string   `help:"File of findings that were there before." placeholder:"FILE"`
	WriteBaseline string   `help:"Write what is found as a baseline, and end with code 0." placeholder:"FILE"`
	reportFlags
}

func (c *scanExposureCmd) Run(s *session) error {
	err := c.run(s)
	var e ended
	var m misuse
	switch {
	case err == nil, errors.As(err, &e), errors.As(err, &m):
		return err
	case errors.Is(err, client.ErrScope), errors.Is(err, exposure.ErrOptions):
		return misuse{err}
	case errors.Is(err, exposure.ErrUnreachable), errors.Is(err, context.Canceled):
		return ended{ScanPartly, err}
	}
	return ended{ScanInternal, fmt.Errorf("the scan failed: %w", err)}
}

func (c *scanExposureCmd) run(s *session) error {
	gate := scan.Medium
	if c.FailOn != "" {
		var err error
		if gate, err = scan.ParseSeverity(c.FailOn); err != nil {
			return misuse{fmt.Errorf("--fail-on: %w", err)}
		}
	}
	targets, err := c.targets(s)
	if err != nil {
		return err
	}
	known, err := c.known()
	if err != nil {
		return err
	}
	o, err := c.options()
	if err != nil {
		return misuse{err}
	}
	o.Progress = s.progress(c.Quiet)
	run, err := exposure.Scan(s.ctx, o)
	if err != nil {
		return err
	}
	if known != nil {
		known.Mark(run.Findings)
	}
	if c.WriteBaseline != "" {
		now := baseline.Of(run)
		if err := replace(c.WriteBaseline, now.Bytes()); err != nil {
			return misuse{fmt.Errorf("writing %s: %w", c.WriteBaseline, err)}
		}
		fmt.Fprintf(s.Err, "%s holds %d findings. From now on: palisade scan exposure %s --baseline %s --new-only\n", c.WriteBaseline, len(now.Known), run.Target, c.WriteBaseline)
		return nil
	}
	if err := c.report(s, run, targets, report.Options{NewOnly: c.NewOnly, Gate: gate, ByFile: c.ByFile}); err != nil {
		return err
	}
	switch {
	case gate != scan.None && scan.Worst(run.Open(c.NewOnly)) >= gate:
		return ended{ScanFound, nil}
	case !exposure.Complete(run):
		return ended{ScanPartly, nil}
	}
	return nil
}

func (c *scanExposureCmd) known() (*baseline.File, error) {
	switch {
	case c.Baseline != "":
		data, err := os.ReadFile(c.Baseline)
		if err != nil {
			return nil, misuse{fmt.Errorf("the baseline %s: %w", c.Baseline, cause(err))}
		}
		known, err := baseline.Read(data)
		if err != nil {
			return nil, misuse{fmt.Errorf("%s: %w", c.Baseline, err)}
		}
		return known, nil
	case c.NewOnly:
		return nil, misuse{errors.New("--new-only needs a baseline; write one with --write-baseline FILE")}
	}
	return nil, nil
}

// options reads everything a scan needs before anything is sent.
func (c *scanExposureCmd) options() (o exposure.Options, err error) {
	o = exposure.Options{
		Hosts: c.Hosts, Rate: c.Rate, Time: c.Time, Seed: 1, Tool: "palisade " + Version, Proof: client.Proof{Token: c.OwnerToken, Statement: c.IOwnThis},
	}
	if o.Mode, err = exposure.ParseMode(c.Mode); err != nil {
		return o, fmt.Errorf("--mode: %w", err)
	}
	if o.Ports, err = exposure.ParsePorts(c.Ports); err != nil {
		return o, err
	}
	if c.Expect != "" {
		if o.Expect, err = exposure.ParsePorts(c.Expect); err != nil {
			return o, fmt.Errorf("--expect: %w", err)
		}
	}
	if c.Time < 0 {
		return o, fmt.Errorf("--time: %s is over before it begins", c.Time)
	}
	o.Checks, err = chooseExposure(c.Checks, c.Skip)
	return o, err
}

// chooseExposure picks checks by patterns.
func chooseExposure(only, skip []string) ([]exposure.Check, error) {
	all := checks.All()
	for _, pattern := range slices.Concat(only, skip) {
		if !slices.ContainsFunc(all, func(k exposure.Check) bool { return suppress.Matches(pattern, k.ID) }) {
			return nil, fmt.Errorf("%q is no check of exposure; palisade scan checks lists them", pattern)
		}
	}
	matches := func(patterns []string, id string) bool {
		return slices.ContainsFunc(patterns, func(p string) bool { return suppress.Matches(p, id) })
	}
	chosen := slices.DeleteFunc(all, func(k exposure.Check) bool {
		return len(only) > 0 && !matches(only, k.ID) || matches(skip, k.ID)
	})
	if len(chosen) == 0 {
		return nil, errors.New("--checks and --skip leave no check")
	}
	return chosen, nil
}
