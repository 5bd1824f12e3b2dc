package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"palisade.dev/scan/api/client"
	"palisade.dev/scan/api/evidence"
	"palisade.dev/scan/api/identity"
	"palisade.dev/scan/api/spec"
)

// Target is the API that is looked at, with all that is known of it. Probes share it; what it learns it learns once.
type Target struct {
	Base       *url.URL
	Doc        *spec.Document // nil where there is no specification
	Operations []*spec.Operation
	Identities []*identity.Identity
	Client     *client.Client
	Mode       Mode
	Seed       uint64
	Bursts     Bursts
	Listener   Listener // nil: none
	Webhooks   []Webhook

	certificate string // that the target showed

	reader *identity.Identity // who reads what is public: nobody, unless the handshake itself demands a certificate

	mu       sync.Mutex
	kept     int // bytes of answers; see Keep
	controls map[*spec.Operation]*once[*Controls]
	absences map[string]*once[*Absence]
	known    map[string]*Known
	facts    map[string]*once[any]
}

// Bursts bound what the probes for limits may send.
type Bursts struct {
	Requests int  // to one operation
	SignIn   int  // to an operation that lets people in
	SignInOK bool // whether those may be flooded at all: it can lock an account
}

// Webhook is where the target takes calls that are signed, and what it takes for signed.
type Webhook struct {
	Path   string
	Kind   string // one of WebhookKinds
	Secret identity.Secret
}

// WebhookKinds are the ways to sign that are known.
var WebhookKinds = []string{"github", "slack", "standard", "stripe"}

// Listener is where a target that can be made to call will call.
type Listener interface {
	// Address gives an address that nobody can guess, to be put into a request.
	Address(token string) string
	// Calls tells what called at a token's address so far, waiting a moment where nothing has.
	Calls(ctx context.Context, token string) []Call
}

// Naming is a listener that answers for names as well.
type Naming interface {
	// Named is Address with a name of its zone; empty where it has none.
	Named(token string) string
	// Lookups tells who asked for a token's name, waiting as Calls does.
	Lookups(ctx context.Context, token string) []Call
}

// Call is a call that came in.
type Call struct {
	From, Method, Path, Agent string
}

type once[T any] struct {
	sync.Once
	value T
}

// learn computes a shared value the first time somebody wants it; others wait.
func learn[K comparable, T any](t *Target, m map[K]*once[T], key K, make func() T) T {
	t.mu.Lock()
	o, ok := m[key]
	if !ok {
		o = &once[T]{}
		m[key] = o
	}
	t.mu.Unlock()
	o.Do(func() { o.value = make() })
	return o.value
}

// Once computes something for a whole scan: the keys a target publishes, say.
func (t *Target) Once(name string, make func() any) any { return learn(t, t.facts, name, make) }

func (t *Target) redactor() *evidence.Redactor { return evidence.New(t.Identities) }

// Refused is the role of an identity whose credential must not be accepted any more, or was never meant for this API: an
// expired token, one for another audience. Nobody is asked as it but the probe that looks whether it is refused.
const Refused = "refused"

func refused(i *identity.Identity) bool { return i.Role == Refused }

// MustRefuse are the identities that have to be turned away.
func (t *Target) MustRefuse() []*identity.Identity {
	return slices.DeleteFunc(slices.Clone(t.Identities), func(i *identity.Identity) bool { return !refused(i) })
}

// First is the identity that stands for "somebody who may": the first ordinary one, else the first.
func (t *Target) First() *identity.Identity {
	if o := t.Ordinary(); len(o) > 0 {
		return o[0]
	}
	for _, i := range t.Identities {
		if !refused(i) {
			return i
		}
	}
	return nil
}

// Ordinary are the identities without special rights, in the order they were given.
func (t *Target) Ordinary() []*identity.Identity {
	return slices.DeleteFunc(slices.Clone(t.Identities), func(i *identity.Identity) bool { return i.High() || refused(i) })
}

// High is the first identity with special rights, or nil.
func (t *Target) High() *identity.Identity {
	for _, i := range t.Identities {
		if i.High() {
			return i
		}
	}
	return nil
}

// Others are the ordinary identities but one.
func (t *Target) Others(than *identity.Identity) []*identity.Identity {
	return slices.DeleteFunc(t.Ordinary(), func(i *identity.Identity) bool { return i == than })
}

// has says whether what a probe needs is there.
func (t *Target) has(n Needs) bool {
	switch n {
	case Identity:
		return t.First() != nil
	case TwoOrdinary:
		return len(t.Ordinary()) > 1
	case HighRights:
		return t.High() != nil && len(t.Ordinary()) > 0
	case Certificate:
		return slices.ContainsFunc(t.Identities, func(i *identity.Identity) bool { return i.Certificate() != nil })
	case Token:
		return t.TokenHolder() != nil
	case Spec:
		return t.Doc != nil
	case TLS:
		return t.Base.Scheme == "https"
	case Hooked:
		return len(t.Webhooks) > 0
	case Callback:
		return t.Listener != nil
	case Zone:
		n, ok := t.Listener.(Naming)
		return ok && n.Named("") != ""
	}
	return true
}

// TokenHolder is the first identity whose credential is a JSON Web Token.
func (t *Target) TokenHolder() *identity.Identity {
	for _, i := range append(t.Ordinary(), t.Identities...) {
		if token := i.Token(); !refused(i) && strings.HasPrefix(token, "eyJ") && strings.Count(token, ".") == 2 {
			return i
		}
	}
	return nil
}

// Refresh signs an identity in again.
func (t *Target) Refresh(ctx context.Context, who *identity.Identity) (bool, error) {
	return who.Refresh(ctx, func(ctx context.Context, method, address string, h http.Header, body []byte) (int, http.Header, []byte, error) {
		u, err := t.Base.Parse(address)
		if err != nil {
			return 0, nil, nil, err
		}
		x := t.Client.Do(ctx, client.Request{Method: method, URL: u.String(), Header: h, Body: body})
		return x.Status, x.Header, x.Body, x.Err
	})
}

// Askable says whether an operation may be asked as it is in the scan's mode: what reads, always; what signs in,
// searches or asks GraphQL, from active on; what creates, in intrusive mode. What changes or removes is asked by probes
// that made the object.
func (t *Target) Askable(op *spec.Operation) bool {
	switch {
	case op.Safe():
		return op.Method != http.MethodOptions && !Drastic(op)
	case t.Mode >= Active && op.Method == http.MethodPost && (SignsIn(op) || searches(op)):
		return true
	case t.Mode >= Intrusive && op.Method == http.MethodPost:
		return true
	}
	return false
}

// SignsIn says that an operation is a door: it takes a password, a code or a token and lets somebody in.
func SignsIn(op *spec.Operation) bool {
	if op.Method != http.MethodPost {
		return false
	}
	path := strings.ToLower(op.Path)
	for _, word := range []string{"login", "log_in", "log-in", "signin", "sign-in", "sign_in", "session", "/token", "authenticate", "otp", "2fa", "mfa", "verify", "forgot", "reset", "recover"} {
		if strings.Contains(path, word) {
			return true
		}
	}
	return strings.HasSuffix(path, "/auth")
}

func searches(op *spec.Operation) bool {
	path := strings.ToLower(op.Path)
	return strings.HasSuffix(path, "/search") || strings.HasSuffix(path, "/query") || strings.HasSuffix(path, "/graphql")
}

// Request makes the request that an operation describes, with values that worked for somebody where such are known. It
// is asked as nobody: say By.
func (t *Target) Request(op *spec.Operation, who *identity.Identity) client.Request {
	return t.RequestWith(op, who, nil)
}

// RequestWith is Request with some path parameters given.
func (t *Target) RequestWith(op *spec.Operation, who *identity.Identity, path map[string]string) client.Request {
	chance := rand.New(rand.NewPCG(t.Seed, 1)) // the same values for every probe, so that answers can be compared
	where := op.Path
	for _, name := range op.PathParams() {
		v, ok := path[name]
		if !ok {
			v = t.Value(op, name, who, chance)
		}
		where = strings.ReplaceAll(where, "{"+name+"}", url.PathEscape(v))
	}
	u := *t.Base
	u.RawQuery, u.Fragment = "", ""
	if parsed, err := url.Parse(where); err == nil {
		u.Path, u.RawPath, u.RawQuery = parsed.Path, parsed.RawPath, parsed.RawQuery
	}
	r := client.Request{Method: op.Method, Header: http.Header{"Accept": {"application/json, */*;q=0.5"}}}
	q := u.Query()
	for i := range op.Params {
		p := &op.Params[i]
		if !p.Required && p.Example == nil {
			continue
		}
		v := plain(paramValue(p, chance))
		switch p.In {
		case "query":
			q.Set(p.Name, v)
		case "header":
			if !credentialHeader(p.Name) {
				r.Header.Set(p.Name, v)
			}
		case "cookie":
			r.Header.Add("Cookie", p.Name+"="+url.QueryEscape(v))
		}
	}
	if len(q) > 0 {
		u.RawQuery = q.Encode()
	}
	r.URL = u.String()
	if op.Body != nil && op.Method != http.MethodGet && op.Method != http.MethodHead {
		r.Header.Set("Content-Type", op.Body.Media)
		r.Body = Encode(op.Body, BodyValue(op, chance))
	}
	return r
}

// BodyValue is what an operation's body may look like.
func BodyValue(op *spec.Operation, chance *rand.Rand) any {
	switch {
	case op.Body == nil:
		return nil
	case op.Body.Raw != "":
		return op.Body.Raw
	case op.Body.Example != nil:
		return op.Body.Example
	}
	return op.Body.Schema.Value(chance)
}

// Encode writes a body as its media type wants it.
func Encode(b *spec.Body, v any) []byte {
	if raw, ok := v.(string); ok && !strings.Contains(b.Media, "json") || b.Raw != "" && ok {
		return []byte(raw)
	}
	if m, ok := v.(map[string]any); ok && strings.HasPrefix(b.Media, "application/x-www-form-urlencoded") {
		form := url.Values{}
		for name, v := range m {
			form.Set(name, plain(v))
		}
		return []byte(form.Encode())
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return []byte("{}") // a NaN from a hostile specification
	}
	return bytes.TrimSpace(out.Bytes())
}

func credentialHeader(name string) bool {
	return strings.EqualFold(name, "Authorization") || strings.EqualFold(name, "Cookie")
}

func plain(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case float64:
		return fmt.Sprint(int64(v))
	case []any:
		if len(v) > 0 {
			return plain(v[0])
		}
		return ""
	case nil:
		return ""
	case map[string]any:
		b, _ := json.Marshal(v)
		return string(b)
	}
	return fmt.Sprint(v)
}

func paramValue(p *spec.Param, chance *rand.Rand) any {
	if p.Example != nil {
		return p.Example
	}
	return p.Schema.Named(chance, p.Name)
}
