package entry

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"testing"
	"time"

	"palisade.dev/store"
)

type memory map[string][]byte

func (m memory) Setting(_ context.Context, name string) ([]byte, error) {
	if v, ok := m[name]; ok {
		return v, nil
	}
	return nil, store.ErrNotFound
}

func (m memory) PutSetting(_ context.Context, name string, value []byte) error {
	m[name] = value
	return nil
}

func open(t *testing.T, m memory, now *time.Time) *Entry {
	t.Helper()
	e, err := Open(t.Context(), m, func() time.Time { return *now }, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestALinkWorksOnceAndNotForLong(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	e := open(t, memory{}, &now)
	code, err := e.Link()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Redeem(t.Context(), strings.Repeat("0", 64), "203.0.113.7", "x"); !errors.Is(err, ErrCode) {
		t.Error(err)
	}
	secret, err := e.Redeem(t.Context(), code, "203.0.113.7", "browser")
	if err != nil {
		t.Fatal(err)
	}
	if s, ok := e.Find(secret); !ok || s.Address != "203.0.113.7" || s.Agent != "browser" {
		t.Error(s, ok)
	}
	if _, err := e.Redeem(t.Context(), code, "203.0.113.7", "x"); !errors.Is(err, ErrCode) {
		t.Error("a link was used twice:", err)
	}
	late, _ := e.Link()
	now = now.Add(linkLife)
	if _, err := e.Redeem(t.Context(), late, "203.0.113.7", "x"); !errors.Is(err, ErrCode) {
		t.Error("an old link was used:", err)
	}
}

func TestLinksAreBounded(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	e := open(t, memory{}, &now)
	first, _ := e.Link()
	for range maxLinks {
		now = now.Add(time.Second)
		if _, err := e.Link(); err != nil {
			t.Fatal(err)
		}
	}
	if len(e.links) != maxLinks {
		t.Error(len(e.links))
	}
	if _, err := e.Redeem(t.Context(), first, "", ""); !errors.Is(err, ErrCode) {
		t.Error("the oldest link is still there")
	}
}

func TestSessionsOutliveARestartAndEnd(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	m := memory{}
	e := open(t, m, &now)
	secret, err := e.Begin(t.Context(), "203.0.113.7", strings.Repeat("x", 10_000))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(m[setting]), secret) {
		t.Error("the cookie's value is stored")
	}
	e = open(t, m, &now)
	s, ok := e.Find(secret)
	if !ok || len(s.Agent) != maxAgent {
		t.Fatal(s, ok)
	}
	for _, wrong := range []string{"", s.Hash, s.ID, secret[:63], secret + "0", strings.ToUpper(secret)} {
		if _, ok := e.Find(wrong); ok && wrong != secret {
			t.Errorf("%q was let in", wrong)
		}
	}
	other, _ := e.Begin(t.Context(), "203.0.113.8", "")
	if err := e.End(t.Context(), s.ID); err != nil {
		t.Fatal(err)
	}
	if _, ok := open(t, m, &now).Find(secret); ok {
		t.Error("an ended session came back")
	}
	if _, ok := e.Find(other); !ok || len(e.Sessions()) != 1 {
		t.Error("another session was ended")
	}
	now = now.Add(SessionLife)
	if _, ok := e.Find(other); ok {
		t.Error("a session does not run out")
	}
}
