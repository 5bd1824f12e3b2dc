// Package exposed asks for files and pages that tell of the inside, and judges by their content.
package exposed

import (
	"context"
	_ "embed"
	"fmt"
	"net/url"

	"palisade.dev/scan"
	"palisade.dev/scan/api"
	"palisade.dev/scan/api/client"
	"palisade.dev/scan/late"
)

//go:embed doc.md
var doc string

// Probe is the probe.
var Probe = api.Probe{
	Check: scan.Check{
		ID: "api/inventory/exposed", Title: "Internals are served to everybody", Severity: scan.High, CWE: []int{489, 538, 215},
		Standards: []string{"OWASP API9:2023", "OWASP API8:2023", "PCI DSS 4.0 2.2", "PCI DSS 4.0 6.3.2", "SOC 2 CC7.1"}, Doc: doc,
	},
	Whole: true,
	Fix:   "Serve health, metrics, profiles, dashboards and debug pages on another port or behind a sign-in, and keep .git and .env out of what is served.",
	Run:   run,
}

// page is an address and what must stand there; a status alone says nothing where everything is answered with a page.
// The sign must not be in the address: many a page repeats what was asked for.
type page struct {
	path     string
	name     string
	severity scan.Severity
	sign     *late.Regexp
}

var pages = []page{
	{"/.env", "a file of settings with secrets", scan.Critical, late.Pattern(`(?m)^[A-Z][A-Z0-9_]*(?:SECRET|KEY|PASSWORD|TOKEN|DATABASE_URL)[A-Z0-9_]*\s*=\s*\S+`)},
	{"/.git/config", "the repository of the source", scan.Critical, late.Pattern(`(?m)^\[core\]`)},
	{"/.git/HEAD", "the repository of the source", scan.Critical, late.Pattern(`^ref: refs/heads/`)},
	{"/actuator/env", "settings of Spring", scan.High, late.Pattern(`"propertySources"\s*:`)},
	{"/actuator/heapdump", "the memory of Spring", scan.Critical, late.Pattern(`^JAVA PROFILE`)},
	{"/actuator", "the list of Spring's internals", scan.Low, late.Pattern(`"_links"\s*:.*actuator`)},
	{"/debug/pprof/", "profiles of Go", scan.High, late.Pattern(`Types of profiles available|full goroutine stack dump`)},
	{"/debug/vars", "variables of Go", scan.Medium, late.Pattern(`"memstats"\s*:`)},
	{"/dashboard/home", "Phoenix LiveDashboard", scan.High, late.Pattern(`Phoenix LiveDashboard`)},
	{"/dev/dashboard/home", "Phoenix LiveDashboard", scan.High, late.Pattern(`Phoenix LiveDashboard`)},
	{"/dev/mailbox", "the mail of Swoosh", scan.High, late.Pattern(`Swoosh|Mailbox`)},
	{"/metrics", "metrics of Prometheus", scan.Low, late.Pattern(`(?m)^# (?:HELP|TYPE) \w+`)},
	{"/server-status", "the state of Apache", scan.Medium, late.Pattern(`Apache Server Status`)},
	{"/phpinfo.php", "the settings of PHP", scan.Medium, late.Pattern(`phpinfo\(\)|PHP Version`)},
	{"/console", "a console that runs code", scan.Critical, late.Pattern(`Werkzeug Debugger|H2 Console`)},
	{"/graphiql", "a workbench for GraphQL", scan.Low, late.Pattern(`GraphiQL|graphiql(?:\.min)?\.js`)},
	{"/.DS_Store", "a list of files", scan.Low, late.Pattern(`^\x00\x00\x00\x01Bud1`)},
	{"/config.json", "a file of settings with secrets", scan.High, late.Pattern(`(?i)"[a-z_]*(?:secret|password|private_key)[a-z_]*"\s*:\s*"[^"]{4,}"`)},
	{"/swagger-ui/index.html", "a workbench for the API", scan.Info, late.Pattern(`swagger-ui(?:-bundle)?\.(?:js|css)|SwaggerUI`)},
}

func run(ctx context.Context, l *api.Look) {
	asked := 0
	for _, p := range pages {
		for _, address := range addresses(l.Base, p.path) {
			x := l.Ask(ctx, p.name, client.Request{Method: "GET", URL: address})
			if !x.Kind().Tells() {
				continue
			}
			asked++
			if x.Status != 200 || !p.sign.Match(x.Body) || l.Absence(ctx, p.path, nil).Is(x) {
				continue
			}
			again := l.Ask(ctx, p.name+", once more", x.Request)
			if !p.sign.Match(again.Body) {
				continue
			}
			l.Found(api.Hit{
				Severity: p.severity, Confidence: scan.Confirmed, Key: p.path, Evidence: api.Show(x),
				Message: fmt.Sprintf("%s serves %s to everybody.", p.path, p.name),
			})
			break
		}
	}
	switch {
	case l.Told():
	case asked == 0:
		l.CannotTell("none of the addresses was answered", "")
	default:
		l.Clear(fmt.Sprintf("none of %d addresses shows internals", asked))
	}
}

// addresses are those at the root, and below the API where that is not the root.
func addresses(base *url.URL, path string) []string {
	root := *base
	root.Path, root.RawPath, root.RawQuery = path, "", ""
	return []string{root.String()}
}
