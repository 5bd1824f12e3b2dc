// Package routelimit looks for routes at which guessing pays, login, codes, tokens, or at which each call costs, sign-up,
// reset, invitations, and which nothing limits: no plug, no controller, no action on the way counts who comes how often.
package routelimit

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/elixir"
	"palisade.dev/scan/elixir/phoenix"
	"palisade.dev/scan/elixir/project"
	"palisade.dev/scan/elixir/syntax"
)

//go:embed doc.md
var doc string

// Check is elixir/routelimit.
var Check = elixir.Check{
	Check: scan.Check{
		ID: "elixir/routelimit", Title: "A route to sign in, sign up or reset has no rate limit", Severity: scan.Medium, CWE: []int{307, 770, 799},
		Standards: []string{"OWASP API2:2023", "OWASP API4:2023", "PCI DSS 4.0 8.3.4"}, Tags: []string{"router", "limits"}, Doc: doc,
	},
	Run: run,
}

// kind is what a route is for, by the words of its path, action and handler.
type kind struct {
	name     string
	words    [][]string // all words of one of these rows
	message  string
	severity scan.Severity
}

var kinds = []kind{
	{"code", [][]string{{"otp"}, {"totp"}, {"2fa"}, {"mfa"}, {"two", "factor"}, {"verify", "code"}, {"verification", "code"}, {"tfa"}}, "takes a code of a few digits: a million tries find each", scan.High},
	{"reset", [][]string{{"reset", "password"}, {"forgot"}, {"forgotten"}, {"password", "recovery"}, {"recover"}, {"password", "resets"}}, "sends a mail, and tells of addresses, as often as anybody asks", scan.Low},
	{"sign-up", [][]string{{"register"}, {"registration"}, {"registrations"}, {"signup"}, {"sign", "up"}}, "makes accounts as fast as a program can ask", scan.Low},
	{"invitation", [][]string{{"invite"}, {"invites"}, {"invitation"}, {"invitations"}}, "sends mails to addresses of the caller's choice, as often as he likes", scan.Low},
	{"confirmation", [][]string{{"resend"}, {"magic", "link"}}, "sends a mail as often as anybody asks", scan.Low},
	{"token", [][]string{{"oauth", "token"}, {"api", "token"}, {"auth", "token"}, {"token", "refresh"}}, "gives out tokens against a secret that can be guessed at", scan.Medium},
	{"login", [][]string{{"login"}, {"log", "in"}, {"signin"}, {"sign", "in"}, {"session"}, {"sessions"}, {"authenticate"}}, "takes passwords: a program tries lists of stolen ones", scan.High},
}

// others are words of routes that only sound like one of these: to leave, to see, to be sent back to.
var others = []string{"logout", "signout", "delete", "out", "revoke", "callback", "webhook", "unsubscribe", "settings", "user_settings", "account", "replay", "recording", "expire", "renew", "keepalive", "ping", "status", "terminate"}

func run(p *elixir.Pass) {
	seen := map[string]bool{}
	limited := phoenix.LimitedAll(p.Project)
	for _, r := range phoenix.Routers(p.Project) {
		for _, route := range r.Routes {
			if k := kindOf(p.Project, route); k != nil && !route.Dev {
				look(p, route, k, limited, seen)
			}
		}
	}
}

func kindOf(p *project.Project, r *project.Route) *kind {
	// What takes something: a POST, a PUT of a new password, or a LiveView that hears events.
	if !phoenix.Changes(r) && r.Kind != "live" || r.Kind == "delete" || p.Modules[r.Handler] == nil {
		return nil
	}
	if r.Kind == "live" && p.Modules[r.Handler].Func("handle_event", 3) == nil {
		return nil
	}
	path := phoenix.Path(p, r)
	var fixed []string // /users/:session_id says nothing of what is done
	for _, s := range strings.Split(path, "/") {
		if !strings.HasPrefix(s, ":") && !strings.HasPrefix(s, "*") {
			fixed = append(fixed, s)
		}
	}
	last := fixed[max(0, len(fixed)-2):]
	handler := r.Handler[strings.LastIndexByte(r.Handler, '.')+1:]
	words := append(phoenix.Words(strings.Join(last, "/")), phoenix.Words(strings.TrimSuffix(strings.TrimSuffix(handler, "Controller"), "Live"))...)
	all := append(words, phoenix.Words(r.Action)...)
	if slices.ContainsFunc(all, func(w string) bool { return slices.Contains(others, w) }) {
		return nil
	}
	for i := range kinds {
		for _, row := range kinds[i].words {
			if !within(row, words) && !within(row, phoenix.Words(r.Action)) {
				continue
			}
			if kinds[i].name == "login" && !signs(p, r) {
				return nil
			}
			return &kinds[i]
		}
	}
	return nil
}

func within(row, words []string) bool {
	return !slices.ContainsFunc(row, func(w string) bool { return !slices.Contains(words, w) })
}

// signs says whether what is called a session or a login takes a credential: a session may also be one of an editor, or
// belong to a course.
func signs(p *project.Project, r *project.Route) bool {
	return takes(p, r, "password", "verify_pass", "log_in", "sign_in", "authenticate", "login")
}

// takes says whether one of some words is in the names and texts of an action and the functions it calls.
func takes(p *project.Project, r *project.Route, words ...string) bool {
	bodies, in := phoenix.ActionBodies(p, r)
	knows := func(_ *project.Module, n *syntax.Node) bool {
		switch n.Kind {
		case syntax.String, syntax.Atom, syntax.Var, syntax.Call, syntax.Remote:
			low := strings.ToLower(n.Name)
			return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(low, w) })
		}
		return false
	}
	if slices.ContainsFunc(bodies, func(b *syntax.Node) bool { return phoenix.Reaches(p, in, b, knows) }) {
		return true
	}
	if in == nil {
		return false
	}
	for _, c := range clauses(in, r) {
		for _, param := range c.Params {
			found := false
			syntax.Walk(param, func(n *syntax.Node) bool {
				found = found || knows(in, n)
				return !found
			})
			if found {
				return true
			}
		}
	}
	return false
}

func clauses(m *project.Module, r *project.Route) []*project.Clause {
	if fn := m.Func(r.Action, 2); fn != nil {
		return fn.Clauses
	}
	return nil
}

func look(p *elixir.Pass, route *project.Route, k *kind, endpoint string, seen map[string]bool) {
	f := p.At(route.Router.Module.File, route.Node)
	by := endpoint
	if by == "" {
		by = phoenix.Limited(p.Project, route)
	}
	if by != "" {
		p.Clear(f.Place, "who comes how often is counted by "+by)
		return
	}
	if seen[route.Handler+"."+route.Action] { // put and patch are one
		return
	}
	seen[route.Handler+"."+route.Action] = true
	path := phoenix.Path(p.Project, route)
	verb := route.Verb()
	if route.Kind == "live" {
		verb = "LiveView"
	}
	f.Key, f.Severity = k.name+" "+path, k.severity
	if k.name == "login" && !takes(p.Project, route, "password") {
		f.Severity, f.Confidence = scan.Medium, scan.Tentative
	}
	if g := phoenix.Guarded(p.Project, route); g.Names() && !doors(g.Plug) && k.name != "code" {
		p.Clear(f.Place, "whoever comes here has signed in at "+g.Plug)
		return
	}
	f.Flow = phoenix.Way(p.Project, route, "as many requests as somebody likes", nil, "each of them runs this")
	f.Message = fmt.Sprintf("%s %s %s, and nothing on the way counts who comes how often.", verb, path, k.message)
	f.Fix = &scan.Fix{Text: "Put a limit before it: the Palisade gateway, whose rules for sign-in, sign-up and reset are on from the start, or a plug with Hammer; per address and, for sign-in, per account as well, so that a thousand addresses do not have a thousand times as many tries."}
	p.Report(f)
}

// doors are plugs that turn away those who are signed in already, as mix phx.gen.auth makes one.
func doors(plug string) bool {
	return strings.Contains(plug, "redirect_if") || strings.Contains(plug, "not_authenticated") || strings.Contains(plug, "unauthenticated") || strings.Contains(plug, "logged_out") || strings.Contains(plug, "signed_out") || strings.Contains(plug, "guest")
}
