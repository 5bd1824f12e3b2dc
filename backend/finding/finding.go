// Package finding remembers what scanners found on each site: it takes whole reports in, keeps them as evidence, and says of
// each fault whether it is new, still there, gone, come back or accepted. It runs no scan: whoever ran one brings the report.
package finding

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"palisade.dev/scan"
	"palisade.dev/store"
)

// ErrInvalid is what whoever asked can mend.
var ErrInvalid = errors.New("invalid")

// Bounds of a report.
const (
	MaxReport   = 32 << 20 // bytes of JSON
	MaxFindings = 20_000
	maxText     = 400       // bytes of a title or place, as lists show them
	maxBody     = 256 << 10 // bytes of one finding
)

// Keep is how long reports, and findings that are gone, are remembered: an audit looks back a year, and a little.
const Keep = 400 * 24 * time.Hour

// Overdue is how long after a scan a site counts as not scanned.
const Overdue = 30 * 24 * time.Hour

// Findings is the room.
type Findings struct {
	DB  *store.DB
	Now func() time.Time
	ID  func() string
	// Told, if given, hears of each scan with something new or come back.
	Told func(ctx context.Context, s store.Scan, b store.Brought) error
}

// Brought is what came of a report.
type Brought struct {
	Scan      store.Scan      `json:"scan"`
	New       []store.Finding `json:"new"`
	Regressed []store.Finding `json:"regressed"`
	Resolved  int             `json:"resolved"`
	Still     int             `json:"still"`
	Untold    int             `json:"untold" doc:"known findings in parts that this scan did not look at"`
}

// Read reads a report as a scanner's JSON writes it.
func Read(report []byte) (*scan.Run, error) {
	if len(report) > MaxReport {
		return nil, fmt.Errorf("%w: the report has more than %d bytes", ErrInvalid, MaxReport)
	}
	var r scan.Run
	d := json.NewDecoder(bytes.NewReader(report))
	if err := d.Decode(&r); err != nil {
		return nil, fmt.Errorf("%w: the report is not what `palisade scan … --format json` writes: %w", ErrInvalid, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%w: there is something behind the report", ErrInvalid)
	}
	switch {
	case r.Kind == "" || len(r.Kind) > 20 || r.Tool == "" || len(r.Tool) > 100:
		return nil, fmt.Errorf("%w: the report does not say its kind and tool", ErrInvalid)
	case len(r.Target) > maxText:
		return nil, fmt.Errorf("%w: the report's target has more than %d bytes", ErrInvalid, maxText)
	case r.Started.IsZero() || r.Ended.Before(r.Started):
		return nil, fmt.Errorf("%w: the report does not say when it began and ended", ErrInvalid)
	case len(r.Findings) > MaxFindings:
		return nil, fmt.Errorf("%w: %d findings are more than the %d that a report may have", ErrInvalid, len(r.Findings), MaxFindings)
	}
	seen := map[string]bool{}
	for i, f := range r.Findings {
		switch {
		case f.Check == "" || f.Fingerprint == "" || len(f.Fingerprint) > 128 || len(f.Check) > 128:
			return nil, fmt.Errorf("%w: finding %d has no check or fingerprint", ErrInvalid, i+1)
		case seen[f.Fingerprint]:
			return nil, fmt.Errorf("%w: two findings have the fingerprint %s", ErrInvalid, f.Fingerprint)
		case f.Severity == scan.None || f.Severity > scan.Critical:
			return nil, fmt.Errorf("%w: finding %d has no severity", ErrInvalid, i+1)
		}
		seen[f.Fingerprint] = true
	}
	return &r, nil
}

// Bring takes a report in.
func (x *Findings) Bring(ctx context.Context, site store.Site, report []byte, author string) (Brought, error) {
	r, err := Read(report)
	if err != nil {
		return Brought{}, err
	}
	now := x.Now()
	if r.Ended.After(now.Add(time.Hour)) {
		return Brought{}, fmt.Errorf("%w: the scan ended at %s, which has not come yet: look at the clock where it ran", ErrInvalid, r.Ended.UTC().Format(time.RFC3339))
	}
	sum := sha256.Sum256(report)
	s := store.Scan{
		ID: x.ID(), Site: site.ID, Kind: r.Kind, Target: r.Target, Tool: r.Tool, Author: author,
		Started: r.Started.UnixMilli(), Ended: r.Ended.UnixMilli(), Kept: now.UnixMilli(), Gaps: len(r.Gaps), Checks: len(r.Checks), Score: -1, Hash: sum[:],
	}
	if r.Score != nil {
		s.Score, s.Grade = r.Score.Points, Cut(r.Score.Grade, 4)
	}
	found := make([]store.Finding, 0, len(r.Findings))
	for _, f := range r.Findings {
		kept, err := x.entry(f, now)
		if err != nil {
			return Brought{}, err
		}
		found = append(found, kept)
		if f.Suppressed != nil {
			continue
		}
		*map[scan.Severity]*int{scan.Critical: &s.Critical, scan.High: &s.High, scan.Medium: &s.Medium, scan.Low: &s.Low, scan.Info: &s.Info}[f.Severity]++
	}
	packed, err := pack(report)
	if err != nil {
		return Brought{}, err
	}
	looked := scan.Looked(r)
	b, err := x.DB.BringScan(ctx, s, packed, found, func(f store.Finding) bool { return looked(f.Check, f.Place) })
	if err != nil {
		return Brought{}, err
	}
	out := Brought{s, b.New, b.Regressed, b.Resolved, b.Still, b.Untold}
	if x.Told != nil && len(b.New)+len(b.Regressed) > 0 {
		if err := x.Told(ctx, s, b); err != nil {
			return out, fmt.Errorf("the scan is kept, but people could not be told of it: %w", err)
		}
	}
	return out, nil
}

// entry is a finding as it is kept.
func (x *Findings) entry(f scan.Finding, now time.Time) (store.Finding, error) {
	body, err := json.Marshal(f)
	if err != nil {
		return store.Finding{}, err
	}
	if len(body) > maxBody {
		return store.Finding{}, fmt.Errorf("%w: the finding at %s has more than %d bytes", ErrInvalid, Cut(f.Place.Where(), 100), maxBody)
	}
	kept := store.Finding{
		ID: x.ID(), Fingerprint: f.Fingerprint, Check: f.Check, Title: Cut(f.Title, maxText), Severity: int(f.Severity), Place: Cut(f.Place.Where(), maxText), Body: string(body),
	}
	if p := f.Suppressed; p != nil {
		kept.Accepted, kept.Accepter, kept.Reason = now.UnixMilli(), Cut(p.By, 100), Cut(p.Reason, maxText)
		if kept.Accepter == "" {
			kept.Accepter = Cut(p.Source, 100)
		}
		if kept.Reason == "" {
			kept.Reason = "accepted in the source"
		}
		if !p.Until.IsZero() {
			kept.Until = p.Until.UnixMilli()
		}
	}
	return kept, nil
}

// Cut shortens what comes from outside to a number of bytes, between letters, and says so with a sign.
func Cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n-3], "") + "…"
}

func pack(report []byte) ([]byte, error) {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(report); err != nil {
		return nil, err
	}
	err := w.Close() // before its bytes are read
	return b.Bytes(), err
}

// Report gives a scan's report, byte for byte as it was brought.
func (x *Findings) Report(ctx context.Context, site store.Site, id string) (store.Scan, []byte, error) {
	s, packed, err := x.DB.ScanBody(ctx, site.ID, id)
	if err != nil {
		return s, nil, err
	}
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return s, nil, fmt.Errorf("the report of scan %s is damaged: %w", id, err)
	}
	report, err := io.ReadAll(io.LimitReader(r, MaxReport+1))
	if err != nil {
		return s, nil, fmt.Errorf("the report of scan %s is damaged: %w", id, err)
	}
	if sum := sha256.Sum256(report); !bytes.Equal(sum[:], s.Hash) {
		return s, nil, fmt.Errorf("the report of scan %s is not what was brought: its hash differs from the one in the audit log", id)
	}
	return s, report, nil
}

// Detail gives a finding with the scanner's own words about it.
func (x *Findings) Detail(ctx context.Context, site store.Site, id string) (store.Finding, scan.Finding, error) {
	f, err := x.DB.Finding(ctx, site.ID, id)
	if err != nil {
		return f, scan.Finding{}, err
	}
	var said scan.Finding
	if err := json.Unmarshal([]byte(f.Body), &said); err != nil {
		return f, said, fmt.Errorf("reading finding %s: %w", id, err)
	}
	return f, said, nil
}

// Accept notes that somebody lives with a finding, and why; lasts of 0 is for good.
func (x *Findings) Accept(ctx context.Context, site store.Site, id, reason string, lasts time.Duration, author string) error {
	reason = strings.TrimSpace(reason)
	switch {
	case len(reason) < 3:
		return fmt.Errorf("%w: say why it is accepted: whoever reads the audit log will ask", ErrInvalid)
	case len(reason) > maxText:
		return fmt.Errorf("%w: the reason has more than %d bytes", ErrInvalid, maxText)
	case lasts < 0:
		return fmt.Errorf("%w: the acceptance ends before it begins", ErrInvalid)
	}
	now, until := x.Now(), int64(0)
	if lasts > 0 {
		until = now.Add(lasts).UnixMilli()
	}
	return x.DB.AcceptFinding(ctx, site.ID, id, reason, until, author, now.UnixMilli())
}

// Reopen takes an acceptance back.
func (x *Findings) Reopen(ctx context.Context, site store.Site, id, author string) error {
	return x.DB.AcceptFinding(ctx, site.ID, id, "", 0, author, x.Now().UnixMilli())
}
