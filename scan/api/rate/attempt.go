package rate

import (
	"encoding/json"
	"net/url"
	"strings"

	"palisade.dev/scan/api"
	"palisade.dev/scan/api/client"
	"palisade.dev/scan/api/spec"
)

// Attempt is a request to sign in with a wrong password.
func Attempt(l *api.Look, op *spec.Operation, account string) client.Request {
	r := l.Request(op, nil)
	if body, ok := refill(r.Body, func(field, _ string) (string, bool) { return attempted(field, account) }); ok {
		r.Body = body
	}
	return r
}

// Respell writes the account in a body that signs in otherwise, and says whether there was one.
func Respell(body []byte, write func(account string) string) ([]byte, bool) {
	found := false
	out, ok := refill(body, func(field, v string) (string, bool) {
		if !named(field) || v == "" {
			return "", false
		}
		found = true
		return write(v), true
	})
	return out, ok && found
}

// refill puts other texts into the fields of a body, which is an object or a form.
func refill(body []byte, with func(field, v string) (string, bool)) ([]byte, bool) {
	var m map[string]any
	if json.Unmarshal(body, &m) == nil && m != nil {
		for name, v := range m {
			if text, isText := v.(string); isText {
				if v, ok := with(name, text); ok {
					m[name] = v
				}
			}
		}
		out, err := json.Marshal(m)
		return out, err == nil
	}
	form, err := url.ParseQuery(string(body))
	if err != nil || len(body) == 0 || body[0] == '{' || body[0] == '[' {
		return body, false
	}
	for name := range form {
		if v, ok := with(name, form.Get(name)); ok {
			form.Set(name, v)
		}
	}
	return []byte(form.Encode()), true
}

// attempted is what stands in a field of an attempt to sign in.
func attempted(field, account string) (string, bool) {
	switch {
	case strings.Contains(strings.ToLower(field), "pass"):
		return "palisade-wrong-1A!", true
	case named(field):
		return account, true
	}
	return "", false
}

// named says that a field names an account.
func named(field string) bool {
	lower := strings.ToLower(field)
	for _, word := range []string{"mail", "user", "login", "account"} {
		if strings.Contains(lower, word) {
			return true
		}
	}
	return false
}
