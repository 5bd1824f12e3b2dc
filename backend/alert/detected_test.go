package alert_test

import (
	"fmt"
	"testing"

	"palisade.dev/backend/alert"
	"palisade.dev/backend/detect"
	"palisade.dev/store"
)

func TestDetectedWords(t *testing.T) {
	d := store.Detection{ID: "d1", Recipe: "stuffing", Key: "203.0.113.7", Route: "@login", Severity: detect.High, Title: "203.0.113.7 tries leaked passwords", Began: 1_795_521_600_000, Last: 1_795_521_660_000}
	e := detect.Evidence{Clients: 1, Entered: []string{"ada@example.org"}, Networks: []detect.Count{{Value: "cloud/aws", Count: 40}}, Agents: []detect.Count{{Value: "curl/8", Count: 40}}, Advice: []string{"Ban it."}}
	a := alert.Detected(shop, d, e)
	want := `detection (high, group "stuffing", id "detection d1 4") shop-prod: 203.0.113.7 tries leaked passwords /s/shop-prod/detections/d1 ` +
		`[{Since 2026-11-24 13:00 CET} {Accounts entered ada@example.org} {From 1 address} {Networks cloud/aws} {Calls itself curl/8} {Route @login} {What to do Ban it.}]`
	if got := fmt.Sprintf("%s (%s, group %q, id %q) %s %s %v", a.Kind, a.Severity, a.Group, a.ID, a.Title, a.Link, a.Facts); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	d.Severity = detect.Critical
	if worse := alert.Detected(shop, d, e); worse.ID == a.ID || worse.Group != a.Group {
		t.Errorf("worse is %q of group %q: it has to be told again, in the same message", worse.ID, worse.Group)
	}
}
