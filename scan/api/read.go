package api

import (
	"context"
	"maps"
	"slices"

	"palisade.dev/scan/api/client"
)

// Read gathers what somebody was answered while the scan learnt what the API says; "nobody" is somebody too. Probes that
// only read read this, and send nothing of their own.
func (l *Look) Read(ctx context.Context, who string) []*client.Exchange {
	var out []*client.Exchange
	add := func(xs ...*client.Exchange) {
		for _, x := range xs {
			if x != nil && x.Err == nil {
				out = append(out, x)
			}
		}
	}
	k := l.KnownTo(who)
	for _, path := range slices.Sorted(maps.Keys(k.Answers)) {
		add(k.Answers[path])
	}
	for _, op := range l.Operations {
		if !l.Askable(op) {
			continue
		}
		c := l.Controls(ctx, op)
		switch {
		case who == "nobody":
			add(c.Nobody, c.Junk)
		case l.First() != nil && l.First().Name == who:
			add(c.Valid, c.Missing)
		}
	}
	return out
}

// Names are those of all who are asked as, nobody first.
func (l *Look) Names() []string {
	out := []string{"nobody"}
	for _, i := range l.Identities {
		out = append(out, i.Name)
	}
	return out
}

// PathOf is the path of the operation that an exchange asked, "/" where it is none that is known.
func (l *Look) PathOf(x *client.Exchange) string {
	for _, op := range l.Operations {
		if op.Method == x.Request.Method && Matches(op, x.Request.URL) {
			return op.Path
		}
	}
	return "/"
}
