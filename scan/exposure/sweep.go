package exposure

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"palisade.dev/scan/api/client"
)

// State is what came of a connection.
type State uint8

// A port that refuses is closed. One from which nothing comes may be anything: it is never taken for closed.
const (
	Silent State = iota
	Closed
	Opened
)

// pacer lets connections begin one after the other.
type pacer struct {
	clock client.Clock
	gap   time.Duration
	mu    sync.Mutex
	next  time.Time
	begun int
}

func newPacer(clock client.Clock, rate float64) *pacer {
	return &pacer{clock: clock, gap: time.Duration(float64(time.Second) / rate)}
}

func (p *pacer) wait(ctx context.Context) error {
	p.mu.Lock()
	p.begun++
	now := p.clock.Now()
	at := now
	if p.next.After(now) {
		at = p.next
	}
	p.next = at.Add(p.gap)
	p.mu.Unlock()
	// Waits of less than a clock's grain would cost more than they are: they add up until one is due.
	if wait := at.Sub(now); wait > time.Millisecond {
		return p.clock.Sleep(ctx, wait)
	}
	return ctx.Err()
}

func (p *pacer) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.begun
}

// errOurs is a fault of this machine, from which nothing follows about the target.
var errOurs = errors.New("this machine cannot open more connections")

// touch connects and hangs up.
func (s *sweeper) touch(ctx context.Context, at netip.AddrPort) (State, error) {
	if err := s.pace.wait(ctx); err != nil {
		return Silent, err
	}
	conn, err := s.dial(ctx, at, s.timeout)
	if err == nil {
		_ = conn.Close()
		return Opened, nil
	}
	switch {
	case ctx.Err() != nil:
		return Silent, ctx.Err()
	case errors.Is(err, syscall.ECONNREFUSED):
		return Closed, nil
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE), errors.Is(err, syscall.EADDRNOTAVAIL), errors.Is(err, syscall.ENOBUFS):
		return Silent, fmt.Errorf("%w: %w. Scan with a lower --rate, or raise the limit of open files", errOurs, err)
	}
	return Silent, nil
}

type dialer func(ctx context.Context, at netip.AddrPort, timeout time.Duration) (net.Conn, error)

// dial connects by TCP to an address, never to a name.
func dial(ctx context.Context, at netip.AddrPort, timeout time.Duration) (net.Conn, error) {
	d := net.Dialer{Timeout: timeout, KeepAlive: -1}
	conn, err := d.DialContext(ctx, "tcp", at.String())
	if err != nil {
		return nil, err
	}
	// On this machine a connection to a port of the ephemeral range can meet itself, where nobody listens.
	if conn.LocalAddr().String() == conn.RemoteAddr().String() {
		_ = conn.Close()
		return nil, syscall.ECONNREFUSED
	}
	return conn, nil
}

type sweeper struct {
	pace     *pacer
	dial     dialer
	timeout  time.Duration
	parallel int
	progress func(done, of int)
}

// sweep touches all, and what stayed silent once more: a lost packet is no firewall. What was not touched is not in the map.
func (s *sweeper) sweep(ctx context.Context, all []netip.AddrPort) (map[netip.AddrPort]State, error) {
	states := make(map[netip.AddrPort]State, len(all))
	err := s.pass(ctx, all, states)
	if err != nil {
		return states, err
	}
	var silent []netip.AddrPort
	answered := map[netip.Addr]bool{}
	for _, at := range all {
		if states[at] != Silent {
			answered[at.Addr()] = true
		}
	}
	for _, at := range all {
		if states[at] == Silent && answered[at.Addr()] {
			silent = append(silent, at)
		}
	}
	if len(silent) > mostAgain {
		return states, nil // a firewall that drops; asking it twice tells nothing more
	}
	return states, s.pass(ctx, silent, states)
}

// mostAgain is about as many as are common: a second look at them costs seconds, at all of 65 thousand it costs minutes.
const mostAgain = 400

func (s *sweeper) pass(ctx context.Context, all []netip.AddrPort, states map[netip.AddrPort]State) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var mu sync.Mutex
	work := make(chan netip.AddrPort)
	var wg sync.WaitGroup
	for range min(s.parallel, len(all)) {
		wg.Go(func() {
			for at := range work {
				state, err := s.touch(ctx, at)
				if err != nil {
					stop(err)
					continue
				}
				mu.Lock()
				states[at] = state
				mu.Unlock()
			}
		})
	}
feed:
	for i, at := range all {
		select {
		case work <- at:
			if s.progress != nil && i%50 == 0 {
				s.progress(i, len(all))
			}
		case <-ctx.Done():
			break feed
		}
	}
	close(work)
	wg.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}
