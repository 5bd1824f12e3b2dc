package mcp

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"palisade.dev/scan"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// fake scans nothing and finds what it is told to.
type fake struct {
	findings []scan.Finding
	checks   []scan.Check
	again    *scan.Run
	asked    []APIScan
	folder   string
	untold   string // a check that cannot tell
}

func (f *fake) run(kind, target string) *scan.Run {
	outcomes := []scan.Outcome{{Check: "api/object/read", Verdict: scan.CouldNotTell, Why: "one identity only", Unlock: "give a second"}}
	if f.untold != "" {
		outcomes = append(outcomes, scan.Outcome{Check: f.untold, Where: "GET /search", Verdict: scan.CouldNotTell, Why: "throttled"})
	}
	return &scan.Run{
		Kind: kind, Target: target, Tool: "test", Started: noon, Ended: noon, Checks: f.checks, Findings: scan.Stamp(slices.Clone(f.findings)),
		Outcomes: outcomes, Gaps: []scan.Gap{}, Facts: []scan.Fact{{Name: "advisories for hex", Value: "of 2026-11-01, 23 days old"}}, Score: &scan.Score{Points: 72, Grade: "C", Coverage: 61},
	}
}

func (f *fake) API(_ context.Context, r APIScan, progress func(string, int, int)) (*scan.Run, error) {
	f.asked = append(f.asked, r)
	progress("looking", 1, 2)
	return f.run("api", r.URL), nil
}

func (f *fake) Code(_ context.Context, folder string, _ []string, progress func(string, int, int)) (*scan.Run, error) {
	f.folder = folder
	progress("walking", 1, 0)
	return f.run("code", folder), nil
}

func (f *fake) Again(context.Context, *scan.Run, scan.Finding) (*scan.Run, error) {
	return f.again, nil
}

func (f *fake) Diff(string, scan.Finding) (string, error) { return "-old\n+new\n", nil }

func (f *fake) Checks() []scan.Check { return f.checks }

func (f *fake) Explain(check string) (string, error) { return "about " + check, nil }

// backend remembers what was asked of it.
type backend struct{ calls []string }

func (b *backend) Call(_ context.Context, method, path string, body, into any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	b.calls = append(b.calls, method+" "+path+" "+string(text))
	if into != nil {
		return json.Unmarshal([]byte(`[{"name":"shop"}]`), into)
	}
	return nil
}

type house struct {
	t       *testing.T
	client  *sdk.ClientSession
	scanner *fake
	backend *backend
	now     time.Time
	told    chan string
}

func newHouse(t *testing.T, o Options) *house {
	t.Helper()
	h := &house{t: t, now: noon, told: make(chan string, 10), backend: &backend{}, scanner: &fake{
		checks:   []scan.Check{{ID: "api/rate/threshold", Title: "No limit", Severity: scan.Medium}, {ID: "elixir/sqlquery", Title: "SQL", Severity: scan.High}},
		findings: []scan.Finding{{Check: "api/rate/threshold", Title: "No limit", Severity: scan.Medium, Message: "60 requests passed", Place: scan.Place{Method: "GET", URL: "/search"}, Fix: &scan.Fix{Text: "limit it"}}},
	}}
	o.Scanner, o.Now, o.Rand, o.Version = h.scanner, func() time.Time { return h.now }, rand.Reader, "test"
	if o.Write || o.Backend != nil {
		o.Backend = h.backend
	}
	a, b := sdk.NewInMemoryTransports()
	if _, err := New(o).Connect(t.Context(), a, nil); err != nil {
		t.Fatal(err)
	}
	client := sdk.NewClient(&sdk.Implementation{Name: "test"}, &sdk.ClientOptions{ProgressNotificationHandler: func(_ context.Context, r *sdk.ProgressNotificationClientRequest) {
		h.told <- r.Params.Message
	}})
	var err error
	if h.client, err = client.Connect(t.Context(), b, nil); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.client.Close() })
	return h
}

// call uses a tool; what it says when it refuses is the error.
func call[T any](h *house, tool string, args map[string]any) (out T, err error) {
	h.t.Helper()
	res, err := h.client.CallTool(h.t.Context(), &sdk.CallToolParams{Name: tool, Arguments: args})
	if err != nil {
		return out, err
	}
	if res.IsError {
		return out, errors.New(res.Content[0].(*sdk.TextContent).Text)
	}
	text, err := json.Marshal(res.StructuredContent)
	if err != nil {
		return out, err
	}
	return out, json.Unmarshal(text, &out)
}

func (h *house) refused(tool string, args map[string]any, want string) {
	h.t.Helper()
	if _, err := call[map[string]any](h, tool, args); err == nil || !strings.Contains(err.Error(), want) {
		h.t.Errorf("%s %v: %v, want %q", tool, args, err, want)
	}
}

func TestAnAssistantScansNoStrangers(t *testing.T) {
	h := newHouse(t, Options{Hosts: []string{"api.example.com"}})
	for _, address := range []string{"https://evil.example", "https://api.example.com.evil.example", "https://api.example.com@evil.example", "https://169.254.169.254/", "file:///etc/passwd", "nonsense", ""} {
		want := "not among the hosts"
		if !strings.Contains(address, "//") || strings.HasPrefix(address, "file") {
			want = "is no address"
		}
		h.refused("scan_api", map[string]any{"url": address}, want)
	}
	h.refused("scan_api", map[string]any{"url": "https://api.example.com", "spec": "https://evil.example/openapi.json"}, "not among the hosts")
	h.refused("scan_api", map[string]any{"url": "https://api.example.com", "mode": "intrusive"}, "on the command line")
	if len(h.scanner.asked) != 0 {
		t.Fatalf("scanned: %v", h.scanner.asked)
	}
	for _, address := range []string{"https://API.example.com/v1", "http://127.0.0.1:4000", "http://[::1]:4000", "http://localhost:4000"} {
		if s, err := call[Summary](h, "scan_api", map[string]any{"url": address}); err != nil || s.Grade != "C" || len(s.Findings) != 1 || s.Findings[0].Severity != "medium" || len(s.Untold) != 1 {
			t.Errorf("%s: %+v %v", address, s, err)
		}
	}
	if h.scanner.asked[0].Mode != "passive" {
		t.Errorf("without a word it scans %s", h.scanner.asked[0].Mode)
	}
}

func TestCodeIsScannedWhereItWasAllowed(t *testing.T) {
	allowed, secret := t.TempDir(), t.TempDir()
	if err := os.Symlink(secret, filepath.Join(allowed, "way-out")); err != nil {
		t.Fatal(err)
	}
	h := newHouse(t, Options{Folders: []string{allowed}})
	for _, folder := range []string{secret, filepath.Join(allowed, "way-out"), filepath.Join(allowed, ".."), "/"} {
		h.refused("scan_code", map[string]any{"folder": folder}, "not below a folder")
	}
	h.refused("scan_code", map[string]any{"folder": filepath.Join(allowed, "nowhere")}, "cannot be read")
	if _, err := call[Summary](h, "scan_code", map[string]any{"folder": allowed}); err != nil || h.scanner.folder == "" {
		t.Errorf("the allowed one: %v", err)
	}
}

func TestFromAScanToItsEnd(t *testing.T) {
	h := newHouse(t, Options{})
	target := map[string]any{"url": "http://127.0.0.1:4000"}
	first, err := call[Summary](h, "scan_api", target)
	if err != nil {
		t.Fatal(err)
	}
	if len(first.Facts) != 1 || first.Facts[0] != (Fact{"advisories for hex", "of 2026-11-01, 23 days old"}) {
		t.Errorf("how old advisories are is not told: %+v", first.Facts)
	}
	one := map[string]any{"scan": first.Scan, "fingerprint": first.Findings[0].Fingerprint[:8]}
	if w, err := call[Whole](h, "get_finding", one); err != nil || w.Finding["message"] != "60 requests passed" || w.Finding["severity"] != "medium" {
		t.Errorf("%+v %v", w, err)
	}
	if s, err := call[Suggestion](h, "suggest_fix", one); err != nil || s.Text != "limit it" {
		t.Errorf("%+v %v", s, err)
	}
	for verdict, run := range map[scan.Verdict]*scan.Run{
		scan.Found:        h.scanner.run("api", "x"),
		scan.Clear:        {Outcomes: []scan.Outcome{{Verdict: scan.Clear, Why: "the eleventh was refused"}}},
		scan.CouldNotTell: {Outcomes: []scan.Outcome{{Verdict: scan.CouldNotTell, Why: "no answer"}}},
	} {
		h.scanner.again = run
		if r, err := call[Replayed](h, "replay_finding", one); err != nil || r.Verdict != string(verdict) {
			t.Errorf("%s: %+v %v", verdict, r, err)
		}
	}
	h.scanner.findings = []scan.Finding{{Check: "elixir/sqlquery", Title: "SQL", Severity: scan.High, Place: scan.Place{File: "a"}}}
	second, err := call[Summary](h, "scan_api", target)
	if err != nil {
		t.Fatal(err)
	}
	d, err := call[Differences](h, "diff_scans", map[string]any{"before": first.Scan, "after": second.Scan})
	if err != nil || len(d.New) != 1 || len(d.Resolved) != 1 || len(d.Still)+len(d.Untold) != 0 {
		t.Errorf("%+v %v", d, err)
	}
	whole := h.scanner.checks
	h.scanner.checks = whole[1:] // the third does not look at limits
	third, err := call[Summary](h, "scan_api", target)
	if err != nil {
		t.Fatal(err)
	}
	if d, err := call[Differences](h, "diff_scans", map[string]any{"before": first.Scan, "after": third.Scan}); err != nil || len(d.Untold) != 1 || len(d.Resolved) != 0 {
		t.Errorf("what was not looked at counts as mended: %+v %v", d, err)
	}
	h.scanner.checks, h.scanner.untold = whole, "api/rate/threshold"
	fourth, err := call[Summary](h, "scan_api", target)
	if err != nil {
		t.Fatal(err)
	}
	if d, err := call[Differences](h, "diff_scans", map[string]any{"before": first.Scan, "after": fourth.Scan}); err != nil || len(d.Untold) != 1 || len(d.Resolved) != 0 {
		t.Errorf("what could not be told counts as mended: %+v %v", d, err)
	}
	h.refused("get_scan", map[string]any{"scan": "scan-99"}, "no scan")
	h.refused("get_finding", map[string]any{"scan": first.Scan, "fingerprint": ""}, "0 findings")
	h.refused("get_finding", map[string]any{"scan": 7, "fingerprint": "x"}, "integer")
	for range mostKept + 3 {
		if _, err := call[Summary](h, "scan_api", target); err != nil {
			t.Fatal(err)
		}
	}
	if s, err := call[Scans](h, "list_scans", nil); err != nil || len(s.Scans) != mostKept {
		t.Errorf("%d scans are kept: %v", len(s.Scans), err)
	}
}

func TestProgressIsToldToWhoAsks(t *testing.T) {
	h := newHouse(t, Options{})
	p := &sdk.CallToolParams{Name: "scan_api", Arguments: map[string]any{"url": "http://127.0.0.1:4000"}}
	p.SetProgressToken("t")
	if _, err := h.client.CallTool(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	select { // a notification travels beside the answer
	case told := <-h.told:
		if told != "looking" {
			t.Errorf("told %q", told)
		}
	case <-time.After(20 * time.Second):
		t.Error("told nothing")
	}
}

func TestChangesAreConfirmed(t *testing.T) {
	h := newHouse(t, Options{Write: true})
	ban := map[string]any{"site": "shop", "subject": "203.0.113.7", "for": "1h"}
	d, err := call[Done](h, "ban", ban)
	if err != nil || d.Done || d.Confirm == "" || d.What != "ban 203.0.113.7 on shop for 1h" || len(h.backend.calls) != 0 {
		t.Fatalf("unconfirmed: %+v %v %v", d, err, h.backend.calls)
	}
	with := func(args map[string]any, key string, value any) map[string]any {
		out := map[string]any{}
		for k, v := range args {
			out[k] = v
		}
		out[key] = value
		return out
	}
	other := with(with(ban, "subject", "198.51.100.0/24"), "confirm", d.Confirm)
	h.refused("ban", other, "for something else")
	h.refused("ban", with(ban, "confirm", d.Confirm), "was used") // the try above used it up
	again, err := call[Done](h, "ban", ban)
	if err != nil {
		t.Fatal(err)
	}
	h.now = noon.Add(3 * time.Minute)
	h.refused("ban", with(ban, "confirm", again.Confirm), "older than two minutes")
	if len(h.backend.calls) != 0 {
		t.Fatalf("done without a confirmation: %v", h.backend.calls)
	}
	if again, err = call[Done](h, "ban", ban); err != nil {
		t.Fatal(err)
	}
	if d, err = call[Done](h, "ban", with(ban, "confirm", again.Confirm)); err != nil || !d.Done || len(h.backend.calls) != 1 || !strings.HasPrefix(h.backend.calls[0], "POST /sites/shop/bans ") {
		t.Errorf("confirmed: %+v %v %v", d, err, h.backend.calls)
	}
	for range 200 {
		if _, err = call[Done](h, "lift_ban", map[string]any{"site": "shop", "subject": "203.0.113.7"}); err != nil {
			break
		}
	}
	if err == nil || !strings.Contains(err.Error(), "too many changes wait") {
		t.Errorf("unconfirmed changes pile up: %v", err)
	}
}

func TestToolsAreThereForWhatWasAllowed(t *testing.T) {
	names := func(o Options) []string {
		h := newHouse(t, o)
		list, err := h.client.ListTools(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, tool := range list.Tools {
			all = append(all, tool.Name)
			if tool.OutputSchema == nil {
				t.Errorf("%s answers without a schema", tool.Name)
			}
		}
		return all
	}
	alone, reading, writing := names(Options{}), names(Options{Backend: &backend{}}), names(Options{Write: true})
	if len(alone) != 10 || slices.Contains(alone, "list_bans") {
		t.Errorf("alone: %v", alone)
	}
	if !slices.Contains(reading, "list_bans") || slices.Contains(reading, "ban") || slices.Contains(reading, "set_lever") {
		t.Errorf("reading: %v", reading)
	}
	if !slices.Contains(writing, "ban") || !slices.Contains(writing, "set_lever") {
		t.Errorf("writing: %v", writing)
	}
	h := newHouse(t, Options{Backend: &backend{}})
	if i, err := call[Items](h, "list_sites", nil); err != nil || len(i.Items) != 1 || i.Items[0]["name"] != "shop" {
		t.Errorf("%+v %v", i, err)
	}
	if _, err := call[Items](h, "list_bans", map[string]any{"site": "../../people"}); err != nil || !strings.Contains(h.backend.calls[1], "/sites/..%2F..%2Fpeople/bans") {
		t.Errorf("a site's name that climbs: %v %v", h.backend.calls, err)
	}
}
