// Package exposure looks at hosts as a search engine of the Internet would and tells their owner what an attacker sees:
// open ports, what listens there and in which version, and what it gives to strangers. It opens TCP connections like
// anybody, asks only what is harmless, signs in nowhere, and touches no public host before it is shown to be the owner's.
//
// Checks are in folders of their own and are handed to Scan as a list; package service recognises what listens.
package exposure

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"palisade.dev/scan"
	"palisade.dev/scan/api/client"
	"palisade.dev/scan/exposure/service"
)

// Mode is how far a scan goes.
type Mode uint8

// Passive reads what servers say of their own accord, shakes hands, and asks for front pages. Active also greets in the
// languages of databases and their like, and asks web servers for what they ought not to serve.
const (
	Passive Mode = iota
	Active
)

// ParseMode reads a mode's word.
func ParseMode(text string) (Mode, error) {
	switch text {
	case "passive":
		return Passive, nil
	case "active", "":
		return Active, nil
	}
	return 0, fmt.Errorf("%q is no mode of this scan: it is passive or active", text)
}

func (m Mode) String() string {
	if m == Passive {
		return "passive"
	}
	return "active"
}

// Check is one thing that is looked for, as a value.
type Check struct {
	scan.Check
	Mode Mode   // the least in which it can tell anything
	Fix  string // in a sentence or two; doc.md says more
	// Class says at which ports it is missed where they do not answer; nil: at none in particular.
	Class func(Class) bool
	// Fits picks the ports it has something to say about.
	Fits func(*Port) bool
	// Run looks, and says Found, Clear or CannotTell at least once.
	Run func(context.Context, *Look)
}

// Options say what to look at and how far to go.
type Options struct {
	Hosts    []string
	Ports    []int
	Expect   []int // ports that are meant to be open
	Mode     Mode
	Checks   []Check
	Proof    client.Proof
	Rate     float64       // connections a second; 0: 200, and 2000 within the own network
	Parallel int           // connections at a time; 0: 128
	Timeout  time.Duration // for a connection; 0: 2 s
	Patience time.Duration // for a conversation; 0: 5 s
	Time     time.Duration // for all; 0: 10 min
	Seed     uint64
	Clock    client.Clock
	Tool     string
	Resolve  func(ctx context.Context, host string) ([]netip.Addr, error)
	Roots    *x509.CertPool // nil: those of this machine
	Reach    func(netip.Addr) Reach
	Progress func(doing string) // called from one goroutine at a time

	dial dialer
}

// Reach is from where an address can be reached.
type Reach uint8

// What strangers cannot reach is less bad by a step, and by two if only this machine can.
const (
	Public Reach = iota
	Private
	Loopback
)

// ReachOf is the reach of an address by its range.
func ReachOf(a netip.Addr) Reach {
	switch a = a.Unmap(); {
	case a.IsLoopback():
		return Loopback
	case client.Near(a):
		return Private
	}
	return Public
}

// Bounds.
const (
	mostHosts     = 32
	mostAddresses = 8   // of one host
	mostTouches   = 1e6 // 15 hosts with all ports
	mostLooked    = 500 // open ports of an address that are looked at
	wallShare     = 0.9 // of the ports: where more are open something else answers for them
	wallLeast     = 50  // ports, below which a share says nothing
	lookers       = 8   // ports that are looked at side by side
	distressed    = 20  // dials in a row that are looked at for distress
	incomplete    = "the scan is incomplete: "
)

// ErrUnreachable is that no host answered at all, so nothing is known of any.
var ErrUnreachable = errors.New("no host answered")

// Host is a name or an address with its addresses, looked up once.
type Host struct {
	Name  string
	Addrs []netip.Addr
	Ports []*Port // open ones

	closed, silent []int
}

// Scan looks at hosts. An error means that nothing could be looked at; a scan that was cut short comes back with its gaps,
// and Complete says so.
func Scan(ctx context.Context, o Options) (*scan.Run, error) {
	if err := o.settle(); err != nil {
		return nil, err
	}
	x := &scanner{o: o, run: &scan.Run{
		Kind: "exposure", Target: strings.Join(o.Hosts, " "), Tool: o.Tool, Started: o.Clock.Now(), Findings: []scan.Finding{}, Gaps: []scan.Gap{},
	}}
	for _, c := range o.Checks {
		x.run.Checks = append(x.run.Checks, c.Check)
	}
	slices.SortFunc(x.run.Checks, func(a, b scan.Check) int { return cmp.Compare(a.ID, b.ID) })
	whole := ctx
	ctx, cancel := context.WithTimeout(ctx, o.Time)
	defer cancel()
	hosts, err := x.hosts(ctx)
	if err != nil {
		return nil, err
	}
	if err := x.sweep(ctx, hosts); err != nil {
		if whole.Err() != nil {
			return nil, whole.Err()
		}
		x.cut(ctx, strings.Join(o.Hosts, " "), err)
	}
	heard := false
	for _, h := range hosts {
		if len(h.Ports)+len(h.closed) > 0 {
			heard = true
			continue
		}
		x.run.Gaps = append(x.run.Gaps, scan.Gap{Where: h.Name, Why: incomplete + "not one port answered. Either the host is away, or a firewall drops everything from here"})
	}
	if !heard {
		return nil, fmt.Errorf("%w: %s, %d ports. Check the name, and that it can be reached from here", ErrUnreachable, strings.Join(o.Hosts, ", "), len(o.Ports))
	}
	x.recognise(ctx, hosts)
	x.look(ctx, hosts)
	for _, h := range hosts {
		x.whole(h)
	}
	if whole.Err() != nil {
		return nil, whole.Err()
	}
	if ctx.Err() != nil {
		x.cut(ctx, strings.Join(o.Hosts, " "), ctx.Err())
	}
	if x.distress != nil {
		x.run.Gaps = append(x.run.Gaps, scan.Gap{Where: strings.Join(o.Hosts, " "), Why: incomplete + x.distress.Error()})
	}
	x.finish(hosts)
	return x.run, nil
}

// Complete says whether a run looked at all it set out to.
func Complete(run *scan.Run) bool {
	return !slices.ContainsFunc(run.Gaps, func(g scan.Gap) bool { return strings.HasPrefix(g.Why, incomplete) })
}

// ErrOptions is what whoever asked can mend.
var ErrOptions = errors.New("this cannot be scanned")

func (o *Options) settle() error {
	if len(o.Hosts) == 0 {
		return fmt.Errorf("%w: which host? palisade scan exposure www.example.com", ErrOptions)
	}
	if len(o.Hosts) > mostHosts {
		return fmt.Errorf("%w: %d hosts are more than the %d of one scan", ErrOptions, len(o.Hosts), mostHosts)
	}
	seen := map[string]bool{}
	var hosts []string
	for _, h := range o.Hosts {
		name, err := CleanHost(h)
		if err != nil {
			return err
		}
		if !seen[name] {
			seen[name] = true
			hosts = append(hosts, name)
		}
	}
	o.Hosts = hosts
	if len(o.Ports) == 0 {
		o.Ports = Common()
	}
	if o.Clock == nil {
		o.Clock = client.Wall{}
	}
	if o.Resolve == nil {
		o.Resolve = func(ctx context.Context, host string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		}
	}
	if o.Reach == nil {
		o.Reach = ReachOf
	}
	if o.dial == nil {
		o.dial = dial
	}
	o.Parallel = cmp.Or(max(o.Parallel, 0), 128)
	o.Timeout = cmp.Or(max(o.Timeout, 0), 2*time.Second)
	o.Patience = cmp.Or(max(o.Patience, 0), 5*time.Second)
	o.Time = cmp.Or(max(o.Time, 0), 10*time.Minute)
	if o.Rate < 0 || o.Rate > 10_000 {
		return fmt.Errorf("%w: a rate of %v a second; want from 1 to 10000", ErrOptions, o.Rate)
	}
	return nil
}

// CleanHost reads a host: a name or an address, and nothing else.
func CleanHost(text string) (string, error) {
	h := strings.ToLower(strings.TrimSuffix(strings.TrimSpace(text), "."))
	if a, err := netip.ParseAddr(strings.Trim(h, "[]")); err == nil && a.Zone() == "" {
		return a.Unmap().String(), nil
	}
	good := h != "" && len(h) <= 253
	for _, r := range h {
		good = good && (r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' || r == '.' || r == '_')
	}
	if !good || strings.HasPrefix(h, "-") || strings.HasPrefix(h, ".") {
		return "", fmt.Errorf("%w: %.80q is no host; want a name or an address alone, and ports with --ports", ErrOptions, text)
	}
	return h, nil
}

type scanner struct {
	o    Options
	pace *pacer

	mu       sync.Mutex
	run      *scan.Run
	distress error
	recent   []bool
}

func (x *scanner) doing(what string) {
	if x.o.Progress == nil {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.o.Progress(what)
}

func (x *scanner) cut(ctx context.Context, where string, err error) {
	why := err.Error()
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		why = fmt.Sprintf("%s are over. Allow more with --time", x.o.Time)
	}
	g := scan.Gap{Where: where, Why: incomplete + why}
	if !slices.Contains(x.run.Gaps, g) {
		x.run.Gaps = append(x.run.Gaps, g)
	}
}

// hosts looks names up, once, and asks for each whether it may be touched. One host that may not be stops the scan before
// anything is sent to any.
func (x *scanner) hosts(ctx context.Context) ([]*Host, error) {
	var hosts []*Host
	near := true
	var lost error
	for _, name := range x.o.Hosts {
		h := &Host{Name: name}
		if a, err := netip.ParseAddr(name); err == nil {
			h.Addrs = []netip.Addr{a}
		} else {
			addrs, err := x.o.Resolve(ctx, name)
			if err == nil && len(addrs) == 0 {
				err = errors.New("it has no address")
			}
			if err != nil {
				lost = fmt.Errorf("looking up %s: %w", name, err)
				x.run.Gaps = append(x.run.Gaps, scan.Gap{Where: name, Why: incomplete + lost.Error()})
				continue
			}
			for _, a := range addrs {
				h.Addrs = append(h.Addrs, a.Unmap())
			}
			slices.SortFunc(h.Addrs, netip.Addr.Compare)
			h.Addrs = slices.Compact(h.Addrs)
			if len(h.Addrs) > mostAddresses {
				x.run.Gaps = append(x.run.Gaps, scan.Gap{Where: name, Why: fmt.Sprintf("%sit has %d addresses, of which the first %d were looked at", incomplete, len(h.Addrs), mostAddresses)})
				h.Addrs = h.Addrs[:mostAddresses]
			}
		}
		for _, a := range h.Addrs {
			if a.IsUnspecified() || a.IsMulticast() || a == netip.AddrFrom4([4]byte{255, 255, 255, 255}) {
				return nil, fmt.Errorf("%w: %s is the address of no host", ErrOptions, a)
			}
			near = near && client.Near(a)
		}
		if err := x.o.Proof.Permit(ctx, name, h.Addrs); err != nil {
			return nil, err
		}
		hosts = append(hosts, h)
	}
	if len(hosts) == 0 {
		return nil, fmt.Errorf("%w: %w", ErrUnreachable, lost)
	}
	if x.o.Rate == 0 {
		// Two hundred new connections a second are less than a busy page of images causes; on the own network ten times that.
		x.o.Rate = 200
		if near {
			x.o.Rate = 2000
		}
	}
	x.pace = newPacer(x.o.Clock, x.o.Rate)
	return hosts, nil
}

func (x *scanner) sweep(ctx context.Context, hosts []*Host) error {
	var all []netip.AddrPort
	// Port by port over all hosts, so that none of them has the whole rate to itself.
	for _, p := range x.o.Ports {
		for _, h := range hosts {
			for _, a := range h.Addrs {
				all = append(all, netip.AddrPortFrom(a, uint16(p)))
			}
		}
	}
	if len(all) > mostTouches {
		return fmt.Errorf("%d addresses and ports are more than the %d of one scan", len(all), int(mostTouches))
	}
	s := &sweeper{pace: x.pace, dial: x.o.dial, timeout: x.o.Timeout, parallel: x.o.Parallel, progress: func(done, of int) {
		x.doing(fmt.Sprintf("%d of %d ports", done, of))
	}}
	states, err := s.sweep(ctx, all)
	x.run.Read = len(states)
	for _, h := range hosts {
		x.sort(h, states)
	}
	return err
}

// sort brings what the sweep saw to its host.
func (x *scanner) sort(h *Host, states map[netip.AddrPort]State) {
	for _, p := range x.o.Ports {
		answered, touched := 0, 0
		for _, a := range h.Addrs {
			at := netip.AddrPortFrom(a, uint16(p))
			state, ok := states[at]
			if !ok {
				continue
			}
			touched++
			switch state {
			case Opened:
				h.add(at)
				answered++
			case Closed:
				answered++
			}
		}
		switch {
		case touched == 0:
		case answered < touched:
			h.silent = append(h.silent, p)
		case !slices.ContainsFunc(h.Ports, func(o *Port) bool { return o.Number == p }):
			h.closed = append(h.closed, p)
		}
	}
}

func (h *Host) add(at netip.AddrPort) *Port {
	p := &Port{Host: h, At: at, Number: int(at.Port())}
	h.Ports = append(h.Ports, p)
	return p
}

// recognise finds out what listens, and follows Erlang's port mapper to the nodes it names.
func (x *scanner) recognise(ctx context.Context, hosts []*Host) {
	var open []*Port
	for _, h := range hosts {
		by := map[netip.Addr]int{}
		h.Ports = slices.DeleteFunc(h.Ports, func(p *Port) bool {
			by[p.At.Addr()]++
			return by[p.At.Addr()] > mostLooked
		})
		for a, n := range by {
			if n > mostLooked {
				x.run.Gaps = append(x.run.Gaps, scan.Gap{Where: h.Name, Why: fmt.Sprintf("%s%d ports of %s are open, of which the first %d were looked at", incomplete, n, a, mostLooked)})
			}
			if n >= wallLeast && float64(n) >= wallShare*float64(len(x.o.Ports)) {
				h.wall(a)
			}
		}
		open = append(open, h.Ports...)
	}
	x.each(open, func(p *Port) { x.ask(ctx, p) })
	var nodes []*Port
	for _, h := range hosts {
		for _, p := range slices.Clone(h.Ports) {
			for _, n := range p.Service.Nodes {
				at := netip.AddrPortFrom(p.At.Addr(), uint16(n.Port))
				i := slices.IndexFunc(h.Ports, func(o *Port) bool { return o.At == at })
				if i >= 0 {
					if known := h.Ports[i]; known.Service.Name == "" {
						known.Service = service.Service{Name: "erlang", Product: n.Name}
					}
					continue
				}
				s := &sweeper{pace: x.pace, dial: x.o.dial, timeout: x.o.Timeout}
				if state, err := s.touch(ctx, at); err == nil && state == Opened {
					node := h.add(at)
					node.Service = service.Service{Name: "erlang", Product: n.Name}
					nodes = append(nodes, node)
				}
			}
		}
		slices.SortFunc(h.Ports, func(a, b *Port) int { return a.At.Compare(b.At) })
	}
	for _, n := range nodes {
		n.scanner = x
	}
}

func (x *scanner) ask(ctx context.Context, p *Port) {
	p.scanner = x
	x.doing("what listens at " + p.At.String())
	p.Service = service.Recognise(ctx, p.wire(), service.Hint(p.Number, false))
}

// each runs over ports side by side; one that falls over takes nothing else with it.
func (x *scanner) each(ports []*Port, do func(*Port)) {
	work := make(chan *Port)
	var wg sync.WaitGroup
	for range lookers {
		wg.Go(func() {
			for p := range work {
				func() {
					defer func() {
						if r := recover(); r != nil {
							x.mu.Lock()
							defer x.mu.Unlock()
							x.run.Gaps = append(x.run.Gaps, scan.Gap{Where: p.where(), Why: fmt.Sprintf("%sthe scanner failed: %v at %s; report this", incomplete, r, place(debug.Stack()))})
						}
					}()
					do(p)
				}()
			}
		})
	}
	for _, p := range ports {
		work <- p
	}
	close(work)
	wg.Wait()
}

// place is the line of a stack that tells most: the first of our own.
func place(stack []byte) string {
	_, after, _ := strings.Cut(string(stack), "panic.go")
	for line := range strings.SplitSeq(after, "\n") {
		if _, at, ok := strings.Cut(line, "/scan/exposure/"); ok {
			at, _, _ = strings.Cut(at, " ")
			return at
		}
	}
	return "an unknown place"
}

func (x *scanner) look(ctx context.Context, hosts []*Host) {
	var open []*Port
	for _, h := range hosts {
		open = append(open, h.Ports...)
	}
	x.each(open, func(p *Port) {
		defer p.close()
		x.doing("looking at " + p.At.String())
		for i := range x.o.Checks {
			c := &x.o.Checks[i]
			if c.Fits != nil && !c.Fits(p) {
				continue
			}
			l := &Look{Port: p, check: c, chance: rand.New(rand.NewPCG(x.o.Seed, uint64(p.Number)))}
			switch stopped := x.stopped(ctx); {
			case stopped != nil:
				l.CannotTell("the scan was cut short: "+stopped.Error(), "")
			case c.Mode > x.o.Mode:
				l.CannotTell("it is for mode active, and this scan is passive", "scan with --mode active")
			default:
				c.Run(ctx, l)
				if !l.told {
					l.CannotTell("the check came to no verdict", "report this as a fault of the scanner")
				}
			}
			x.mu.Lock()
			x.run.Findings = append(x.run.Findings, l.findings...)
			x.run.Outcomes = append(x.run.Outcomes, l.outcomes...)
			x.mu.Unlock()
		}
	})
}

func (x *scanner) stopped(ctx context.Context) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	return cmp.Or(ctx.Err(), x.distress)
}

// note keeps an eye on the hosts: ports that were open and now do not let us in any more are suffering, or tired of us.
func (x *scanner) note(err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if errors.Is(err, context.Canceled) {
		return
	}
	x.recent = append(x.recent, err != nil)
	if len(x.recent) > distressed {
		x.recent = x.recent[1:]
	}
	bad := 0
	for _, failed := range x.recent {
		if failed {
			bad++
		}
	}
	if len(x.recent) == distressed && bad > distressed/2 && x.distress == nil {
		x.distress = fmt.Errorf("%d of the last %d connections to ports that were open failed. Wait until the host is well, then scan with a lower --rate", bad, distressed)
	}
}

// whole gives the verdicts on a host that no open port gave: on ports that are closed, silent, or of no interest.
func (x *scanner) whole(h *Host) {
	told := map[string]bool{}
	for _, o := range x.run.Outcomes {
		if strings.HasPrefix(o.Where, h.prefix()) {
			told[o.Check] = true
		}
	}
	say := func(o scan.Outcome) {
		o.Where = h.Name
		x.run.Outcomes = append(x.run.Outcomes, o)
	}
	var unknown []int
	for _, p := range h.Ports {
		if p.Service.Name == "" && p.Service.TLS == nil && !slices.Contains(unknown, p.Number) {
			unknown = append(unknown, p.Number)
		}
	}
	slices.Sort(unknown)
	more := "look at the host itself: ss -ltnp"
	if x.o.Mode < Active {
		more = "scan with --mode active"
	}
	const unlock = "scan from where they are let through, or look at the host itself: ss -ltnp"
	for _, c := range x.o.Checks {
		var missed []int
		for _, p := range h.silent {
			if u := usual[p]; c.Class != nil && c.Class(cmp.Or(u.class, Other)) {
				missed = append(missed, p)
			}
		}
		if len(missed) > 0 {
			say(scan.Outcome{Check: c.ID, Verdict: scan.CouldNotTell, Why: "no answer from port " + Ports(missed), Unlock: unlock})
		}
		switch {
		case told[c.ID] || len(missed) > 0:
		case len(unknown) > 0:
			say(scan.Outcome{Check: c.ID, Verdict: scan.CouldNotTell, Why: "what listens at port " + Ports(unknown) + " was not recognised", Unlock: more})
		default:
			say(scan.Outcome{Check: c.ID, Verdict: scan.Clear, Why: "nothing of the kind is open"})
		}
	}
}

// finish brings everything into an order that does not depend on who was first.
func (x *scanner) finish(hosts []*Host) {
	r := x.run
	r.Findings = merge(r.Findings)
	part := scan.Part{Outcomes: r.Outcomes, Gaps: r.Gaps}
	part.Sort()
	r.Outcomes, r.Gaps = part.Outcomes, part.Gaps
	if r.Gaps == nil {
		r.Gaps = []scan.Gap{}
	}
	r.Findings = scan.Stamp(r.Findings)
	fact := func(name, value string) { r.Facts = append(r.Facts, scan.Fact{Name: name, Value: value}) }
	fact("mode", x.o.Mode.String())
	fact("ports", fmt.Sprintf("%d", len(x.o.Ports)))
	fact("connections", strconv.Itoa(x.pace.count()))
	for _, h := range hosts {
		fact("addresses of "+h.Name, join(h.Addrs))
		fact("open ports of "+h.Name, cmp.Or(h.open(), "none"))
		if len(h.silent) > 0 {
			fact("silent ports of "+h.Name, Ports(h.silent))
		}
		seen := map[string]bool{}
		for _, p := range h.Ports {
			if t := p.Service.TLS; t != nil && len(t.Chain) > 0 {
				name := fmt.Sprintf("certificate of %s", net.JoinHostPort(h.Name, strconv.Itoa(p.Number)))
				if !seen[name] {
					seen[name] = true
					fact(name, fmt.Sprintf("%s, until %s", cmp.Or(t.Chain[0].Subject.CommonName, strings.Join(t.Chain[0].DNSNames, " "), "without a name"), t.Ends().UTC().Format(time.DateOnly)))
				}
			}
		}
	}
	if x.o.Proof.Statement {
		fact("ownership", "stated by whoever started the scan")
	}
	r.Ended = x.o.Clock.Now()
}

// open lists a host's open ports with what listens there.
func (h *Host) open() string {
	var parts []string
	for _, p := range slices.SortedFunc(slices.Values(h.Ports), func(a, b *Port) int { return cmp.Compare(a.Number, b.Number) }) {
		text := strconv.Itoa(p.Number)
		if title, _, sure := what(p.Number, p.Service); sure {
			text += " " + title
		}
		if !slices.Contains(parts, text) {
			parts = append(parts, text)
		}
	}
	return strings.Join(parts, ", ")
}

func join(addrs []netip.Addr) string {
	parts := make([]string, len(addrs))
	for i, a := range addrs {
		parts[i] = a.String()
	}
	return strings.Join(parts, ", ")
}

// merge makes one of findings that several addresses of a host share, with the worst severity of them.
func merge(findings []scan.Finding) []scan.Finding {
	slices.SortStableFunc(findings, func(a, b scan.Finding) int {
		return cmp.Or(cmp.Compare(a.Check, b.Check), cmp.Compare(a.Place.URL, b.Place.URL), cmp.Compare(a.Key, b.Key), cmp.Compare(b.Severity, a.Severity), cmp.Compare(a.Message, b.Message))
	})
	return slices.CompactFunc(findings, func(a, b scan.Finding) bool {
		return a.Check == b.Check && a.Place == b.Place && a.Key == b.Key
	})
}
