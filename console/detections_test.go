package console_test

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"palisade.dev/backend/access"
	"palisade.dev/guard/wire"
)

// An attack is on the overview while it goes on, with who and what asks and what can be done; its words are a stranger's.
func TestDetections(t *testing.T) {
	h := newHouse(t)
	owner := h.joins("owner@example.com", nil)
	viewer := h.joins("viewer@example.com", map[string]access.Role{h.shop.ID: access.Viewer})
	if p := owner.get("/s/shop/detections"); p.status != http.StatusOK || !strings.Contains(p.text, "Nothing goes on") || !strings.Contains(p.text, "Stuffing of leaked passwords") {
		t.Fatalf("an empty list says neither that nothing goes on nor what is looked for: %d", p.status)
	}
	const evil = `<img src=x onerror=alert(1)>` + "\x1b[31m\u202e"
	b := wire.Batch{Guard: "g", Boot: "b"}
	for i := range 40 {
		b.Events = append(b.Events, wire.Event{
			Seq: uint64(i + 1), At: h.now.Add(time.Duration(i-60) * time.Second).UnixMicro(), Method: "POST", Path: "/login" + evil, Route: "@login", Status: 401, Action: "allow", Kind: evil,
			Address: netip.MustParseAddr("203.0.113.7"), Agent: evil, Fingerprint: evil, Networks: []string{evil},
			Outcomes: []wire.Outcome{{Kind: "login", Result: "failed", Subject: fmt.Sprint(evil, i)}},
		})
	}
	b.Events = append(b.Events, b.Events[39])
	b.Events[40].Seq, b.Events[40].Outcomes = 41, []wire.Outcome{{Kind: "login", Result: "ok", Subject: evil + strings.Repeat("x", 10_000)}}
	if err := h.Events.Append(context.Background(), h.shop.ID, "g", b); err != nil {
		t.Fatal(err)
	}
	if err := h.Detections.Step(context.Background()); err != nil {
		t.Fatal(err)
	}
	open, err := h.DB.OpenDetections(context.Background(), h.shop.ID, 10)
	if err != nil || len(open) != 1 {
		t.Fatalf("%v, %v", open, err)
	}
	at := "/s/shop/detections/" + open[0].ID
	for path, want := range map[string]string{"/": "1 detection", "/s/shop": "203.0.113.7 tries leaked passwords", "/s/shop/client?subject=203.0.113.7": "Over time", "/s/shop/detections": "Going on", at: "End the sessions"} {
		p := viewer.get(path)
		if p.status != http.StatusOK || !strings.Contains(p.text, want) {
			t.Errorf("%s: %d without %q", path, p.status, want)
		}
		if strings.Contains(p.text, "<img src=x") || strings.Contains(p.text, "\x1b") {
			t.Errorf("%s shows a stranger's markup or terminal codes as they are", path)
		}
		if strings.Contains(p.text, "Ban 203.0.113.7") || strings.Contains(p.text, "Harmless") {
			t.Errorf("%s offers a viewer what they may not do", path)
		}
	}
	if p := owner.get("/s/other/detections/" + open[0].ID); p.status != http.StatusNotFound {
		t.Errorf("under another site: %d", p.status)
	}
	p := owner.get(at)
	for _, want := range []string{"Ban", "/levers/confirm?", "position=known", "/client?subject=203.0.113.7"} {
		if !strings.Contains(p.text, want) {
			t.Errorf("an owner is not offered %q", want)
		}
	}
	if p := owner.post(at, url.Values{"answer": {"perhaps"}}); !strings.Contains(owner.get(p.to).text, "want handled or harmless") {
		t.Errorf("an answer that is none: %d to %s", p.status, p.to)
	}
	owner.post(at, url.Values{"answer": {"harmless"}, "reason": {"our own test"}})
	if p := owner.get("/s/shop"); strings.Contains(p.text, "tries leaked passwords") {
		t.Error("what was answered is still on the overview")
	}
	if p := owner.get(at); !strings.Contains(p.text, "owner@example.com") || !strings.Contains(p.text, "our own test") || !strings.Contains(p.text, "Nothing of the kind is told until") {
		t.Error("who answered what is not told")
	}
}
