package tls

import (
	"crypto/tls"
	"net/http"

	"palisade.dev/scan/api"
	"palisade.dev/scan/api/fixture"
)

func telling(hsts, cookie string) func(*fixture.Shop) {
	return func(s *fixture.Shop) {
		s.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
		s.Wrap = append(s.Wrap, func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if hsts != "" {
					w.Header().Set("Strict-Transport-Security", hsts)
				}
				if cookie != "" {
					w.Header().Set("Set-Cookie", cookie)
				}
				next.ServeHTTP(w, r)
			})
		})
	}
}

func insecure(_ *fixture.Shop, o *api.Options) { o.Insecure = true }

// Samples are shops with and without the fault.
var Samples = []fixture.Sample{
	{Name: "no promise to browsers", Kind: fixture.Vulnerable, Make: telling("", ""), Tune: insecure},
	{Name: "a bare session cookie", Kind: fixture.Vulnerable, Make: telling("max-age=31536000", "_shop_session=abc; Path=/"), Tune: insecure},
	{Name: "old versions too", Kind: fixture.Vulnerable, Tune: insecure, Make: func(s *fixture.Shop) {
		telling("max-age=31536000", "")(s)
		s.TLS.MinVersion = tls.VersionTLS10 //nolint:gosec // the fault of this sample
	}},
	{Name: "in order", Kind: fixture.Fixed, Make: telling("max-age=31536000", "theme=dark; Path=/"), Tune: insecure},
}
