package shop

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/coder/websocket"
)

func TestStatsCountWhatReachedTheShop(t *testing.T) {
	s, _ := open(t)
	for i := range 3 {
		send(s, "POST", "/users/register", pair(fmt.Sprintf("n%d@example.net", i%2), "12345678")) // the third is a double
	}
	send(s, "POST", "/users/log_in", pair("alice@example.com", "wheel-thrown-teapot"))
	send(s, "POST", "/users/log_in", pair("alice@example.com", "wrong"))
	send(s, "POST", "/users/reset_password", pair("alice@example.com", ""))
	send(s, "POST", "/checkout", "card[number]=4000000000000002", "Cookie", "shop_cart=0.1")
	send(s, "POST", "/checkout", "card[number]=4242424242424242", "Cookie", "shop_cart=0.1")
	send(s, "GET", "/api/orders", "")
	send(s, "GET", "/health", "")
	want := Stats{
		Requests: 9, SignUps: 3, Accounts: 2, LogIns: 2, LoggedIn: 1, Resets: 1, Payments: 2, Declined: 1, APIDenied: 1,
	}
	if got := s.Stats(); got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}

	server := httptest.NewServer(s)
	defer server.Close()
	at, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := Ask(t.Context(), server.Client(), at, "open-sesame"); err != nil || got != want {
		t.Errorf("another process reads %+v, %v", got, err)
	}
	if _, err := Ask(t.Context(), server.Client(), at, "sesame"); err == nil ||
		!strings.HasSuffix(err.Error(), "/demo/stats answered 404 Not Found; was the shop opened with this token?") {
		t.Errorf("a wrong token gives %v", err)
	}
	closed := New(s.now, zeros{}, "")
	if r := send(closed, "GET", "/demo/stats", "", "Authorization", "Bearer "); r.StatusCode != 404 {
		t.Errorf("without a token the stats answer %d", r.StatusCode)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestAccountsAreBounded(t *testing.T) {
	s, _ := open(t)
	for i := range maxAccounts - len(Seeds()) {
		s.people.accounts[fmt.Sprint(i)] = [32]byte{}
	}
	r := send(s, "POST", "/users/register", pair("new@example.net", "12345678"))
	if r.StatusCode != 503 || len(s.people.accounts) != maxAccounts {
		t.Errorf("a full shop answered %d and has %d accounts", r.StatusCode, len(s.people.accounts))
	}
	if got := s.Stats().Accounts; got != 0 {
		t.Errorf("the stats count %d accounts that were not made", got)
	}
}

func TestSessionsAreBounded(t *testing.T) {
	s, at := open(t)
	first := s.people.open("alice@example.com")
	second := s.people.open("bob@example.com")
	for range maxSessions - 1 {
		s.people.open("carol@example.com")
	}
	if s.people.whose(first) != "" || s.people.whose(second) == "" {
		t.Error("at the bound the oldest session, and only that one, should have been closed")
	}
	for range 3 * maxSessions { // closing sessions must not leave their names behind for ever
		s.people.close(s.people.open("dave@example.com"))
	}
	if len(s.people.oldest) > maxSessions || len(s.people.sessions) > maxSessions {
		t.Errorf("%d names and %d sessions are held", len(s.people.oldest), len(s.people.sessions))
	}
	*at = at.Add(sessionLife)
	s.people.open("alice@example.com")
	if len(s.people.sessions) != 1 {
		t.Errorf("%d sessions outlived their time", len(s.people.sessions)-1)
	}
}

func TestStreams(t *testing.T) {
	s, _ := open(t)
	server := httptest.NewServer(s)
	defer server.Close()

	t.Run("big", func(t *testing.T) {
		r, err := server.Client().Get(server.URL + "/big")
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		n, err := io.Copy(io.Discard, r.Body)
		if n != bigSize || r.ContentLength != bigSize || err != nil {
			t.Errorf("%d bytes of %d came, %v", n, r.ContentLength, err)
		}
	})
	t.Run("events", func(t *testing.T) {
		r, err := server.Client().Get(server.URL + "/events")
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		const want = "id: 1\nevent: clock\ndata: 2030-05-04T12:00:00Z\n\n"
		got := make([]byte, len(want))
		if _, err := io.ReadFull(r.Body, got); err != nil || string(got) != want {
			t.Errorf("got %q, %v", got, err)
		}
	})
	t.Run("live", func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		socket, _, err := websocket.Dial(ctx, server.URL+"/live", nil)
		if err != nil {
			t.Fatal(err)
		}
		defer socket.CloseNow()
		if err := socket.Write(ctx, websocket.MessageText, []byte("hello")); err != nil {
			t.Fatal(err)
		}
		heard := map[string]bool{}
		for len(heard) < 2 {
			_, said, err := socket.Read(ctx)
			if err != nil {
				t.Fatal(err)
			}
			heard[string(said)] = true
		}
		if !heard["echo: hello"] || !heard["time: 2030-05-04T12:00:00Z"] {
			t.Errorf("heard %v", heard)
		}
		if err := socket.Write(ctx, websocket.MessageText, make([]byte, maxSaid+1)); err != nil {
			t.Fatal(err)
		}
		for err == nil {
			_, _, err = socket.Read(ctx)
		}
		if got := websocket.CloseStatus(err); got != websocket.StatusMessageTooBig {
			t.Errorf("a message over the bound ended the socket with %v: %v", got, err)
		}
	})
}

func TestStreamsAreBounded(t *testing.T) {
	s, _ := open(t)
	for range maxStreams {
		s.streams <- struct{}{}
	}
	for _, target := range []string{"/events", "/live"} {
		if r := send(s, "GET", target, ""); r.StatusCode != http.StatusServiceUnavailable || r.Header.Get("Retry-After") == "" {
			t.Errorf("%s answers %d with every place taken", target, r.StatusCode)
		}
	}
	<-s.streams
	if r := send(s, "GET", "/live", ""); r.StatusCode != http.StatusUpgradeRequired {
		t.Errorf("/live answers %d with a place left", r.StatusCode)
	}
	if len(s.streams) != maxStreams-1 {
		t.Error("a refused handshake kept its place")
	}
}

// seeds adds the seeds of a fuzz target and fails when they are fewer than there were.
func seeds(f *testing.F, least int, all ...string) {
	if len(all) < least {
		f.Fatalf("only %d seeds are left of %d", len(all), least)
	}
	for _, one := range all {
		f.Add(one)
	}
}

func FuzzCart(f *testing.F) {
	seeds(f, 8, "", "0.2", "0.2-4.1", "5.9", "6.1", "0.10", "0.-1", "0.2-x", strings.Repeat("0.1-", 30))
	f.Fuzz(func(t *testing.T, s string) {
		c := parseCart(s)
		for _, n := range c {
			if n < 0 || n > maxEach {
				t.Fatalf("%q gives %v", s, c)
			}
		}
		if again := parseCart(c.String()); again != c {
			t.Fatalf("%q gives %v, which prints as %q and reads as %v", s, c, c.String(), again)
		}
	})
}

func FuzzCard(f *testing.F) {
	seeds(f, 5, "", "4242 4242 4242 4242", "4000-0000-0000-0002", "12345678901", "４２４２424242424242", "4242424242424242x")
	f.Fuzz(func(t *testing.T, s string) {
		card := parseCard(s)
		if card != "" && (len(card) < 12 || len(card) > 19 || parseCard(card) != card) {
			t.Fatalf("%q gives %q", s, card)
		}
	})
}

func FuzzEmail(f *testing.F) {
	seeds(f, 5, "", "alice@example.com", " Alice@Example.COM\n", "@", "a@", "a b@c", strings.Repeat("a", 200)+"@b", "İ@x")
	f.Fuzz(func(t *testing.T, s string) {
		email, err := parseEmail(s)
		if err != nil {
			if err.Error() != "please give an e-mail address" {
				t.Fatalf("%q gives %v", s, err)
			}
			return
		}
		if again, err := parseEmail(email); err != nil || again != email {
			t.Fatalf("%q reads as %q, which reads as %q, %v", s, email, again, err)
		}
	})
}
