package webhook

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"palisade.dev/backend/alert"
	"palisade.dev/backend/alert/alerttest"
	"palisade.dev/backend/alert/post"
)

const (
	one = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	two = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX"
)

func sink(o post.Options) *Sink {
	o.Loopback = true
	return New(post.NewClient(o), func() time.Time { return alerttest.Noon })
}

func TestGolden(t *testing.T) {
	for name, m := range map[string]*alert.Message{"plain": alerttest.Plain(), "attack": alerttest.Attack(), "over": alerttest.Over(), "hostile": alerttest.Hostile()} {
		body, err := Render(m)
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := json.Indent(&b, body, "", "  "); err != nil {
			t.Fatal(err)
		}
		for _, odd := range []string{"\\u001b", "\\u0000", "\\r", "\\n", "\u202e", "\\u2028", strings.Repeat("A", 1001)} {
			if strings.Contains(string(body), odd) {
				t.Errorf("%s holds %q", name, odd)
			}
		}
		alerttest.Golden(t, name+".json", append(b.Bytes(), '\n'))
	}
}

// verify is the specification's text in code, written apart from what signs.
func verify(secret string, h http.Header, body []byte, now time.Time) error {
	k, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		return err
	}
	at, err := strconv.ParseInt(h.Get("webhook-timestamp"), 10, 64)
	if err != nil || now.Unix()-at > 300 || at-now.Unix() > 300 {
		return fmt.Errorf("timestamp %q", h.Get("webhook-timestamp"))
	}
	if h.Get("webhook-id") == "" || strings.Contains(h.Get("webhook-id"), ".") {
		return fmt.Errorf("id %q", h.Get("webhook-id"))
	}
	mac := hmac.New(sha256.New, k)
	mac.Write([]byte(h.Get("webhook-id") + "." + h.Get("webhook-timestamp") + "." + string(body)))
	for _, s := range strings.Fields(h.Get("webhook-signature")) {
		version, text, _ := strings.Cut(s, ",")
		got, err := base64.StdEncoding.DecodeString(text)
		if version == "v1" && err == nil && subtle.ConstantTimeCompare(got, mac.Sum(nil)) == 1 {
			return nil
		}
	}
	return errors.New("no signature fits")
}

// The specification's own example, so that signing is right and not only the same as verifying.
func TestTheStandardsExample(t *testing.T) {
	got, err := sign("msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", []byte(`{"test": 2432232314}`), one)
	if want := "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; err != nil || got != want {
		t.Fatalf("%s, %v", got, err)
	}
}

type seen struct {
	header http.Header
	body   []byte
}

func receive(t *testing.T, status int) (url string, got *[]seen) {
	t.Helper()
	got = &[]seen{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		*got = append(*got, seen{r.Header, body})
		w.WriteHeader(status)
	}))
	t.Cleanup(s.Close)
	return s.URL, got
}

func TestBothSecretsSignWhileTheyRotate(t *testing.T) {
	url, got := receive(t, 204)
	s := sink(post.Options{})
	kept, err := s.Read(json.RawMessage(`{"url":"`+url+`","secret":"`+one+`"}`), nil)
	if err != nil {
		t.Fatal(err)
	}
	steps := []struct {
		given    string
		one, two bool
		rotating string
	}{
		{`{}`, true, false, `"rotating":false`},
		{`{"secret":"` + two + `"}`, true, true, `"rotating":true`},
		{`{"secret":"` + two + `"}`, true, true, `"rotating":true`}, // sent again: nothing is lost
		{`{"finish_rotation":true}`, false, true, `"rotating":false`},
	}
	for i, step := range steps {
		if kept, err = s.Read(json.RawMessage(step.given), kept); err != nil {
			t.Fatal(err)
		}
		if shown := string(s.Show(kept)); !strings.Contains(shown, step.rotating) || strings.Contains(shown, "MfKQ") || strings.Contains(shown, "AAEC") {
			t.Errorf("shown %s", shown)
		}
		if _, err := s.Send(t.Context(), kept, alerttest.Plain()); err != nil {
			t.Fatal(err)
		}
		last := (*got)[len(*got)-1]
		if last.header.Get("Webhook-Id") != "g1-c1-0" {
			t.Errorf("id %q", last.header.Get("Webhook-Id"))
		}
		for secret, want := range map[string]bool{one: step.one, two: step.two} {
			if err := verify(secret, last.header, last.body, alerttest.Noon); (err == nil) != want {
				t.Errorf("step %d, %.10s: %v", i, secret, err)
			}
			if verify(secret, last.header, append(last.body, ' '), alerttest.Noon) == nil {
				t.Error("a changed body was taken")
			}
		}
	}
}

func TestAnswers(t *testing.T) {
	for status, want := range map[int]struct{ taken, never bool }{200: {true, false}, 202: {true, false}, 204: {true, false}, 301: {}, 400: {}, 404: {}, 410: {false, true}, 429: {}, 500: {}, 503: {}} {
		url, got := receive(t, status)
		_, err := sink(post.Options{}).Send(t.Context(), json.RawMessage(`{"url":"`+url+`","secret":"`+one+`"}`), alerttest.Plain())
		var f *alert.Failure
		errors.As(err, &f)
		if (err == nil) != want.taken || f != nil && f.Never != want.never || len(*got) != 1 {
			t.Errorf("%d: %v, %d posts", status, err, len(*got))
		}
	}
}

func TestSettings(t *testing.T) {
	s := sink(post.Options{})
	for given, want := range map[string][]string{
		`{}`: {"url: want an address", "secret: want whsec_"},
		`{"url":"https://example.com/","secret":"whsec_AAAA"}`:               {"24 to 64 random bytes"},
		`{"url":"https://example.com/","secret":"` + one[6:] + `"}`:          {"secret: want whsec_"},
		`{"url":"https://192.168.0.1/","secret":"` + one + `"}`:              {"not a public address"},
		`{"url":"https://example.com/","secret":"` + one + `","extra":true}`: {"unknown field"},
	} {
		_, err := s.Read(json.RawMessage(given), nil)
		for _, w := range want {
			if err == nil || !strings.Contains(err.Error(), w) || strings.Contains(err.Error(), "MfKQ") {
				t.Errorf("%s: got %v, want %q", given, err, w)
			}
		}
	}
	secret, err := NewSecret(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := key(secret); err != nil || len(b) != 32 {
		t.Errorf("%d bytes, %v", len(b), err)
	}
	if _, err := NewSecret(strings.NewReader("short")); err == nil || !strings.Contains(err.Error(), "making a secret") {
		t.Errorf("got %v", err)
	}
	for _, kept := range []string{`broken`, `{"url":"https://example.com/","secret":"x"}`} {
		if _, err := s.Send(t.Context(), json.RawMessage(kept), alerttest.Plain()); err == nil || !strings.Contains(err.Error(), "enter them again") {
			t.Errorf("got %v", err)
		}
	}
}

func FuzzSecret(f *testing.F) {
	seeds := []string{one, two, "", "whsec_", "whsec_AAAA", "whsec_" + strings.Repeat("A", 200), one + "=", one + "\n", "WHSEC_" + one[6:], "whsec_!!!!"}
	for _, s := range seeds {
		f.Add(s)
	}
	if len(seeds) < 10 {
		f.Fatal("seeds are missing")
	}
	f.Fuzz(func(t *testing.T, secret string) {
		b, err := key(secret)
		if err == nil && (len(b) < shortest || len(b) > longest || strings.TrimRight(prefix+base64.StdEncoding.EncodeToString(b), "=") != strings.TrimRight(strings.NewReplacer("\r", "", "\n", "").Replace(secret), "=")) {
			t.Fatalf("%q is %x", secret, b)
		}
	})
}
