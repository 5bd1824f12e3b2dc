package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"os"
	"os/signal"
	"runtime/pprof"
	"sync"
	"time"

	"palisade.dev/gateway"
	"palisade.dev/guard"
	"palisade.dev/guard/engine"
	"palisade.dev/guard/wire"
)

// play is one of the processes of a run.
func play(role, listen, app string) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var err error
	switch role {
	case "app":
		err = http.ListenAndServe(listen, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			w.Header().Set("Content-Type", "text/plain")
			_, _ = io.WriteString(w, "hello, world\n")
		}))
	case "bare":
		go func() { err = http.ListenAndServe(listen, bare(app)) }()
		<-ctx.Done()
	case "palisade":
		err = palisade(ctx, listen, app)
	default:
		err = fmt.Errorf("no role %q", role)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", role, err)
		os.Exit(1)
	}
}

// bare is the standard reverse proxy with what is usually tuned: connections that are kept, buffers that are used again.
func bare(app string) http.Handler {
	to, _ := url.Parse("http://" + app)
	return &httputil.ReverseProxy{
		Rewrite:    func(r *httputil.ProxyRequest) { r.SetURL(to); r.SetXForwarded(); r.Out.Host = r.In.Host },
		Transport:  &http.Transport{MaxIdleConns: 512, MaxIdleConnsPerHost: 512, DisableCompression: true},
		BufferPool: &buffers{},
	}
}

type buffers struct{ pool sync.Pool }

func (b *buffers) Get() []byte {
	if v, ok := b.pool.Get().(*[]byte); ok {
		return *v
	}
	return make([]byte, 32<<10)
}

func (b *buffers) Put(v []byte) { b.pool.Put(&v) }

// palisade is the gateway with a policy as a grown site has it: five rules that match, 80,000 network prefixes, 10,000
// bans, and each event copied to a queue.
func palisade(ctx context.Context, listen, app string) error {
	if *profile != "" {
		f, err := os.Create(*profile)
		if err != nil {
			return err
		}
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	queue := make([]wire.Event, 1<<12)
	var mu sync.Mutex
	next := 0
	g := guard.New(guard.Options{Record: func(e *wire.Event) {
		mu.Lock()
		queue[next%len(queue)] = *e
		next++
		mu.Unlock()
	}})
	p := &wire.Policy{Version: wire.Version, Site: "bench", Revision: 1, Secret: make([]byte, 32)}
	for i, by := range []string{"address", "network", "fingerprint", "host", "address"} {
		p.Rules = append(p.Rules, wire.Rule{
			Name: fmt.Sprint("rule-", i), Match: wire.Match{Route: "*"}, By: wire.Words{by}, Limit: fmt.Sprintf("%d per 1s", 50_000+i), Then: wire.Words{"throttle"},
		})
	}
	until := time.Now().Add(time.Hour).UnixMilli()
	for i := range 10_000 {
		p.Bans = append(p.Bans, wire.Ban{ID: fmt.Sprint(i), Subject: fmt.Sprintf("198.18.%d.%d/32", i>>8, i&255), Until: until})
	}
	list := engine.NetworkList{Name: "cloud/bench", Kind: "cloud", Checksum: "1"}
	for i := range 80_000 {
		list.Prefixes = append(list.Prefixes, netip.PrefixFrom(netip.AddrFrom4([4]byte{byte(20 + i>>16), byte(i >> 8), byte(i), 0}), 24))
	}
	if err := g.Install(p, []engine.NetworkList{list}); err != nil {
		return err
	}
	gw, err := gateway.New(gateway.Config{
		Listen: []gateway.Listener{{Address: listen}},
		Sites:  []gateway.Site{{Name: "bench", Hosts: []string{"shop.example"}, Upstreams: []string{"http://" + app}, Guard: g}},
		Limits: gateway.Limits{DrainTimeout: time.Second},
	})
	if err != nil {
		return err
	}
	return gw.Run(ctx)
}
