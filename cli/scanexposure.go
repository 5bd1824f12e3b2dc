package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"palisade.dev/scan"
	"palisade.dev/scan/api/client"
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

	Checks []string `help:"Only these checks, as exposure/ssh." placeholder:"CHECK"`
	Skip   []string `help:"All but these checks." placeholder:"CHECK"`
	reportFlags
}

func (c *scanExposureCmd) Run(s *session) error {
	return scanEnd(c.run(s), []error{client.ErrScope, exposure.ErrOptions}, []error{exposure.ErrUnreachable, context.Canceled})
}

func (c *scanExposureCmd) run(s *session) error {
	gate, err := gateOf(c.FailOn)
	if err != nil {
		return err
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
	s.still()
	if err != nil {
		return err
	}
	known.Mark(run.Findings)
	if c.WriteBaseline != "" {
		return c.writeBaseline(s, run, "exposure "+run.Target)
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
