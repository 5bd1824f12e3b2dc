package api

import (
	"context"

	"palisade.dev/scan/api/spec"
)

// Guarded gives an operation that reads, lets the first identity in and keeps junk out, with its controls: what every
// verdict about credentials stands on. Nil where there is none among the first that are tried.
func (l *Look) Guarded(ctx context.Context) (*spec.Operation, *Controls) {
	type guarded struct {
		op *spec.Operation
		c  *Controls
	}
	const tried = 12
	g := l.Once("guarded", func() any {
		n := 0
		for _, op := range l.Operations {
			if !op.Safe() || op.Demand == spec.Open || !l.Askable(op) {
				continue
			}
			if n++; n > tried {
				break
			}
			if c := l.Controls(ctx, op); c.Guarded() {
				return guarded{op, c}
			}
		}
		return guarded{}
	}).(guarded)
	return g.op, g.c
}

// NotGuarded is what a probe says that found no such operation.
func (l *Look) NotGuarded() {
	l.CannotTell("no operation was found that lets the first identity in and turns junk away", "give an identity that may read something, or a specification with example values")
}
