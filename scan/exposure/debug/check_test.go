package debug_test

import (
	"expvar"
	"net/http"
	"net/http/pprof"
	"testing"

	"palisade.dev/scan"
	"palisade.dev/scan/exposure/debug"
	"palisade.dev/scan/exposure/exposuretest"
)

func page(path, text string) func(*exposuretest.Host) {
	return func(h *exposuretest.Host) { h.Web(0, exposuretest.Pages(map[string]string{"/": "hello", path: text})) }
}

func TestSamples(t *testing.T) {
	v, s, n := exposuretest.Vulnerable, exposuretest.Sound, exposuretest.Noisy
	exposuretest.Run(t, debug.Check, []exposuretest.Sample{
		{Name: "pprof itself", Kind: v, Least: scan.High, Serve: func(h *exposuretest.Host) {
			mux := http.NewServeMux()
			mux.HandleFunc("/debug/pprof/", pprof.Index)
			h.Web(0, mux)
		}},
		{Name: "expvar itself", Kind: v, Serve: func(h *exposuretest.Host) {
			mux := http.NewServeMux()
			mux.Handle("/debug/vars", expvar.Handler())
			h.Web(0, mux)
		}},
		{Name: "LiveDashboard", Kind: v, Least: scan.High, Serve: page("/dashboard/home", "<title>Phoenix LiveDashboard</title>")},
		{Name: "phpinfo", Kind: v, Serve: page("/phpinfo.php", "<title>PHP 8.1.2 - phpinfo()</title>")},
		{Name: "actuator", Kind: v, Least: scan.High, Serve: page("/actuator/env", `{"activeProfiles":[],"propertySources":[]}`)},
		{Name: "server-status", Kind: v, Serve: page("/server-status", "<h1>Apache Server Status for shop.test</h1>")},
		{Name: "metrics", Kind: v, Least: scan.Low, Serve: page("/metrics", "# HELP up Up.\n# TYPE up gauge\nup 1\n")},
		{Name: "a site", Kind: s, Serve: page("/about", "about us")},
		{Name: "behind a sign-in", Kind: s, Serve: func(h *exposuretest.Host) {
			h.Web(0, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/log_in", http.StatusFound) }))
		}},
		{Name: "one page for everything, with all the words", Kind: n, Serve: func(h *exposuretest.Host) {
			h.Web(0, exposuretest.Anything(func(string) string {
				return `Types of profiles available "memstats": { Phoenix LiveDashboard "propertySources": <h1>Apache Server Status for`
			}))
		}},
		{Name: "the address in the page", Kind: n, Serve: func(h *exposuretest.Host) {
			h.Web(0, exposuretest.Anything(func(path string) string { return "there is no " + path + " here" }))
		}},
		{Name: "errors", Kind: n, Serve: func(h *exposuretest.Host) {
			h.Web(0, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				http.Error(w, "Types of profiles available", http.StatusServiceUnavailable)
			}))
		}},
	})
}
