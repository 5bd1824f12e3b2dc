package cipher

import (
	"crypto/tls"

	"palisade.dev/scan/api"
	"palisade.dev/scan/api/fixture"
)

func with(ids ...uint16) func(*fixture.Shop) {
	return func(s *fixture.Shop) { s.TLS = &tls.Config{MinVersion: tls.VersionTLS12, CipherSuites: ids} }
}

func insecure(_ *fixture.Shop, o *api.Options) { o.Insecure = true }

// Samples are shops with and without the fault.
var Samples = []fixture.Sample{
	{Name: "RC4", Kind: fixture.Vulnerable, Tune: insecure, Make: with(tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_RC4_128_SHA)},
	{Name: "3DES", Kind: fixture.Vulnerable, Tune: insecure, Make: with(tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, tls.TLS_RSA_WITH_3DES_EDE_CBC_SHA)},
	{Name: "no forward secrecy", Kind: fixture.Vulnerable, Tune: insecure, Make: with(tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, tls.TLS_RSA_WITH_AES_128_CBC_SHA)},
	{Name: "as the library chooses", Kind: fixture.Fixed, Tune: insecure, Make: with()},
}
