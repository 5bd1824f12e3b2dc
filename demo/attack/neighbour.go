package attack

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"palisade.dev/demo/shop"
)

// pause is how long the neighbour looks at a page; a visit of ten pages has one sign-in.
const pause = time.Second

// Honest is how the honest customers fared. Requests is the sum of the four below it; the fields after those are part
// of them.
type Honest struct {
	Requests  int `json:"requests"`
	Succeeded int `json:"succeeded"`
	Refused   int `json:"refused"`
	Failed    int `json:"failed"` // answered, but not with what the customer came for
	Errors    int `json:"errors"` // not answered

	SignIns         int   `json:"sign_ins"`
	SignInsAccepted int   `json:"sign_ins_accepted"`
	SignUps         int   `json:"sign_ups"`
	SignUpsAccepted int   `json:"sign_ups_accepted"`
	SlowestMS       int64 `json:"slowest_ms"`
}

func (h *Honest) add(o Honest) {
	h.Requests += o.Requests
	h.Succeeded += o.Succeeded
	h.Refused += o.Refused
	h.Failed += o.Failed
	h.Errors += o.Errors
	h.SignIns += o.SignIns
	h.SignInsAccepted += o.SignInsAccepted
	h.SignUps += o.SignUps
	h.SignUpsAccepted += o.SignUpsAccepted
	h.SlowestMS = max(h.SlowestMS, o.SlowestMS)
}

// A neighbour is an honest customer who visits during the whole attack, from one act into the next, and keeps cookies as
// a browser does.
type neighbour struct {
	send     func(context.Context, shot) answer
	clock    Clock
	step     int
	signedIn bool
	jar      map[string]string
}

func (n *neighbour) cookies() string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(n.jar)) {
		all = append(all, name+"="+n.jar[name])
	}
	return strings.Join(all, "; ")
}

func (n *neighbour) keep(cookies []*http.Cookie) {
	for _, c := range cookies {
		if c.MaxAge < 0 || c.Value == "" {
			delete(n.jar, c.Name)
			continue
		}
		n.jar[c.Name] = c.Value
	}
}

// visit makes a request at once and after each pause, until the act is over. The shop's share of what it did comes
// back as the shop would count it.
func (n *neighbour) visit(ctx, act context.Context) (Honest, shop.Stats) {
	var fared Honest
	var reached shop.Stats
	for at := n.clock.Now(); ; at = at.Add(pause) {
		if n.clock.Wait(act, at) != nil {
			return fared, reached
		}
		n.next(ctx, &fared, &reached)
	}
}

// next is the next page of a visit: look round, sign in, look at the account and some pots, sign out.
func (n *neighbour) next(ctx context.Context, fared *Honest, reached *shop.Stats) {
	get := func(path string) shot { return shot{method: "GET", path: path} }
	visit := []shot{
		get("/"),
		get("/users/log_in"),
		{method: "POST", path: "/users/log_in", form: pair(shop.Seeds()[0].Email, shop.Seeds()[0].Password)},
		get("/account"),
		get("/products/tea-bowl"),
		get("/products/big-teapot"),
		get("/cart"),
		get("/api/products"),
		{method: "POST", path: "/users/log_out"},
		get("/"),
	}
	what := visit[n.step%len(visit)]
	n.step++
	if what.path == "/account" && !n.signedIn {
		what = get("/") // the sign-in did not work, which has been counted
	}
	what.from, what.agent, what.cookie = neighbourAddr, browserAgent, n.cookies()
	signIn := what.method == "POST" && what.path == "/users/log_in"
	got := n.send(ctx, what)
	if ctx.Err() != nil {
		return
	}
	n.keep(got.cookies)
	good := count(fared, reached, what, got)
	switch {
	case signIn:
		fared.SignIns++
		if passed(got) {
			reached.LogIns++
		}
		if good {
			fared.SignInsAccepted++
			reached.LoggedIn++
			n.signedIn = true
		}
	case what.path == "/users/log_out":
		n.signedIn = false
	}
}

// newcomer signs up once, halfway through the flood: what a ceiling on sign-ups costs honest people must be seen.
func newcomer(ctx, act context.Context, s *sender, at time.Time, email string) (Honest, shop.Stats) {
	var fared Honest
	var reached shop.Stats
	if s.clock.Wait(act, at) != nil {
		return fared, reached
	}
	what := shot{
		method: "POST", path: "/users/register", from: newcomerAddr, agent: browserAgent, form: pair(email, "kiln-and-clay"),
	}
	got := s.send(ctx, what)
	if ctx.Err() != nil {
		return fared, reached
	}
	fared.SignUps++
	if passed(got) {
		reached.SignUps++
	}
	if count(&fared, &reached, what, got) {
		fared.SignUpsAccepted++
		reached.Accounts++
	}
	return fared, reached
}

func passed(got answer) bool { return got.err == nil && !got.refused }

// count puts one honest request where it belongs and says whether it succeeded: pages are 200, forms lead on.
func count(fared *Honest, reached *shop.Stats, what shot, got answer) bool {
	fared.Requests++
	fared.SlowestMS = max(fared.SlowestMS, got.took.Milliseconds())
	if passed(got) {
		reached.Requests++
	}
	wanted := got.status == 200
	if what.method == "POST" {
		wanted = got.status == 302 || got.status == 303
	}
	switch {
	case got.err != nil:
		fared.Errors++
	case got.refused:
		fared.Refused++
	case wanted:
		fared.Succeeded++
		return true
	default:
		fared.Failed++
	}
	return false
}
