package backend

import (
	"context"
	"strings"
	"testing"
	"time"

	"palisade.dev/backend/access"
	"palisade.dev/backend/event"
	"palisade.dev/guard/wire"
	"palisade.dev/store"
)

// Events are kept for as long as an owner says from the moment they say it: what is older goes without a restart, what
// arrives later is measured by it, and another back end of the same database goes by it too. Over the API, with the count
// of what is forgotten.
func TestRetentionIsChangedWhileRunning(t *testing.T) {
	h := newHouse(t)
	today := event.Day(h.o.Now().UnixMicro())
	w := store.EventWrite{Site: h.site.ID}
	for n := range int32(25) {
		w.Segments = append(w.Segments, store.Segment{Day: today - n, ID: int64(n) + 1, Count: 1000, Body: []byte("x")})
	}
	if err := h.DB.AppendEvents(t.Context(), []store.EventWrite{w}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { h.retain(ctx); close(done) }()
	t.Cleanup(func() { cancel(); <-done })

	token := h.operatorText(t)
	ask := func(want int, method, path, body string) map[string]any {
		t.Helper()
		status, out := h.ask(t, method, "/api/v1/retention"+path, body, token)
		if status != want {
			t.Fatalf("%s %s: %d %v, want %d", method, path, status, out, want)
		}
		return out
	}
	if out := ask(200, "GET", "?days=10", ""); out["days"] != 30.0 || out["own"] != nil || out["forgets"].(map[string]any)["days"] != 14.0 || out["forgets"].(map[string]any)["events"] != 14_000.0 {
		t.Errorf("%v", out)
	}
	if out := ask(409, "PUT", "?forget=13", `{"days":10}`); !strings.Contains(out["detail"].(string), "forgets 14 days, about 14 thousand events") {
		t.Errorf("%v", out)
	}
	ask(422, "PUT", "?forget=14", `{"days":0}`)
	ask(422, "PUT", "", `{"days":4000}`)
	if out := ask(200, "PUT", "?forget=14", `{"days":10}`); out["days"] != 10.0 || out["own"] != true || out["author"] != "operator" {
		t.Errorf("%v", out)
	}
	until(t, "old days are gone", func() bool {
		days, err := h.DB.EventDays(t.Context())
		return err == nil && len(days) == 11 && days[0] == today-10
	})
	old := wire.Event{Seq: 1, At: h.o.Now().Add(-12 * 24 * time.Hour).UnixMicro(), Method: "GET", Path: "/", Action: "allow"}
	if err := h.Events.Append(t.Context(), h.site.ID, "g", wire.Batch{Guard: "g", Boot: "b", Events: []wire.Event{old}}); err != nil {
		t.Fatal(err)
	}
	if st, err := h.Events.Stats(t.Context()); err != nil || st.TooOld != 1 {
		t.Errorf("%+v, %v", st, err)
	}
	other, err := Open(t.Context(), h.o)
	if err != nil {
		t.Fatal(err)
	}
	if k, err := other.Retention.Get(t.Context()); err != nil || k.Days != 10 {
		t.Errorf("another back end: %+v, %v", k, err)
	}
	if out := ask(200, "DELETE", "", ""); out["days"] != 30.0 || out["own"] != nil {
		t.Errorf("%v", out)
	}
	entries, err := h.DB.AuditLog(access.With(t.Context(), access.Operator), store.AuditQuery{Subject: "retention", Limit: 9})
	if err != nil || len(entries) != 2 || !strings.Contains(entries[1].Action, "which forgets 14 days") {
		t.Errorf("%+v, %v", entries, err)
	}
}
