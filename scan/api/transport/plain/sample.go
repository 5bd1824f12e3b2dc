package plain

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"palisade.dev/scan/api"
	"palisade.dev/scan/api/fixture"
	"palisade.dev/scan/api/spec"
)

func secure(s *fixture.Shop) {
	s.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	s.Wrap = append(s.Wrap, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Strict-Transport-Security", "max-age=31536000")
			next.ServeHTTP(w, r)
		})
	})
}

// beside serves plain http beside the shop, and lets the specification say where.
func beside(plain func(s *fixture.Shop) http.HandlerFunc) func(*fixture.Shop, *api.Options) {
	return func(s *fixture.Shop, o *api.Options) {
		o.Insecure = true
		server := httptest.NewServer(plain(s))
		s.Ended = append(s.Ended, server.Close)
		data := bytes.Replace(s.Document(), []byte(`"openapi":`), []byte(fmt.Sprintf(`"servers":[{"url":%q},{"url":%q}],"openapi":`, s.URL, server.URL)), 1)
		doc, err := spec.Read(context.Background(), data, "sample.json", nil)
		if err != nil {
			panic(fmt.Sprintf("fixture: a sample's specification: %v", err)) // a mistake in this file, met by its test
		}
		o.Document = doc
		o.Scope = []string{strings.TrimPrefix(server.URL, "http://")}
	}
}

func shop(s *fixture.Shop) http.HandlerFunc { return s.ServeHTTP }

func onward(s *fixture.Shop) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", s.URL+r.URL.Path)
		w.WriteHeader(http.StatusPermanentRedirect)
	}
}

func refusing(*fixture.Shop) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, `{"error":{"code":"403","message":"use https; the credential you sent has been seen by others"}}`)
	}
}

func welcome(*fixture.Shop) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, "<!doctype html><title>It works</title><h1>It works!</h1>")
	}
}

// Samples are shops with and without the fault.
var Samples = []fixture.Sample{
	{Name: "the same by plain http", Kind: fixture.Vulnerable, Make: secure, Tune: beside(shop)},
	{Name: "the same, to who has no identity", Kind: fixture.Vulnerable, Make: secure, Tune: beside(shop), As: []string{}},
	{Name: "leads to https", Kind: fixture.Fixed, Make: secure, Tune: beside(onward)},
	{Name: "refuses, and says why", Kind: fixture.Fixed, Make: secure, Tune: beside(refusing)},
	{Name: "another site's page", Kind: fixture.Fixed, Make: secure, Tune: beside(welcome)},
	{Name: "no plain http at all", Kind: fixture.Fixed, Make: secure, Tune: func(_ *fixture.Shop, o *api.Options) { o.Insecure = true }},
}
