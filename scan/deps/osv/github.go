package osv

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"palisade.dev/scan/deps/version"
)

// github turns an advisory of GitHub's for Hex into OSV's form. Its ranges are alternatives of one or two bounds:
// ">= 1.0.0, < 1.2.0", "< 1.2.0", "<= 1.2.0", "= 1.2.0".
func github(data []byte) (*Record, error) {
	var g struct {
		ID          string   `json:"id"`
		Package     string   `json:"package"`
		Disclosed   string   `json:"disclosure_date"`
		Link        string   `json:"link"`
		Severity    string   `json:"severity"`
		Title       string   `json:"title"`
		Description string   `json:"description"`
		Ranges      []string `json:"vulnerable_version_ranges"`
		Patched     []string `json:"first_patched_versions"`
	}
	if err := json.Unmarshal(data, &g); err != nil {
		return nil, err
	}
	r := &Record{ID: g.ID, Summary: g.Title, Details: g.Description}
	r.DatabaseSpecific.Severity = g.Severity
	if day, err := time.Parse(time.DateOnly, g.Disclosed); err == nil {
		r.Published, r.Modified = day, day
	}
	if g.Link != "" {
		r.References = append(r.References, struct {
			Type string `json:"type"`
			URL  string `json:"url"`
		}{"ADVISORY", g.Link})
	}
	a := Affected{}
	a.Package.Ecosystem, a.Package.Name = "Hex", g.Package
	for _, text := range g.Ranges {
		out, listed, err := bounds(text)
		if err != nil {
			return nil, err
		}
		if listed != "" {
			a.Versions = append(a.Versions, listed)
			continue
		}
		// Where no bound says in which version it is mended, the list of patched ones may.
		if last := out.Events[len(out.Events)-1]; last.Fixed == "" {
			for _, p := range g.Patched {
				if v, err := version.Parse(p); err == nil && last.LastAffected != "" {
					if w, err := version.Parse(last.LastAffected); err == nil && v.Compare(w) > 0 {
						a.Ranges = append(a.Ranges, Range{Type: "SEMVER", Events: []Event{{Fixed: p}}}) // tells the fix and covers nothing
					}
				}
			}
		}
		a.Ranges = append(a.Ranges, out)
	}
	r.Affected = []Affected{a}
	return r, nil
}

// bounds reads one alternative: a range, or a single version.
func bounds(text string) (r Range, listed string, err error) {
	fail := fmt.Errorf("%.60q is no range of versions", text)
	low, high := Event{Introduced: "0"}, Event{}
	for _, part := range strings.Split(text, ",") {
		sign, v, ok := strings.Cut(strings.TrimSpace(part), " ")
		v = strings.TrimSpace(v)
		if _, bad := version.Parse(v); !ok || bad != nil {
			return r, "", fail
		}
		switch sign {
		case "=":
			return r, v, nil
		case ">=":
			low.Introduced = v
		case "<":
			high.Fixed = v
		case "<=":
			high.LastAffected = v
		default:
			return r, "", fail
		}
	}
	r = Range{Type: "SEMVER", Events: []Event{low}}
	if high != (Event{}) {
		r.Events = append(r.Events, high)
	}
	return r, "", nil
}
