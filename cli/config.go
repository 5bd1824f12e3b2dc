package cli

import (
	_ "embed"
	"errors"
	"fmt"
	"io"

	"palisade.dev/backend/arrival"
	"palisade.dev/backend/template"
	"palisade.dev/config"
	"palisade.dev/guard"
	"palisade.dev/guard/engine"
	"palisade.dev/guard/wire"
)

type configCmd struct {
	Check   configCheckCmd   `cmd:"" help:"Read the configuration and tell all its faults."`
	Example configExampleCmd `cmd:"" help:"Print a configuration to begin with."`
}

type configCheckCmd struct {
	File string `arg:"" help:"The file." default:"palisade.yml"`
}

func (c *configCheckCmd) Run(s *session) error {
	conf, err := config.Load(c.File, s.Env, checkSites)
	if err != nil {
		return err
	}
	return s.show(map[string]any{"file": c.File, "sites": len(conf.Sites), "ok": true}, func(w io.Writer) {
		fmt.Fprintf(w, "%s is sound: %d sites, %d addresses to listen on.\n", c.File, len(conf.Sites), len(conf.Gateway.Listen))
	})
}

//go:embed example.yml
var example string

type configExampleCmd struct{}

func (c *configExampleCmd) Run(s *session) error {
	_, err := io.WriteString(s.Out, example)
	return err
}

// checkSites reads each part of each site as a guard would, one at a time so that a fault has its line.
func checkSites(c *config.Config) map[string]error {
	faults := map[string]error{}
	for i, p := range providers(c) {
		if err := p.Check(); err != nil {
			faults[fmt.Sprintf("sign_in.providers[%d]", i)] = err
		}
	}
	if _, err := arrival.Behind(c.ConsoleProxies, c.ConsoleHeader); err != nil {
		faults["console_proxies"] = err
	}
	base, err := template.Default()
	if err != nil {
		faults["sites"] = err
		return faults
	}
	for i := range c.Sites {
		site := &c.Sites[i]
		at := fmt.Sprintf("sites[%d]", i)
		whole := policyOf(site, base)
		try := func(path string, change func(*wire.Policy)) {
			p := *whole
			p.Rules, p.Blocks, p.Traps = nil, nil, nil
			change(&p)
			if _, err := guard.Check(&p, (*engine.Networks)(nil)); err != nil {
				faults[path] = err
			}
		}
		bare := *whole
		bare.Rules, bare.Blocks, bare.Traps = nil, nil, nil
		if _, err := guard.Check(&bare, nil); err != nil {
			faults[at] = err // identity, answer or routes: nothing else can be read without them
			continue
		}
		for j, r := range site.Rules {
			try(fmt.Sprintf("%s.rules[%d]", at, j), func(p *wire.Policy) { p.Rules = []wire.Rule{r} })
		}
		for j, b := range site.Blocks {
			try(fmt.Sprintf("%s.blocks[%d]", at, j), func(p *wire.Policy) { p.Blocks = []wire.Block{b} })
		}
		for j, t := range site.Traps {
			try(fmt.Sprintf("%s.traps[%d]", at, j), func(p *wire.Policy) { p.Traps = []wire.Trap{t} })
		}
		names := map[string]bool{}
		for j, r := range site.Rules {
			if names[r.Name] {
				faults[fmt.Sprintf("%s.rules[%d]", at, j)] = errors.New("the name is taken by an earlier rule")
			}
			names[r.Name] = true
		}
	}
	return faults
}

// standIn takes the place of a site's secret, which is made where the site is kept: formats of keys are read with one.
var standIn = make([]byte, 32)

// policyOf is the policy that a site of the file will get, but for its secret.
func policyOf(s *config.Site, base template.Set) *wire.Policy {
	p := &wire.Policy{
		Version: wire.Version, Site: s.Name, Revision: 1, Secret: standIn, Identity: s.Identity, Answer: s.Answer,
		Routes: s.Routes, Rules: s.Rules, Blocks: s.Blocks, Traps: s.Traps,
	}
	if s.Defaults == nil || *s.Defaults {
		base.Onto(p)
	}
	return p
}
