package phoenix

import (
	"slices"
	"strings"

	"palisade.dev/scan/elixir/project"
	"palisade.dev/scan/elixir/syntax"
)

// Guard is what stands between a stranger and a route.
type Guard struct {
	Plug string // what turns strangers away; empty where nothing is known to
	At   int    // its place among the route's plugs, -1 where it is none of them
	Open bool   // some plugs are of libraries that are not known here, so that they may turn strangers away
}

// Guarded looks for what turns strangers away from a route: a plug of its pipelines or scopes, a plug of its controller, an
// on_mount of its live_session or LiveView.
func Guarded(p *project.Project, r *project.Route) Guard { return guarded(p, r, 0) }

func guarded(p *project.Project, r *project.Route, depth int) Guard {
	g := Guard{At: -1}
	if via := Forward(p, r.Router); via != nil && depth < deepest {
		if g = guarded(p, via, depth+1); g.Plug != "" {
			return g
		}
	}
	for i, plug := range r.Plugs() {
		switch turns, known := TurnsAway(p, r.Router.Module, plug); {
		case turns:
			return Guard{Plug: plugName(plug), At: i}
		case !known:
			g.Open = true
		}
	}
	if r.Session != nil {
		if on := syntax.Keyword(r.Session.Node, "on_mount"); on != nil && mounts(p, r.Router.Module, on) {
			return Guard{Plug: "on_mount of live_session :" + r.Session.Name, At: -1}
		}
	}
	if on := syntax.Keyword(r.Node, "on_mount"); on != nil {
		return Guard{Plug: "on_mount", At: -1}
	}
	m := p.Modules[r.Handler]
	if m == nil {
		return g
	}
	for _, plug := range m.Plugs() {
		if !Applies(plug, r.Action) {
			continue
		}
		turns, known := TurnsAway(p, m, plug)
		if turns {
			return Guard{Plug: plugName(plug), At: -1}
		}
		g.Open = g.Open || !known
	}
	for _, c := range m.Calls {
		if c.Name == "on_mount" && len(c.Args) > 0 && mounts(p, m, c.Args[0]) {
			return Guard{Plug: "on_mount of " + m.Name, At: -1}
		}
	}
	bodies, in := ActionBodies(p, r)
	for _, b := range bodies {
		if Reaches(p, in, b, refuses) {
			return Guard{Plug: "the action itself", At: -1}
		}
	}
	return g
}

// Forward is the route of another router through which a router is reached; nil where it is plugged into an endpoint.
func Forward(p *project.Project, r *project.Router) *project.Route {
	for _, other := range p.Routers {
		for _, route := range other.Routes {
			if other != r && route.Kind == "forward" && route.Handler == r.Module.Name {
				return route
			}
		}
	}
	return nil
}

// Plugs are all plugs that a request to a route passes, those of the routers before its own included.
func Plugs(p *project.Project, r *project.Route) []project.Plug {
	plugs := r.Plugs()
	for range deepest {
		via := Forward(p, r.Router)
		if via == nil {
			break
		}
		plugs, r = append(via.Plugs(), plugs...), via
	}
	return plugs
}

// Path is where a route is reached, through the routers before its own.
func Path(p *project.Project, r *project.Route) string {
	path := r.Path
	for range deepest {
		via := Forward(p, r.Router)
		if via == nil {
			break
		}
		path, r = strings.TrimSuffix(via.Path, "/")+path, via
	}
	return path
}

func plugName(plug project.Plug) string {
	if plug.Name != "" {
		return ":" + plug.Name
	}
	return plug.Of
}

// Applies says whether a controller's plug runs for an action: plug :load when action in [:show]. Conditions that cannot be
// read are taken to hold.
func Applies(plug project.Plug, action string) bool {
	applies := true
	for _, a := range plug.Node.Args {
		if !syntax.Is(a, "when") || len(a.Args) != 2 {
			continue
		}
		cond, not := a.Args[1], false
		if syntax.Is(cond, "not", "!") && len(cond.Args) == 1 {
			cond, not = cond.Args[0], true
		}
		if len(cond.Args) != 2 || cond.Args[0].Name != "action" {
			continue
		}
		named := false
		switch {
		case syntax.Is(cond, "in"):
			syntax.Walk(cond.Args[1], func(n *syntax.Node) bool {
				named = named || n.Kind == syntax.Atom && n.Name == action || n.Kind == syntax.String && slices.Contains(strings.Fields(n.Name), action)
				return true
			})
			if cond.Args[1].Kind != syntax.List && cond.Args[1].Kind != syntax.Sigil {
				continue
			}
		case syntax.Is(cond, "==", "==="):
			named = cond.Args[1].Name == action
		case syntax.Is(cond, "!=", "!=="):
			named = cond.Args[1].Name != action
		default:
			continue
		}
		applies = named != not
	}
	return applies
}

// Names says whether the name of a guard tells that it asks who somebody is.
func (g Guard) Names() bool {
	return slices.ContainsFunc(Words(g.Plug), func(w string) bool {
		return slices.Contains(telling, w) || w == "user" || w == "current" || w == "token"
	})
}

// harmless are plugs of libraries that let everybody pass, by the beginnings of their names.
var harmless = []string{
	"Plug.", "Phoenix.", "PhoenixWeb.", "Sentry.", "Appsignal.", "NewRelic", "OpenTelemetry", "CORSPlug", "Corsica", "Cldr.", "SetLocale", "RemoteIp", "Logster", "Unplug", "Inertia.",
	"PromEx.", "Spandex", "OpenApiSpex.Plug.PutApiSpec", "OpenApiSpex.Plug.RenderSpec", "Absinthe.", "Prometheus", "ETag", "PlugCanonicalHost", "PlugHeartbeat", "Guardian.Plug.Pipeline", "Guardian.Plug.VerifySession",
	"Guardian.Plug.LoadResource", "Honeybadger.", "Tidewave", "LoggerJSON", "PlugMinifyHtml", "NavigationHistory",
}

var harmlessNames = []string{
	"accepts", "fetch_session", "fetch_live_flash", "fetch_flash", "put_root_layout", "put_layout", "protect_from_forgery", "put_secure_browser_headers", "put_format",
	"put_view", "put_new_view", "put_new_layout", "put_resp_header", "fetch_query_params", "fetch_cookies", "assign", "put_static_url", "put_router_url", "put_user_token", "put_locale",
	"match", "dispatch", "put_private", "put_resp_content_type", "put_layout_formats",
}

// telling are words in the names of plugs that turn strangers away.
var telling = []string{"auth", "authenticate", "authenticated", "authentication", "authorize", "authorized", "authorization", "require", "required", "ensure", "protect", "protected", "restrict", "guard", "login", "signed", "logged", "permission", "permissions", "admin", "basic"}

// TurnsAway says whether a plug may refuse a request, and whether that is known: a plug of the project is read, one of a
// library is known by its name or not at all.
func TurnsAway(p *project.Project, m *project.Module, plug project.Plug) (turns, known bool) {
	if slices.Contains(harmlessNames, plug.Name) {
		return false, true
	}
	if plug.Of == "Plug.BasicAuth" || plug.Name == "basic_auth" || strings.HasPrefix(plug.Of, "Pow.Plug.Require") || strings.HasPrefix(plug.Of, "Guardian.Plug.Ensure") {
		return true, true
	}
	bodies, in := Bodies(p, m, plug)
	if in != nil {
		for _, b := range bodies {
			if Reaches(p, in, b, refuses) {
				return !Limits(p, m, plug), true
			}
		}
		return false, true
	}
	for _, h := range harmless {
		if strings.HasPrefix(plug.Of, h) {
			return false, true
		}
	}
	for _, w := range Words(plug.Name + " " + plug.Of) {
		if slices.Contains(telling, w) {
			return true, true
		}
	}
	return false, false
}

// refuses knows what ends a request early, or ends a mount.
func refuses(_ *project.Module, n *syntax.Node) bool {
	switch n.Kind {
	case syntax.Call, syntax.Remote:
		if n.Name == "halt" || n.Name == "raise" && n.Kind == syntax.Call || n.Name == "basic_auth" || n.Name == "parse_basic_auth" {
			return true
		}
		for _, w := range Words(n.Name) {
			if w == "authorize" || w == "authorized" || w == "permit" || w == "authenticate" || w == "authorization" {
				return true
			}
		}
	case syntax.Atom:
		return n.Name == "unauthorized" || n.Name == "forbidden" || n.Name == "halt"
	case syntax.Integer:
		return n.Name == "401" || n.Name == "403"
	}
	return false
}

// mounts says whether an on_mount may end a mount: it names a module of the project that halts, or one that is not known.
func mounts(p *project.Project, m *project.Module, on *syntax.Node) bool {
	if on.Kind == syntax.List {
		return slices.ContainsFunc(on.Args, func(a *syntax.Node) bool { return mounts(p, m, a) })
	}
	which := ""
	if on.Kind == syntax.Tuple && len(on.Args) == 2 {
		which, on = on.Args[1].Name, on.Args[0]
	}
	name := m.Named(on)
	fn := p.Func(name, "on_mount", 4)
	if fn == nil {
		return name != ""
	}
	for _, c := range fn.Clauses {
		if which != "" && len(c.Params) > 0 && c.Params[0].Kind == syntax.Atom && c.Params[0].Name != which {
			continue
		}
		if c.Body != nil && Reaches(p, fn.Module, c.Body, refuses) {
			return true
		}
	}
	return false
}

// limiters are libraries that count requests, by the beginnings of their modules' names.
var limiters = []string{"Hammer", "ExRated", "PlugAttack", "Palisade", "RateLimiter", "PlugRateLimiter", "Paraxial", "ExLimiter", "Atomex", "RateLimitPlug"}

// counts knows what counts requests.
func counts(m *project.Module, n *syntax.Node) bool {
	if n.Kind != syntax.Call && n.Kind != syntax.Remote {
		return false
	}
	if n.Kind == syntax.Remote && n.Fun != nil {
		if name := m.Named(n.Fun); name != "" && limiterModule(name) {
			return true
		}
	}
	return limiterName(n.Name)
}

func limiterModule(name string) bool {
	for _, l := range limiters {
		if name == l || strings.HasPrefix(name, l+".") {
			return true
		}
	}
	return limiterName(name)
}

// limiterName knows a limiter by what it is called: RateLimit, check_rate, throttle, Recaptcha.
func limiterName(name string) bool {
	// Nearly all names are of something else, and every call is asked.
	if !strings.Contains(name, "ate") && !strings.Contains(name, "hrottl") && !strings.Contains(name, "imit") && !strings.Contains(name, "aptcha") && !strings.Contains(name, "urnstile") && !strings.Contains(name, "ockout") {
		return false
	}
	words := Words(name)
	for i, w := range words {
		switch w {
		case "throttle", "throttled", "throttling", "ratelimit", "ratelimiter", "ratelimited", "limiter", "recaptcha", "hcaptcha", "captcha", "turnstile", "lockout":
			return true
		case "rate":
			if i+1 < len(words) && (strings.HasPrefix(words[i+1], "limit") || words[i+1] == "check") || i > 0 && (words[i-1] == "check" || words[i-1] == "hit") {
				return true
			}
		}
	}
	return false
}

// Limits says whether a plug counts requests and may refuse one for their number.
func Limits(p *project.Project, m *project.Module, plug project.Plug) bool {
	if limiterName(plug.Name) || plug.Of != "" && limiterModule(plug.Of) {
		return true
	}
	if used := p.Modules[plug.Of]; used != nil && (used.Using("PlugAttack") || used.Using("Hammer")) {
		return true
	}
	bodies, in := Bodies(p, m, plug)
	return slices.ContainsFunc(bodies, func(b *syntax.Node) bool { return Reaches(p, in, b, counts) })
}

// LimitedAll says by what all requests are counted: a plug of an endpoint. It is empty where none does.
func LimitedAll(p *project.Project) string {
	for _, e := range Endpoints(p) {
		for _, plug := range e.Plugs() {
			if Limits(p, e, plug) {
				return plugName(plug)
			}
		}
	}
	return ""
}

// Limited says by what the requests to a route are counted: a plug of a pipeline, of the controller, or a call in the action,
// here or in the router before. It is empty where nothing does.
func Limited(p *project.Project, r *project.Route) string { return limited(p, r, 0) }

func limited(p *project.Project, r *project.Route, depth int) string {
	if via := Forward(p, r.Router); via != nil && depth < deepest {
		if by := limited(p, via, depth+1); by != "" {
			return by
		}
	}
	for _, plug := range r.Plugs() {
		if Limits(p, r.Router.Module, plug) {
			return plugName(plug)
		}
	}
	m := p.Modules[r.Handler]
	if m == nil {
		return ""
	}
	for _, plug := range m.Plugs() {
		if Applies(plug, r.Action) && Limits(p, m, plug) {
			return plugName(plug)
		}
	}
	bodies, in := ActionBodies(p, r)
	for _, b := range bodies {
		if Reaches(p, in, b, counts) {
			return "the action itself"
		}
	}
	return ""
}

// Counts says whether a body counts requests.
func Counts(p *project.Project, m *project.Module, body *syntax.Node) bool {
	return Reaches(p, m, body, counts)
}

// CountsHere says whether a node itself is a call that counts requests.
func CountsHere(m *project.Module, n *syntax.Node) bool { return counts(m, n) }

// Changes says whether a route takes requests that change something.
func Changes(r *project.Route) bool {
	switch r.Kind {
	case "post", "put", "patch", "delete":
		return true
	}
	return false
}
