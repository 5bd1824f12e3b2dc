package cli

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"time"

	"palisade.dev/scan/api/fixture"
	"palisade.dev/scan/api/probes"
)

type demoAPICmd struct {
	Listen string `help:"Where; only addresses of this machine." default:"127.0.0.1:4010"`
	Fixed  bool   `help:"The same API with nothing wrong."`
}

// demoFaults are the checks whose faults the broken API has, and which sample of each. They are of different kinds, and
// none hides another.
var demoFaults = []struct {
	check  string
	sample int
}{
	{"api/object/read", 0},
	{"api/function/privileged", 0},
	{"api/function/hidden", 1}, // the first shows people, whom privileged shows already
	{"api/input/injection", 0},
	{"api/input/template", 0},
	{"api/input/redirect", 0},
	{"api/authentication/inquery", 0},
}

// demoAPI is the bookshop that the probes are held to, broken or not, on the clock on the wall.
func demoAPI(ctx context.Context, now func() time.Time, broken bool) *fixture.Shop {
	shop := fixture.New()
	shop.Since = now()
	shop.Clock.Advance(shop.Since.Sub(shop.Clock.Now()))
	if broken {
		for _, want := range demoFaults {
			for _, e := range probes.Entries {
				if e.ID == want.check {
					e.Samples[want.sample].Make(shop)
				}
			}
		}
	}
	go func() {
		const step = 100 * time.Millisecond
		tick := time.NewTicker(step)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				shop.Clock.Advance(step)
			}
		}
	}()
	return shop
}

func (c *demoAPICmd) Run(s *session) error {
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return misuse{fmt.Errorf("--listen: %w", err)}
	}
	if a, err := netip.ParseAddr(host); err != nil || !a.IsLoopback() {
		return misuse{fmt.Errorf("--listen: %q is no address of this machine alone, as 127.0.0.1 is; an API that is broken on purpose listens nowhere else", host)}
	}
	socket, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return misuse{fmt.Errorf("the demo API cannot listen on %s: %w", c.Listen, err)}
	}
	shop := demoAPI(s.ctx, s.Now, !c.Fixed)
	server := &http.Server{Handler: shop, ReadHeaderTimeout: 10 * time.Second}
	context.AfterFunc(s.ctx, func() { _ = server.Close() })
	word := "has faults on purpose"
	if c.Fixed {
		word = "has nothing wrong that we know of"
	}
	fmt.Fprintf(s.Err, "The demo API at http://%s %s; stop with Ctrl-C. To scan it, in another shell:\n", socket.Addr(), word)
	fmt.Fprintf(s.Out, "export ALICE=%s\nexport BOB=%s\nexport ROOT=%s\n", shop.Token("alice"), shop.Token("bob"), shop.Token("root"))
	fmt.Fprintf(s.Out, "palisade scan api http://%s --identity alice=bearer:env:ALICE --identity bob=bearer:env:BOB --identity root:admin=bearer:env:ROOT\n", socket.Addr())
	if err := server.Serve(socket); s.ctx.Err() == nil {
		return err
	}
	return nil
}
