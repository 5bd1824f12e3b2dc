package elixir

import (
	"fmt"

	"palisade.dev/scan"
	"palisade.dev/scan/elixir/flow"
	"palisade.dev/scan/elixir/syntax"
)

// Words are how a check that follows values speaks of what it finds.
type Words struct {
	Does string // "SQL is built from %s": with where the value comes from
	Harm string // what comes of it, as the rest of a sentence
	Fix  string // what to do
	Edit func(*Pass, *flow.Hit) []scan.Edit

	// Severity is for a check whose findings differ; it is given what the source alone would make of it, and None drops it.
	Severity func(*flow.Hit, scan.Severity) scan.Severity
	Quiet    bool // values that were not followed to their origin are not worth a note
}

// Follow is the Run of a check that is all in its sinks. What a stranger chooses is of the check's own severity, arguments
// of jobs and what a changeset stored are a step below it, what else was stored is two, though not below low, and a value that was not followed to its origin is a note. All other
// calls are told as clear, with the fact that decided it.
func Follow(w Words) func(*Pass) {
	return func(p *Pass) {
		for _, h := range p.Hits() {
			f := p.At(h.File, h.Node)
			switch h.Class {
			case flow.Tainted:
				f.Message = fmt.Sprintf(w.Does, h.Source.What) + ": " + w.Harm + "."
				f.Flow = h.Steps
				f.Severity, f.Confidence = p.Check.Severity, scan.Confirmed
				if h.Long() {
					f.Confidence = scan.Firm // so long a way that not every step could be told
				}
				switch {
				case h.Source.Kind == flow.Job:
					f.Severity, f.Confidence = step(f.Severity, 1), scan.Firm
				case h.Source.Kind == flow.Record && h.Source.Cast:
					f.Severity, f.Confidence = step(f.Severity, 1), scan.Firm
				case h.Source.Kind == flow.Record:
					f.Severity, f.Confidence = max(step(f.Severity, 2), scan.Low), scan.Tentative
				}
				if h.Sources > 1 {
					f.Message += fmt.Sprintf(" %d sources reach this place; the shortest way is shown.", h.Sources)
				}
			case flow.Open:
				if w.Quiet {
					continue
				}
				f.Message = fmt.Sprintf(w.Does, "a value that was not followed to its origin") + ": " + h.Why + "."
				f.Severity, f.Confidence = scan.Info, scan.Tentative
			default:
				if !plain(h) {
					p.Clear(f.Place, h.Why)
				}
				continue
			}
			if w.Severity != nil {
				if f.Severity = w.Severity(h, f.Severity); f.Severity == scan.None {
					if h.Class != flow.Open { // a value that was not followed is no reason
						p.Clear(f.Place, h.Why)
					}
					continue
				}
			}
			f.Fix = &scan.Fix{Text: w.Fix}
			if w.Edit != nil {
				f.Fix.Edits = w.Edit(p, h)
			}
			p.Report(f)
		}
	}
}

// plain says whether anybody can see that a call is in order: there is nothing in it but a literal.
func plain(h *flow.Hit) bool {
	if h.Class != flow.Fixed || h.Sink.Arg >= len(h.Nodes) || h.Nodes[h.Sink.Arg] == nil {
		return false
	}
	switch h.Nodes[h.Sink.Arg].Kind {
	case syntax.String, syntax.Atom, syntax.Charlist, syntax.Sigil, syntax.Integer:
		return true
	}
	return false
}

// step lowers a severity, not below info.
func step(s scan.Severity, by int) scan.Severity {
	if int(s) <= int(scan.Info)+by {
		return scan.Info
	}
	return s - scan.Severity(by)
}
