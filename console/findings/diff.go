package findings

import (
	"slices"
	"strings"

	"palisade.dev/console/page"
	"palisade.dev/scan"
	"palisade.dev/store"
)

// difference is what a run says that the one before it did not, and the other way round.
type difference struct {
	New, Regressed, Resolved, Untested, Still []scan.Finding
	Came, Went                                []string // operations of an API
}

// Any says that something is not as it was.
func (d *difference) Any() bool {
	return len(d.New)+len(d.Regressed)+len(d.Resolved)+len(d.Untested)+len(d.Came)+len(d.Went) > 0
}

// told is a list under its title.
type told struct {
	Title string
	List  []scan.Finding
}

// Lists are what a person reads first to last.
func (d *difference) Lists() []told {
	return []told{{"New", d.New}, {"Come back", d.Regressed}, {"Resolved", d.Resolved}, {"Not looked at this time, or could not be told", d.Untested}}
}

// compare tells two runs of one target apart. What was seen before the earlier run, was gone then and is there again has come
// back; what the later run did not look at is not resolved.
func compare(was, is *scan.Run, since func(fingerprint string) int64) *difference {
	d := &difference{}
	before, now := map[string]bool{}, map[string]bool{}
	for _, f := range was.Findings {
		before[f.Fingerprint] = true
	}
	for _, f := range is.Findings {
		now[f.Fingerprint] = true
		first := since(f.Fingerprint)
		switch {
		case before[f.Fingerprint]:
			d.Still = append(d.Still, f)
		case first > 0 && first < was.Ended.UnixMilli():
			d.Regressed = append(d.Regressed, f)
		default:
			d.New = append(d.New, f)
		}
	}
	looked := scan.Looked(is)
	for _, f := range was.Findings {
		switch {
		case now[f.Fingerprint]:
		case looked(f.Check, f.Place.Where()):
			d.Resolved = append(d.Resolved, f)
		default:
			d.Untested = append(d.Untested, f)
		}
	}
	earlier, later := operations(was), operations(is)
	for _, op := range later {
		if !slices.Contains(earlier, op) {
			d.Came = append(d.Came, op)
		}
	}
	for _, op := range earlier {
		if !slices.Contains(later, op) {
			d.Went = append(d.Went, op)
		}
	}
	return d
}

// operations are those of an API that a run said anything of: GET /orders/{id}.
func operations(r *scan.Run) []string {
	if r.Kind != "api" {
		return nil
	}
	var out []string
	for _, o := range r.Outcomes {
		if method, path, ok := strings.Cut(o.Where, " "); ok && strings.HasPrefix(path, "/") && method == strings.ToUpper(method) {
			out = append(out, o.Where)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// mostSince bounds how many findings of a site are looked through for when they were first seen.
const mostSince = 1000

// since says when findings of a site were first seen, 0 for those that were not.
func (x *Room) since(r *page.Request, kind string) (func(string) int64, error) {
	all, err := x.DB.Findings(r.Context(), r.Here.ID, store.FindingQuery{Kind: kind, State: "all", Limit: mostSince, At: r.Now.UnixMilli()})
	if err != nil {
		return nil, err
	}
	first := make(map[string]int64, len(all))
	for _, f := range all {
		first[f.Fingerprint] = f.First
	}
	return func(fingerprint string) int64 { return first[fingerprint] }, nil
}
