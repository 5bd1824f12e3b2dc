package exposure

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"palisade.dev/scan"
	"palisade.dev/scan/api/client"
)

// world is a network of which a test decides what answers.
type world struct {
	mu    sync.Mutex
	state map[string]error // nil: open; what is not named does not answer
	says  map[string]string
	dials map[string]int
}

type timeout struct{}

func (timeout) Error() string   { return "i/o timeout" }
func (timeout) Timeout() bool   { return true }
func (timeout) Temporary() bool { return true }

var errRefused = &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}

func (w *world) dial(_ context.Context, at netip.AddrPort, _ time.Duration) (net.Conn, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.dials == nil {
		w.dials = map[string]int{}
	}
	w.dials[at.String()]++
	err, named := w.state[at.String()]
	switch {
	case !named:
		return nil, &net.OpError{Op: "dial", Err: timeout{}}
	case err != nil:
		return nil, err
	}
	here, there := net.Pipe()
	text := w.says[at.String()]
	go func() {
		defer there.Close()
		_ = there.SetDeadline(time.Now().Add(5 * time.Second))
		if text != "" {
			_, _ = there.Write([]byte(text))
		}
		_, _ = there.Read(make([]byte, 4096))
	}()
	return here, nil
}

// ports tells of open ports, as the check of that name does.
var ports = Check{
	Check: scan.Check{ID: "exposure/port", Title: "A port is open", Severity: scan.Info}, Class: func(Class) bool { return true },
	Run: func(_ context.Context, l *Look) {
		l.Found(Hit{Key: "open", Severity: l.Reached(scan.High), Message: fmt.Sprintf("%d is open", l.Number)})
	},
}

var databases = Check{
	Check: scan.Check{ID: "exposure/database", Title: "x", Severity: scan.High}, Class: func(c Class) bool { return c == Database },
	Fits: func(p *Port) bool { _, c, _ := p.What(); return c == Database }, Run: func(_ context.Context, l *Look) { l.Clear("fine") },
}

func options(w *world, list ...int) Options {
	return Options{
		Hosts: []string{"10.0.0.5"}, Ports: list, Mode: Active, Checks: []Check{ports, databases}, Rate: 10_000, Patience: 50 * time.Millisecond, dial: w.dial,
		Reach: func(netip.Addr) Reach { return Public },
	}
}

func outcome(run *scan.Run, check string) (all []string) {
	for _, o := range run.Outcomes {
		if o.Check == check {
			all = append(all, fmt.Sprintf("%s: %s: %s", o.Where, o.Verdict, o.Why))
		}
	}
	return all
}

func TestSilenceIsNeverClear(t *testing.T) {
	w := &world{state: map[string]error{"10.0.0.5:22": nil, "10.0.0.5:80": errRefused}, says: map[string]string{"10.0.0.5:22": "SSH-2.0-x\r\n"}}
	run, err := Scan(t.Context(), options(w, 22, 80, 443, 5432))
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(outcome(run, "exposure/port"), "; "); !strings.Contains(got, "could not tell: no answer from port 443, 5432") || strings.Contains(got, "clear") {
		t.Errorf("ports: %s", got)
	}
	if got := strings.Join(outcome(run, "exposure/database"), "; "); !strings.Contains(got, "no answer from port 5432") || strings.Contains(got, "clear") {
		t.Errorf("databases: %s", got)
	}
	if !Complete(run) {
		t.Errorf("a firewall makes it incomplete: %v", run.Gaps)
	}
	if w.dials["10.0.0.5:443"] != 2 || w.dials["10.0.0.5:80"] != 1 {
		t.Errorf("a silent port is asked twice, a closed one once: %v", w.dials)
	}
	if i := slices.IndexFunc(run.Facts, func(f scan.Fact) bool { return f.Name == "open ports of 10.0.0.5" && f.Value == "22 SSH" }); i < 0 {
		t.Errorf("facts: %v", run.Facts)
	}
	// Where the same port refuses, the verdict is another.
	w.state["10.0.0.5:5432"] = errRefused
	if run, err = Scan(t.Context(), options(w, 22, 5432)); err != nil || !strings.Contains(strings.Join(outcome(run, "exposure/database"), ""), "clear") {
		t.Errorf("%v %v", err, outcome(run, "exposure/database"))
	}
}

func TestAnUnknownPortIsNotClearForADatabase(t *testing.T) {
	w := &world{state: map[string]error{"10.0.0.5:4711": nil}}
	run, err := Scan(t.Context(), options(w, 4711))
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(outcome(run, "exposure/database"), ""); !strings.Contains(got, "could not tell: what listens at port 4711") {
		t.Errorf("%s", got)
	}
}

func TestNobodyAnswers(t *testing.T) {
	w := &world{state: map[string]error{"10.0.0.6:22": errRefused}}
	if _, err := Scan(t.Context(), options(w, 22)); !errors.Is(err, ErrUnreachable) {
		t.Errorf("%v", err)
	}
	o := options(w, 22)
	o.Hosts = append(o.Hosts, "10.0.0.6")
	run, err := Scan(t.Context(), o)
	if err != nil || Complete(run) || !strings.Contains(run.Gaps[0].Why, "not one port answered") {
		t.Errorf("%v %+v", err, run)
	}
	o.Hosts = []string{"gone.test"}
	o.Resolve = func(context.Context, string) ([]netip.Addr, error) { return nil, errors.New("no such host") }
	if _, err := Scan(t.Context(), o); !errors.Is(err, ErrUnreachable) || !strings.Contains(err.Error(), "looking up gone.test") {
		t.Errorf("%v", err)
	}
}

// TestAFaultOfOursIsNoVerdict holds that a machine without descriptors does not take the target's ports for silent ones.
func TestAFaultOfOursIsNoVerdict(t *testing.T) {
	w := &world{state: map[string]error{"10.0.0.5:22": errRefused, "10.0.0.5:23": &net.OpError{Op: "dial", Err: syscall.EMFILE}}}
	o := options(w, 22, 23)
	o.Parallel = 1
	run, err := Scan(t.Context(), o)
	if err != nil || Complete(run) || !strings.Contains(fmt.Sprint(run.Gaps), "cannot open more connections") {
		t.Errorf("%v %+v", err, run)
	}
}

// TestNothingIsSentBeforeProof holds that a public host, or one public address of a name, stops everything.
func TestNothingIsSentBeforeProof(t *testing.T) {
	for _, addrs := range [][]string{{"192.0.2.1"}, {"10.0.0.5", "192.0.2.1"}, {"2001:db8::1"}} {
		w := &world{}
		o := options(w, 22)
		o.Hosts = []string{"10.0.0.5", "shop.test"}
		o.Resolve = func(context.Context, string) (out []netip.Addr, _ error) {
			for _, a := range addrs {
				out = append(out, netip.MustParseAddr(a))
			}
			return out, nil
		}
		if _, err := Scan(t.Context(), o); !errors.Is(err, client.ErrScope) || len(w.dials) != 0 {
			t.Errorf("%v: %v, %v", addrs, err, w.dials)
		}
		o.Proof.Statement = true
		w.state = map[string]error{"10.0.0.5:22": errRefused}
		run, err := Scan(t.Context(), o)
		if err != nil || !slices.Contains(run.Facts, scan.Fact{Name: "ownership", Value: "stated by whoever started the scan"}) {
			t.Errorf("%v: %v", addrs, err)
		}
	}
}

// TestANameIsLookedUpOnce holds that a name which changes its mind cannot lead the scan elsewhere, and that one fault at
// two addresses of a name is told once.
func TestANameIsLookedUpOnce(t *testing.T) {
	w := &world{
		state: map[string]error{"10.0.0.5:22": nil, "[fd00::5]:22": nil, "10.0.0.5:25": errRefused, "[fd00::5]:25": errRefused},
		says:  map[string]string{"10.0.0.5:22": "SSH-2.0-x\r\n", "[fd00::5]:22": "SSH-2.0-x\r\n"},
	}
	lookups := 0
	o := options(w, 22, 25)
	o.Hosts = []string{"shop.test"}
	o.Resolve = func(context.Context, string) ([]netip.Addr, error) {
		lookups++
		return []netip.Addr{netip.MustParseAddr("fd00::5"), netip.MustParseAddr("10.0.0.5")}, nil
	}
	run, err := Scan(t.Context(), o)
	if err != nil || lookups != 1 || len(run.Findings) != 1 || run.Findings[0].Place.Symbol != "22/tcp" || run.Findings[0].Place.URL != "tcp://shop.test:22" {
		t.Errorf("%d lookups, %v: %+v", lookups, err, run.Findings)
	}
	for at := range w.dials {
		if !strings.HasPrefix(at, "10.0.0.5:") && !strings.HasPrefix(at, "[fd00::5]:") {
			t.Errorf("it went to %s", at)
		}
	}
	was := run.Findings[0].Fingerprint
	// Another address is the same host and the same fault.
	o.Resolve = func(context.Context, string) ([]netip.Addr, error) {
		return []netip.Addr{netip.MustParseAddr("10.0.0.5")}, nil
	}
	if run, err = Scan(t.Context(), o); err != nil || run.Findings[0].Fingerprint != was {
		t.Errorf("%v: the fingerprint moved with the address", err)
	}
}

func TestAWallIsNoService(t *testing.T) {
	w := &world{state: map[string]error{}}
	var list []int
	for p := 1; p <= 60; p++ {
		w.state[fmt.Sprintf("10.0.0.5:%d", p)] = errRefused
		if p > 2 {
			w.state[fmt.Sprintf("10.0.0.5:%d", p)] = nil
		}
		list = append(list, p)
	}
	o := options(w, list...)
	o.Mode = Passive
	behind := 0
	o.Checks = []Check{{Check: ports.Check, Run: func(_ context.Context, l *Look) {
		if l.Behind {
			behind++
		}
		l.Clear("")
	}}}
	var one sync.Mutex
	run := o.Checks[0].Run
	o.Checks[0].Run = func(ctx context.Context, l *Look) { one.Lock(); defer one.Unlock(); run(ctx, l) }
	if _, err := Scan(t.Context(), o); err != nil || behind != 58 {
		t.Errorf("%v: %d of 58 ports are told to be behind a wall", err, behind)
	}
}

// TestAHostThatSuffersIsLeft holds that ports which were open and then refuse stop the scan.
func TestAHostThatSuffersIsLeft(t *testing.T) {
	w := &world{state: map[string]error{}}
	var list []int
	for p := 1; p <= 40; p++ {
		w.state[fmt.Sprintf("10.0.0.5:%d", p)] = nil
		list = append(list, p)
	}
	o := options(w, list...)
	dials := 0
	o.dial = func(ctx context.Context, at netip.AddrPort, d time.Duration) (net.Conn, error) {
		w.mu.Lock()
		dials++
		tired := dials > 40
		w.mu.Unlock()
		if tired {
			return nil, errRefused
		}
		return w.dial(ctx, at, d)
	}
	run, err := Scan(t.Context(), o)
	if err != nil || Complete(run) || !strings.Contains(fmt.Sprint(run.Gaps), "lower --rate") || dials > 40+distressed+lookers {
		t.Errorf("%v, %d dials: %v", err, dials, run.Gaps)
	}
}

// TestThePaceIsKept holds the clock: a hundred connections at fifty a second take two seconds of it.
func TestThePaceIsKept(t *testing.T) {
	w := &world{state: map[string]error{}}
	var list []int
	for p := 1; p <= 100; p++ {
		w.state[fmt.Sprintf("10.0.0.5:%d", p)] = errRefused
		list = append(list, p)
	}
	clock := &held{now: time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)}
	o := options(w, list...)
	o.Clock, o.Rate, o.Parallel = clock, 50, 1
	run, err := Scan(t.Context(), o)
	if took := run.Ended.Sub(run.Started); err != nil || took < 1900*time.Millisecond || took > 2100*time.Millisecond {
		t.Errorf("%v: it took %s", err, took)
	}
}

type held struct {
	mu  sync.Mutex
	now time.Time
}

func (h *held) Now() time.Time { h.mu.Lock(); defer h.mu.Unlock(); return h.now }

func (h *held) Sleep(ctx context.Context, d time.Duration) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
	return ctx.Err()
}

func TestReachLowersSeverity(t *testing.T) {
	for reach, want := range map[Reach][3]scan.Severity{
		Public: {scan.Critical, scan.High, scan.Low}, Private: {scan.High, scan.Medium, scan.Low}, Loopback: {scan.Medium, scan.Low, scan.Low},
	} {
		l := &Look{Port: &Port{scanner: &scanner{o: Options{Reach: func(netip.Addr) Reach { return reach }}}}}
		if got := [3]scan.Severity{l.Reached(scan.Critical), l.Reached(scan.High), l.Reached(scan.Low)}; got != want {
			t.Errorf("%d: %v, want %v", reach, got, want)
		}
	}
	for text, want := range map[string]Reach{"127.0.0.1": Loopback, "::1": Loopback, "10.1.2.3": Private, "fd00::1": Private, "203.0.113.1": Public, "::ffff:127.0.0.1": Loopback} {
		if got := ReachOf(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s: %d", text, got)
		}
	}
}

func TestPorts(t *testing.T) {
	for text, want := range map[string]string{"22": "22", "80,22, 80": "22, 80", "1-3,2-5,9": "1-5, 9", "5,6": "5, 6", "65535": "65535"} {
		list, err := ParsePorts(text)
		if err != nil || Ports(list) != want {
			t.Errorf("%q: %s %v", text, Ports(list), err)
		}
	}
	if all, err := ParsePorts("all"); err != nil || len(all) != 65535 {
		t.Errorf("all: %d %v", len(all), err)
	}
	if n := len(Common()); n < 200 || n > 400 {
		t.Errorf("%d common ports", n)
	}
	for _, p := range []int{22, 80, 443, 2375, 4369, 5432, 6379, 9100, 9200, 11211, 27017} {
		if !slices.Contains(Common(), p) {
			t.Errorf("%d is not common", p)
		}
	}
	for text, want := range map[string]string{"": "no port", "0": "no port", "x": "no port", "9-1": "backwards", "1-": "no port", strings.Repeat("1,", 3000): "4096 bytes", "all,all,all,all,all": "over and over"} {
		if _, err := ParsePorts(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q: %v", text, err)
		}
	}
}

func TestHosts(t *testing.T) {
	for text, want := range map[string]string{"Shop.Example.": "shop.example", "[::1]": "::1", "127.0.0.1": "127.0.0.1", "::ffff:10.0.0.1": "10.0.0.1"} {
		if got, err := CleanHost(text); err != nil || got != want {
			t.Errorf("%q: %q %v", text, got, err)
		}
	}
	for _, text := range []string{"", "-x", "a b", "http://a", "a:80", "a/../b", "10.0.0.0/8", "fe80::1%eth0", "münchen.example", strings.Repeat("a", 300)} {
		if got, err := CleanHost(text); err == nil {
			t.Errorf("%q is taken for %q", text, got)
		}
	}
}

func FuzzParsePorts(f *testing.F) {
	for _, s := range []string{"22", "1-3,5", "common", "all", "9-1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		list, err := ParsePorts(text)
		if err != nil {
			return
		}
		if !slices.IsSorted(list) || len(list) == 0 || list[0] < 1 || list[len(list)-1] > 65535 {
			t.Errorf("%q: %v", text, Ports(list))
		}
	})
}
