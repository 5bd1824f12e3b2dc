package exposure

import (
	"context"
	"crypto/x509"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"palisade.dev/scan"
	"palisade.dev/scan/exposure/service"
)

// Port is an open port of one address.
type Port struct {
	Host    *Host
	At      netip.AddrPort
	Number  int
	Service service.Service
	Behind  bool // something answers at every port of the address, so that this one is open says nothing

	scanner *scanner
	mu      sync.Mutex
	web     *service.Web
}

// What names what listens, and its class; not sure where that is only what is usual at the port.
func (p *Port) What() (title string, class Class, sure bool) { return what(p.Number, p.Service) }

// prefix begins the places of all of a host's ports.
func (h *Host) prefix() string { return "tcp://" + bracket(h.Name) + ":" }

func (h *Host) wall(a netip.Addr) {
	for _, p := range h.Ports {
		if p.At.Addr() == a {
			p.Behind = true
		}
	}
}

func bracket(host string) string {
	if strings.Contains(host, ":") {
		return "[" + host + "]"
	}
	return host
}

func (p *Port) where() string { return p.Host.prefix() + strconv.Itoa(p.Number) }

// wire is the way to the port: to its address, at the scan's pace.
func (p *Port) wire() service.Wire {
	x := p.scanner
	return service.Wire{
		Host: p.Host.Name, Port: p.Number, Active: x.o.Mode >= Active, Patience: x.o.Patience,
		Dial: func(ctx context.Context) (net.Conn, error) {
			if err := x.stopped(ctx); err != nil {
				return nil, err
			}
			if err := x.pace.wait(ctx); err != nil {
				return nil, err
			}
			conn, err := x.o.dial(ctx, p.At, x.o.Timeout)
			x.note(err)
			return conn, err
		},
	}
}

// Get asks a web server for a page.
func (p *Port) Get(ctx context.Context, path string) service.Page {
	p.mu.Lock()
	if p.web == nil {
		p.web = service.NewWeb(p.wire(), p.Service.TLS != nil)
	}
	web := p.web
	p.mu.Unlock()
	if err := p.scanner.pace.wait(ctx); err != nil {
		return service.Page{Path: path, Err: err}
	}
	return web.Get(ctx, path)
}

func (p *Port) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.web != nil {
		p.web.Close()
	}
}

// Address is a page's, as a person would type it.
func (p *Port) Address(path string) string {
	scheme := "http"
	if p.Service.TLS != nil {
		scheme = "https"
	}
	return fmt.Sprintf("%s://%s:%d%s", scheme, bracket(p.Host.Name), p.Number, path)
}

// Look is one check at one port.
type Look struct {
	*Port
	check    *Check
	chance   *rand.Rand
	told     bool
	findings []scan.Finding
	outcomes []scan.Outcome
}

// Hit is what a check found.
type Hit struct {
	Key        string // what tells it from others of this check at this port
	Message    string
	Severity   scan.Severity
	Confidence scan.Confidence
	Evidence   []scan.Exchange
	Path       string // of a web server; empty: the port as such
	Fix        string // in place of the check's
}

// Found says that something is wrong.
func (l *Look) Found(h Hit) {
	place := scan.Place{URL: l.where(), Symbol: strconv.Itoa(l.Number) + "/tcp"}
	if h.Path != "" {
		place.URL, place.Method = l.Address(h.Path), "GET"
	}
	fix := l.check.Fix
	if h.Fix != "" {
		fix = h.Fix
	}
	l.findings = append(l.findings, scan.Finding{
		Check: l.check.ID, Title: l.check.Title, Message: h.Message, Severity: h.Severity, Confidence: h.Confidence, Place: place,
		Evidence: h.Evidence, Fix: &scan.Fix{Text: fix}, CWE: l.check.CWE, Standards: l.check.Standards, Key: h.Key,
	})
	l.say(scan.Found, h.Message, "")
}

// Clear says that nothing is wrong, and why one can say so.
func (l *Look) Clear(why string) { l.say(scan.Clear, why, "") }

// CannotTell says why nothing can be said, and what would help.
func (l *Look) CannotTell(why, unlock string) { l.say(scan.CouldNotTell, why, unlock) }

func (l *Look) say(v scan.Verdict, why, unlock string) {
	l.told = true
	l.outcomes = append(l.outcomes, scan.Outcome{Check: l.check.ID, Where: l.where(), Verdict: v, Why: why, Unlock: unlock})
}

// Told says whether a verdict was given.
func (l *Look) Told() bool { return l.told }

// Expected says that the owner means the port to be open.
func (l *Look) Expected() bool { return slices.Contains(l.scanner.o.Expect, l.Number) }

// Active says whether more than listening is allowed.
func (l *Look) Active() bool { return l.scanner.o.Mode >= Active }

// Reached lowers a severity where strangers cannot reach the address: a step in a private network, two on the machine
// itself. What is served to everybody there is still worth a look, so nothing falls below low.
func (l *Look) Reached(s scan.Severity) scan.Severity {
	steps := scan.Severity(l.scanner.o.Reach(l.At.Addr()))
	if s <= scan.Low {
		return s
	}
	return max(s-min(steps, s), scan.Low)
}

// Now is the time, Roots are the authorities that are believed.
func (l *Look) Now() time.Time { return l.scanner.o.Clock.Now() }

// Roots are the authorities that are believed; nil means those of this machine.
func (l *Look) Roots() *x509.CertPool { return l.scanner.o.Roots }

// Chance draws a word that nobody has chosen, the same for the same scan.
func (l *Look) Chance() string {
	const letters = "abcdefghijkmnpqrstuvwxyz23456789"
	b := make([]byte, 12)
	for i := range b {
		b[i] = letters[l.chance.IntN(len(letters))]
	}
	return string(b)
}

// Show is a conversation as evidence.
func (l *Look) Show(title string, p service.Proof) []scan.Exchange {
	return []scan.Exchange{{Title: title, Request: p.Asked, Response: p.Answered}}
}
