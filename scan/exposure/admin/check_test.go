package admin_test

import (
	"net/http"
	"testing"

	"palisade.dev/scan"
	"palisade.dev/scan/exposure/admin"
	"palisade.dev/scan/exposure/exposuretest"
)

func at(port int, pages map[string]string) func(*exposuretest.Host) {
	return func(h *exposuretest.Host) {
		h.Web(port, exposuretest.Pages(pages))
		h.Expect()
	}
}

// guarded lets strangers see some pages and refuses the rest.
func guarded(port int, pages map[string]string) func(*exposuretest.Host) {
	return func(h *exposuretest.Host) {
		open := exposuretest.Pages(pages)
		h.Web(port, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if _, ok := pages[r.URL.Path]; ok {
				open.ServeHTTP(w, r)
				return
			}
			w.WriteHeader(http.StatusForbidden)
		}))
		h.Expect()
	}
}

const (
	docker = `{"Version":"99.0.1","ApiVersion":"1.45","MinAPIVersion":"1.24"}`
	kube   = `{"major":"1","gitVersion":"v1.99.0","platform":"linux/amd64"}`
)

func TestSamples(t *testing.T) {
	v, s, n := exposuretest.Vulnerable, exposuretest.Sound, exposuretest.Noisy
	exposuretest.Run(t, admin.Check, []exposuretest.Sample{
		{Name: "docker", Kind: v, Least: scan.Critical, Serve: at(2375, map[string]string{"/version": docker, "/containers/json": "[]"})},
		{Name: "kubernetes", Kind: v, Least: scan.Critical, Serve: at(6443, map[string]string{"/version": kube, "/api/v1/namespaces": `{"kind":"NamespaceList"}`})},
		{Name: "kubelet", Kind: v, Least: scan.Critical, Serve: at(10255, map[string]string{"/pods": `{"kind":"PodList"}`})},
		{Name: "prometheus", Kind: v, Serve: at(9090, map[string]string{"/api/v1/status/buildinfo": `{"status":"success","data":{"version":"3.99.0","goVersion":"go1.26"}}`})},
		{Name: "phpMyAdmin", Kind: v, Serve: at(0, map[string]string{"/": "hello", "/phpmyadmin/": "<title>phpMyAdmin</title>"})},
		{Name: "RabbitMQ's console", Kind: v, Least: scan.Low, Serve: func(h *exposuretest.Host) {
			h.Web(0, exposuretest.Pages(map[string]string{"/": "<title>RabbitMQ Management</title>"}))
		}},
		{Name: "kubernetes", Kind: s, Serve: guarded(6443, map[string]string{"/version": kube})},
		{Name: "docker behind something", Kind: s, Serve: guarded(2375, map[string]string{"/version": docker})},
		{Name: "a site", Kind: s, Serve: at(0, map[string]string{"/": "hello"})},
		{Name: "every page is docker", Kind: n, Serve: func(h *exposuretest.Host) {
			h.Web(2375, exposuretest.Anything(func(string) string { return docker }))
			h.Expect()
		}},
		{Name: "one page for everything", Kind: n, Serve: func(h *exposuretest.Host) {
			h.Web(0, exposuretest.Anything(func(string) string { return "we like phpMyAdmin, swagger-ui and adminer.org" }))
		}},
	})
}
