package guard

import (
	"errors"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"palisade.dev/guard/answer"
	"palisade.dev/guard/engine"
	"palisade.dev/guard/identity"
	"palisade.dev/guard/outcome"
	"palisade.dev/guard/wire"
)

// Visit is one request on its way through a guard: begun, decided, and ended once its response is out. It must be
// ended exactly once and not be used after that.
type Visit struct {
	Request engine.Request
	Verdict engine.Verdict

	guard    *Guard
	state    *state
	watch    *outcome.Watch
	subject  string
	started  time.Time
	peer     netip.Addr
	device   identity.Device
	known    bool
	secure   bool
	proxied  bool
	path     string
	agent    string
	outcomes []wire.Outcome
	account  string
}

// Facts are what a listener knows that the request does not say.
type Facts struct {
	Peer netip.Addr // the socket's, or that of the PROXY protocol; the zero Addr means http.Request.RemoteAddr
	JA4  string
}

// Begin finds out who asks and decides. It may read the beginning of the body of a route whose outcomes are watched.
func (g *Guard) Begin(r *http.Request, f Facts) *Visit {
	v := g.visits.Get().(*Visit)
	v.guard, v.started = g, g.o.Now()
	v.state = g.state.Load()
	req := &v.Request
	req.At = v.started.UnixNano()
	req.Method, req.Host = r.Method, host(r.Host)
	req.Header = r.Header
	if v.peer = f.Peer; !v.peer.IsValid() {
		v.peer = identity.Peer(r.RemoteAddr)
	}
	v.secure = r.TLS != nil
	v.agent = r.Header.Get("User-Agent")
	if v.state == nil {
		req.Address, req.Path = v.peer, r.URL.EscapedPath()
		if v.path = req.Path; g.o.Closed {
			v.Verdict = engine.Verdict{Action: engine.Block, Reason: engine.NoPolicy, Status: 503, RetryAfter: 5 * time.Second}
		} else {
			v.Verdict.Reason = engine.NoPolicy
		}
		return v
	}
	v.gather(r, f)
	v.Verdict = v.state.policy.Decide(g.tally, req)
	return v
}

// gather finds the facts that the policy may ask for.
func (v *Visit) gather(r *http.Request, f Facts) {
	req, s := &v.Request, v.state
	id := s.id
	req.Address, _ = id.proxies.Client(v.peer, r.Header)
	trusted := req.Address != v.peer || id.proxies.Trusts(v.peer)
	v.proxied = trusted
	if trusted && r.Header.Get("X-Forwarded-Proto") == "https" {
		v.secure = true
	}
	path, err := id.paths.Normalise(escaped(r))
	if err != nil {
		req.PathFault, path = true, "/"
	}
	req.Path, v.path = path, path
	req.Class = s.networks.Class(req.Address)
	if id.keys != nil {
		v.key(r)
	}
	if id.decoys != nil {
		if k, ok := id.decoys.Find(r); ok {
			if req.Decoy = k.Short(); req.Key == "" {
				req.Key = req.Decoy
			}
		}
	}
	req.Certificate = id.certs.Name(r.TLS, r.Header, trusted)
	if name := s.wire.Identity.Session; name != "" {
		if c := r.CookiesNamed(name); len(c) > 0 && c[0].Value != "" {
			req.Session = id.devices.Session(c[0].Value)
		}
	}
	if id.token != nil {
		if account, err := id.token.Account(r, v.started); err == nil {
			req.Account = account
		}
	}
	if id.attest != nil {
		_, err := id.attest.Account(r, v.started)
		req.Attested = err == nil
	}
	if v.device, v.known = id.devices.Known(r, v.started); v.known {
		req.KnownSince = v.device.Since.UnixNano()
	}
	if req.Certificate != "" || req.Key != "" && req.Account != "" {
		req.KnownSince = 1 // registered with us, so known before any lever moved
	}
	if req.Certificate != "" {
		req.Attested = true
	}
	a := v.guard.agents.find(v.agent)
	req.Kind = string(a.kind(s.networks.Names(req.Class), req.Attested, s.lists))
	req.Fingerprint = v.guard.agents.fingerprint(f.JA4, r.Header)
	req.Away = (*v.guard.away.Load())(v.started)
	if req.PathFault {
		return
	}
	if i := s.policy.Watched(req); i >= 0 {
		v.watch = id.watches[i]
		v.subject = v.watch.Subject(r)
		req.Subject = v.subject
		req.KnownAccount = v.known && v.subject != "" && id.devices.Is(v.device, v.subject)
		if req.Account == "" {
			req.Account = v.subject // claimed, which is what a limit per account of a sign-in form is about
		}
	}
}

// key reads the API key and forgets it at once.
func (v *Visit) key(r *http.Request) {
	id := v.state.id
	normalised, err := id.keys.Find(r)
	switch {
	case err == nil:
		k := id.keys.ID(normalised)
		v.Request.Key = k.Short()
		if len(id.principals) > 0 {
			v.Request.Account = id.principals[k.String()]
		}
	case errors.Is(err, identity.ErrKeyMissing):
		v.Request.KeyFault = engine.KeyMissing
	default:
		v.Request.KeyFault = engine.KeyMalformed
		v.outcomes = append(v.outcomes, wire.Outcome{Kind: "key", Result: "invalid"})
	}
}

func escaped(r *http.Request) string {
	if r.URL.RawPath != "" {
		return r.URL.RawPath
	}
	if strings.IndexByte(r.URL.Path, '%') < 0 && plainASCII(r.URL.Path) {
		return r.URL.Path
	}
	return r.URL.EscapedPath()
}

// plainASCII reports that a decoded path has nothing in it that an escaped one would spell otherwise and mean more by.
func plainASCII(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c >= 0x7f {
			return false
		}
	}
	return true
}

// host is the name asked for, in lower case, without its port.
func host(h string) string {
	if i := strings.LastIndexByte(h, ':'); i >= 0 && strings.IndexByte(h[i:], ']') < 0 {
		h = h[:i]
	}
	return strings.ToLower(strings.TrimSuffix(h, "."))
}

// Refused reports whether the request must not reach the app.
func (v *Visit) Refused() bool { return v.Verdict.Action.Refuses() }

// Account says who is signed in, where only the app knows.
func (v *Visit) Account(name string) {
	if name = outcome.Clean(name); name != "" {
		v.account = name
	}
}

// Outcome notes what happened in the app. At most sixteen are kept of one request.
func (v *Visit) Outcome(o wire.Outcome) {
	if len(v.outcomes) < 16 {
		o.Subject = o.Subject[:min(len(o.Subject), wire.MaxSubject)]
		v.outcomes = append(v.outcomes, o)
	}
}

// Responding is called when the app's response is about to go out: it reads the outcome off it, and adds what the
// response must carry.
func (v *Visit) Responding(status int, h http.Header) {
	if v.state == nil {
		return
	}
	if told := h.Values(outcome.Header); len(told) > 0 {
		for _, t := range told {
			if o, err := outcome.ParseHeader(t); err == nil {
				v.Outcome(o)
			}
		}
		h.Del(outcome.Header)
	} else if v.watch != nil {
		if o, ok := v.watch.Read(status, h, v.subject); ok {
			v.Outcome(o)
		}
	}
	if told := h.Get(AccountHeader); told != "" {
		v.Account(told)
		h.Del(AccountHeader)
	}
	for i := range v.outcomes {
		if o := &v.outcomes[i]; o.Kind == "login" && o.Result == "ok" && o.Subject != "" {
			d := v.state.id.devices
			if d.Renew(v.device, v.known, o.Subject, v.started) {
				h.Add("Set-Cookie", d.Issue(o.Subject, v.started, v.secure).String())
			}
		}
	}
	v.Fields(h)
}

// AccountHeader is the response field by which an app says whose request it was; the gateway takes it out.
const AccountHeader = "Palisade-Account"

// Fields sets the RateLimit fields, except where they would tell an attacker what is left.
func (v *Visit) Fields(h http.Header) {
	if v.Verdict.Quota.Rule != "" && v.state != nil && !v.state.policy.Quiet(&v.Request) {
		answer.Quota(h, v.Verdict.Quota, v.state.wire.Answer.Legacy)
	}
}

// Refuse writes the refusal.
func (v *Visit) Refuse(w http.ResponseWriter, r *http.Request) {
	v.Fields(w.Header())
	answer.Write(w, r, v.Refusal())
}

// Refusal is what the client is told of the verdict, for those who do not write it themselves.
func (v *Visit) Refusal() answer.Refusal {
	return answer.Of(v.Verdict, v.state != nil && v.state.wire.Answer.Uniform, v.Reference())
}

// Secure reports whether the client reached us, or a proxy we trust, over TLS.
func (v *Visit) Secure() bool { return v.secure }

// Proxied reports whether the request came from a proxy that the policy trusts.
func (v *Visit) Proxied() bool { return v.proxied }

// Reference names the request to people: its time in base 36, by which the console finds it.
func (v *Visit) Reference() string { return strconv.FormatInt(v.Request.At/1000, 36) }

// End counts what came of the request and records its event. The visit is the guard's again.
func (v *Visit) End(status int, bytes int64) {
	g := v.guard
	now := g.o.Now()
	if v.state != nil {
		v.state.policy.Settle(g.tally, &v.Request, status, v.outcomes, now.UnixNano())
		v.state.policy.Told(g.tally, &v.Request, &v.Verdict, v.account, v.outcomes)
	}
	e := v.event(status, bytes, now)
	(*g.records.Load())(&e)
	*v = Visit{}
	g.visits.Put(v)
}

func (v *Visit) event(status int, bytes int64, now time.Time) wire.Event {
	req, ver := &v.Request, &v.Verdict
	e := wire.Event{
		At: req.At / 1000, Duration: now.Sub(v.started).Microseconds(),
		Method: cut(req.Method, 16), Host: cut(req.Host, 128), Path: cut(v.path, wire.MaxPath), Status: status, Bytes: bytes,
		Address: req.Address, Kind: req.Kind, Agent: cut(v.agent, wire.MaxAgent), Fingerprint: req.Fingerprint,
		Account: req.Account, Key: req.Key, Certificate: req.Certificate, Session: req.Session,
		Action: ver.Action.String(), Rule: ver.Rule, Reason: string(ver.Reason), Alert: ver.Alert,
		Outcomes: v.outcomes,
	}
	if v.peer != req.Address {
		e.Peer = v.peer
	}
	if v.account != "" {
		e.Account = v.account
	} else if v.subject != "" && e.Account == v.subject {
		e.Account = "" // only claimed: the outcome says by whom
	}
	if v.state == nil {
		return e
	}
	p := v.state.policy
	e.Revision = p.Revision
	e.Networks = v.state.networks.Names(req.Class)
	e.Route = cut(p.Template(req), wire.MaxPath)
	e.Marks = p.Marked(ver.Marks)
	if name, sort, ok := p.Lured(req, v.account, v.outcomes); ok {
		e.Outcomes = append(e.Outcomes, wire.Outcome{Kind: "trap", Result: "touched", Subject: name}, wire.Outcome{Kind: "decoy", Result: sort, Subject: name})
	}
	if name, ok := p.Touched(req, status); ok {
		e.Outcomes = append(e.Outcomes, wire.Outcome{Kind: "trap", Result: "touched", Subject: name})
	}
	if ver.BanFor > 0 {
		e.Ban = &wire.BanOrder{Subject: engine.Whom(req, ver.BanWhom), Seconds: int64(ver.BanFor / time.Second)}
	}
	return e
}

func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "")
}

// Route is the declared template that the request matched, or the path's shape.
func (v *Visit) Route() string {
	if v.state == nil {
		return engine.Shape(v.path)
	}
	return v.state.policy.Template(&v.Request)
}

// Networks names the network lists that cover the client's address. The caller must not change the slice.
func (v *Visit) Networks() []string {
	if v.state == nil {
		return nil
	}
	return v.state.networks.Names(v.Request.Class)
}
