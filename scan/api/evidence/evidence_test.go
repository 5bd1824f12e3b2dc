package evidence

import (
	"net/http"
	"os/exec"
	"strings"
	"testing"

	"palisade.dev/scan/api/answer"
	"palisade.dev/scan/api/client"
	"palisade.dev/scan/api/identity"
)

func TestNothingSecretIsShown(t *testing.T) {
	alice := identity.New("alice", "", identity.Bearer, "", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl")
	basic := identity.New("bob", "", identity.Basic, "", "bob:hunter2hunter2")
	key := identity.New("carol", "", identity.Query, "api_key", "k-0123456789+/=")
	r := New([]*identity.Identity{alice, basic, key})
	body := `{"echo":"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl","password":"pass\"word1","access_token":"abcdef123456","card":"4111 1111 1111 1111","no":"4111 1111 1111 1112",` +
		`"mail":"dora.doe@example.org","ssn":"078-05-1120","hash":"$2b$12$abcdefghijklmnopqrstuv","n":"hunter2hunter2"}`
	for _, who := range []*identity.Identity{alice, basic, key} {
		x := &client.Exchange{Title: "t", Request: client.Request{Method: "GET", URL: "http://a.test/x?y=1", As: who}, Answer: &answer.Answer{
			Status: 200, Header: http.Header{"Set-Cookie": {"sid=0123456789abcdef; HttpOnly"}}, Body: []byte(body),
		}}
		e := r.Exchange(x)
		all := e.Request + e.Response + e.Curl
		for _, secret := range []string{"c2lnbmF0", "hunter2", "Ym9iOmh1", "k-0123", `word1`, "abcdef123", "4111 1111 1111 1111", "dora.doe", "078-05", "abcdefghij", "0123456789abcdef"} {
			if strings.Contains(all, secret) {
				t.Errorf("as %s it shows %s:\n%s", who.Name, secret, all)
			}
		}
		if !strings.Contains(e.Response, "4111 1111 1111 1112") {
			t.Error("what is no card number is hidden too")
		}
		if !strings.Contains(e.Curl, `"$`+Variable(who.Name)+`"`) {
			t.Errorf("the line has no variable: %s", e.Curl)
		}
	}
}

// TestCurlLinesRunNothing: a server may have put a command into an identifier, and somebody will paste the line.
func TestCurlLinesRunNothing(t *testing.T) {
	who := identity.New("a", "", identity.Header, "X-Key", "the-secret-key")
	line := New([]*identity.Identity{who}).Curl(client.Request{
		Method: "POST", URL: "http://a.test/$(touch x)/`id`/'q", As: who, Body: []byte(`{"a":"it's $(touch y) $HOME"}`), Lines: []string{`X-L: "$(z)"`},
	})
	out, err := exec.Command("sh", "-c", "curl() { for a; do printf '%s\\n' \"$a\"; done; }; A_CREDENTIAL=shown; "+line).Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"X-Key: shown\n", `{"a":"it's $(touch y) $HOME"}` + "\n", `X-L: "$(z)"` + "\n"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("the shell does not hand on %q:\n%s", want, out)
		}
	}
}

func FuzzText(f *testing.F) {
	for _, s := range []string{"Bearer abcdefghijkl", `{"password":"x"}`, "4111111111111111", "a@b.co"} {
		f.Add(s)
	}
	r := New([]*identity.Identity{identity.New("a", "", identity.Bearer, "", "sekret-value")})
	f.Fuzz(func(t *testing.T, s string) {
		if out := r.Text(s + "sekret-value" + s); strings.Contains(out, "sekret-value") {
			t.Errorf("%q shows it", out)
		}
	})
}
