// Package traffic holds the pages that show: all sites, one site, its events as they come, and one client.
package traffic

import (
	"cmp"
	"context"
	"embed"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"palisade.dev/backend/access"
	"palisade.dev/backend/client"
	"palisade.dev/backend/event"
	"palisade.dev/backend/network/desk"
	"palisade.dev/backend/veil"
	"palisade.dev/console/page"
	"palisade.dev/guard/wire"
	"palisade.dev/scan"
	"palisade.dev/store"
)

//go:embed *.html
var files embed.FS

var pages = page.Load(files)

// Traffic shows.
type Traffic struct {
	DB      *store.DB
	Events  *event.Log
	Search  *event.Search
	Clients *client.Clients
	Desk    *desk.Desk
	Now     func() time.Time
}

// Routes are its pages.
func (t *Traffic) Routes() []page.Route {
	return []page.Route{
		{Pattern: "GET /{$}", Handle: t.sites},
		{Pattern: "GET /s/{site}", Need: access.See, Handle: t.overview},
		{Pattern: "GET /s/{site}/live", Need: access.See, Handle: t.ticking},
		{Pattern: "GET /s/{site}/events", Need: access.See, Handle: t.events},
		{Pattern: "GET /s/{site}/events/live", Need: access.See, Handle: t.live},
		{Pattern: "GET /s/{site}/events/export", Need: access.See, Handle: t.export},
		{Pattern: "GET /s/{site}/client", Need: access.See, Handle: t.client},
		{Pattern: "POST /s/{site}/client/reveal", Need: access.Respond, Handle: t.reveal},
		{Pattern: "POST /s/{site}/client/challenge", Need: access.Respond, Handle: t.challenge},
	}
}

type line struct {
	store.Site
	Guards  []store.Guard
	Silent  int // guards not heard of for a minute and a half
	Bans    int
	Closed  int   // levers that are not open
	Going   int   // detections that go on
	Last    int64 // a guard was heard of
	Event   int64 // the newest event, unix microseconds
	Refused uint64
	Today   uint64
	Faults  []faults // open findings, the worst first
	Worst   int64    // a number to sort by: the worst first, then how many
	Scanned int64    // when anything of it was last scanned
}

// faults is how many open findings of a severity there are.
type faults struct {
	Word string
	N    int
}

// silent is three times as long as a guard's poll waits.
const silent = 90 * time.Second

// gone is after how long a guard that said nothing is no longer counted as missing: it was taken away.
const gone = 24 * time.Hour

func (t *Traffic) sites(r *page.Request) error {
	all, err := t.DB.Sites(r.Context())
	if err != nil {
		return err
	}
	found, err := t.DB.FindingCounts(r.Context(), r.Now.UnixMilli())
	if err != nil {
		return err
	}
	var lines []line
	for _, s := range all {
		if !r.Person.Actor.May(s.ID, access.See) {
			continue
		}
		l, err := t.line(r, s)
		if err != nil {
			return err
		}
		l.scanned(found[s.ID])
		if l.Going, err = t.DB.CountDetections(r.Context(), s.ID); err != nil {
			return err
		}
		lines = append(lines, l)
	}
	by := r.FormValue("sort")
	slices.SortStableFunc(lines, func(a, b line) int {
		switch by {
		case "refused":
			return int(b.Refused) - int(a.Refused)
		case "bans":
			return b.Bans - a.Bans
		case "faults":
			return cmp.Compare(b.Worst, a.Worst)
		case "scanned":
			return cmp.Compare(a.Scanned, b.Scanned)
		case "environment":
			return strings.Compare(a.Environment, b.Environment)
		case "exposed":
			return first(a.WebFacing, b.WebFacing)
		case "personal":
			return first(a.PersonalData, b.PersonalData)
		case "guards": // those without any, or that do not enforce what they should, are what one looks for
			return first(!a.enforced(), !b.enforced())
		case "event":
			return cmp.Compare(b.Event, a.Event)
		case "heard":
			return cmp.Compare(a.Last, b.Last)
		}
		return strings.Compare(a.Name, b.Name)
	})
	return r.Render(http.StatusOK, pages, "sites.html", "Sites", lines)
}

// scanned says what scans found.
func (l *line) scanned(c store.SiteFindings) {
	for s := scan.Critical; s > scan.Info; s-- {
		if n := c.Open[s]; n > 0 {
			l.Faults = append(l.Faults, faults{s.String(), n})
		}
		l.Worst = l.Worst*100_000 + int64(min(c.Open[s], 99_999))
	}
	for _, at := range c.Scanned {
		l.Scanned = max(l.Scanned, at.At)
	}
}

// enforced reports whether the site has guards and all of them are at its newest revision.
func (l line) enforced() bool {
	for _, g := range l.Guards {
		if g.Fault != "" || g.Revision != l.Revision {
			return false
		}
	}
	return len(l.Guards) > l.Silent
}

// first puts what is so before what is not.
func first(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

func (t *Traffic) line(r *page.Request, s store.Site) (line, error) {
	ctx, now := r.Context(), r.Now
	l := line{Site: s}
	guards, err := t.DB.Guards(ctx, s.ID)
	if err != nil {
		return l, err
	}
	for _, g := range guards {
		quiet := now.Sub(time.UnixMilli(g.LastSeen))
		if quiet > gone {
			continue
		}
		if quiet > silent {
			l.Silent++
		}
		l.Guards, l.Last = append(l.Guards, g), max(l.Last, g.LastSeen)
	}
	if l.Bans, err = t.DB.CountBans(ctx, s.ID, now.UnixMilli()); err != nil {
		return l, err
	}
	levers, err := t.DB.Levers(ctx, s.ID, now.UnixMilli())
	if err != nil {
		return l, err
	}
	l.Closed = len(levers)
	sum, err := t.Search.Summary(ctx, s.ID, now.Add(-24*time.Hour), now, 24*time.Hour)
	if err != nil {
		return l, err
	}
	l.Today = sum.Total.Requests
	_, _, l.Refused = split(sum.Total.Actions)
	newest, err := t.Search.Find(ctx, event.Query{Site: s.ID, Limit: 1})
	if err != nil {
		return l, err
	}
	for _, e := range newest.Events {
		l.Event = e.At
	}
	return l, nil
}

// split counts actions as people think of them.
func split(actions map[string]uint64) (allowed, challenged, refused uint64) {
	for action, n := range actions {
		switch action {
		case "allow", "observe", "delay":
			allowed += n
		case "challenge", "throttle":
			challenged += n
		default:
			refused += n
		}
	}
	return
}

// columns are what events can be looked for by, in the order of the form.
var columns = []struct{ Name, Label, Hint string }{
	{"text", "Anything", "part of a path, agent, account or address"},
	{"address", "Address", "203.0.113.7, or a pseudonym"},
	{"network", "Network", "tor, or 203.0.113.0/24"},
	{"account", "Account", ""},
	{"api_key", "API key", "its first 12 hex"},
	{"certificate", "Certificate", ""},
	{"fingerprint", "Fingerprint", ""},
	{"route", "Route", "POST /login"},
	{"status", "Status", "404 or 4xx"},
	{"action", "Verdict", "allow, throttle, block, ban …"},
	{"rule", "Rule", ""},
	{"kind", "Kind", ""},
	{"outcome", "Outcome", "login.failed"},
}

func (t *Traffic) query(r *page.Request) event.Query {
	v := r.FormValue
	return event.Query{
		Site: r.Here.ID, Text: v("text"), Address: strings.TrimSpace(v("address")), Network: v("network"), Account: v("account"), Key: v("api_key"),
		Certificate: v("certificate"), Fingerprint: v("fingerprint"), Route: v("route"), Status: v("status"), Action: v("action"),
		Rule: v("rule"), Kind: v("kind"), Outcome: v("outcome"), Cursor: v("cursor"), Limit: 100,
	}
}

type found struct {
	Columns  any
	Events   []event.Shown
	Next     string
	Fault    string
	Filtered bool
}

func (t *Traffic) events(r *page.Request) error {
	f := found{Columns: columns}
	for _, c := range columns {
		f.Filtered = f.Filtered || r.FormValue(c.Name) != ""
	}
	p, err := t.Search.Find(r.Context(), t.query(r))
	status := http.StatusOK
	if errors.Is(err, event.ErrQuery) {
		f.Fault, status = page.Sentence(err.Error()), http.StatusUnprocessableEntity
	} else if err != nil {
		return err
	}
	f.Events, f.Next = event.ShowAll(p.Events), p.Next
	return r.Render(status, pages, "events.html", "Events", f)
}

// live sends events as rows. Who reads too slowly is told how many were left out.
func (t *Traffic) live(r *page.Request) error {
	tail := t.Events.Tail(r.Context(), r.Here.ID)
	s, err := r.Live()
	if err != nil {
		return nil
	}
	beat := time.NewTicker(page.Heartbeat)
	defer beat.Stop()
	first := true
	for {
		select {
		case l, ok := <-tail:
			if !ok {
				return nil
			}
			events := event.ShowAll(l.Events)
			slices.Reverse(events) // the newest row is on top
			r.Now = t.Now()
			html, err := r.Part(pages, "events.html", "rows", events)
			if err != nil {
				return err
			}
			if s.Send(page.Part{ID: "rows", HTML: html, How: "prepend"}) != nil {
				return nil
			}
			if first && s.Send(page.Part{ID: "none", How: "gone"}) != nil {
				return nil
			}
			first = false
			if l.Lost > 0 && s.Send(page.Part{ID: "lost", HTML: page.Plural(l.Lost, "event") + " went by faster than this page could show them.", How: "replace"}) != nil {
				return nil
			}
		case <-beat.C:
			if s.Still() != nil {
				return nil
			}
		case <-r.Context().Done():
			return nil
		}
	}
}

// maxExport bounds an export, in events; the whole history is a matter for the API.
const maxExport = 1_000_000

var errEnough = errors.New("enough")

// export sends what the filter finds, as CSV or JSON lines.
func (t *Traffic) export(r *page.Request) error {
	q := t.query(r)
	q.Cursor, q.Limit = "", 0
	var write func(wire.Event) error
	kind, name := "application/x-ndjson", "jsonl"
	var rows *csv.Writer
	if r.FormValue("as") == "csv" {
		kind, name = "text/csv; charset=utf-8", "csv"
		rows = csv.NewWriter(r.W)
		write = func(e wire.Event) error { return rows.Write(record(e)) }
	} else {
		out := json.NewEncoder(r.W)
		write = func(e wire.Event) error { return out.Encode(event.Show(&e)) }
	}
	n := 0
	err := t.Search.Export(r.Context(), q, func(e wire.Event) error {
		if n == 0 {
			r.W.Header().Set("Content-Type", kind)
			r.W.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="%s-events.%s"`, r.Here.Name, name))
			if rows != nil {
				if err := rows.Write(head); err != nil {
					return err
				}
			}
		}
		if n++; n > maxExport {
			return errEnough
		}
		return write(e)
	})
	if rows != nil {
		rows.Flush()
	}
	switch {
	case n == 0 && err == nil:
		return page.Refuse(http.StatusNotFound, "No event fits this filter, so there is nothing to export.")
	case n == 0 && errors.Is(err, event.ErrQuery):
		return page.Refuse(http.StatusUnprocessableEntity, "%s", page.Sentence(err.Error()))
	case n == 0 || err == nil || errors.Is(err, errEnough) || errors.Is(err, context.Canceled):
		return err
	}
	// The file is under way; what is left to say is that it is not whole.
	_, err = io.WriteString(r.W, "\n# the export broke off; make it again\n")
	return err
}

var head = []string{"time", "address", "networks", "account", "api_key", "method", "path", "route", "status", "action", "rule", "reason", "kind", "agent", "outcomes"}

func record(e wire.Event) []string {
	var outcomes []string
	for _, o := range e.Outcomes {
		outcomes = append(outcomes, strings.TrimSuffix(o.Name()+":"+o.Subject, ":"))
	}
	row := []string{
		time.UnixMicro(e.At).UTC().Format("2006-01-02T15:04:05.000Z"), veil.Text(e.Address), strings.Join(e.Networks, " "), e.Account, e.Key, e.Method, e.Path,
		e.Route, fmt.Sprint(e.Status), e.Action, e.Rule, e.Reason, e.Kind, e.Agent, strings.Join(outcomes, " "),
	}
	for i, cell := range row {
		// A spreadsheet would run what begins like a formula.
		if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
			row[i] = "'" + cell
		}
	}
	return row
}
