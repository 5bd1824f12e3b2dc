// Package debug asks web servers for pages that tell of their inside: profiles, variables, dashboards, states.
package debug

import (
	"context"
	_ "embed"
	"regexp"

	"palisade.dev/scan"
	"palisade.dev/scan/exposure"
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
	{Path: "/debug/pprof/", Name: "profiles of Go", Severity: scan.High, Sign: regexp.MustCompile(`Types of profiles available|full goroutine stack dump`)},
	{Path: "/debug/vars", Name: "variables of Go", Severity: scan.Medium, Sign: regexp.MustCompile(`"memstats"\s*:\s*\{`)},
	{Path: "/debug/requests", Name: "traces of Go", Severity: scan.High, Sign: regexp.MustCompile(`<title>/debug/requests`)},
	{Path: "/dashboard/home", Name: "Phoenix LiveDashboard", Severity: scan.High, Sign: regexp.MustCompile(`Phoenix LiveDashboard`)},
	{Path: "/dev/dashboard/home", Name: "Phoenix LiveDashboard", Severity: scan.High, Sign: regexp.MustCompile(`Phoenix LiveDashboard`)},
	{Path: "/admin/dashboard/home", Name: "Phoenix LiveDashboard", Severity: scan.High, Sign: regexp.MustCompile(`Phoenix LiveDashboard`)},
	{Path: "/dev/mailbox", Name: "the mail that Swoosh kept", Severity: scan.High, Sign: regexp.MustCompile(`Swoosh`)},
	{Path: "/oban", Name: "Oban's dashboard", Severity: scan.High, Sign: regexp.MustCompile(`(?i)<title>[^<]*Oban`)},
	{Path: "/phpinfo.php", Name: "the settings of PHP", Severity: scan.Medium, Sign: regexp.MustCompile(`<title>PHP [\d.]+[^<]* - phpinfo\(\)`)},
	{Path: "/phpinfo", Name: "the settings of PHP", Severity: scan.Medium, Sign: regexp.MustCompile(`<title>PHP [\d.]+[^<]* - phpinfo\(\)`)},
	{Path: "/info.php", Name: "the settings of PHP", Severity: scan.Medium, Sign: regexp.MustCompile(`<title>PHP [\d.]+[^<]* - phpinfo\(\)`)},
	{Path: "/actuator/env", Name: "settings of Spring", Severity: scan.High, Sign: regexp.MustCompile(`"propertySources"\s*:`)},
	{Path: "/env", Name: "settings of Spring", Severity: scan.High, Sign: regexp.MustCompile(`"propertySources"\s*:|"systemProperties"\s*:`)},
	{Path: "/actuator/heapdump", Name: "the memory of Spring", Severity: scan.Critical, Sign: regexp.MustCompile(`^(?:JAVA PROFILE|\x1f\x8b)`)},
	{Path: "/actuator", Name: "the list of Spring's internals", Severity: scan.Low, Sign: regexp.MustCompile(`"_links"\s*:[^<]*actuator/`)},
	{Path: "/server-status", Name: "the state of Apache", Severity: scan.Medium, Sign: regexp.MustCompile(`<h1>Apache Server Status for`)},
	{Path: "/server-info", Name: "the settings of Apache", Severity: scan.Medium, Sign: regexp.MustCompile(`<h1[^>]*>Apache Server Information`)},
	{Path: "/nginx_status", Name: "the state of nginx", Severity: scan.Low, Sign: regexp.MustCompile(`^Active connections: \d+`)},
	{Path: "/status?full", Name: "the state of PHP-FPM", Severity: scan.Medium, Sign: regexp.MustCompile(`(?m)^pool:\s+\S+\nprocess manager:`)},
	{Path: "/metrics", Name: "metrics", Severity: scan.Low, Sign: regexp.MustCompile(`(?m)^# (?:HELP|TYPE) \w+`), Show: exposure.FirstLine},
	{Path: "/_profiler/", Name: "the profiler of Symfony", Severity: scan.High, Sign: regexp.MustCompile(`<title>Symfony Profiler`)},
	{Path: "/telescope/requests", Name: "Laravel Telescope", Severity: scan.High, Sign: regexp.MustCompile(`<title>Telescope`)},
	{Path: "/rails/info/properties", Name: "the settings of Rails", Severity: scan.Medium, Sign: regexp.MustCompile(`Rails version`)},
	{Path: "/console", Name: "a console that runs code", Severity: scan.Critical, Sign: regexp.MustCompile(`<title>(?:Console // Werkzeug Debugger|H2 Console)`)},
	{Path: "/elmah.axd", Name: "the errors of ASP.NET", Severity: scan.High, Sign: regexp.MustCompile(`Error Log for`)},
	{Path: "/trace.axd", Name: "traces of ASP.NET", Severity: scan.High, Sign: regexp.MustCompile(`<h1>Application Trace`)},
	{Path: "/__debug__/render_panel/", Name: "the toolbar of Django", Severity: scan.Medium, Sign: regexp.MustCompile(`djdt|Data for this panel`)},
}
