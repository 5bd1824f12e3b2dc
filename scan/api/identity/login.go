package identity

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/goccy/go-yaml"
)

// Doer sends one request of a login flow and gives status, headers and body.
type Doer func(ctx context.Context, method, url string, header http.Header, body []byte) (int, http.Header, []byte, error)

// Flow is how an identity signs in: a request, and where in the answer the token stands.
type Flow struct {
	URL    string            `yaml:"url"`
	Method string            `yaml:"method"`
	Header map[string]string `yaml:"header"`
	Body   string            `yaml:"body"`   // ${NAME} stands for a secret
	Secret map[string]string `yaml:"secret"` // NAME: env:VARIABLE
	Token  string            `yaml:"token"`  // json:/data/access_token, cookie:session, header:X-Token
	Send   string            `yaml:"send"`   // bearer (default), header:NAME, cookie:NAME, query:NAME

	values map[string]string
}

// NewLogin makes one that signs in as a document says: a request, and where in its answer the token stands.
func NewLogin(name, role string, data []byte, from Sources) (*Identity, error) {
	flow, err := parseFlow(data, from)
	if err != nil {
		return nil, fmt.Errorf("reading how %s signs in: %w", name, err)
	}
	return &Identity{Name: name, Role: role, Kind: Login, flow: flow}, nil
}

func parseFlow(data []byte, from Sources) (*Flow, error) {
	if len(data) > 64<<10 {
		return nil, errors.New("it has more than 64 KB")
	}
	f := &Flow{Method: http.MethodPost, Send: "bearer"}
	if err := yaml.UnmarshalWithOptions(data, f, yaml.Strict()); err != nil {
		return nil, err
	}
	kind, _, _ := strings.Cut(f.Token, ":")
	if f.URL == "" || (kind != "json" && kind != "cookie" && kind != "header") {
		return nil, errors.New(`it needs url, and token as json:/pointer, cookie:NAME or header:NAME`)
	}
	f.values = map[string]string{}
	for name, source := range f.Secret {
		v, err := from.get(source, name)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		f.values[name] = v
	}
	return f, nil
}

func (f *Flow) secrets() []string {
	var out []string
	for _, v := range f.values {
		out = append(out, v)
	}
	return out
}

func (f *Flow) carrier() (Kind, string) {
	kind, field, _ := strings.Cut(f.Send, ":")
	return Kind(kind), field
}

func (f *Flow) run(ctx context.Context, do Doer) (string, error) {
	body := f.Body
	for name, v := range f.values {
		quoted, _ := json.Marshal(v)
		body = strings.ReplaceAll(body, `"${`+name+`}"`, string(quoted))
		body = strings.ReplaceAll(body, "${"+name+"}", v)
	}
	h := http.Header{}
	if body != "" {
		h.Set("Content-Type", "application/json")
		if !strings.HasPrefix(strings.TrimSpace(body), "{") {
			h.Set("Content-Type", "application/x-www-form-urlencoded")
		}
	}
	for name, v := range f.Header {
		h.Set(name, v)
	}
	status, header, answer, err := do(ctx, f.Method, f.URL, h, []byte(body))
	if err != nil {
		return "", err
	}
	if status >= 400 {
		return "", fmt.Errorf("%s answered %d", f.URL, status)
	}
	kind, where, _ := strings.Cut(f.Token, ":")
	var token string
	switch kind {
	case "header":
		token = header.Get(where)
	case "cookie":
		for _, c := range (&http.Response{Header: header}).Cookies() {
			if c.Name == where {
				token = c.Value
			}
		}
	case "json":
		var v any
		if err := json.NewDecoder(bytes.NewReader(answer)).Decode(&v); err != nil {
			return "", fmt.Errorf("%s answered no JSON: %w", f.URL, err)
		}
		for step := range strings.SplitSeq(strings.TrimPrefix(where, "/"), "/") {
			m, _ := v.(map[string]any)
			v = m[step]
		}
		token, _ = v.(string)
	}
	if token == "" {
		return "", fmt.Errorf("the answer of %s (%d) has no %s", f.URL, status, f.Token)
	}
	return token, nil
}
