package mcp

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"palisade.dev/scan"
)

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
	Facts    []Fact    `json:"facts" jsonschema:"about the scan itself, such as how old the advisories are that dependencies were compared with: tell the person where they are old"`
}

// Fact is something worth knowing of a scan.
type Fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
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
	s := Summary{Scan: id, Kind: r.Kind, Target: r.Target, Findings: []Finding{}, Untold: []string{}, Gaps: []string{}, Facts: []Fact{}}
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
	for _, f := range r.Facts {
		s.Facts = append(s.Facts, Fact{f.Name, f.Value})
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
