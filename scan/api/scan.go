package api

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"net/url"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"palisade.dev/scan"
	"palisade.dev/scan/api/client"
	"palisade.dev/scan/api/identity"
	"palisade.dev/scan/api/spec"
)

// Options say what to scan and how far to go.
type Options struct {
	URL        string
	Document   *spec.Document // nil: look for one
	SpecURL    string         // where it is, if that is known
	Only       *scan.Place    // look at this operation only, to see whether a finding is there still
	Identities []*identity.Identity
	Probes     []Probe
	Mode       Mode
	Seed       uint64
	Budget     client.Budget // zero: the mode's own
	Bursts     Bursts        // zero: 60 and 120
	Scope      []string
	Insecure   bool
	Proof      client.Proof
	Sources    []netip.Addr
	Listener   Listener
	Webhooks   []Webhook
	Clock      client.Clock
	Tool       string
	Progress   func(Progress) // called from one goroutine at a time
}

// Progress tells how far a scan is.
type Progress struct {
	Doing    string
	Done     int
	Of       int // looks, as far as is known
	Requests int
	Findings int
}

// Budgets by mode. Sixty requests are what a reader of the documentation might send; three thousand are sixty for each
// operation of an API of fifty. The pace doubles on this machine and in private networks, where nobody else is asked.
var budgets = map[Mode]client.Budget{
	Passive:   {Requests: 60, Rate: 10, Bytes: 20 << 20, Time: time.Minute, Parallel: 4},
	Active:    {Requests: 3000, Rate: 60, Bytes: 200 << 20, Time: 5 * time.Minute, Parallel: 8},
	Intrusive: {Requests: 10_000, Rate: 60, Bytes: 500 << 20, Time: 15 * time.Minute, Parallel: 8},
}

// BudgetOf is the budget of a mode.
func BudgetOf(m Mode) client.Budget { return budgets[m] }

// ErrUnreachable is a target that did not answer at all, so nothing is known of it.
var ErrUnreachable = errors.New("the target did not answer")

// Scan looks at an API. An error means that nothing could be looked at; a scan that was cut short comes back with its
// gaps, and Complete says so.
func Scan(ctx context.Context, o Options) (*scan.Run, error) {
	t, err := newTarget(o)
	if err != nil {
		return nil, err
	}
	defer t.Client.Close()
	clock := t.Client.Clock()
	run := &scan.Run{Kind: "api", Target: t.Base.String(), Tool: o.Tool, Started: clock.Now(), Findings: []scan.Finding{}, Gaps: []scan.Gap{}}
	notes := &notes{o: o, run: run, client: t.Client}

	first := t.Client.Do(ctx, client.Request{Method: "GET", URL: t.Base.String()})
	if who := t.First(); TurnedAway(first) && who.Certificate() != nil {
		t.reader = who
		first = t.Client.Do(ctx, client.Request{Method: "GET", URL: t.Base.String(), As: who})
	}
	if first.Err != nil {
		if errors.Is(first.Err, client.ErrScope) {
			return nil, first.Err
		}
		return nil, fmt.Errorf("%w: GET %s: %w. Check the address, and that it can be reached from here", ErrUnreachable, t.Base, first.Err)
	}
	t.certificate = certificateOf(first)
	for _, who := range t.Identities {
		if _, err := t.Refresh(ctx, who); err != nil {
			return nil, err
		}
	}
	if o.SpecURL != "" {
		data, err := t.fetch(ctx, o.SpecURL)
		if err != nil {
			return nil, fmt.Errorf("%w: the specification: %w", ErrUnreachable, err)
		}
		if t.Doc, err = spec.Read(ctx, data, o.SpecURL, t.fetch); err != nil {
			return nil, err
		}
	}
	if t.Doc == nil {
		notes.doing("looking for a specification")
		run.Gaps = append(run.Gaps, t.discover(ctx, first)...)
	}
	t.adopt(run)
	for _, who := range t.Identities {
		notes.doing("reading as " + who.Name)
		t.harvest(ctx, who)
	}
	t.harvest(ctx, nil)

	t.runProbes(ctx, notes)

	slices.SortStableFunc(run.Outcomes, func(a, b scan.Outcome) int {
		return cmp.Or(cmp.Compare(a.Check, b.Check), cmp.Compare(a.Where, b.Where), cmp.Compare(a.Verdict, b.Verdict), cmp.Compare(a.Why, b.Why))
	})
	slices.SortFunc(run.Checks, func(a, b scan.Check) int { return cmp.Compare(a.ID, b.ID) })
	run.Findings = scan.Stamp(run.Findings)
	run.Score = ScoreOf(run)
	run.Read = len(t.Operations)
	run.Ended = clock.Now()
	t.tell(run, o)
	return run, nil
}

func newTarget(o Options) (*Target, error) {
	base, err := url.Parse(o.URL)
	if err != nil {
		return nil, fmt.Errorf("the target %q cannot be read: %w", o.URL, err)
	}
	if base.Path == "" {
		base.Path = "/"
	}
	if base.User != nil {
		return nil, errors.New("the target's address holds a user name; give it as an identity: --identity alice=basic:env:ALICE")
	}
	budget := budgets[o.Mode]
	if near(base.Hostname()) {
		budget.Rate *= 2
	}
	if b := o.Budget; b.Requests > 0 {
		budget.Requests = b.Requests
	}
	if b := o.Budget; b.Rate > 0 {
		budget.Rate = b.Rate
	}
	if b := o.Budget; b.Bytes > 0 {
		budget.Bytes = b.Bytes
	}
	if b := o.Budget; b.Time > 0 {
		budget.Time = b.Time
	}
	if b := o.Budget; b.Patience > 0 {
		budget.Patience = b.Patience
	}
	if b := o.Budget; b.Parallel > 0 {
		budget.Parallel = b.Parallel
	}
	if len(o.Sources) == 0 && base.Hostname() == "127.0.0.1" {
		// This machine has sixteen million addresses of its own; a second one costs nothing.
		o.Sources = []netip.Addr{netip.MustParseAddr("127.0.0.2")}
	}
	c, err := client.New(client.Options{
		Target: base, Scope: o.Scope, Budget: budget, Clock: o.Clock, Insecure: o.Insecure, Permit: o.Proof.Permit,
		Sources: o.Sources, Agent: "palisade-scan", Chance: rand.New(rand.NewPCG(o.Seed, 0)),
	})
	if err != nil {
		return nil, err
	}
	if o.Bursts.Requests == 0 {
		o.Bursts.Requests = 60
	}
	if o.Bursts.SignIn == 0 {
		o.Bursts.SignIn = 120
	}
	return &Target{
		Base: base, Doc: o.Document, Identities: o.Identities, Client: c, Mode: o.Mode, Seed: o.Seed, Bursts: o.Bursts, Listener: o.Listener, Webhooks: o.Webhooks,
		controls: map[*spec.Operation]*once[*Controls]{}, absences: map[string]*once[*Absence]{},
		known: map[string]*Known{}, facts: map[string]*once[any]{},
	}, nil
}

func near(host string) bool {
	if host == "localhost" {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && client.Near(a)
}

// adopt takes over the document's operations and its faults.
func (t *Target) adopt(run *scan.Run) {
	if t.Doc == nil {
		run.Gaps = append(run.Gaps, scan.Gap{Where: t.Base.String(), Why: "no specification was found; only what the API itself links to was looked at. Give one with --spec, or a HAR file with --har"})
	} else {
		for _, f := range t.Doc.Faults {
			run.Gaps = append(run.Gaps, scan.Gap{Where: t.Doc.At + " " + f.Where, Why: f.What})
		}
		t.Operations = append(t.Operations, t.Doc.Operations...)
		for _, op := range t.Operations {
			if Drastic(op) {
				run.Gaps = append(run.Gaps, scan.Gap{Where: op.Name(), Why: "not asked: by its name or summary it changes something, though it is a GET. Make it a POST"})
			}
		}
	}
	if len(t.Operations) == 0 {
		t.Operations = []*spec.Operation{{Method: "GET", Path: t.Base.Path, Source: "discovery"}}
	}
}

// notes gathers what looks say, from all goroutines.
type notes struct {
	o      Options
	client *client.Client
	mu     sync.Mutex
	run    *scan.Run
	done   int
	of     int
}

func (n *notes) doing(what string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.tell(what)
}

func (n *notes) tell(what string) {
	if n.o.Progress != nil {
		n.o.Progress(Progress{Doing: what, Done: n.done, Of: n.of, Requests: n.client.Spent().Requests, Findings: len(n.run.Findings)})
	}
}

func (n *notes) take(l *Look) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.run.Findings = append(n.run.Findings, l.findings...)
	n.run.Outcomes = append(n.run.Outcomes, l.outcomes...)
	n.done++
	n.tell(l.probe.ID)
}

// runProbes runs categories side by side, and what floods afterwards, alone: a limiter that was provoked answers
// everybody else with 429.
func (t *Target) runProbes(ctx context.Context, n *notes) {
	byCategory := map[string][]*Probe{}
	var apart []*Probe
	for i := range n.o.Probes {
		p := &n.o.Probes[i]
		n.run.Checks = append(n.run.Checks, p.Check)
		if l := t.locked(p); l != nil {
			n.take(l)
			continue
		}
		n.of += len(t.looks(p, n.o.Only))
		if p.Apart {
			apart = append(apart, p)
			continue
		}
		byCategory[p.Category()] = append(byCategory[p.Category()], p)
	}
	var all sync.WaitGroup
	for _, probes := range byCategory {
		all.Go(func() {
			for _, p := range probes {
				t.run(ctx, n, p)
			}
		})
	}
	all.Wait()
	for _, p := range apart {
		t.run(ctx, n, p)
	}
}

func (t *Target) run(ctx context.Context, n *notes, p *Probe) {
	for _, op := range t.looks(p, n.o.Only) {
		l := t.newLook(p, op)
		l.run(ctx)
		n.take(l)
	}
}

// looks are the operations a probe looks at; a nil one is the whole target.
func (t *Target) looks(p *Probe, only *scan.Place) []*spec.Operation {
	if p.Whole {
		return []*spec.Operation{nil}
	}
	var ops []*spec.Operation
	for _, op := range t.Operations {
		if only != nil && (op.Path != only.URL || op.Method != only.Method) {
			continue
		}
		if (p.Fits == nil && t.Askable(op)) || (p.Fits != nil && p.Fits(t, op)) {
			ops = append(ops, op)
		}
	}
	return ops
}

// locked says why a probe cannot look at all, and what would unlock it; nil where it can.
func (t *Target) locked(p *Probe) *Look {
	l := t.newLook(p, nil)
	for _, u := range unlocks {
		if p.Needs&u.need != 0 && !t.has(u.need) {
			l.CannotTell(u.why, u.what)
			return l
		}
	}
	if p.Mode > t.Mode {
		l.CannotTell(fmt.Sprintf("it is for mode %s, and this scan is %s", p.Mode, t.Mode), fmt.Sprintf("scan with --mode %s", p.Mode))
		return l
	}
	return nil
}

// run looks. A probe that falls over says so and takes nothing else with it.
func (l *Look) run(ctx context.Context) {
	defer func() {
		if r := recover(); r != nil {
			l.CannotTell(fmt.Sprintf("the probe failed: %v at %s", r, place(debug.Stack())), "report this as a fault of the scanner")
		}
	}()
	if err := cmp.Or(ctx.Err(), l.Client.Distress(), l.Client.Late()); err != nil {
		l.CannotTell("the scan was cut short: "+err.Error(), "")
		return
	}
	l.probe.Run(ctx, l)
	if !l.Told() {
		l.CannotTell("the probe came to no verdict", "report this as a fault of the scanner")
	}
}

// place is the line of a stack that tells most: the first of our own probes'.
func place(stack []byte) string {
	for line := range strings.SplitSeq(string(stack), "\n") {
		if _, at, ok := strings.Cut(line, "/scan/api/"); ok && strings.Contains(at, "/") {
			return at
		}
	}
	return "an unknown place"
}

// tell adds the numbers worth knowing.
func (t *Target) tell(run *scan.Run, o Options) {
	spent := t.Client.Spent()
	fact := func(name, value string) { run.Facts = append(run.Facts, scan.Fact{Name: name, Value: value}) }
	fact("mode", t.Mode.String())
	fact("operations", strconv.Itoa(len(t.Operations)))
	fact("requests", strconv.Itoa(spent.Requests))
	fact("bytes read", strconv.FormatInt(spent.Bytes, 10))
	fact("slowest answer", spent.Longest.Round(time.Millisecond).String())
	fact("seed", strconv.FormatUint(t.Seed, 10))
	if t.Doc != nil {
		fact("specification", t.Doc.Format+" at "+t.Doc.At)
		if t.Doc.Digest != "" {
			fact("specification digest", t.Doc.Digest)
		}
	}
	if t.certificate != "" {
		fact("certificate", t.certificate)
	}
	for _, i := range t.Identities {
		role := i.Role
		if role == "" {
			role = "ordinary"
		}
		fact("identity", i.Name+" ("+role+")")
	}
	if o.Proof.Statement {
		fact("ownership", "stated by whoever started the scan")
	}
	if err := t.Client.Distress(); err != nil {
		run.Gaps = append(run.Gaps, scan.Gap{Where: t.Base.String(), Why: incomplete + err.Error()})
	} else if t.Client.Left() <= 0 {
		run.Gaps = append(run.Gaps, scan.Gap{Where: t.Base.String(), Why: incomplete + "all requests of the budget were sent. Allow more with --requests"})
	} else if err := t.Client.Short(); err != nil {
		run.Gaps = append(run.Gaps, scan.Gap{Where: t.Base.String(), Why: incomplete + err.Error()})
	}
}

// certificateOf says which certificate a target showed, so that another one at the next scan is noticed.
func certificateOf(x *client.Exchange) string {
	if x.TLS == nil || len(x.TLS.PeerCertificates) == 0 {
		return ""
	}
	c := x.TLS.PeerCertificates[0]
	name := c.Subject.CommonName
	if len(c.DNSNames) > 0 {
		name = strings.Join(c.DNSNames[:min(len(c.DNSNames), 3)], ", ")
	}
	return fmt.Sprintf("%s, of %s, until %s, number %x", name, c.Issuer.CommonName, c.NotAfter.UTC().Format(time.DateOnly), c.SerialNumber)
}

const incomplete = "the scan is incomplete: "

// Complete says whether a run looked at all it set out to.
func Complete(run *scan.Run) bool {
	return !slices.ContainsFunc(run.Gaps, func(g scan.Gap) bool { return len(g.Why) > len(incomplete) && g.Why[:len(incomplete)] == incomplete })
}
