// Package scanner finds clients that look for weak spots.
package scanner

import (
	_ "embed"
	"fmt"
	"time"

	"palisade.dev/backend/detect"
	"palisade.dev/guard/engine"
	"palisade.dev/guard/identity"
)

//go:embed doc.md
var doc string

// Recipe is the recipe.
var Recipe = detect.Recipe{
	ID: "scanner", Version: 1, Doc: doc,
	Title: "A scanner looks for weak spots",
	Of:    detect.Request, Window: 10 * time.Minute, Key: denied, Value: func(a *detect.Act) string { return a.Path }, Conclude: conclude,
}

// CrowdSec's recipe counts distinct paths that are not there and overflows at ten within some seconds. Broken links of a site's
// own give a visitor a few; twenty-five different ones are asked for on purpose.
const (
	paths = 25
	many  = 250
)

func denied(a *detect.Act) string {
	switch {
	case a.Kind == string(identity.VerifiedBot):
		return "" // old links are all over the Internet, and search engines try them again
	case a.Reason == string(engine.Trapped), a.Status == 400, a.Status == 403, a.Status == 404, a.Status == 405:
		return a.Client
	}
	return ""
}

func conclude(t *detect.Tally, _ detect.Usual) *detect.Conclusion {
	if t.Values < paths {
		return nil
	}
	severity := detect.Low
	if t.Values >= many {
		severity = detect.Medium
	}
	return &detect.Conclusion{
		Severity: severity, Subject: detect.Bannable(t.Key),
		Title:    fmt.Sprintf("%s looks for weak spots: it asked for %s that %s, %s", t.Key, detect.Distinct(t.Values, "path", "paths"), "are not there or are refused", t.Within()),
		Measures: []detect.Measure{{Name: "paths that are not there or are refused", Value: float64(t.Values), Limit: paths}},
		Advice:   []string{"Look on its client page whether anything was answered with success. Then ban it for a day; if it is a scanner of your own, put it on the allow list."},
	}
}
