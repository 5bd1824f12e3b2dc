// Package hidden asks for addresses of administration that no specification mentions.
package hidden

import (
	"context"
	_ "embed"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/api"
	"palisade.dev/scan/api/answer"
	"palisade.dev/scan/api/client"
	"palisade.dev/scan/late"
)

//go:embed doc.md
var doc string

// Probe is the probe.
var Probe = api.Probe{
	Check: scan.Check{
		ID: "api/function/hidden", Title: "Administration answers at an address that nobody speaks of", Severity: scan.High, CWE: []int{425, 285},
		Standards: []string{"OWASP API5:2023", "OWASP API9:2023", "PCI DSS 4.0 7.2", "PCI DSS 4.0 6.3.2", "SOC 2 CC6.1"}, Doc: doc,
	},
	Mode: api.Active, Whole: true,
	Fix: "Check the role for the whole scope in which such routes are declared, and serve what is for yourselves on another port. An address that is not written down is no secret.",
	Run: run,
}

// below are the places where APIs keep what is for their operators, and what they keep there.
var below = []string{"", "/api", "/api/v1", "/v1"}

var things = []string{
	"/admin", "/admin/users", "/admin/config", "/admin/settings", "/admin/stats", "/admin/logs", "/admin/dashboard", "/internal",
	"/internal/users", "/manage", "/management/users", "/debug", "/debug/info", "/debug/config", "/users", "/users/all", "/users/export", "/export", "/config",
	"/settings", "/env", "/logs", "/audit", "/backup", "/_debug", "/system/info",
}

func run(ctx context.Context, l *api.Look) {
	who := l.First()
	if ordinary := l.Ordinary(); len(ordinary) > 0 {
		who = ordinary[0]
	}
	declared := map[string]bool{}
	for _, op := range l.Operations {
		declared[op.Path] = true
	}
	asked, quiet := 0, 0
	for _, folder := range below {
		for _, thing := range things {
			at := folder + thing
			if declared[at] {
				continue
			}
			u := *l.Base
			u.Path, u.RawPath, u.RawQuery = at, "", ""
			x := l.Ask(ctx, "an address that is not in the specification", client.Request{Method: "GET", URL: u.String(), As: who})
			if !x.Kind().Tells() {
				continue
			}
			asked++
			what, severity := telling(l, x)
			if what == "" || l.Absence(ctx, at, who).Is(x) || known(l, x) {
				continue
			}
			again := l.Ask(ctx, "once more", x.Request)
			if w, _ := telling(l, again); w != what {
				quiet++
				continue
			}
			whom := "anybody"
			var nobody *client.Exchange
			if who != nil {
				nobody = l.Ask(ctx, "nobody", x.Request.By(nil))
				if w, _ := telling(l, nobody); w == "" {
					whom = who.Name + ", who has no special rights"
				}
			}
			if whom == "anybody" {
				severity = min(severity+1, scan.Critical)
			}
			l.Found(api.Hit{
				Severity: severity, Confidence: scan.Firm, Key: at, Evidence: api.Show(x, again, nobody),
				Message: fmt.Sprintf("GET %s, which no specification mentions, answers %s with %s.", at, whom, what),
			})
		}
	}
	switch {
	case l.Told():
	case asked == 0:
		l.CannotTell("none of the addresses was answered", "")
	default:
		l.Clear(fmt.Sprintf("none of %d addresses answers with what is for operators", asked))
	}
}

var (
	mail   = late.Pattern(`^[^@\s]+@[^@\s]+\.[a-z]+$`)
	inside = late.Pattern(`(?i)^(?:env(?:_vars|ironment)?|database_url|secret(?:_key)?|aws_\w+|password(?:_hash)?|private_key|api_key|sys_path|connection_string)$`)
)

// telling says what an answer gives away: people, or settings. Whether it has a status of success says nothing.
func telling(l *api.Look, x *client.Exchange) (string, scan.Severity) {
	if !x.OK() || x.HTML() {
		return "", scan.None
	}
	own := map[string]bool{}
	for _, k := range l.Knows(x.Request.As).Answers {
		for _, values := range answer.Values(k.Answer) {
			for _, v := range values {
				own[v] = true // what may be read elsewhere is given away elsewhere
			}
		}
	}
	people := map[string]bool{}
	all := answer.Values(x.Answer)
	for _, names := range slices.Sorted(maps.Keys(all)) {
		values := all[names]
		for step := range strings.SplitSeq(strings.TrimPrefix(names, "."), ".") {
			if inside.MatchString(strings.TrimSuffix(step, "[]")) {
				return "settings of the inside (" + strings.TrimPrefix(names, ".") + ")", scan.High
			}
		}
		for _, v := range values {
			if mail.MatchString(v) && !own[v] {
				people[v] = true
			}
		}
	}
	if len(people) >= 2 {
		return "mail addresses of several people", scan.High
	}
	return "", scan.None
}

// known says that a declared operation gives the same: an alias, of which the other probes speak.
func known(l *api.Look, x *client.Exchange) bool {
	for path, k := range l.Knows(x.Request.As).Answers {
		if k.OK() && answer.Same(k.Answer, x.Answer, answer.Volatile{}) {
			u, err := url.Parse(x.Request.URL)
			return err != nil || u.Path != path
		}
	}
	return false
}
