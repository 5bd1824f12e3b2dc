package banner

import (
	"net/http"

	"palisade.dev/scan/api/fixture"
)

func saying(name, value string) func(*fixture.Shop) {
	return func(s *fixture.Shop) {
		s.Wrap = append(s.Wrap, func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set(name, value)
				next.ServeHTTP(w, r)
			})
		})
	}
}

// Samples are shops with and without the fault.
var Samples = []fixture.Sample{
	{Name: "a server", Kind: fixture.Vulnerable, Make: saying("Server", "nginx/1.18.0 (Ubuntu)")},
	{Name: "a language", Kind: fixture.Vulnerable, Make: saying("X-Powered-By", "PHP/7.4.3")},
	{Name: "a bare number", Kind: fixture.Vulnerable, Make: saying("X-Aspnet-Version", "4.0.30319")},
	{Name: "a name without a version", Kind: fixture.Fixed, Make: saying("Server", "Cowboy")},
	{Name: "a protocol and a proxy", Kind: fixture.Fixed, Make: saying("Via", "1.1 edge-7")},
	{Name: "nothing", Kind: fixture.Fixed},
}
