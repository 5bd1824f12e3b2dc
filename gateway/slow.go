package gateway

import (
	"context"
	"errors"
	"io"
	"net"

	"palisade.dev/gateway/upstream"
)

// passSlow hands the request on through the standard proxy.
func (p *passage) passSlow(o *origin) {
	if upgrades(p.r) {
		p.g.metrics.Upgrades.Add(1)
		defer p.g.metrics.Upgrades.Add(-1)
	}
	if p.r.ContentLength != 0 {
		p.r.Body = &lateBody{p.r.Body, p}
	}
	ctx := context.WithValue(p.r.Context(), passageKey{}, &carried{p, o})
	p.s.proxy.ServeHTTP(p.w, p.r.WithContext(ctx))
}

// dialFailed reports whether an error of the standard transport came before the app saw anything.
func dialFailed(err error) bool {
	var op *net.OpError
	return errors.Is(err, upstream.ErrDial) || errors.As(err, &op) && op.Op == "dial"
}

// lateBody remembers that it was the client who failed, which the transport reports like a failure of the app.
type lateBody struct {
	io.ReadCloser
	p *passage
}

func (b *lateBody) Read(buf []byte) (int, error) {
	n, err := b.ReadCloser.Read(buf)
	if err != nil && err != io.EOF {
		b.p.late.Store(&err)
	}
	return n, err
}
