// Package findings shows what scans found on a site: the faults that are open, each with its way from source to sink and how
// to mend it; what was accepted, by whom and until when; and the scans themselves, as evidence.
package findings

import (
	"embed"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"palisade.dev/backend/access"
	"palisade.dev/backend/finding"
	"palisade.dev/backend/watch"
	"palisade.dev/console/page"
	"palisade.dev/guard/engine"
	"palisade.dev/scan"
	"palisade.dev/store"
)

//go:embed *.html
var files embed.FS

var pages = page.Load(files)

// Room holds the pages.
type Room struct {
	DB       *store.DB
	Findings *finding.Findings
	Docs     func(check string) (string, bool) // a check's page in Markdown, where this program knows the check
}

// Routes are its pages.
func (x *Room) Routes() []page.Route {
	return []page.Route{
		{Pattern: "GET /s/{site}/findings", Need: access.See, Handle: x.list},
		{Pattern: "GET /s/{site}/findings/{id}", Need: access.See, Handle: x.show},
		{Pattern: "POST /s/{site}/findings/{id}/accept", Need: access.Respond, Handle: x.accept},
		{Pattern: "POST /s/{site}/findings/{id}/reopen", Need: access.Respond, Handle: x.reopen},
		{Pattern: "GET /s/{site}/scans", Need: access.See, Handle: x.scans},
		{Pattern: "GET /s/{site}/scans/{id}", Need: access.See, Handle: x.scan},
		{Pattern: "GET /s/{site}/scans/{id}/report", Need: access.See, Handle: x.report},
	}
}

// row is a line of the list.
type row struct {
	store.Finding
	Word, State string // severity and state
}

func rows(all []store.Finding, now time.Time) []row {
	out := make([]row, 0, len(all))
	for _, f := range all {
		out = append(out, row{f, scan.Severity(f.Severity).String(), f.State(now.UnixMilli())})
	}
	return out
}

type list struct {
	Rows       []row
	Counts     []count // open, the worst first
	Scans      []store.Scan
	Late       []string // kinds that were not scanned for long, or never
	Next       string
	States     []string
	Severities []string
	Kinds      []string
	State      string
}

type count struct {
	Word string
	N    int
}

// some is how many the list shows at once.
const some = 100

func (x *Room) list(r *page.Request) error {
	q := r.URL.Query()
	l := list{States: []string{"open", "accepted", "resolved", "all"}, Severities: []string{"critical", "high", "medium", "low", "info"}, Kinds: []string{"code", "api", "exposure"}, State: q.Get("state")}
	if l.State == "" {
		l.State = "open"
	}
	if !slices.Contains(l.States, l.State) {
		return page.Refuse(http.StatusUnprocessableEntity, "Want one of %s.", strings.Join(l.States, ", "))
	}
	find := store.FindingQuery{State: l.State, Kind: q.Get("kind"), Check: q.Get("check"), Text: page.Cut(q.Get("text"), 200), After: q.Get("after"), Limit: some, At: r.Now.UnixMilli()}
	if s := q.Get("severity"); s != "" {
		least, err := scan.ParseSeverity(s)
		if err != nil {
			return page.Refuse(http.StatusUnprocessableEntity, "%s", page.Sentence(err.Error()))
		}
		find.Least = int(least)
	}
	found, err := x.DB.Findings(r.Context(), r.Here.ID, find)
	if err != nil {
		return err
	}
	l.Rows = rows(found, r.Now)
	if len(found) == some {
		l.Next = found[some-1].Cursor()
	}
	counts, err := x.DB.FindingCounts(r.Context(), r.Now.UnixMilli())
	if err != nil {
		return err
	}
	here := counts[r.Here.ID]
	for s := scan.Critical; s >= scan.Info; s-- {
		l.Counts = append(l.Counts, count{s.String(), here.Open[s]})
	}
	l.Late = Late(here, r.Here, r.Now)
	if l.Scans, err = x.DB.Scans(r.Context(), r.Here.ID, "", trend); err != nil {
		return err
	}
	slices.Reverse(l.Scans)
	return r.Render(http.StatusOK, pages, "list.html", "Findings", l)
}

// trend is how many scans the table over time shows.
const trend = 12

// Late says in words what of a site was not scanned for long, or never: its code, and where the web reaches it, its API.
func Late(c store.SiteFindings, s store.Site, now time.Time) []string {
	kinds := []string{"code"}
	if s.WebFacing {
		kinds = append(kinds, "api")
	}
	var late []string
	for _, kind := range kinds {
		last, ok := c.Scanned[kind]
		switch {
		case !ok:
			late = append(late, fmt.Sprintf("The %s was never scanned.", kindWord(kind)))
		case now.Sub(time.UnixMilli(last.At)) > finding.Overdue:
			late = append(late, fmt.Sprintf("The %s was last scanned %s.", kindWord(kind), page.Ago(now.Sub(time.UnixMilli(last.At)))))
		case last.Gaps > 0:
			late = append(late, fmt.Sprintf("The last scan of the %s did not look at everything: %s left out.", kindWord(kind), page.Plural(last.Gaps, "part")))
		}
	}
	return late
}

func kindWord(kind string) string {
	if kind == "api" {
		return "API"
	}
	return kind
}

type one struct {
	row
	Said scan.Finding
	Doc  string
	CWE  []cwe
}

type cwe struct {
	N   int
	URL string
}

func (x *Room) show(r *page.Request) error { return x.render(r, http.StatusOK) }

func (x *Room) render(r *page.Request, status int) error {
	f, said, err := x.Findings.Detail(r.Context(), r.Here, r.PathValue("id"))
	if err != nil {
		return err
	}
	o := one{row: rows([]store.Finding{f}, r.Now)[0], Said: said}
	for _, n := range said.CWE {
		o.CWE = append(o.CWE, cwe{n, fmt.Sprintf("https://cwe.mitre.org/data/definitions/%d.html", n)})
	}
	if x.Docs != nil {
		o.Doc, _ = x.Docs(f.Check)
	}
	return r.Render(status, pages, "finding.html", f.Title, o)
}

func (x *Room) accept(r *page.Request) error {
	var lasts time.Duration
	var err error
	if text := strings.TrimSpace(r.PostForm.Get("for")); text != "" {
		lasts, err = engine.ParseDuration(text)
	}
	back := r.Path("findings", r.PathValue("id"))
	if err == nil {
		err = x.Findings.Accept(r.Context(), r.Here, r.PathValue("id"), r.PostForm.Get("reason"), lasts, r.Author())
	} else {
		err = fmt.Errorf("%w: for how long: %w", finding.ErrInvalid, err)
	}
	if errors.Is(err, finding.ErrInvalid) {
		return r.Sorry(back, "%s", page.Sentence(err.Error()))
	}
	if err != nil {
		return err
	}
	return r.Done(back, "Accepted. It counts no more until then, and the audit log says who said so.")
}

func (x *Room) reopen(r *page.Request) error {
	if err := x.Findings.Reopen(r.Context(), r.Here, r.PathValue("id"), r.Author()); err != nil {
		return err
	}
	return r.Done(r.Path("findings", r.PathValue("id")), "It is open again.")
}

type history struct {
	Scans []store.Scan
	Next  string
	Late  []string
}

func (x *Room) scans(r *page.Request) error {
	const most = 50
	found, err := x.DB.Scans(r.Context(), r.Here.ID, r.URL.Query().Get("before"), most)
	if err != nil {
		return err
	}
	counts, err := x.DB.FindingCounts(r.Context(), r.Now.UnixMilli())
	if err != nil {
		return err
	}
	h := history{Scans: found, Late: Late(counts[r.Here.ID], r.Here, r.Now)}
	if len(found) == most {
		h.Next = found[most-1].ID
	}
	return r.Render(http.StatusOK, pages, "scans.html", "Scans", h)
}

type evidence struct {
	store.Scan
	Run    *scan.Run
	Untold []untold
	Before *store.Scan // the scan of the same target before this one
	Drift  []watch.Change
	Diff   *difference
}

// untold is why checks could not tell, with where.
type untold struct {
	Why, Unlock string
	Checks      []string
	Where       []string
}

// untolds puts together what has one reason: an API of fifty operations has it fifty times.
func untolds(r *scan.Run) []untold {
	var all []untold
	at := map[string]int{}
	for _, o := range r.Outcomes {
		if o.Verdict != scan.CouldNotTell {
			continue
		}
		i, ok := at[o.Why+"\x00"+o.Unlock]
		if !ok {
			i = len(all)
			at[o.Why+"\x00"+o.Unlock] = i
			all = append(all, untold{Why: o.Why, Unlock: o.Unlock})
		}
		if u := &all[i]; !slices.Contains(u.Checks, o.Check) {
			u.Checks = append(u.Checks, o.Check)
		}
		if u := &all[i]; o.Where != "" && !slices.Contains(u.Where, o.Where) {
			u.Where = append(u.Where, o.Where)
		}
	}
	return all
}

// before finds the scan of the same target before a scan, among those just before it.
func (x *Room) before(r *page.Request, s store.Scan) (*store.Scan, *scan.Run, error) {
	earlier, err := x.DB.Scans(r.Context(), r.Here.ID, s.ID, 50)
	if err != nil {
		return nil, nil, err
	}
	for _, e := range earlier {
		if e.Kind == s.Kind && e.Target == s.Target {
			_, report, err := x.Findings.Report(r.Context(), r.Here, e.ID)
			if err != nil {
				return nil, nil, err
			}
			run, err := finding.Read(report)
			return &e, run, err
		}
	}
	return nil, nil, nil
}

func (x *Room) scan(r *page.Request) error {
	s, report, err := x.Findings.Report(r.Context(), r.Here, r.PathValue("id"))
	if err != nil {
		return err
	}
	run, err := finding.Read(report)
	if err != nil {
		return err
	}
	e := evidence{Scan: s, Run: run, Untold: untolds(run)}
	was, before, err := x.before(r, s)
	if err != nil {
		return err
	}
	if was != nil {
		since, err := x.since(r, s.Kind)
		if err != nil {
			return err
		}
		e.Before, e.Drift, e.Diff = was, watch.Steady(watch.Drift(before, run)), compare(before, run, since)
	}
	return r.Render(http.StatusOK, pages, "scan.html", "Scan", e)
}

// report hands the evidence out as it was brought.
func (x *Room) report(r *page.Request) error {
	s, report, err := x.Findings.Report(r.Context(), r.Here, r.PathValue("id"))
	if err != nil {
		return err
	}
	h := r.W.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Disposition", fmt.Sprintf(`attachment; filename="scan-%s-%s.json"`, r.Here.Name, s.ID))
	_, err = r.W.Write(report)
	return err
}
