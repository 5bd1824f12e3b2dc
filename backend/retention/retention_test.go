package retention

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"palisade.dev/backend/access"
	"palisade.dev/backend/event"
	"palisade.dev/store"
	"palisade.dev/store/sqlite"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// stored opens a store with some events on each of the last days, today's included.
func stored(t *testing.T, file, days, perDay int) *Retention {
	t.Helper()
	db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "palisade.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	s := store.Site{ID: "s1", Name: "shop", Zone: "UTC", Secret: []byte("x"), Settings: "{}", Author: "test"}
	if err := db.CreateSite(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	w := store.EventWrite{Site: "s1"}
	for n := range days {
		day := event.Day(noon.UnixMicro()) - int32(n)
		w.Segments = append(w.Segments, store.Segment{Day: day, ID: int64(n + 1), Count: perDay, Body: make([]byte, 100)})
	}
	if err := db.AppendEvents(t.Context(), []store.EventWrite{w}); err != nil {
		t.Fatal(err)
	}
	return &Retention{DB: db, File: file, Now: func() time.Time { return noon }}
}

func owner(t *testing.T) context.Context {
	t.Helper()
	return access.With(t.Context(), access.Operator)
}

// A shorter time is counted, refused until as much is confirmed, kept, told and written down; and taken back.
func TestSetting(t *testing.T) {
	r := stored(t, 30, 31, 258_000)
	ctx := owner(t)
	told := []int{}
	r.Changed = func(days int) { told = append(told, days) }
	if k, err := r.Get(ctx); err != nil || k != (Kept{Days: 30, File: 30}) {
		t.Errorf("%+v, %v", k, err)
	}
	l, err := r.Preview(ctx, 18)
	if err != nil || l.String() != "12 days, about 3.1 million events" || l.Bytes != 1200 || l.Since != noon.AddDate(0, 0, -30).Truncate(24*time.Hour).UnixMilli() {
		t.Errorf("%+v (%s), %v", l, l, err)
	}
	for _, confirmed := range []int{0, 11} {
		_, err := r.Set(ctx, 18, confirmed)
		var u *Unconfirmed
		if !errors.Is(err, ErrUnconfirmed) || !errors.As(err, &u) || u.Loss != l || !strings.Contains(err.Error(), "forgets 12 days, about 3.1 million events: nothing was changed") {
			t.Errorf("%v", err)
		}
	}
	if k, err := r.Get(ctx); err != nil || k.Own || len(told) > 0 {
		t.Errorf("unconfirmed, and changed: %+v, %v, %v", k, err, told)
	}
	k, err := r.Set(ctx, 18, 12)
	if err != nil || k != (Kept{Days: 18, File: 30, Own: true, Author: "operator", Updated: noon.UnixMilli()}) {
		t.Errorf("%+v, %v", k, err)
	}
	if again, err := r.Get(ctx); err != nil || again != k {
		t.Errorf("%+v, %v", again, err)
	}
	if _, err := r.Set(ctx, 90, 0); err != nil { // longer forgets nothing
		t.Error(err)
	}
	if k, err := r.Reset(ctx, 0); err != nil || k != (Kept{Days: 30, File: 30}) {
		t.Errorf("%+v, %v", k, err)
	}
	if len(told) != 3 || told[0] != 18 || told[1] != 90 || told[2] != 30 {
		t.Errorf("told %v", told)
	}
	entries, err := r.DB.AuditLog(ctx, store.AuditQuery{Subject: "retention", Limit: 10})
	if err != nil || len(entries) != 3 {
		t.Fatalf("%+v, %v", entries, err)
	}
	first := entries[2]
	if first.Author != "operator" || first.Action != "keeping events for 18 days, which forgets 12 days, about 3.1 million events" || first.Earlier != "30 days (configuration file)" || first.Later != "18 days" {
		t.Errorf("%+v", first)
	}
	if last := entries[0]; last.Earlier != "90 days" || last.Later != "30 days (configuration file)" {
		t.Errorf("%+v", last)
	}
}

// Going back to the file's shorter time is confirmed as any other.
func TestResetForgetsToo(t *testing.T) {
	r := stored(t, 7, 31, 10)
	if _, err := r.Set(owner(t), 30, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Reset(owner(t), 0); !errors.Is(err, ErrUnconfirmed) || !strings.Contains(err.Error(), "23 days, 230 events") {
		t.Errorf("%v", err)
	}
	if k, err := r.Get(owner(t)); err != nil || k.Days != 30 {
		t.Errorf("%+v, %v", k, err)
	}
	if _, err := r.Reset(owner(t), 23); err != nil {
		t.Error(err)
	}
	always := stored(t, 0, 100, 10)
	if l, err := always.Preview(owner(t), 0); err != nil || l.String() != "nothing" {
		t.Errorf("%+v, %v", l, err)
	}
}

func TestBoundsAndRoles(t *testing.T) {
	r := stored(t, 30, 2, 10)
	for _, days := range []int{-1, 0, Most + 1} {
		if _, err := r.Set(owner(t), days, 1000); !errors.Is(err, ErrInvalid) {
			t.Errorf("%d days: %v", days, err)
		}
	}
	for _, role := range []access.Role{access.Viewer, access.Auditor, access.Responder} {
		ctx := access.With(t.Context(), access.Actor{ID: "x", Name: "x", Roles: map[string]access.Role{access.Everywhere: role}, Scope: access.Operator.Scope})
		if _, err := r.Set(ctx, 20, 0); !errors.Is(err, access.ErrForbidden) {
			t.Errorf("%s: %v", role, err)
		}
		if _, err := r.Reset(ctx, 0); !errors.Is(err, access.ErrForbidden) {
			t.Errorf("%s: %v", role, err)
		}
	}
	one := access.With(t.Context(), access.Actor{ID: "x", Name: "x", Roles: map[string]access.Role{"s1": access.Owner}, Scope: access.Operator.Scope})
	if _, err := r.Set(one, 20, 0); !errors.Is(err, access.ErrForbidden) {
		t.Errorf("an owner of one site: %v", err)
	}
}

// What cannot be read is no reason to forget anything, and can be set anew.
func TestDamagedSetting(t *testing.T) {
	r := stored(t, 30, 2, 10)
	for _, body := range []string{"", "{", `{"days":0}`, `{"days":999999}`} {
		if err := r.DB.PutSetting(t.Context(), setting, []byte(body)); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Get(t.Context()); err == nil || !strings.Contains(err.Error(), "nothing is forgotten until an owner sets it anew") {
			t.Errorf("%q: %v", body, err)
		}
	}
	if _, err := r.Set(owner(t), 30, 0); err != nil {
		t.Error(err)
	}
	if k, err := r.Get(t.Context()); err != nil || k.Days != 30 {
		t.Errorf("%+v, %v", k, err)
	}
}

func TestNumbersInWords(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0 events", 1: "1 event", 999: "999 events", 9999: "9999 events", 10_000: "about 10 thousand events", 999_999: "about 1000 thousand events",
		312_000_000: "about 312 million events", 3_100_000: "about 3.1 million events", 2_500_000_000: "about 2.5 billion events",
	} {
		if got := about(n); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
}
