package webhook

import (
	"crypto/hmac"
	"encoding/base64"
	"encoding/hex"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"palisade.dev/scan/api"
	"palisade.dev/scan/api/fixture"
	"palisade.dev/scan/api/identity"
)

// The secrets are made up.
const (
	secret   = "hook-secret-of-a-test"
	standard = "whsec_aG9vay1zZWNyZXQtb2YtYS10ZXN0"
)

func tune(kind, secret string) func(*fixture.Shop, *api.Options) {
	return func(_ *fixture.Shop, o *api.Options) {
		o.Webhooks = []api.Webhook{{Path: "/hooks/in", Kind: kind, Secret: identity.Hide(secret)}}
	}
}

// receiver is a receiver that asks a rule whether to believe.
func receiver(believes func(c *fixture.Call, body string) bool) func(*fixture.Shop) {
	return func(s *fixture.Shop) {
		s.Add(&fixture.Route{Pattern: "POST /hooks/in", Open: true, Hidden: true, Do: func(c *fixture.Call) {
			body, err := io.ReadAll(http.MaxBytesReader(c.W, c.R.Body, 64<<10))
			if err != nil || !believes(c, string(body)) {
				c.Error(400, "the signature is wrong")
				return
			}
			c.JSON(200, map[string]bool{"received": true})
		}})
	}
}

func github(c *fixture.Call, body string) bool {
	return hmac.Equal([]byte(c.R.Header.Get("X-Hub-Signature-256")), []byte("sha256="+hex.EncodeToString(mac(secret, body))))
}

// stripe checks a signature; the age is checked where there is a bound for it.
func stripe(bound time.Duration) func(*fixture.Call, string) bool {
	return func(c *fixture.Call, body string) bool {
		t, v, _ := strings.Cut(strings.TrimPrefix(c.R.Header.Get("Stripe-Signature"), "t="), ",v1=")
		at, err := strconv.ParseInt(t, 10, 64)
		if err != nil || bound > 0 && c.Clock.Now().Sub(time.Unix(at, 0)).Abs() > bound {
			return false
		}
		return hmac.Equal([]byte(v), []byte(hex.EncodeToString(mac(secret, t+"."+body))))
	}
}

func slack(c *fixture.Call, body string) bool {
	t := c.R.Header.Get("X-Slack-Request-Timestamp")
	at, err := strconv.ParseInt(t, 10, 64)
	return err == nil && c.Clock.Now().Sub(time.Unix(at, 0)).Abs() < 5*time.Minute &&
		hmac.Equal([]byte(c.R.Header.Get("X-Slack-Signature")), []byte("v0="+hex.EncodeToString(mac(secret, "v0:"+t+":"+body))))
}

func standardWebhook(c *fixture.Call, body string) bool {
	t := c.R.Header.Get("Webhook-Timestamp")
	at, err := strconv.ParseInt(t, 10, 64)
	key, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(standard, "whsec_"))
	want := "v1," + base64.StdEncoding.EncodeToString(mac(string(key), c.R.Header.Get("Webhook-Id")+"."+t+"."+body))
	return err == nil && c.Clock.Now().Sub(time.Unix(at, 0)).Abs() < 5*time.Minute && hmac.Equal([]byte(c.R.Header.Get("Webhook-Signature")), []byte(want))
}

// timeless believes a signature under today's time or yesterday's, whatever time is said.
func timeless(s *fixture.Shop) {
	receiver(func(c *fixture.Call, body string) bool {
		for _, day := range []time.Duration{0, 24 * time.Hour} {
			for second := range 120 {
				t := strconv.FormatInt(c.Clock.Now().Add(-day-time.Duration(second)*time.Second).Unix(), 10)
				if c.R.Header.Get("X-Slack-Signature") == "v0="+hex.EncodeToString(mac(secret, "v0:"+t+":"+body)) {
					return true
				}
			}
		}
		return false
	})(s)
}

// once takes each signature once, and says so the second time.
func once(s *fixture.Shop) {
	seen := map[string]bool{}
	good := stripe(5 * time.Minute)
	receiver(func(c *fixture.Call, body string) bool {
		defer c.Lock()()
		key := c.R.Header.Get("Stripe-Signature")
		first := !seen[key]
		seen[key] = true
		return good(c, body) && first
	})(s)
}

// Samples are shops with and without the fault.
var Samples = []fixture.Sample{
	{Name: "looks at nothing", Kind: fixture.Vulnerable, Tune: tune("github", secret), Make: receiver(func(*fixture.Call, string) bool { return true })},
	{Name: "checks where there is something to check", Kind: fixture.Vulnerable, Tune: tune("github", secret), Make: receiver(func(c *fixture.Call, body string) bool {
		return c.R.Header.Get("X-Hub-Signature-256") == "" || github(c, body)
	})},
	{Name: "sees only that it is signed", Kind: fixture.Vulnerable, Tune: tune("slack", secret), Make: receiver(func(c *fixture.Call, _ string) bool { return c.R.Header.Get("X-Slack-Signature") != "" })},
	{Name: "the old secret, which was never set, is good as well", Kind: fixture.Vulnerable, Tune: tune("github", secret), Make: receiver(func(c *fixture.Call, body string) bool {
		return github(c, body) || c.R.Header.Get("X-Hub-Signature-256") == "sha256="+hex.EncodeToString(mac("", body))
	})},
	{Name: "compares as far as it goes", Kind: fixture.Vulnerable, Tune: tune("github", secret), Make: receiver(func(c *fixture.Call, body string) bool {
		v := c.R.Header.Get("X-Hub-Signature-256")
		return v != "" && strings.HasPrefix("sha256="+hex.EncodeToString(mac(secret, body)), v)
	})},
	{Name: "signs the fields that it knows", Kind: fixture.Vulnerable, Tune: tune("slack", secret), Make: receiver(func(c *fixture.Call, body string) bool {
		return slack(c, strings.Replace(body, `"amount":1000000,`, "", 1))
	})},
	{Name: "lets the sender say that there is no algorithm", Kind: fixture.Vulnerable, Tune: tune("github", secret), Make: receiver(func(c *fixture.Call, body string) bool {
		return c.R.Header.Get("X-Hub-Signature-256") == "none=" || github(c, body)
	})},
	{Name: "of any time that is said", Kind: fixture.Vulnerable, Tune: tune("slack", secret), Make: timeless},
	{Name: "of any age", Kind: fixture.Vulnerable, Tune: tune("stripe", secret), Make: receiver(stripe(0))},
	{Name: "GitHub", Kind: fixture.Fixed, Tune: tune("github", secret), Make: receiver(github)},
	{Name: "Stripe", Kind: fixture.Fixed, Tune: tune("stripe", secret), Make: receiver(stripe(5 * time.Minute))},
	{Name: "Slack", Kind: fixture.Fixed, Tune: tune("slack", secret), Make: receiver(slack)},
	{Name: "remembers what it had", Kind: fixture.Fixed, Tune: tune("stripe", secret), Make: once},
	{Name: "Standard Webhooks", Kind: fixture.Fixed, Tune: tune("standard", standard), Make: receiver(standardWebhook)},
}
