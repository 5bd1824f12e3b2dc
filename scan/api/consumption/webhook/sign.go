package webhook

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // as GitHub signed once
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"

	"palisade.dev/scan"
	"palisade.dev/scan/api/client"
)

// call is a webhook before it is signed.
type call struct {
	id     string
	at     time.Time
	body   string
	secret string
	signs  bool
}

// scheme signs as one service does.
type scheme struct {
	body   string
	sign   func(call) http.Header
	stamps bool // the time is signed with it
}

func mac(secret, text string) []byte {
	m := hmac.New(sha256.New, []byte(secret))
	m.Write([]byte(text))
	return m.Sum(nil)
}

var schemes = map[string]scheme{
	"github": {`{"zen":"Keep it logically awesome.","hook_id":1}`, func(c call) http.Header {
		h := http.Header{"X-Github-Event": {"ping"}, "X-Github-Delivery": {c.id}}
		if c.signs {
			h.Set("X-Hub-Signature-256", "sha256="+hex.EncodeToString(mac(c.secret, c.body)))
		}
		return h
	}, false},
	"stripe": {`{"id":"evt_palisade","object":"event","type":"palisade.test","data":{"object":{}}}`, func(c call) http.Header {
		if !c.signs {
			return http.Header{}
		}
		t := strconv.FormatInt(c.at.Unix(), 10)
		return http.Header{"Stripe-Signature": {"t=" + t + ",v1=" + hex.EncodeToString(mac(c.secret, t+"."+c.body))}}
	}, true},
	"slack": {`{"type":"palisade_test","event_id":"Ev1"}`, func(c call) http.Header {
		t := strconv.FormatInt(c.at.Unix(), 10)
		h := http.Header{"X-Slack-Request-Timestamp": {t}}
		if c.signs {
			h.Set("X-Slack-Signature", "v0="+hex.EncodeToString(mac(c.secret, "v0:"+t+":"+c.body)))
		}
		return h
	}, true},
	"standard": {`{"type":"palisade.test","data":{}}`, func(c call) http.Header {
		t := strconv.FormatInt(c.at.Unix(), 10)
		h := http.Header{"Webhook-Id": {c.id}, "Webhook-Timestamp": {t}}
		if c.signs {
			// The secret is written in Base64 behind a prefix.
			key := c.secret
			if raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(key, "whsec_")); err == nil {
				key = string(raw)
			}
			h.Set("Webhook-Signature", "v1,"+base64.StdEncoding.EncodeToString(mac(key, c.id+"."+t+"."+c.body)))
		}
		return h
	}, true},
}

// attack is a webhook with one thing wrong.
type attack struct {
	name     string
	severity scan.Severity
	stamped  bool
	kind     string // of service that signs so; "": all
	change   func(c *call)
	after    func(r *client.Request, now time.Time, c call)
}

// signatures are the headers that carry one.
var signatures = []string{"X-Hub-Signature-256", "Stripe-Signature", "X-Slack-Signature", "Webhook-Signature"}

// resign replaces what carries the signature.
func resign(change func(header, value string) string) func(*client.Request, time.Time, call) {
	return func(r *client.Request, _ time.Time, _ call) {
		for _, name := range signatures {
			if v := r.Header.Get(name); v != "" {
				*r = r.With(name, change(name, v))
			}
		}
	}
}

// unknown names an algorithm that there is none of, with an empty signature, as libraries of tokens once took "none".
func unknown(header, value string) string {
	switch header {
	case "X-Hub-Signature-256":
		return "none="
	case "Stripe-Signature":
		t, _, _ := strings.Cut(value, ",")
		return t + ",v0="
	case "X-Slack-Signature":
		return "none="
	}
	return "none,"
}

// redate says another time than the one that was signed.
func redate(r *client.Request, now time.Time, _ call) {
	t := strconv.FormatInt(now.Unix(), 10)
	for _, name := range []string{"X-Slack-Request-Timestamp", "Webhook-Timestamp"} {
		if r.Header.Get(name) != "" {
			*r = r.With(name, t)
		}
	}
	if v := r.Header.Get("Stripe-Signature"); v != "" {
		_, rest, _ := strings.Cut(v, ",")
		*r = r.With("Stripe-Signature", "t="+t+","+rest)
	}
}

// older signs as GitHub did before, with SHA-1 alone.
func older(r *client.Request, _ time.Time, c call) {
	m := hmac.New(sha1.New, []byte(c.secret))
	m.Write([]byte(c.body))
	*r = r.With("X-Hub-Signature", "sha1="+hex.EncodeToString(m.Sum(nil)))
	r.Header.Del("X-Hub-Signature-256")
}

var attacks = []attack{
	{name: "without a signature", severity: scan.High, change: func(c *call) { c.signs = false }},
	{name: "signed with another secret", severity: scan.High, change: func(c *call) { c.secret = "whsec_cGFsaXNhZGUtbm9ib2R5LWhhcy10aGlz" }},
	{name: "signed with an empty secret", severity: scan.High, change: func(c *call) { c.secret = "" }},
	{name: "with a body that was changed after it was signed", severity: scan.High, after: func(r *client.Request, _ time.Time, _ call) {
		r.Body = []byte(strings.Replace(string(r.Body), "{", `{"amount":1000000,`, 1))
	}},
	{name: "with the first half of its signature", severity: scan.High, after: resign(func(_, v string) string { return v[:max(0, len(v)-24)] })},
	{name: "with an algorithm that there is none of", severity: scan.High, after: resign(unknown)},
	{name: "with a time that was changed after it was signed", severity: scan.High, stamped: true, change: func(c *call) { c.at = c.at.Add(-24 * time.Hour) }, after: redate},
	{name: "signed a day ago", severity: scan.Medium, stamped: true, change: func(c *call) { c.at = c.at.Add(-24 * time.Hour) }},
	{name: "signed for tomorrow", severity: scan.Low, stamped: true, change: func(c *call) { c.at = c.at.Add(24 * time.Hour) }},
	{name: "signed with SHA-1 alone", severity: scan.Low, kind: "github", after: older},
}
