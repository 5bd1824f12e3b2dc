package scan

import (
	"slices"
	"strings"
)

// Looked tells of a run whether it would have seen a finding again: the finding's check was run, could tell, and what the
// finding is in was read. What was not looked at is never called mended.
func Looked(r *Run) func(check, where string) bool {
	ran := map[string]bool{}
	for _, c := range r.Checks {
		ran[c.ID] = true
	}
	untold, told := map[string][]string{}, map[string]bool{}
	for _, o := range r.Outcomes {
		if o.Verdict == CouldNotTell {
			untold[o.Check] = append(untold[o.Check], o.Where)
		} else {
			told[o.Check+"\x00"+o.Where] = true
		}
	}
	return func(check, where string) bool {
		if !ran[check] {
			return false
		}
		for _, at := range untold[check] {
			switch {
			case at == "", at == where, strings.HasPrefix(where, at+" "): // "GET /orders/{id} (path:id)" is at GET /orders/{id}
				return false
			case !strings.Contains(at, " ") && strings.HasPrefix(at, "/") && !told[check+"\x00"+at]:
				return false // it looks at an API as a whole, or could not look at all
			}
		}
		return !slices.ContainsFunc(r.Gaps, func(g Gap) bool {
			return g.Where == "" || g.Where == "." || g.Where == check || strings.HasPrefix(where, g.Where)
		})
	}
}
