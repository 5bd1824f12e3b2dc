// Package attack plays what happens to every shop on the internet, against one on this machine: a flood of sign-ups, a
// run of leaked passwords and a scanner, while honest customers go about their business. It tells what was refused, when,
// and what got through. It cannot be aimed at another machine.
package attack

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"palisade.dev/demo/shop"
)

// Options say what to attack and how. Target, Clock and Rand must be given; for the rest nothing means the default.
type Options struct {
	Target *url.URL // on loopback; anything else is refused
	Clock  Clock
	Rand   *rand.Rand // used by one goroutine only

	Duration time.Duration // longest time of each act: 10 s
	Rate     int           // sign-ups a second: 240; the other acts run at a quarter of it
	Acts     []string      // which of Names: all

	// From gives the n-th address of the attackers: Rotate(Documentation()...). The target must believe Header, which is
	// X-Forwarded-For, when it comes from loopback.
	From   func(n int) netip.Addr
	Header string

	// Refused tells a refusal of the gateway from an answer of the shop: the package's Refused. The body is cut at 64 KiB.
	Refused func(resp *http.Response, body []byte) bool
	// Stats reads the shop's own counters, between the acts. Without it the report has the attacker's view alone.
	Stats func(context.Context) (shop.Stats, error)
	// Dial opens connections, to loopback only: that of net.Dialer.
	Dial Dial
}

// Progress is how far an act is.
type Progress struct {
	Act      string
	Planned  int
	Answered int
	Refused  int
	Errors   int
	Elapsed  time.Duration
}

const (
	maxRate     = 2_000
	maxDuration = 5 * time.Minute
	showEvery   = 250 * time.Millisecond
)

// complete fills the defaults in and says everything that is wrong.
func (o Options) complete() (Options, error) {
	faults := []error{checkTarget(o.Target)}
	if o.Clock == nil || o.Rand == nil {
		faults = append(faults, errors.New("the attack needs a clock and a source of chance"))
	}
	if o.Duration == 0 {
		o.Duration = 10 * time.Second
	}
	if o.Duration < 0 || o.Duration > maxDuration {
		faults = append(faults, fmt.Errorf("a duration of %s: give one up to %s", o.Duration, maxDuration))
	}
	if o.Rate == 0 {
		o.Rate = 240
	}
	if o.Rate < 0 || o.Rate > maxRate {
		faults = append(faults, fmt.Errorf("a rate of %d a second: give one from 1 to %d", o.Rate, maxRate))
	}
	if o.Acts == nil {
		o.Acts = Names()
	}
	for _, name := range o.Acts {
		if !slices.Contains(Names(), name) {
			faults = append(faults, fmt.Errorf("no act is called %q: there are %s", name, strings.Join(Names(), ", ")))
		}
	}
	if o.From == nil {
		o.From = Rotate(Documentation()...)
	}
	if o.Header == "" {
		o.Header = "X-Forwarded-For"
	}
	if o.Refused == nil {
		o.Refused = Refused
	}
	if o.Dial == nil {
		o.Dial = (&net.Dialer{Timeout: 2 * time.Second}).DialContext
	}
	return o, errors.Join(faults...)
}

// Run plays the acts one after another and returns when the last answer is in, or at once when ctx ends: then, and when
// the shop's counters cannot be read, the report of what was done so far comes with an error. show, which may be nil, is
// told about progress, by one goroutine, about four times a second while requests are sent. At most 256 requests fly at
// a time.
func Run(ctx context.Context, o Options, show func(Progress)) (Report, error) {
	o, err := o.complete()
	if err != nil {
		return Report{}, err
	}
	if show == nil {
		show = func(Progress) {}
	}
	s := newSender(o)
	defer s.close()
	if got := s.send(ctx, shot{method: "GET", path: "/", from: neighbourAddr, agent: browserAgent}); got.err != nil {
		return Report{}, fmt.Errorf("nothing answers at %s, so nothing was attacked; is `make run` running? %w", s.target, got.err)
	}

	began := o.Clock.Now()
	report := Report{Target: s.target, Started: began.UTC(), Acts: []Act{}}
	customer := &neighbour{send: s.send, clock: o.Clock, jar: make(map[string]string)}
	before, err := o.stats(ctx)
	for _, a := range acts(o) {
		if err != nil {
			break
		}
		done, fromHonest := play(ctx, o, s, a, customer, show)
		var after shop.Stats
		if after, err = o.stats(ctx); err == nil && o.Stats != nil {
			reached := sum(sum(after, before, -1), fromHonest, -1)
			done.Shop, before = &reached, after
		}
		report.add(done)
		if ctx.Err() != nil {
			err = fmt.Errorf("the attack was stopped in the act %q: %w", a.name, context.Cause(ctx))
		}
	}
	report.TookMS = o.Clock.Now().Sub(began).Milliseconds()
	return report, err
}

func (o Options) stats(ctx context.Context) (shop.Stats, error) {
	if o.Stats == nil {
		return shop.Stats{}, nil
	}
	return o.Stats(ctx)
}

// play runs one act beside the honest customers and waits for all of them. It also tells what the honest ones' share of
// the shop's counters is.
func play(ctx context.Context, o Options, s *sender, a act, customer *neighbour, show func(Progress)) (Act, shop.Stats) {
	start := o.Clock.Now()
	var honest Honest
	var share shop.Stats
	var mu sync.Mutex
	var people sync.WaitGroup
	acting, end := context.WithCancel(ctx)
	defer end()
	meet := func(visit func() (Honest, shop.Stats)) {
		people.Go(func() {
			fared, reached := visit()
			mu.Lock()
			defer mu.Unlock()
			honest.add(fared)
			share = sum(share, reached, 1)
		})
	}
	meet(func() (Honest, shop.Stats) { return customer.visit(ctx, acting) })
	if a.name == SignUp {
		email := fmt.Sprintf("newcomer.%08x@example.com", o.Rand.Uint32())
		meet(func() (Honest, shop.Stats) { return newcomer(ctx, acting, s, start.Add(o.Duration/2), email) })
	}

	t := &tally{answers: make(map[int]int)}
	fire(ctx, o, s, a, t, start, show)
	end()
	people.Wait()
	done := t.report(a, o.Clock.Now().Sub(start))
	done.Honest = honest
	return done, share
}

// fire sends an act's requests when they are due, whether or not earlier ones have been answered: real attackers do not
// wait their turn. A request is skipped when 256 fly already, or when the machine is so slow that it would be due half a
// duration ago.
func fire(ctx context.Context, o Options, s *sender, a act, t *tally, start time.Time, show func(Progress)) {
	var flying sync.WaitGroup
	defer flying.Wait()
	places := make(chan struct{}, maxFlying)
	shown := start
	for n := range a.count {
		due := start.Add(time.Duration(n) * time.Second / time.Duration(a.rate))
		if o.Clock.Wait(ctx, due) != nil {
			t.skipped(a.count - n)
			break
		}
		now := o.Clock.Now()
		if now.Sub(shown) >= showEvery {
			shown = now
			show(t.progress(a, now.Sub(start)))
		}
		if now.Sub(due) > o.Duration/2 {
			t.skipped(a.count - n)
			break
		}
		what := a.shot(n)
		select {
		case places <- struct{}{}:
		default:
			t.skipped(1)
			continue
		}
		flying.Go(func() {
			defer func() { <-places }()
			got := s.send(ctx, what)
			if ctx.Err() != nil {
				t.skipped(1)
				return
			}
			t.answered(n, now.Sub(start), got, a.landed(got.status))
		})
	}
	flying.Wait()
	show(t.progress(a, o.Clock.Now().Sub(start)))
}
