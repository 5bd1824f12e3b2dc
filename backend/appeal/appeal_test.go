package appeal

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"palisade.dev/backend/ban"
	"palisade.dev/store"
	"palisade.dev/store/sqlite"
	"palisade.dev/store/storetest"
)

// court is a site with one ban, and a clock that is moved by hand.
type court struct {
	*Appeals
	db   *store.DB
	site string
	now  time.Time
	mu   sync.Mutex
	n    int
	told []store.Appeal
}

const banned = "203.0.113.7"

var stranger = netip.MustParseAddr("198.51.100.1")

func newCourt(t *testing.T) *court {
	t.Helper()
	db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "palisade.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	c := &court{db: db, site: storetest.Site(t, db, "shop"), now: time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)}
	now := func() time.Time { return c.now }
	id := func() string {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.n++
		return fmt.Sprintf("id%06d", c.n)
	}
	bans := &ban.Bans{Store: db, Now: now, ID: id, Operators: func(string) []string { return nil }}
	c.Appeals, err = New(Options{DB: db, Bans: bans, Now: now, ID: id, Rand: rand.Reader, Told: func(_ context.Context, a store.Appeal) error {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.told = append(c.told, a)
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := bans.Impose(t.Context(), c.site, banned, 0, "", "ada"); err != nil {
		t.Fatal(err)
	}
	return c
}

func (c *court) offer(t *testing.T) string {
	t.Helper()
	code, _, err := c.Offer(t.Context(), c.site, banned, "ada")
	if err != nil {
		t.Fatal(err)
	}
	return code
}

func TestAnAppealIsHeardAndAnswered(t *testing.T) {
	for _, answer := range Answers {
		c := newCourt(t)
		code := c.offer(t)
		if s, err := c.Find(t.Context(), code, stranger); err != nil || s != (State{Open: true}) {
			t.Fatalf("%+v %v", s, err)
		}
		if err := c.Send(t.Context(), code, "  I bought\r\nshoes  ", "ada@example.org", stranger); err != nil {
			t.Fatal(err)
		}
		if len(c.told) != 1 || c.told[0].Said != "I bought\nshoes" || c.told[0].Subject != banned {
			t.Fatalf("%+v", c.told)
		}
		id := c.told[0].ID
		if _, err := c.Answer(t.Context(), c.site, id, "perhaps", "", "bob"); !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), "want one of lifted, allowed, declined") {
			t.Errorf("%v", err)
		}
		if _, err := c.Answer(t.Context(), c.site, id, answer, strings.Repeat("é", 301), "bob"); !errors.Is(err, ErrInvalid) {
			t.Errorf("%v", err)
		}
		if _, err := c.Answer(t.Context(), "other", id, answer, "", "bob"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%v", err)
		}
		if _, err := c.Answer(t.Context(), c.site, id, answer, " sorry ", "bob"); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Answer(t.Context(), c.site, id, Declined, "", "eve"); !errors.Is(err, store.ErrConflict) || !strings.Contains(err.Error(), "bob answered it already: "+answer) {
			t.Errorf("a second answer: %v", err)
		}
		_, err := c.db.StandingBan(t.Context(), c.site, banned, c.now.UnixMilli())
		if stands := err == nil; stands != (answer == Declined) {
			t.Errorf("%s: the ban stands: %v", answer, err)
		}
		list, err := c.db.Allowances(t.Context(), c.site, c.now.UnixMilli())
		if err != nil || (len(list) == 1) != (answer == Allowed) {
			t.Errorf("%s: allowed %v %v", answer, list, err)
		}
		if s, err := c.Find(t.Context(), code, stranger); err != nil || s.Open || s.Answer != answer || s.Reason != "sorry" {
			t.Errorf("%+v %v", s, err)
		}
	}
}

// The ban may have ended by itself, or by another's hand, before it is answered.
func TestAnAnswerAfterTheBan(t *testing.T) {
	c := newCourt(t)
	if err := c.Send(t.Context(), c.offer(t), "hello", "", stranger); err != nil {
		t.Fatal(err)
	}
	if err := c.db.LiftBan(t.Context(), c.site, banned, "ada", c.now.UnixMilli()); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Answer(t.Context(), c.site, c.told[0].ID, Lifted, "", "bob"); err != nil {
		t.Error(err)
	}
	if _, _, err := c.Offer(t.Context(), c.site, banned, "ada"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a link about no ban: %v", err)
	}
	if _, _, err := c.Offer(t.Context(), c.site, "nobody", "ada"); !errors.Is(err, ErrInvalid) {
		t.Errorf("a link for nonsense: %v", err)
	}
}

func TestALinkWorksOnceAndForSevenDays(t *testing.T) {
	c := newCourt(t)
	used := c.offer(t)
	if err := c.Send(t.Context(), used, "hello", "", stranger); err != nil {
		t.Fatal(err)
	}
	if err := c.Send(t.Context(), used, "hello again", "", stranger); !errors.Is(err, store.ErrConflict) {
		t.Errorf("used twice: %v", err)
	}
	late := c.offer(t)
	c.now = c.now.Add(Lasts)
	if _, err := c.Find(t.Context(), late, stranger); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("after seven days: %v", err)
	}
	if err := c.Send(t.Context(), late, "hello", "", stranger); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("after seven days: %v", err)
	}
	if s, err := c.Find(t.Context(), used, stranger); err != nil || s.Sent == 0 {
		t.Errorf("a used one can be looked at: %+v %v", s, err)
	}
	if len(c.told) != 1 {
		t.Errorf("%d were told", len(c.told))
	}
}

// An attacker with a link presses send a hundred times at once.
func TestReplayAtOnce(t *testing.T) {
	c := newCourt(t)
	code := c.offer(t)
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			_ = c.Send(context.Background(), code, "hello", "", netip.AddrFrom4([4]byte{198, 51, 100, byte(i)}))
		})
	}
	wg.Wait()
	if n, err := c.db.CountAppeals(t.Context(), c.site); n != 1 || err != nil || len(c.told) != 1 {
		t.Errorf("%d kept, %d told, %v", n, len(c.told), err)
	}
}

// Guessing: 192 bits are not found, and who tries is soon no longer heard, without others noticing.
func TestGuessingCodes(t *testing.T) {
	c := newCourt(t)
	code := c.offer(t)
	limited := 0
	for i := range 100 {
		guess := []byte(code)
		guess[i%len(guess)] ^= 1
		_, err := c.Find(t.Context(), string(guess), netip.MustParseAddr(fmt.Sprintf("2001:db8::%x", i+1)))
		switch {
		case errors.Is(err, ErrLimited):
			limited++
		case !errors.Is(err, store.ErrNotFound):
			t.Fatalf("%q: %v", guess, err)
		}
	}
	if limited != 80 {
		t.Errorf("%d of 100 tries of one line were refused unlooked at", limited)
	}
	if _, err := c.Find(t.Context(), code, stranger); err != nil {
		t.Errorf("another's: %v", err)
	}
	c.now = c.now.Add(15 * time.Minute)
	if _, err := c.Find(t.Context(), code, netip.MustParseAddr("2001:db8::1")); err != nil {
		t.Errorf("a quarter of an hour later: %v", err)
	}
}

// A flood: someone who got hold of many links.
func TestFloodOfAppeals(t *testing.T) {
	c := newCourt(t)
	limited := 0
	for range 30 {
		code := c.offer(t)
		if err := c.Send(t.Context(), code, "hello", "", stranger); errors.Is(err, ErrLimited) {
			limited++
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if limited != 20 {
		t.Errorf("%d of 30 were refused", limited)
	}
}

func TestWhatIsSaidIsBounded(t *testing.T) {
	cases := []struct{ said, contact, field, words string }{
		{"", "", "said", "Nothing is written"},
		{" \n\t\x00 ", "", "said", "Nothing is written"},
		{strings.Repeat("é", 1001), "", "said", "1001 characters, 1 more"},
		{strings.Repeat("x", 1<<20), "", "said", "longer than 1000"},
		{"x", "nonsense", "contact", "no e-mail address"},
		{"x", "Ada <ada@example.org>", "contact", "no e-mail address"},
		{"x", "a@b.example, c@d.example", "contact", "no e-mail address"},
		{"x", "a?bcc=all@example.org", "contact", "no e-mail address"},
		{"x", "ada@example.org\r\nBcc: all@example.org", "contact", "no e-mail address"},
		{"x", "\u202eada@example.org", "contact", "no e-mail address"},
		{"x", strings.Repeat("a", 300) + "@example.org", "contact", "no e-mail address"},
	}
	c := newCourt(t)
	code := c.offer(t)
	for _, x := range cases {
		err := c.Send(t.Context(), code, x.said, x.contact, stranger)
		var f *Fault
		if !errors.As(err, &f) || !errors.Is(err, ErrInvalid) || f.Field != x.field || !strings.Contains(f.Text, x.words) {
			t.Errorf("%.40q, %.40q: %v", x.said, x.contact, err)
		}
	}
	if err := c.Send(t.Context(), code, strings.Repeat("é", 1000), "o'neil+shop@example.org", stranger); err != nil {
		t.Error(err)
	}
	if len(cases) < 11 {
		t.Fatal("cases were lost")
	}
}

func seeds(f *testing.F, least int, all ...string) {
	f.Helper()
	if len(all) < least {
		f.Fatalf("only %d seeds, there were %d", len(all), least)
	}
	for _, s := range all {
		f.Add(s)
	}
}

// What parses is written just so: no link has two spellings.
func FuzzCode(f *testing.F) {
	good := formatCode([codeBytes]byte{1, 2, 3})
	seeds(f, 6, good, "", good[:31], good+"A", strings.Repeat("_", 32), strings.Repeat("=", 32), "../../../../../../../../../../../")
	f.Fuzz(func(t *testing.T, s string) {
		code, err := parseCode(s)
		if err == nil && formatCode(code) != s {
			t.Errorf("%q is %q", s, formatCode(code))
		}
		if err != nil && !strings.HasPrefix(err.Error(), "the link") {
			t.Errorf("%v", err)
		}
	})
}

// What is taken is short, has no controls, and is taken again as it is.
func FuzzSaid(f *testing.F) {
	seeds(f, 6, "hello", "", "a\r\nb", "\x00", "\u202e", strings.Repeat("é", 1001), "\xff\xfe")
	f.Fuzz(func(t *testing.T, s string) {
		said, err := Said(s)
		if err != nil {
			return
		}
		again, err := Said(said)
		if err != nil || again != said || utf8.RuneCountInString(said) > MostSaid || !utf8.ValidString(said) ||
			strings.ContainsFunc(said, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }) {
			t.Errorf("%q became %q, then %q, %v", s, said, again, err)
		}
	})
}

// What is taken can stand after "mailto:" and changes nothing else.
func FuzzContact(f *testing.F) {
	seeds(f, 6, "ada@example.org", "", "a@b", "Ada <a@b>", "a?bcc=b@c", "\"a b\"@c", "a@[127.0.0.1]")
	f.Fuzz(func(t *testing.T, s string) {
		c, err := Contact(s)
		if err != nil || c == "" {
			return
		}
		if again, err := Contact(c); err != nil || again != c || strings.ContainsAny(c, " ,;?&%<>\"\r\n") {
			t.Errorf("%q became %q, then %q, %v", s, c, again, err)
		}
	})
}
