// Package outcome reads what happened in an app off its responses, without touching the app: a sign-in that answers
// 200 with the form again has failed, one that redirects elsewhere has succeeded.
package outcome

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"palisade.dev/guard/engine"
	"palisade.dev/guard/wire"
)

// maxBody is how much of a request's body is looked at for the subject. A sign-in form has a few hundred bytes; AWS's
// account protection reads as much.
const maxBody = 64 << 10

// Watch is one observed outcome, ready to read.
type Watch struct {
	kind             string
	subject          []string
	success, failure []wire.Reply
}

// Kinds that can be observed.
var kinds = []string{"login", "signup", "reset", "token", "payment", "send", "confirm"}

// New reads a declaration.
func New(o wire.Observed) (*Watch, error) {
	if !slices.Contains(kinds, o.Kind) {
		return nil, fmt.Errorf("outcome of %q: kind %q: want one of %s", o.Route, o.Kind, strings.Join(kinds, ", "))
	}
	if len(o.Success)+len(o.Failure) == 0 {
		return nil, fmt.Errorf("outcome of %q: say what success or failure looks like, such as failure: [{status: [200, 401]}]", o.Route)
	}
	for _, r := range slices.Concat(o.Success, o.Failure) {
		if len(r.Status) == 0 && len(r.Location) == 0 && len(r.NotLocation) == 0 && r.Type == "" {
			return nil, fmt.Errorf("outcome of %q: an empty reply never holds; give status, location, not_location or type", o.Route)
		}
	}
	return &Watch{o.Kind, o.Subject, o.Success, o.Failure}, nil
}

// Kind is what the outcome is of.
func (w *Watch) Kind() string { return w.kind }

// Read says what a response means; ok is false where it is neither success nor failure.
func (w *Watch) Read(status int, h http.Header, subject string) (o wire.Outcome, ok bool) {
	o = wire.Outcome{Kind: w.kind, Subject: subject}
	switch {
	case holds(w.success, status, h):
		o.Result = "ok"
	case holds(w.failure, status, h):
		o.Result = "failed"
	default:
		return o, false
	}
	return o, true
}

func holds(replies []wire.Reply, status int, h http.Header) bool {
	for i := range replies {
		r := &replies[i]
		if len(r.Status) > 0 && !slices.Contains(r.Status, status) || r.Type != "" && !engine.Glob(r.Type, h.Get("Content-Type")) {
			continue
		}
		if len(r.Location) == 0 && len(r.NotLocation) == 0 {
			return true
		}
		path := h.Get("Location")
		if path == "" {
			continue
		}
		if u, err := url.Parse(path); err == nil {
			path = u.Path
		}
		if (len(r.Location) == 0 || matches(r.Location, path)) && !matches(r.NotLocation, path) {
			return true
		}
	}
	return false
}

func matches(globs []string, s string) bool {
	return slices.ContainsFunc(globs, func(g string) bool { return engine.Glob(g, s) })
}

// Subject finds whom the request is about in its form, JSON or query, and puts the body back for the app. A body that
// is too large, of another type or broken has no subject; it still reaches the app as it came.
func (w *Watch) Subject(r *http.Request) string {
	if len(w.subject) == 0 {
		return ""
	}
	if r.Body == nil || r.Body == http.NoBody || r.ContentLength > maxBody {
		return w.query(r)
	}
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || r.Header.Get("Content-Encoding") != "" {
		return w.query(r)
	}
	switch kind {
	case "application/x-www-form-urlencoded", "application/json", "multipart/form-data":
	default:
		return w.query(r)
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	rest := r.Body
	r.Body = &put{io.MultiReader(bytes.NewReader(body), &failing{rest, err}), rest}
	if err != nil || len(body) > maxBody {
		return ""
	}
	found := ""
	switch kind {
	case "application/x-www-form-urlencoded":
		if form, err := url.ParseQuery(string(body)); err == nil {
			found = w.first(form)
		}
	case "application/json":
		found = w.json(body)
	case "multipart/form-data":
		found = w.multipart(body, params["boundary"])
	}
	if found == "" {
		return w.query(r)
	}
	return Clean(found)
}

// put is a body of which the beginning was read before.
type put struct {
	io.Reader
	io.Closer
}

// failing hands on an error that was met while looking, at the place where it was met.
type failing struct {
	r   io.Reader
	err error
}

func (f *failing) Read(b []byte) (int, error) {
	if f.err != nil {
		return 0, f.err
	}
	return f.r.Read(b)
}

func (w *Watch) query(r *http.Request) string {
	if r.URL.RawQuery == "" || len(r.URL.RawQuery) > maxBody {
		return ""
	}
	return Clean(w.first(r.URL.Query()))
}

func (w *Watch) first(form url.Values) string {
	for _, name := range w.subject {
		if v := form.Get(name); v != "" {
			return v
		}
	}
	return ""
}

// json finds a field by its form name: user[email] is {"user": {"email": …}}.
func (w *Watch) json(body []byte) string {
	var top any
	d := json.NewDecoder(bytes.NewReader(body))
	if d.Decode(&top) != nil {
		return ""
	}
	for _, name := range w.subject {
		at := top
		for part := range strings.SplitSeq(strings.ReplaceAll(name, "]", ""), "[") {
			m, ok := at.(map[string]any)
			if !ok {
				at = nil
				break
			}
			at = m[part]
		}
		if s, ok := at.(string); ok && s != "" {
			return s
		}
	}
	return ""
}

func (w *Watch) multipart(body []byte, boundary string) string {
	if boundary == "" {
		return ""
	}
	form, err := (&http.Request{
		Method: "POST", Body: io.NopCloser(bytes.NewReader(body)),
		Header: http.Header{"Content-Type": {mime.FormatMediaType("multipart/form-data", map[string]string{"boundary": boundary})}},
	}).MultipartReader()
	if err != nil {
		return ""
	}
	for range 64 {
		part, err := form.NextPart()
		if err != nil {
			return ""
		}
		if slices.Contains(w.subject, part.FormName()) && part.FileName() == "" {
			v, err := io.ReadAll(io.LimitReader(part, wire.MaxSubject+1))
			if err == nil && len(v) > 0 {
				return string(v)
			}
		}
	}
	return ""
}

// Clean brings an account's name into one spelling: people type their address with capitals and spaces.
func Clean(subject string) string {
	subject = strings.ToLower(strings.TrimSpace(subject))
	if len(subject) > wire.MaxSubject {
		subject = subject[:wire.MaxSubject]
	}
	return strings.ToValidUTF8(subject, "�")
}

// Header is the response field by which an app tells an outcome itself; the gateway takes it out.
const Header = "Palisade-Outcome"

// ErrHeader says that the field is not of its form.
var ErrHeader = errors.New(`Palisade-Outcome: want kind.result and perhaps a subject, such as "login.failed; subject=alice@example.com"`)

// ParseHeader reads `login.failed; subject="alice@example.com"`.
func ParseHeader(v string) (wire.Outcome, error) {
	if len(v) > 1024 {
		return wire.Outcome{}, ErrHeader
	}
	name, rest, _ := strings.Cut(v, ";")
	kind, result, ok := strings.Cut(strings.TrimSpace(name), ".")
	if !ok || !word(kind) || !word(result) {
		return wire.Outcome{}, ErrHeader
	}
	o := wire.Outcome{Kind: kind, Result: result}
	for pair := range strings.SplitSeq(rest, ";") {
		if key, value, ok := strings.Cut(strings.TrimSpace(pair), "="); ok && key == "subject" {
			o.Subject = Clean(strings.Trim(value, `"`))
		}
	}
	return o, nil
}

func word(s string) bool {
	if s == "" || len(s) > 32 {
		return false
	}
	return !strings.ContainsFunc(s, func(c rune) bool {
		return !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '_' || c == '-')
	})
}
