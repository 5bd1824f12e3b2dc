// Package answer says what an answer of an API is worth: whether it let us in, kept us out or says nothing at all, and
// whether two answers are the same but for what changes by itself. Every verdict of the scanner rests on these words, so
// they are plain functions over plain data.
package answer

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"mime"
	"net/http"
	"strings"
	"time"
)

// Answer is what came back, or why nothing did.
type Answer struct {
	Status    int
	Proto     string
	Header    http.Header
	Body      []byte // at most what the client's limit allows
	Truncated bool
	Took      time.Duration
	TLS       *tls.ConnectionState
	Err       error // nothing came back
}

// Kind is what an answer says about the request.
type Kind uint8

// The kinds. Lost, Throttled and Broken say nothing about the question that was asked: no verdict may rest on them.
const (
	Lost      Kind = iota // no answer
	Accepted              // done, in deed and not just by status
	Denied                // who are you, or not you
	Missing               // no such thing
	Refused               // the request is wrong in itself
	Moved                 // elsewhere
	Throttled             // too much
	Broken                // the server's fault
)

func (k Kind) String() string {
	return [...]string{"lost", "accepted", "denied", "missing", "refused", "moved", "throttled", "broken"}[k]
}

// Tells says that a verdict may rest on it.
func (k Kind) Tells() bool { return k != Lost && k != Throttled && k != Broken }

// Kind reads an answer. A 200 that carries an error, or a sign-in page where data was asked for, is not accepted: a
// third of all APIs we looked at answer refusals so.
func (a *Answer) Kind() Kind {
	switch s := a.Status; {
	case a.Err != nil || s == 0:
		return Lost
	case s == http.StatusTooManyRequests, s == http.StatusServiceUnavailable && a.Header.Get("Retry-After") != "":
		return Throttled
	case s >= 500:
		return Broken
	case s == http.StatusUnauthorized, s == http.StatusForbidden, s == http.StatusProxyAuthRequired:
		return Denied
	case s == http.StatusNotFound, s == http.StatusGone:
		return Missing
	case s >= 400:
		return Refused
	case s >= 300:
		if signIn(a.Header.Get("Location")) {
			return Denied
		}
		return Moved
	}
	if a.HTML() {
		if page := bytes.ToLower(a.Body[:min(len(a.Body), 64<<10)]); bytes.Contains(page, []byte(`type="password"`)) {
			return Denied
		}
		return Accepted
	}
	return inBody(a.Body)
}

// OK says that an answer let us in.
func (a *Answer) OK() bool { return a.Kind() == Accepted }

// HTML says that the answer is a page.
func (a *Answer) HTML() bool {
	return a.Media() == "text/html" || (a.Media() == "" && bytes.HasPrefix(bytes.ToLower(bytes.TrimSpace(a.Body[:min(len(a.Body), 64)])), []byte("<!doctype html")))
}

// Media is the content type without its parameters.
func (a *Answer) Media() string {
	m, _, err := mime.ParseMediaType(a.Header.Get("Content-Type"))
	if err != nil {
		return ""
	}
	return m
}

// JSON gives the body as values, nil where it is none; what was cut off is none, and is not worth the reading.
func (a *Answer) JSON() any {
	var v any
	if len(a.Body) == 0 || a.Truncated || json.Unmarshal(a.Body, &v) != nil {
		return nil
	}
	return v
}

func signIn(location string) bool {
	location, _, _ = strings.Cut(strings.ToLower(location), "?")
	for _, word := range []string{"login", "log_in", "log-in", "signin", "sign_in", "sign-in", "/auth", "sso"} {
		if strings.Contains(location, word) {
			return true
		}
	}
	return false
}

// inBody looks for an error inside an answer whose status claims success.
func inBody(body []byte) Kind {
	if len(body) == 0 || body[0] != '{' || len(body) > 1<<20 {
		return Accepted
	}
	var m map[string]any
	if json.Unmarshal(body, &m) != nil {
		return Accepted
	}
	if data, ok := m["data"]; ok && data != nil {
		if fields, ok := data.(map[string]any); !ok || anySet(fields) {
			return Accepted
		}
	}
	said := ""
	for _, name := range []string{"error", "errors", "fault"} {
		switch v := m[name].(type) {
		case string:
			said = v
		case map[string]any, []any:
			b, _ := json.Marshal(v)
			if len(b) > 2 {
				said = string(b)
			}
		case bool:
			if v {
				said, _ = m["message"].(string)
				said += " error"
			}
		}
		if said != "" {
			break
		}
	}
	if said == "" {
		status, _ := m["status"].(string)
		success, isBool := m["success"].(bool)
		switch {
		case isBool && !success, strings.EqualFold(status, "error"), strings.EqualFold(status, "fail"):
			said, _ = m["message"].(string)
			said += " error"
		default:
			return Accepted
		}
	}
	said = strings.ToLower(said)
	for _, word := range []string{"unauth", "not authenticated", "forbidden", "denied", "permission", "token", "credential", "login", "log in", "sign in", "api key", "apikey"} {
		if strings.Contains(said, word) {
			return Denied
		}
	}
	for _, word := range []string{"not found", "no such", "does not exist", "unknown"} {
		if strings.Contains(said, word) {
			return Missing
		}
	}
	return Refused
}

func anySet(m map[string]any) bool {
	for _, v := range m {
		if v != nil {
			return true
		}
	}
	return false
}
