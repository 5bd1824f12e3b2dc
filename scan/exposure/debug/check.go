// Package debug asks web servers for pages that tell of their inside: profiles, variables, dashboards, states.
package debug

import (
	"context"
	_ "embed"

	"palisade.dev/scan"
	"palisade.dev/scan/exposure"
	"palisade.dev/scan/late"
)

//go:embed doc.md
var doc string

// Check is the check.
var Check = exposure.Check{
	Check: scan.Check{
		ID: "exposure/debug", Title: "Pages for developers are open to strangers", Severity: scan.High, CWE: []int{489, 215, 200},
		Standards: []string{"PCI DSS 4.0 2.2.4", "PCI DSS 4.0 6.5.6", "SOC 2 CC7.1"}, Doc: doc,
	},
	Mode: exposure.Active,
	Fix:  "Serve profiles, metrics and dashboards at a port of their own that only your network reaches, or behind a sign-in.",
	Fits: func(p *exposure.Port) bool { return p.Service.Web },
	Run:  func(ctx context.Context, l *exposure.Look) { l.Leaks(ctx, pages) },
}

var pages = []exposure.Leak{
	{Path: "/debug/pprof/", Name: "profiles of Go", Severity: scan.High, Sign: late.Pattern(`Types of profiles available|full goroutine stack dump`)},
	{Path: "/debug/vars", Name: "variables of Go", Severity: scan.Medium, Sign: late.Pattern(`"memstats"\s*:\s*\{`)},
	{Path: "/debug/requests", Name: "traces of Go", Severity: scan.High, Sign: late.Pattern(`<title>/debug/requests`)},
	{Path: "/dashboard/home", Name: "Phoenix LiveDashboard", Severity: scan.High, Sign: late.Pattern(`Phoenix LiveDashboard`)},
	{Path: "/dev/dashboard/home", Name: "Phoenix LiveDashboard", Severity: scan.High, Sign: late.Pattern(`Phoenix LiveDashboard`)},
	{Path: "/admin/dashboard/home", Name: "Phoenix LiveDashboard", Severity: scan.High, Sign: late.Pattern(`Phoenix LiveDashboard`)},
	{Path: "/dev/mailbox", Name: "the mail that Swoosh kept", Severity: scan.High, Sign: late.Pattern(`Swoosh`)},
	{Path: "/oban", Name: "Oban's dashboard", Severity: scan.High, Sign: late.Pattern(`(?i)<title>[^<]*Oban`)},
	{Path: "/phpinfo.php", Name: "the settings of PHP", Severity: scan.Medium, Sign: late.Pattern(`<title>PHP [\d.]+[^<]* - phpinfo\(\)`)},
	{Path: "/phpinfo", Name: "the settings of PHP", Severity: scan.Medium, Sign: late.Pattern(`<title>PHP [\d.]+[^<]* - phpinfo\(\)`)},
	{Path: "/info.php", Name: "the settings of PHP", Severity: scan.Medium, Sign: late.Pattern(`<title>PHP [\d.]+[^<]* - phpinfo\(\)`)},
	{Path: "/actuator/env", Name: "settings of Spring", Severity: scan.High, Sign: late.Pattern(`"propertySources"\s*:`)},
	{Path: "/env", Name: "settings of Spring", Severity: scan.High, Sign: late.Pattern(`"propertySources"\s*:|"systemProperties"\s*:`)},
	{Path: "/actuator/heapdump", Name: "the memory of Spring", Severity: scan.Critical, Sign: late.Pattern(`^(?:JAVA PROFILE|\x1f\x8b)`)},
	{Path: "/actuator", Name: "the list of Spring's internals", Severity: scan.Low, Sign: late.Pattern(`"_links"\s*:[^<]*actuator/`)},
	{Path: "/server-status", Name: "the state of Apache", Severity: scan.Medium, Sign: late.Pattern(`<h1>Apache Server Status for`)},
	{Path: "/server-info", Name: "the settings of Apache", Severity: scan.Medium, Sign: late.Pattern(`<h1[^>]*>Apache Server Information`)},
	{Path: "/nginx_status", Name: "the state of nginx", Severity: scan.Low, Sign: late.Pattern(`^Active connections: \d+`)},
	{Path: "/status?full", Name: "the state of PHP-FPM", Severity: scan.Medium, Sign: late.Pattern(`(?m)^pool:\s+\S+\nprocess manager:`)},
	{Path: "/metrics", Name: "metrics", Severity: scan.Low, Sign: late.Pattern(`(?m)^# (?:HELP|TYPE) \w+`), Show: exposure.FirstLine},
	{Path: "/_profiler/", Name: "the profiler of Symfony", Severity: scan.High, Sign: late.Pattern(`<title>Symfony Profiler`)},
	{Path: "/telescope/requests", Name: "Laravel Telescope", Severity: scan.High, Sign: late.Pattern(`<title>Telescope`)},
	{Path: "/rails/info/properties", Name: "the settings of Rails", Severity: scan.Medium, Sign: late.Pattern(`Rails version`)},
	{Path: "/console", Name: "a console that runs code", Severity: scan.Critical, Sign: late.Pattern(`<title>(?:Console // Werkzeug Debugger|H2 Console)`)},
	{Path: "/elmah.axd", Name: "the errors of ASP.NET", Severity: scan.High, Sign: late.Pattern(`Error Log for`)},
	{Path: "/trace.axd", Name: "traces of ASP.NET", Severity: scan.High, Sign: late.Pattern(`<h1>Application Trace`)},
	{Path: "/__debug__/render_panel/", Name: "the toolbar of Django", Severity: scan.Medium, Sign: late.Pattern(`djdt|Data for this panel`)},
}
