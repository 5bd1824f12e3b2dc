package identity

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func from(env map[string]string) Sources {
	return Sources{Env: func(n string) (string, bool) { v, ok := env[n]; return v, ok }}
}

func TestSecretsAreNeverPrinted(t *testing.T) {
	i := New("alice", "", Basic, "", "alice:hunter2222")
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "secret", i.Secret(), "value", i.Secret())
	b, _ := json.Marshal(i.Secret())
	all := fmt.Sprintf("%v %+v %#v %s %q", i.Secret(), i.Secret(), i.Secret(), i.Secret(), i.Secret()) + log.String() + string(b)
	if strings.Contains(all, "hunter") {
		t.Errorf("it shows: %s", all)
	}
}

func TestParse(t *testing.T) {
	file := filepath.Join(t.TempDir(), "k")
	if err := os.WriteFile(file, []byte("from-file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := from(map[string]string{"T": "tok", "U": "u:p", "C": "a=1; b=2"})
	for text, want := range map[string]string{
		"a=bearer:env:T": "Authorization: Bearer tok", "a:admin=basic:env:U": "Authorization: Basic dTpw", "a=header:X-Key:file:" + file: "X-Key: from-file",
		"a=cookie:sid:env:T": "Cookie: sid=tok", "a=cookie:env:C": "Cookie: a=1; b=2", "a=query:k:env:T": "?k=tok",
	} {
		i, err := Parse(text, env)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		h, q := http.Header{}, url.Values{}
		i.Apply(h, q)
		got := ""
		for n := range h {
			got = n + ": " + h.Get(n)
		}
		if len(q) > 0 {
			got = "?" + q.Encode()
		}
		if got != want {
			t.Errorf("%s puts %q, not %q", text, got, want)
		}
	}
	if i, _ := Parse("a:admin=basic:env:U", env); !i.High() {
		t.Error("admin is not high")
	}
}

func TestParseErrorsHideAndHelp(t *testing.T) {
	for text, want := range map[string]string{
		"alice": "needs a name", "a=bearer": "needs a name", "a=magic:env:T": "no kind of credential", "a=bearer:env:NOPE": "export NOPE=",
		"a=bearer:sk_live_hunter2": "never stands on the command line", "a=header:env": "has a name", "a=basic:env:T": "user:password", "a=bearer:prompt": "nobody to ask",
	} {
		_, err := Parse(text, from(map[string]string{"T": "tok"}))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s gives %v", text, err)
		}
	}
}

func TestLogin(t *testing.T) {
	file := filepath.Join(t.TempDir(), "l.yml")
	if err := os.WriteFile(file, []byte("url: /login\nbody: '{\"user\":\"a\",\"password\":\"${PW}\"}'\nsecret: {PW: 'env:PW'}\ntoken: json:/data/token\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	i, err := Parse("a=login:"+file, from(map[string]string{"PW": `quo"te`}))
	if err != nil {
		t.Fatal(err)
	}
	ok, err := i.Refresh(t.Context(), func(_ context.Context, method, at string, h http.Header, body []byte) (int, http.Header, []byte, error) {
		if method != "POST" || at != "/login" || string(body) != `{"user":"a","password":"quo\"te"}` {
			t.Errorf("%s %s %s", method, at, body)
		}
		return 200, nil, []byte(`{"data":{"token":"t-1"}}`), nil
	})
	h := http.Header{}
	i.Apply(h, url.Values{})
	if !ok || err != nil || h.Get("Authorization") != "Bearer t-1" {
		t.Errorf("%v %v %v", ok, err, h)
	}
	if !strings.Contains(strings.Join(i.Secrets(), " "), `quo"te`) {
		t.Error("the password would be shown in evidence")
	}
	if _, err := i.Refresh(t.Context(), func(context.Context, string, string, http.Header, []byte) (int, http.Header, []byte, error) {
		return 200, nil, []byte(`{}`), nil
	}); err == nil || !strings.Contains(err.Error(), "has no json:/data/token") {
		t.Error(err)
	}
}

func FuzzFlow(f *testing.F) {
	for _, s := range []string{"url: /l\ntoken: json:/t\n", "url: a\nbody: b\ntoken: cookie:s\nsend: cookie:s", "a: &a [*a]"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(_ *testing.T, data []byte) { _, _ = parseFlow(data, from(nil)) })
}
