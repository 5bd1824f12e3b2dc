// Package scraping finds clients that copy the site.
package scraping

import (
	_ "embed"
	"fmt"
	"path"
	"strings"
	"time"

	"palisade.dev/backend/detect"
	"palisade.dev/guard/identity"
)

//go:embed doc.md
var doc string

// Recipe is the recipe.
var Recipe = detect.Recipe{
	ID: "scraping", Version: 1, Doc: doc,
	Title: "Scraping",
	Of:    detect.Request, Window: 10 * time.Minute, Key: read, Value: func(a *detect.Act) string { return a.Path }, Conclude: conclude,
}

// CrowdSec lets a client have 40 pages at once and two a second after. Half of that, kept up for ten minutes, is nobody who
// reads. An office that does so together has many kinds of software.
const (
	pages  = 400
	many   = 2000
	crowd  = 8
	static = ".css .js .mjs .map .png .jpg .jpeg .gif .webp .avif .svg .ico .woff .woff2 .ttf .mp4 .webm "
)

func read(a *detect.Act) string {
	if a.Method != "GET" || a.Status >= 400 || a.Kind == string(identity.VerifiedBot) || a.Kind == string(identity.AttestedApp) {
		return ""
	}
	if end := path.Ext(a.Path); end != "" && strings.Contains(static, strings.ToLower(end)+" ") {
		return ""
	}
	return a.Client
}

func conclude(t *detect.Tally, _ detect.Usual) *detect.Conclusion {
	if t.Values < pages || t.Shapes >= crowd {
		return nil
	}
	severity := detect.Low
	if t.Values >= many || t.Rented() {
		severity = detect.Medium
	}
	return &detect.Conclusion{
		Severity: severity, Subject: detect.Bannable(t.Key), Route: t.Route(),
		Title: fmt.Sprintf("%s copies the site: %s %s", t.Key, detect.Distinct(t.Values, "different page", "different pages"), t.Within()),
		Measures: []detect.Measure{
			{Name: "different pages", Value: float64(t.Values), Limit: pages},
			{Name: "kinds of software", Value: float64(t.Shapes), Limit: crowd},
		},
		Advice: []string{"If you want nobody to copy these pages, limit them by client or block the cloud's networks on them. If it is a partner, give them an API key."},
	}
}
