// Package open asks a language model as nobody.
package open

import (
	"context"
	_ "embed"
	"fmt"

	"palisade.dev/scan"
	"palisade.dev/scan/api"
	"palisade.dev/scan/api/answer"
	"palisade.dev/scan/api/client"
	"palisade.dev/scan/api/llm"
	"palisade.dev/scan/api/spec"
)

//go:embed doc.md
var doc string

// Probe is the probe.
var Probe = api.Probe{
	Check: scan.Check{
		ID: "api/llm/open", Title: "Language model answers whoever asks", Severity: scan.Critical, CWE: []int{306, 770},
		Standards: []string{"OWASP API2:2023", "OWASP API4:2023", "OWASP LLM10:2025", "PCI DSS 4.0 6.2.4", "SOC 2 CC6.1"}, Doc: doc,
	},
	Mode: api.Active, Fits: llm.Fits,
	Fix: "Ask for a credential before the model is asked, count tokens by account, and cap what one account may cost in a day.",
	Run: run,
}

func run(ctx context.Context, l *api.Look) {
	c := llm.Learn(ctx, l)
	if c == nil {
		return
	}
	var solved, denied int
	var shown []*client.Exchange
	for i := range 3 {
		p := llm.NewPuzzle(l.Chance)
		x, said := c.Ask(ctx, l, nil, fmt.Sprintf("puzzle %d, without a credential", i+1), llm.User(p.Text))
		switch {
		case x.Kind() == answer.Denied:
			denied++
		case p.SolvedBy(said):
			solved++
			shown = append(shown, x)
		}
		if denied == 2 || solved == 2 {
			break
		}
	}
	switch {
	case solved >= 2:
		h := api.Hit{Confidence: scan.Confirmed, Evidence: shown, Message: l.Op.Name() + " lets a language model work for whoever asks, without a credential; every question costs its owner money."}
		if l.Op.Demand == spec.Open {
			// Meant so: what is left to say is that it wants a bound, and llm/unbounded looks for that.
			h.Severity, h.Title = scan.Low, "Language model is open to all by design"
			h.Message = l.Op.Name() + " is declared open, and lets a language model work for whoever asks."
		}
		l.Found(h)
	case denied >= 2:
		l.Clear("without a credential nothing is asked")
	default:
		l.CannotTell("without a credential the puzzles were neither solved nor turned away", "")
	}
}
