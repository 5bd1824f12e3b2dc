package gateway

import (
	"context"
	"errors"
	"net"

	"palisade.dev/gateway/upstream"
)

// passSlow hands the request on through the standard proxy.
func (p *passage) passSlow(o *origin) {
	if upgrades(p.r) {
		p.g.metrics.Upgrades.Add(1)
		defer p.g.metrics.Upgrades.Add(-1)
	}
	ctx := context.WithValue(p.r.Context(), passageKey{}, &carried{p, o})
	p.s.proxy.ServeHTTP(p.w, p.r.WithContext(ctx))
}

// dialFailed reports whether an error of the standard transport came before the app saw anything.
func dialFailed(err error) bool {
	var op *net.OpError
	return errors.Is(err, upstream.ErrDial) || errors.As(err, &op) && op.Op == "dial"
}
