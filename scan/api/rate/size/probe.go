// Package size asks lists for pages that are much too large.
package size

import (
	"context"
	_ "embed"
	"fmt"
	"strconv"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/api"
	"palisade.dev/scan/api/client"
	"palisade.dev/scan/api/spec"
)

//go:embed doc.md
var doc string

// Probe is the probe.
var Probe = api.Probe{
	Check: scan.Check{
		ID: "api/rate/size", Title: "One request can ask for too much", Severity: scan.Medium, CWE: []int{770, 1284},
		Standards: []string{"OWASP API4:2023", "PCI DSS 4.0 6.2.4", "SOC 2 A1.1"}, Doc: doc,
	},
	Fits: fits,
	Fix:  "Bound the size of a page on the server (20 to 100) whatever is asked, and page every list that can grow.",
	Run:  run,
}

// What is too much: a thousand items, or a megabyte, in one answer.
const (
	manyItems = 1000
	manyBytes = 1 << 20
)

func fits(t *api.Target, op *spec.Operation) bool { return op.Method == "GET" && t.Askable(op) }

// sizeParam is the parameter that says how large a page may be.
func sizeParam(op *spec.Operation) string {
	for _, p := range op.Params {
		if p.In == "query" {
			switch strings.NewReplacer("_", "", "-", "", "[", "", "]", "").Replace(strings.ToLower(p.Name)) {
			case "limit", "pagesize", "perpage", "size", "count", "first", "take", "top", "maxresults", "rows":
				return p.Name
			}
		}
	}
	return ""
}

func run(ctx context.Context, l *api.Look) {
	c := l.Controls(ctx, l.Op)
	base := c.Valid
	if base == nil || !base.OK() {
		base = c.Nobody
	}
	if l.Silent(base) {
		return
	}
	if !base.OK() {
		l.CannotTell("it is "+base.Kind().String(), "give an identity that may use it")
		return
	}
	if n := items(base); n > manyItems || len(base.Body) > manyBytes {
		l.Found(api.Hit{
			Confidence: scan.Confirmed, Key: "unpaged", Evidence: api.Show(base),
			Message: fmt.Sprintf("%s answers with %d items and %d KB at once, without being asked for so much.", l.Op.Name(), n, len(base.Body)>>10),
		})
		return
	}
	name := sizeParam(l.Op)
	if name == "" {
		l.Clear(fmt.Sprintf("it answers with %d items and %d bytes", items(base), len(base.Body)))
		return
	}
	var sizes []int
	var last *client.Exchange
	for _, n := range []int{10, 100, 2000} {
		x := l.Ask(ctx, fmt.Sprintf("%s=%d", name, n), base.Request.Query(name, strconv.Itoa(n)))
		if !x.Kind().Tells() {
			l.CannotTell(x.Title+" was "+x.Kind().String(), "")
			return
		}
		if !x.OK() {
			break
		}
		sizes, last = append(sizes, items(x)), x
	}
	switch {
	case len(sizes) < 3 || sizes[2] <= sizes[1] && sizes[1] < 100:
		l.Clear("the size of a page has a bound, or there is no more")
	case sizes[2] > manyItems || len(last.Body) > manyBytes:
		l.Found(api.Hit{
			Confidence: scan.Confirmed, Param: "query:" + name, Key: "size", Evidence: api.Show(base, last),
			Message: fmt.Sprintf("%s gives as many items as %s asks for: %d for 2000 (%d KB). A few such requests cost as much as thousands.", l.Op.Name(), name, sizes[2], len(last.Body)>>10),
		})
	default:
		l.Clear(fmt.Sprintf("asked for 2000 items it gives %d", sizes[2]))
	}
}

// items is the length of the longest list in an answer, one step below the top.
func items(x *client.Exchange) int {
	switch v := x.JSON().(type) {
	case []any:
		return len(v)
	case map[string]any:
		most := 0
		for _, f := range v {
			if list, ok := f.([]any); ok {
				most = max(most, len(list))
			}
		}
		return most
	}
	return 0
}
