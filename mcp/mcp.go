// Package mcp lets assistants use Palisade by the Model Context Protocol: scan what they were allowed to, read findings with
// their evidence, ask again whether one is mended; see sites, bans and levers, and where that was switched on, change them after
// somebody confirmed it. It holds the scans of its own lifetime and knows nothing of how they are run: the program that serves
// it says so.
package mcp

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"palisade.dev/scan"
)

// Scanner runs scans.
type Scanner interface {
	API(ctx context.Context, r APIScan, progress func(doing string, done, of int)) (*scan.Run, error)
	Code(ctx context.Context, folder string, checks []string) (*scan.Run, error)
	// Again looks at one finding of an API once more.
	Again(ctx context.Context, was *scan.Run, f scan.Finding) (*scan.Run, error)
	// Diff shows a finding's fix as a change of the scanned folder; "" where it has no edits.
	Diff(folder string, f scan.Finding) (string, error)
	Checks() []scan.Check
	Explain(check string) (string, error)
}

// APIScan is a scan of an API that is asked for.
type APIScan struct {
	URL    string
	Spec   string
	Mode   string
	Checks []string
}

// Backend is the people's API of a back end, /api/v1 left out of the path.
type Backend interface {
	Call(ctx context.Context, method, path string, body, into any) error
}

// Options of a server.
type Options struct {
	Scanner Scanner
	Backend Backend  // none: its tools are left out
	Hosts   []string // that may be scanned beside this machine: an assistant may not scan strangers
	Folders []string // in which code may be scanned
	Write   bool     // tools that change something are there
	Version string
	Now     func() time.Time
	Rand    io.Reader
}

// kept is a scan of this server.
type kept struct {
	ID     string
	Run    *scan.Run
	Folder string // of code
}

// mostKept bounds what is remembered: the oldest scan goes.
const mostKept = 20

type server struct {
	o Options

	mu      sync.Mutex
	scans   []kept
	pending map[string]pending
}

// New makes the server.
func New(o Options) *sdk.Server {
	x := &server{o: o, pending: map[string]pending{}}
	s := sdk.NewServer(&sdk.Implementation{Name: "palisade", Title: "Palisade", Version: o.Version}, &sdk.ServerOptions{
		Instructions: "Palisade scans APIs and source trees and guards web apps. Only targets of this machine and those that were allowed when the server was started can be scanned. A check that could not tell is not clear: say so. Evidence is redacted.",
	})
	reads := &sdk.ToolAnnotations{ReadOnlyHint: true}
	sdk.AddTool(s, &sdk.Tool{Name: "list_checks", Description: "What is looked for, with identifier, title and severity.", Annotations: reads}, x.listChecks)
	sdk.AddTool(s, &sdk.Tool{Name: "explain_check", Description: "What can go wrong, with code before and after, for one check.", Annotations: reads}, x.explain)
	sdk.AddTool(s, &sdk.Tool{Name: "scan_api", Description: "Scan an API that is allowed: a grade, findings, and what could not be told and why. passive only reads; active presses limits and tries sign-ins; neither writes."}, x.scanAPI)
	sdk.AddTool(s, &sdk.Tool{Name: "scan_code", Description: "Scan the source and dependencies of an allowed folder.", Annotations: reads}, x.scanCode)
	sdk.AddTool(s, &sdk.Tool{Name: "list_scans", Description: "Scans of this session, newest last.", Annotations: reads}, x.listScans)
	sdk.AddTool(s, &sdk.Tool{Name: "get_scan", Description: "A scan's findings, gaps and what could not be told.", Annotations: reads}, x.getScan)
	sdk.AddTool(s, &sdk.Tool{Name: "get_finding", Description: "One finding with flow or redacted evidence.", Annotations: reads}, x.getFinding)
	sdk.AddTool(s, &sdk.Tool{Name: "replay_finding", Description: "Ask again whether a finding of an API is there still: found, clear or could not tell."}, x.replay)
	sdk.AddTool(s, &sdk.Tool{Name: "diff_scans", Description: "What is new, resolved, still there, and what the later scan did not look at.", Annotations: reads}, x.diff)
	sdk.AddTool(s, &sdk.Tool{Name: "suggest_fix", Description: "How to mend a finding: words, and where a machine can do it the change as a diff. Nothing is written.", Annotations: reads}, x.suggestFix)
	if o.Backend != nil {
		x.addBackend(s)
	}
	return s
}

// Summary is a scan in short.
type Summary struct {
	Scan     string    `json:"scan" jsonschema:"id of the scan in this session"`
	Kind     string    `json:"kind"`
	Target   string    `json:"target"`
	Grade    string    `json:"grade,omitempty"`
	Points   int       `json:"points,omitempty" jsonschema:"0 to 100"`
	Coverage int       `json:"coverage,omitempty" jsonschema:"per cent of what could have been told"`
	Findings []Finding `json:"findings"`
	Untold   []string  `json:"could_not_tell" jsonschema:"why checks could not tell, and what to provide"`
	Gaps     []string  `json:"not_looked_at"`
}

// Finding is one of them in a line.
type Finding struct {
	Fingerprint string `json:"fingerprint"`
	Check       string `json:"check"`
	Title       string `json:"title"`
	Severity    string `json:"severity"`
	Confidence  string `json:"confidence"`
	Where       string `json:"where"`
	Message     string `json:"message"`
	Accepted    string `json:"accepted,omitempty" jsonschema:"the reason, where somebody accepted it"`
}

func summary(id string, r *scan.Run) Summary {
	s := Summary{Scan: id, Kind: r.Kind, Target: r.Target, Findings: []Finding{}, Untold: []string{}, Gaps: []string{}}
	if r.Score != nil {
		s.Grade, s.Points, s.Coverage = r.Score.Grade, r.Score.Points, r.Score.Coverage
	}
	for _, f := range r.Findings {
		s.Findings = append(s.Findings, short(f))
	}
	for _, o := range r.Outcomes {
		if o.Verdict != scan.CouldNotTell {
			continue
		}
		why := o.Check + ": " + o.Why
		if o.Unlock != "" {
			why += "; " + o.Unlock
		}
		if !slices.Contains(s.Untold, why) {
			s.Untold = append(s.Untold, why)
		}
	}
	for _, g := range r.Gaps {
		s.Gaps = append(s.Gaps, strings.TrimPrefix(g.Where+": "+g.Why, ": "))
	}
	return s
}

func short(f scan.Finding) Finding {
	out := Finding{f.Fingerprint, f.Check, f.Title, f.Severity.String(), f.Confidence.String(), f.Place.Where(), f.Message, ""}
	if f.Suppressed != nil {
		out.Accepted = f.Suppressed.Reason
	}
	return out
}

func (x *server) keep(r *scan.Run, folder string) string {
	x.mu.Lock()
	defer x.mu.Unlock()
	n := 1
	if len(x.scans) > 0 {
		_, _ = fmt.Sscanf(x.scans[len(x.scans)-1].ID, "scan-%d", &n)
		n++
	}
	if len(x.scans) >= mostKept {
		x.scans = x.scans[1:]
	}
	id := fmt.Sprintf("scan-%d", n)
	x.scans = append(x.scans, kept{id, r, folder})
	return id
}

func (x *server) find(id string) (kept, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, k := range x.scans {
		if k.ID == id {
			return k, nil
		}
	}
	return kept{}, fmt.Errorf("there is no scan %q in this session; list_scans has them", id)
}

// One names a finding of a scan.
type One struct {
	Scan        string `json:"scan"`
	Fingerprint string `json:"fingerprint" jsonschema:"or the beginning of it"`
}

func (x *server) one(in One) (kept, scan.Finding, error) {
	k, err := x.find(in.Scan)
	if err != nil {
		return k, scan.Finding{}, err
	}
	var found []scan.Finding
	for _, f := range k.Run.Findings {
		if in.Fingerprint != "" && strings.HasPrefix(f.Fingerprint, in.Fingerprint) {
			found = append(found, f)
		}
	}
	if len(found) != 1 {
		return k, scan.Finding{}, fmt.Errorf("%d findings of %s have a fingerprint that begins with %q", len(found), in.Scan, in.Fingerprint)
	}
	return k, found[0], nil
}

// None is no argument.
type None struct{}

// Checks is what list_checks answers.
type Checks struct {
	Checks []Check `json:"checks"`
}

// Check is one thing that is looked for.
type Check struct {
	ID       string `json:"id"`
	Title    string `json:"title"`
	Severity string `json:"severity"`
}

func (x *server) listChecks(_ context.Context, _ *sdk.CallToolRequest, in struct {
	Prefix string `json:"prefix,omitempty" jsonschema:"such as api/ or elixir/"`
},
) (*sdk.CallToolResult, Checks, error) {
	out := Checks{[]Check{}}
	for _, c := range x.o.Scanner.Checks() {
		if strings.HasPrefix(c.ID, in.Prefix) {
			out.Checks = append(out.Checks, Check{c.ID, c.Title, c.Severity.String()})
		}
	}
	return nil, out, nil
}

// Text is words.
type Text struct {
	Text string `json:"text"`
}

func (x *server) explain(_ context.Context, _ *sdk.CallToolRequest, in struct {
	Check string `json:"check" jsonschema:"such as elixir/sqlquery"`
},
) (*sdk.CallToolResult, Text, error) {
	text, err := x.o.Scanner.Explain(in.Check)
	return nil, Text{text}, err
}

// allowed refuses targets that nobody allowed: whatever an assistant reads may talk it into scanning strangers.
func (x *server) allowed(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" {
		return fmt.Errorf("%.100q is no address such as https://api.example.com", address)
	}
	host := strings.ToLower(u.Hostname())
	if a, err := netip.ParseAddr(host); host == "localhost" || err == nil && a.IsLoopback() {
		return nil
	}
	if !slices.Contains(x.o.Hosts, host) {
		return fmt.Errorf("%s is not among the hosts that may be scanned: whoever runs this server adds it with --allow %s", host, host)
	}
	return nil
}

func (x *server) scanAPI(ctx context.Context, req *sdk.CallToolRequest, in struct {
	URL    string   `json:"url"`
	Spec   string   `json:"spec,omitempty" jsonschema:"address of the OpenAPI document, if it is not found by itself"`
	Mode   string   `json:"mode,omitempty" jsonschema:"passive (default) or active"`
	Checks []string `json:"checks,omitempty" jsonschema:"only these, as api/rate/*"`
},
) (*sdk.CallToolResult, Summary, error) {
	if err := x.allowed(in.URL); err != nil {
		return nil, Summary{}, err
	}
	if in.Spec != "" {
		if err := x.allowed(in.Spec); err != nil {
			return nil, Summary{}, err
		}
	}
	if in.Mode == "" {
		in.Mode = "passive"
	}
	if in.Mode != "passive" && in.Mode != "active" {
		return nil, Summary{}, errors.New("mode: want passive or active: what writes is started by a person, on the command line")
	}
	run, err := x.o.Scanner.API(ctx, APIScan{in.URL, in.Spec, in.Mode, in.Checks}, progress(ctx, req))
	if err != nil {
		return nil, Summary{}, err
	}
	return nil, summary(x.keep(run, ""), run), nil
}

// progress tells a client that asked for it how far a scan is.
func progress(ctx context.Context, req *sdk.CallToolRequest) func(string, int, int) {
	token := req.Params.GetProgressToken()
	if token == nil {
		return func(string, int, int) {}
	}
	return func(doing string, done, of int) {
		// A client that is gone is none of the scan's concern; the context ends it.
		_ = req.Session.NotifyProgress(ctx, &sdk.ProgressNotificationParams{ProgressToken: token, Message: doing, Progress: float64(done), Total: float64(of)})
	}
}

func (x *server) scanCode(ctx context.Context, _ *sdk.CallToolRequest, in struct {
	Folder string   `json:"folder"`
	Checks []string `json:"checks,omitempty" jsonschema:"only these, as elixir/*"`
},
) (*sdk.CallToolResult, Summary, error) {
	folder, err := x.within(in.Folder)
	if err != nil {
		return nil, Summary{}, err
	}
	run, err := x.o.Scanner.Code(ctx, folder, in.Checks)
	if err != nil {
		return nil, Summary{}, err
	}
	return nil, summary(x.keep(run, folder), run), nil
}

// within refuses folders that nobody allowed, links out of those included.
func (x *server) within(folder string) (string, error) {
	full, err := filepath.Abs(folder)
	if err == nil {
		full, err = filepath.EvalSymlinks(full)
	}
	if err != nil {
		return "", fmt.Errorf("the folder %.200q cannot be read: %w", folder, err)
	}
	for _, root := range x.o.Folders {
		if real, err := filepath.EvalSymlinks(root); err == nil {
			if rel, err := filepath.Rel(real, full); err == nil && filepath.IsLocal(rel) {
				return full, nil
			}
		}
	}
	return "", fmt.Errorf("%.200q is not below a folder that may be scanned: whoever runs this server adds it with --folder", folder)
}

// Scans is what list_scans answers.
type Scans struct {
	Scans []Brief `json:"scans"`
}

// Brief is a scan in a line.
type Brief struct {
	Scan     string `json:"scan"`
	Kind     string `json:"kind"`
	Target   string `json:"target"`
	Ended    string `json:"ended"`
	Findings int    `json:"findings"`
}

func (x *server) listScans(context.Context, *sdk.CallToolRequest, None) (*sdk.CallToolResult, Scans, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	out := Scans{[]Brief{}}
	for _, k := range x.scans {
		out.Scans = append(out.Scans, Brief{k.ID, k.Run.Kind, k.Run.Target, k.Run.Ended.UTC().Format(time.RFC3339), len(k.Run.Findings)})
	}
	return nil, out, nil
}

func (x *server) getScan(_ context.Context, _ *sdk.CallToolRequest, in struct {
	Scan string `json:"scan"`
},
) (*sdk.CallToolResult, Summary, error) {
	k, err := x.find(in.Scan)
	if err != nil {
		return nil, Summary{}, err
	}
	return nil, summary(k.ID, k.Run), nil
}

// Whole is everything about a finding, as the report's JSON has it.
type Whole struct {
	Finding map[string]any `json:"finding"`
}

func (x *server) getFinding(_ context.Context, _ *sdk.CallToolRequest, in One) (*sdk.CallToolResult, Whole, error) {
	_, f, err := x.one(in)
	if err != nil {
		return nil, Whole{}, err
	}
	text, err := json.Marshal(f)
	if err != nil {
		return nil, Whole{}, err
	}
	var w Whole
	err = json.Unmarshal(text, &w.Finding)
	return nil, w, err
}

// Replayed is what came of asking again.
type Replayed struct {
	Verdict string `json:"verdict" jsonschema:"found, clear or could not tell"`
	Why     string `json:"why,omitempty"`
}

func (x *server) replay(ctx context.Context, _ *sdk.CallToolRequest, in One) (*sdk.CallToolResult, Replayed, error) {
	k, f, err := x.one(in)
	if err != nil {
		return nil, Replayed{}, err
	}
	if k.Run.Kind != "api" {
		return nil, Replayed{}, errors.New("only findings of an API can be asked again; scan the code again instead")
	}
	if err := x.allowed(k.Run.Target); err != nil {
		return nil, Replayed{}, err
	}
	run, err := x.o.Scanner.Again(ctx, k.Run, f)
	if err != nil {
		return nil, Replayed{}, err
	}
	for _, now := range run.Findings {
		if now.Fingerprint == f.Fingerprint {
			return nil, Replayed{string(scan.Found), now.Message}, nil
		}
	}
	out := Replayed{string(scan.CouldNotTell), "nothing was said"}
	for _, o := range run.Outcomes {
		if o.Verdict == scan.Clear {
			return nil, Replayed{string(scan.Clear), o.Why}, nil
		}
		out.Why = o.Why
	}
	return nil, out, nil
}

// Differences are between two scans of one target.
type Differences struct {
	New      []Finding `json:"new"`
	Resolved []Finding `json:"resolved"`
	Still    []Finding `json:"still_there"`
	Untold   []Finding `json:"not_looked_at" jsonschema:"of the earlier scan, whose checks the later one did not run"`
}

func (x *server) diff(_ context.Context, _ *sdk.CallToolRequest, in struct {
	Before string `json:"before"`
	After  string `json:"after"`
},
) (*sdk.CallToolResult, Differences, error) {
	was, err := x.find(in.Before)
	if err != nil {
		return nil, Differences{}, err
	}
	is, err := x.find(in.After)
	if err != nil {
		return nil, Differences{}, err
	}
	if was.Run.Kind != is.Run.Kind || was.Run.Target != is.Run.Target {
		return nil, Differences{}, fmt.Errorf("%s is of %s and %s of %s: only scans of one target can be compared", was.ID, was.Run.Target, is.ID, is.Run.Target)
	}
	ran, now := map[string]bool{}, map[string]bool{}
	for _, c := range is.Run.Checks {
		ran[c.ID] = true
	}
	for _, f := range is.Run.Findings {
		now[f.Fingerprint] = true
	}
	d := Differences{[]Finding{}, []Finding{}, []Finding{}, []Finding{}}
	before := map[string]bool{}
	for _, f := range was.Run.Findings {
		before[f.Fingerprint] = true
		switch {
		case now[f.Fingerprint]:
			d.Still = append(d.Still, short(f))
		case !ran[f.Check] || len(is.Run.Gaps) > 0 && slices.ContainsFunc(is.Run.Gaps, func(g scan.Gap) bool { return g.Where == "" || strings.HasPrefix(f.Place.Where(), g.Where) }):
			d.Untold = append(d.Untold, short(f))
		default:
			d.Resolved = append(d.Resolved, short(f))
		}
	}
	for _, f := range is.Run.Findings {
		if !before[f.Fingerprint] {
			d.New = append(d.New, short(f))
		}
	}
	return nil, d, nil
}

// Suggestion is how to mend a finding.
type Suggestion struct {
	Text string `json:"text"`
	Diff string `json:"diff,omitempty"`
}

func (x *server) suggestFix(_ context.Context, _ *sdk.CallToolRequest, in One) (*sdk.CallToolResult, Suggestion, error) {
	k, f, err := x.one(in)
	if err != nil {
		return nil, Suggestion{}, err
	}
	s := Suggestion{}
	if f.Fix != nil {
		s.Text = f.Fix.Text
	}
	if s.Text == "" {
		if s.Text, err = x.o.Scanner.Explain(f.Check); err != nil {
			return nil, Suggestion{}, err
		}
	}
	if k.Folder != "" {
		if s.Diff, err = x.o.Scanner.Diff(k.Folder, f); err != nil {
			return nil, Suggestion{}, err
		}
	}
	return nil, s, nil
}

// pending is a change that waits for somebody's word.
type pending struct {
	what  [32]byte
	until time.Time
}

// confirmed gives "" once a change was confirmed, and else the code with which the same change has to be asked for again. A code
// is for that change alone, once, and for two minutes.
func (x *server) confirmed(change, code string) (string, error) {
	sum := sha256.Sum256([]byte(change))
	now := x.o.Now()
	x.mu.Lock()
	defer x.mu.Unlock()
	for c, p := range x.pending {
		if !p.until.After(now) {
			delete(x.pending, c)
		}
	}
	if code != "" {
		p, ok := x.pending[code]
		delete(x.pending, code)
		if !ok || p.what != sum {
			return "", errors.New("this confirmation is for something else, was used, or is older than two minutes: ask without it, show the person what would be done, and ask again")
		}
		return "", nil
	}
	if len(x.pending) >= 100 {
		return "", errors.New("too many changes wait to be confirmed: try again in two minutes")
	}
	var raw [12]byte
	if _, err := io.ReadFull(x.o.Rand, raw[:]); err != nil {
		return "", err
	}
	code = hex.EncodeToString(raw[:])
	x.pending[code] = pending{sum, now.Add(2 * time.Minute)}
	return code, nil
}
