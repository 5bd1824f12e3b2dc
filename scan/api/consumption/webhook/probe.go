// Package webhook calls a receiver of webhooks as its sender would, and then as somebody who only pretends.
package webhook

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"palisade.dev/scan"
	"palisade.dev/scan/api"
	"palisade.dev/scan/api/answer"
	"palisade.dev/scan/api/client"
)

//go:embed doc.md
var doc string

// Probe is the probe.
var Probe = api.Probe{
	Check: scan.Check{
		ID: "api/consumption/webhook", Title: "Webhooks are believed without a valid signature", Severity: scan.High, CWE: []int{345, 347, 294},
		Standards: []string{"OWASP API10:2023", "OWASP API2:2023", "PCI DSS 4.0 6.2.4", "SOC 2 CC9.2"}, Doc: doc,
	},
	Mode: api.Active, Needs: api.Hooked, Whole: true,
	Fix: "Compute the signature over the raw body with the shared secret, compare it in constant time, refuse what is older than five minutes, and remember identifiers that were seen.",
	Run: run,
}

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

func run(ctx context.Context, l *api.Look) {
	for _, hook := range l.Webhooks {
		s, ok := schemes[hook.Kind]
		if !ok {
			l.CannotTell(fmt.Sprintf("%q is no known way to sign webhooks", hook.Kind), "name one of "+strings.Join(api.WebhookKinds, ", "))
			continue
		}
		look(ctx, l, hook, s)
	}
}

// attack is a webhook with one thing wrong.
type attack struct {
	name     string
	severity scan.Severity
	stamped  bool
	change   func(c *call)
	after    func(r *client.Request)
}

var attacks = []attack{
	{"without a signature", scan.High, false, func(c *call) { c.signs = false }, nil},
	{"signed with another secret", scan.High, false, func(c *call) { c.secret = "whsec_cGFsaXNhZGUtbm9ib2R5LWhhcy10aGlz" }, nil},
	{"signed with an empty secret", scan.High, false, func(c *call) { c.secret = "" }, nil},
	{"with a body that was changed after it was signed", scan.High, false, nil, func(r *client.Request) {
		r.Body = []byte(strings.Replace(string(r.Body), "{", `{"amount":1000000,`, 1))
	}},
	{"with the first half of its signature", scan.High, false, nil, func(r *client.Request) {
		for _, name := range []string{"X-Hub-Signature-256", "Stripe-Signature", "X-Slack-Signature", "Webhook-Signature"} {
			if v := r.Header.Get(name); v != "" {
				*r = r.With(name, v[:len(v)-24])
			}
		}
	}},
	{"signed a day ago", scan.Medium, true, func(c *call) { c.at = c.at.Add(-24 * time.Hour) }, nil},
	{"signed for tomorrow", scan.Low, true, func(c *call) { c.at = c.at.Add(24 * time.Hour) }, nil},
}

func look(ctx context.Context, l *api.Look, hook api.Webhook, s scheme) {
	n := 0
	send := func(title string, a attack) *client.Exchange {
		n++
		c := call{id: fmt.Sprintf("palisade-%d-%s", n, api.Word(l.Chance, 8)), at: l.Client.Clock().Now(), body: s.body, secret: hook.Secret.Reveal(), signs: true}
		if a.change != nil {
			a.change(&c)
		}
		u := *l.Base
		u.Path, u.RawPath, u.RawQuery = hook.Path, "", ""
		r := client.Request{Method: http.MethodPost, URL: u.String(), Header: s.sign(c), Body: []byte(c.body)}
		r.Header.Set("Content-Type", "application/json")
		if a.after != nil {
			a.after(&r)
		}
		return l.Ask(ctx, title, r)
	}
	good := send("control: as its sender signs it", attack{})
	if l.Silent(good) {
		return
	}
	if !good.OK() || l.Absence(ctx, hook.Path, nil).Is(good) {
		l.CannotTell(fmt.Sprintf("%s did not take a webhook that was signed as %s does: %d", hook.Path, hook.Kind, good.Status), "see that path, kind and secret of --webhook are right")
		return
	}
	clear := 0
	for _, a := range attacks {
		if a.stamped && !s.stamps {
			continue
		}
		x := send(a.name, a)
		if k := x.Kind(); k == answer.Denied || k == answer.Refused || k == answer.Missing {
			clear++
			continue
		}
		if !taken(x, good) {
			continue
		}
		again := send(a.name+", once more", a)
		if still := send("control: as its sender signs it, once more", attack{}); !taken(again, good) || !still.OK() {
			continue
		}
		// That it was answered well is not that it was believed; some receivers answer everybody so and look later.
		l.FoundAt(api.Hit{
			Severity: a.severity, Confidence: scan.Firm, Key: hook.Path + " " + a.name, Evidence: api.Show(good, x),
			Message: fmt.Sprintf("%s takes a webhook %s as it takes a valid one.", hook.Path, a.name),
		}, http.MethodPost, hook.Path)
	}
	switch {
	case l.Told():
	case clear == 0:
		l.CannotTell("none of the forged webhooks was clearly taken or refused", "")
	default:
		l.Clear(fmt.Sprintf("%s refused %d forged webhooks", hook.Path, clear))
	}
}

// taken says that a webhook was answered as a valid one.
func taken(x, good *client.Exchange) bool {
	return x.OK() && x.Status == good.Status && answer.SameShape(x.Answer, good.Answer)
}
