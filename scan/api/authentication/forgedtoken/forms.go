package forgedtoken

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"strings"
)

// Forms writes a public key as programs hold it: PEM of either kind with and without the last line end, and DER.
func Forms(key *rsa.PublicKey) [][]byte {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return nil // a modulus that is no key
	}
	var out [][]byte
	for _, block := range []*pem.Block{{Type: "PUBLIC KEY", Bytes: der}, {Type: "RSA PUBLIC KEY", Bytes: x509.MarshalPKCS1PublicKey(key)}} {
		text := string(pem.EncodeToMemory(block))
		out = append(out, []byte(text), []byte(strings.TrimSpace(text)))
	}
	return append(out, der)
}
