// Package identity holds who the scanner may ask as: names with credentials, a role, and perhaps a way to sign in again.
// Values come from the environment, a file or a prompt, never from the command line, and are wrapped in a type that
// cannot be printed by accident.
package identity

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
)

// Secret is a value that shows itself to nobody: not to fmt, not to a log, not to JSON.
type Secret struct{ value string }

// Hide wraps a value.
func Hide(value string) Secret { return Secret{value} }

// Reveal gives the value, to be put on the wire.
func (s Secret) Reveal() string { return s.value }

// Empty says that there is no value.
func (s Secret) Empty() bool { return s.value == "" }

func (s Secret) String() string { return "[hidden]" }

// GoString keeps %#v from looking inside.
func (s Secret) GoString() string { return "[hidden]" }

// LogValue keeps logs from looking inside.
func (s Secret) LogValue() slog.Value { return slog.StringValue("[hidden]") }

// MarshalText keeps JSON from looking inside.
func (s Secret) MarshalText() ([]byte, error) { return []byte("[hidden]"), nil }

// Kind is how a credential travels.
type Kind string

// The kinds of credentials.
const (
	Bearer Kind = "bearer"
	Basic  Kind = "basic"
	Header Kind = "header"
	Query  Kind = "query"
	Cookie Kind = "cookie"
	Cert   Kind = "cert"
	Login  Kind = "login"
)

// Identity is somebody the scanner may ask as.
type Identity struct {
	Name  string
	Role  string // "admin" and the like rank above; see High
	Kind  Kind
	Field string // of a header, query parameter or cookie: its name
	User  string // of basic

	mu     sync.Mutex
	secret Secret
	cert   *tls.Certificate
	flow   *Flow
	old    []Secret // tokens before a refresh, so that evidence hides them too
}

// High says that the identity has more rights than an ordinary one.
func (i *Identity) High() bool {
	return slices.Contains([]string{"admin", "high", "root", "owner", "staff", "operator", "support"}, strings.ToLower(i.Role))
}

// New makes one from a value at hand.
func New(name, role string, kind Kind, field, value string) *Identity {
	i := &Identity{Name: name, Role: role, Kind: kind, Field: field, secret: Hide(value)}
	if kind == Basic {
		i.User, _, _ = strings.Cut(value, ":")
	}
	return i
}

// WithCertificate makes one that shows a client certificate.
func WithCertificate(name, role string, cert tls.Certificate) *Identity {
	return &Identity{Name: name, Role: role, Kind: Cert, cert: &cert}
}

// Certificate is the client certificate to show, if the identity has one.
func (i *Identity) Certificate() *tls.Certificate {
	if i == nil {
		return nil
	}
	return i.cert
}

// Secret is the credential as it is now.
func (i *Identity) Secret() Secret {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.secret
}

// Secrets are all values that evidence must hide, the present one first.
func (i *Identity) Secrets() []string {
	i.mu.Lock()
	defer i.mu.Unlock()
	var out []string
	for _, s := range append([]Secret{i.secret}, i.old...) {
		if s.Empty() {
			continue
		}
		out = append(out, s.value)
		if i.Kind == Basic {
			out = append(out, base64.StdEncoding.EncodeToString([]byte(s.value)))
			if _, password, ok := strings.Cut(s.value, ":"); ok {
				out = append(out, password)
			}
		}
	}
	if i.flow != nil {
		out = append(out, i.flow.secrets()...)
	}
	return out
}

// Apply puts the credential on a request.
func (i *Identity) Apply(h http.Header, q url.Values) { i.ApplyValue(h, q, i.Secret().Reveal()) }

// ApplyValue puts another value in the credential's place: junk, or a token that was tampered with.
func (i *Identity) ApplyValue(h http.Header, q url.Values, value string) {
	kind, field := i.Kind, i.Field
	if kind == Login {
		kind, field = i.flow.carrier()
	}
	switch kind {
	case Bearer:
		h.Set("Authorization", "Bearer "+value)
	case Basic:
		h.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(value)))
	case Header:
		h.Set(field, value)
	case Query:
		q.Set(field, value)
	case Cookie:
		pair := value
		if field != "" {
			pair = field + "=" + value
		}
		if have := h.Get("Cookie"); have != "" {
			pair = have + "; " + pair
		}
		h.Set("Cookie", pair)
	}
}

// Token is the part of the credential that may be a JSON Web Token.
func (i *Identity) Token() string {
	v := i.Secret().Reveal()
	if i.Kind == Header {
		v = strings.TrimPrefix(strings.TrimPrefix(v, "Bearer "), "bearer ")
	}
	if i.Kind == Cookie && i.Field == "" {
		for pair := range strings.SplitSeq(v, ";") {
			if _, value, ok := strings.Cut(pair, "="); ok && strings.Count(value, ".") == 2 {
				return strings.TrimSpace(value)
			}
		}
	}
	return v
}

// WithToken gives the whole credential with another token in it.
func (i *Identity) WithToken(token string) string {
	return strings.Replace(i.Secret().Reveal(), i.Token(), token, 1)
}

// SignsIn says that the identity knows how to sign in.
func (i *Identity) SignsIn() bool { return i != nil && i.flow != nil }

// SignIn signs in as Refresh does, and does not use what it is given; evidence hides it all the same.
func (i *Identity) SignIn(ctx context.Context, do Doer) error {
	if i == nil || i.flow == nil {
		return errors.New("there is no way to sign in")
	}
	value, err := i.flow.run(ctx, do)
	if err != nil {
		return fmt.Errorf("signing in as %s: %w", i.Name, err)
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.old = append(i.old, Hide(value))
	return nil
}

// Refresh signs in again, where there is a way to. It says whether there is a new credential.
func (i *Identity) Refresh(ctx context.Context, do Doer) (bool, error) {
	if i == nil || i.flow == nil {
		return false, nil
	}
	value, err := i.flow.run(ctx, do)
	if err != nil {
		return false, fmt.Errorf("signing in as %s: %w", i.Name, err)
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if !i.secret.Empty() {
		i.old = append(i.old, i.secret)
	}
	i.secret = Hide(value)
	return true, nil
}

// Sources are where Parse may get values from.
type Sources struct {
	Env    func(string) (string, bool)
	Prompt func(what string) (string, error)
}

const usage = `an identity is NAME[:ROLE]=KIND:...:SOURCE, as in
  alice=bearer:env:ALICE_TOKEN
  bob:admin=basic:file:bob.txt              (the file holds user:password)
  carol=header:X-API-Key:env:CAROL_KEY      (also query:NAME:…, cookie:NAME:…)
  dora=cert:dora.pem,dora.key
  erin=login:erin.yml
  ended:refused=bearer:env:OLD_TOKEN        (one that has to be turned away)
SOURCE is env:VARIABLE, file:PATH or prompt`

// Parse reads an identity as it is typed. The text never holds the credential itself: whoever lists processes would see it.
func Parse(text string, from Sources) (*Identity, error) {
	who, rest, ok := strings.Cut(text, "=")
	name, role, _ := strings.Cut(who, ":")
	kind, rest, hasSource := strings.Cut(rest, ":")
	if !ok || name == "" || !hasSource {
		return nil, fmt.Errorf("reading an identity: it needs a name, a kind and a source; %s", usage)
	}
	i := &Identity{Name: name, Role: role, Kind: Kind(kind)}
	switch i.Kind {
	case Bearer, Basic:
	case Header, Query, Cookie:
		field, source, named := strings.Cut(rest, ":")
		if i.Kind == Cookie && (field == "env" || field == "file" || rest == "prompt") {
			break // all cookies at once
		}
		if !named || field == "" {
			return nil, fmt.Errorf("reading the identity %s: a %s has a name; %s", name, kind, usage)
		}
		i.Field, rest = field, source
	case Cert:
		certFile, keyFile, _ := strings.Cut(rest, ",")
		if keyFile == "" {
			keyFile = certFile
		}
		pair, err := tls.LoadX509KeyPair(certFile, keyFile)
		if err != nil {
			return nil, fmt.Errorf("reading the certificate of %s: %w", name, err)
		}
		i.cert = &pair
		return i, nil
	case Login:
		data, err := os.ReadFile(rest)
		if err != nil {
			return nil, fmt.Errorf("reading how %s signs in: %w", name, err)
		}
		if i, err = NewLogin(name, role, data, from); err != nil {
			return nil, fmt.Errorf("in %s: %w", rest, err)
		}
		return i, nil
	default:
		return nil, fmt.Errorf("reading the identity %s: there is no kind of credential of that name; %s", name, usage)
	}
	value, err := from.get(rest, "the credential of "+name)
	if err != nil {
		return nil, fmt.Errorf("reading the identity %s: %w", name, err)
	}
	if i.Kind == Basic {
		var both bool
		if i.User, _, both = strings.Cut(value, ":"); !both {
			return nil, fmt.Errorf("reading the identity %s: basic wants user:password", name)
		}
	}
	i.secret = Hide(value)
	return i, nil
}

// maxCredential is far above any real one: a token with a whole certificate chain in it has 8 KB.
const maxCredential = 64 << 10

func (f Sources) get(source, what string) (string, error) {
	how, arg, _ := strings.Cut(source, ":")
	var value string
	switch how {
	case "env":
		v, ok := f.Env(arg)
		if !ok {
			return "", fmt.Errorf("the environment has no %s. Set it: export %s=…", arg, arg)
		}
		value = v
	case "file":
		b, err := os.ReadFile(arg)
		if err != nil {
			return "", err
		}
		value = string(b)
	case "prompt":
		if f.Prompt == nil {
			return "", errors.New("there is nobody to ask; use env: or file:")
		}
		v, err := f.Prompt(what)
		if err != nil {
			return "", err
		}
		value = v
	default:
		// What stands there may be the credential itself, so it is not repeated.
		return "", fmt.Errorf("the source must be env:VARIABLE, file:PATH or prompt; a credential itself never stands on the command line")
	}
	value = strings.TrimSpace(value)
	if value == "" || len(value) > maxCredential || strings.ContainsAny(value, "\r\n\x00") {
		return "", fmt.Errorf("the value from %s is empty, has more than one line or more than %d bytes", source, maxCredential)
	}
	return value, nil
}
