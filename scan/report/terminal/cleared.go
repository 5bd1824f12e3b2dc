package terminal

import (
	"cmp"
	"path"
	"slices"
	"strconv"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/report/clean"
)

// cleared says what was looked at in the place that is asked for and is in order, and why.
func (p *page) cleared() {
	if p.o.Why == "" {
		return
	}
	p.line("%s", p.paint("1", "In order at "+clean.Line(p.o.Why)))
	var in []scan.Outcome
	for _, o := range p.run.Outcomes {
		if o.Verdict == scan.Clear && within(o.Where, p.o.Why) {
			in = append(in, o)
		}
	}
	slices.SortStableFunc(in, func(a, b scan.Outcome) int {
		fa, la := position(a.Where)
		fb, lb := position(b.Where)
		return cmp.Or(strings.Compare(fa, fb), la-lb)
	})
	for _, o := range in {
		p.line("  %s  %s: %s", clean.Line(o.Where), clean.Line(o.Check), clean.Line(o.Why))
	}
	if len(in) == 0 {
		p.line("  no check tells of anything that it looked at there")
	}
	p.line("")
}

// within says whether file:line:column lies in a folder, a file, or on a line of one.
func within(where, place string) bool {
	place = path.Clean(place)
	return where != "" && (place == "." || strings.HasPrefix(where, place+":") || strings.HasPrefix(where, place+"/"))
}

// position takes a place apart, for sorting.
func position(where string) (file string, line int) {
	file, rest, _ := strings.Cut(where, ":")
	number, _, _ := strings.Cut(rest, ":")
	line, _ = strconv.Atoi(number)
	return file, line
}
