package secretfile_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/fstest"

	"palisade.dev/scan"
	"palisade.dev/scan/exposure/exposuretest"
	"palisade.dev/scan/exposure/secretfile"
)

func page(path, text string) func(*exposuretest.Host) {
	return func(h *exposuretest.Host) { h.Web(0, exposuretest.Pages(map[string]string{"/": "hello", path: text})) }
}

func TestSamples(t *testing.T) {
	v, s, n := exposuretest.Vulnerable, exposuretest.Sound, exposuretest.Noisy
	exposuretest.Run(t, secretfile.Check, []exposuretest.Sample{
		{Name: "repository", Kind: v, Least: scan.Critical, Serve: page("/.git/HEAD", "ref: refs/heads/main\n")},
		{Name: "settings", Kind: v, Least: scan.Critical, Serve: page("/.env", "APP_NAME=shop\nSECRET_KEY_BASE=made-up-for-a-test\n")},
		{Name: "key", Kind: v, Least: scan.Critical, Serve: page("/server.key", "-----BEGIN PRIVATE "+"KEY-----\nmade up\n")},
		{Name: "dump", Kind: v, Least: scan.Critical, Serve: page("/backup.sql", "-- MySQL dump 10.13\nCREATE TABLE users (id int);\n")},
		{Name: "backup", Kind: v, Least: scan.High, Serve: page("/backup.zip", "PK\x03\x04\x14\x00")},
		{Name: "a folder's list", Kind: v, Serve: func(h *exposuretest.Host) {
			h.Web(0, exposuretest.Pages(map[string]string{"/backup/": "<title>Index of /backup/</title>"}))
		}},
		{Name: "a site", Kind: s, Serve: page("/public.txt", "SECRET_KEY_BASE=elsewhere")},
		{Name: "a settings file without secrets", Kind: s, Serve: page("/.env", "APP_NAME=shop\nPORT=4000\n")},
		{Name: "files of a site", Kind: s, Serve: func(h *exposuretest.Host) {
			h.Web(0, http.FileServerFS(fstest.MapFS{"index.html": {Data: []byte("hello")}, "a.css": {Data: []byte("a{}")}}))
		}},
		{Name: "one page for everything", Kind: n, Serve: func(h *exposuretest.Host) {
			h.Web(0, exposuretest.Anything(func(string) string { return "<!doctype html><title>Bookshop</title><div id=app></div>" }))
		}},
		{Name: "settings for everything", Kind: n, Serve: func(h *exposuretest.Host) {
			h.Web(0, exposuretest.Anything(func(string) string { return "API_KEY=docs\n-- MySQL dump\n" }))
		}},
		{Name: "limits", Kind: n, Serve: func(h *exposuretest.Host) {
			h.Web(0, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(429) }))
		}},
	})
}

// TestNoSecretIsShown holds that evidence has names and never values.
func TestNoSecretIsShown(t *testing.T) {
	h := exposuretest.New(t)
	page("/.env", "SECRET_KEY_BASE=made-up-for-a-test\n")(h)
	data, err := h.Scan().JSON()
	if err != nil || strings.Contains(string(data), "made-up") || !strings.Contains(string(data), "SECRET_KEY_BASE=…") {
		t.Errorf("%v\n%s", err, data)
	}
}
