package identity

import (
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// JA4 is the published fingerprint of a TLS client, from what it offers in its hello: protocol and version, counts,
// and hashes of the sorted ciphers and extensions. Sorting makes it the same for browsers that shuffle.
func JA4(h *tls.ClientHelloInfo) string {
	grease := func(v uint16) bool { return v&0x0f0f == 0x0a0a && v>>8 == v&0xff }
	version := uint16(0)
	for _, v := range h.SupportedVersions {
		if !grease(v) {
			version = max(version, v)
		}
	}
	names := map[uint16]string{0x0304: "13", 0x0303: "12", 0x0302: "11", 0x0301: "10", 0x0300: "s3"}
	name := names[version]
	if name == "" {
		name = "00"
	}
	sni := "i"
	if h.ServerName != "" {
		sni = "d"
	}
	var ciphers, extensions []string
	for _, c := range h.CipherSuites {
		if !grease(c) {
			ciphers = append(ciphers, fmt.Sprintf("%04x", c))
		}
	}
	count := 0
	for _, e := range h.Extensions {
		if grease(e) {
			continue
		}
		count++
		if e != 0x0000 && e != 0x0010 { // server name and ALPN are told apart in the first part
			extensions = append(extensions, fmt.Sprintf("%04x", e))
		}
	}
	alpn := "00"
	if len(h.SupportedProtos) > 0 && h.SupportedProtos[0] != "" {
		p := h.SupportedProtos[0]
		first, last := p[0], p[len(p)-1]
		if alphanumeric(first) && alphanumeric(last) {
			alpn = string([]byte{first, last})
		} else {
			b := hex.EncodeToString([]byte{first, last})
			alpn = string([]byte{b[0], b[3]})
		}
	}
	slices.Sort(ciphers)
	slices.Sort(extensions)
	tail := strings.Join(extensions, ",")
	var schemes []string
	for _, s := range h.SignatureSchemes {
		if !grease(uint16(s)) {
			schemes = append(schemes, fmt.Sprintf("%04x", uint16(s)))
		}
	}
	if len(schemes) > 0 {
		tail += "_" + strings.Join(schemes, ",")
	}
	return fmt.Sprintf("t%s%s%02d%02d%s_%s_%s", name, sni, min(len(ciphers), 99), min(count, 99), alpn,
		ja4Hash(strings.Join(ciphers, ",")), ja4Hash(tail))
}

func ja4Hash(s string) string {
	if s == "" {
		return "000000000000"
	}
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:6])
}

func alphanumeric(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// Fingerprinted are the header fields that Fingerprint looks at. Their words tell browsers and libraries apart, and so
// does which of the last ones are there: a library that copies a browser's User-Agent forgets them.
var Fingerprinted = [...]string{
	"User-Agent", "Accept-Language", "Accept-Encoding",
	"Sec-Fetch-Mode", "Sec-Ch-Ua", "Upgrade-Insecure-Requests", "Dnt",
}

const worded = 3 // so many of them count by their words, the others by being there

// Fingerprint is our own class of client software, in twelve hex digits: its TLS hello, if we saw it, and the shape of
// its headers. Many clients share one; a farm of bots mostly has one.
func Fingerprint(ja4 string, h http.Header) string {
	var buffer [512]byte
	b := append(buffer[:0], ja4...)
	for i, name := range Fingerprinted {
		v, ok := h[name]
		switch {
		case !ok || len(v) == 0:
			b = append(b, '-')
		case i < worded:
			b = append(append(b, '|'), v[0][:min(len(v[0]), 140)]...)
		default:
			b = append(b, '+')
		}
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:6])
}
