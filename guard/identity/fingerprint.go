package identity

import (
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"net/http"
	"slices"
)

// JA4 is the published fingerprint of a TLS client, from what it offers in its hello: protocol and version, counts,
// and hashes of the sorted ciphers and extensions. Sorting makes it the same for browsers that shuffle. The values that
// browsers throw in at random (GREASE, RFC 8701) do not count.
func JA4(h *tls.ClientHelloInfo) string {
	version := uint16(0)
	for _, v := range h.SupportedVersions {
		if !grease(v) {
			version = max(version, v)
		}
	}
	ciphers := make([]uint16, 0, 64)
	for _, c := range h.CipherSuites {
		if !grease(c) {
			ciphers = append(ciphers, c)
		}
	}
	slices.Sort(ciphers)
	count, sni := 0, byte('i')
	extensions := make([]uint16, 0, 64)
	for _, e := range h.Extensions {
		if grease(e) {
			continue
		}
		count++
		switch e {
		case 0x0000:
			sni = 'd'
		case 0x0010:
		default: // server name and ALPN are told apart in the first part
			extensions = append(extensions, e)
		}
	}
	slices.Sort(extensions)

	out := make([]byte, 0, 36)
	out = append(out, 't')
	out = append(out, tlsVersion(version)...)
	out = append(out, sni)
	out = appendCount(out, len(ciphers))
	out = appendCount(out, count)
	out = append(out, protocol(h.SupportedProtos)...)

	text := appendList(make([]byte, 0, 512), ciphers)
	out = appendHash(append(out, '_'), text)

	text = appendList(text[:0], extensions)
	schemes := make([]uint16, 0, 32) // in the order of the hello
	for _, s := range h.SignatureSchemes {
		if !grease(uint16(s)) {
			schemes = append(schemes, uint16(s))
		}
	}
	if len(schemes) > 0 {
		text = appendList(append(text, '_'), schemes)
	}
	return string(appendHash(append(out, '_'), text))
}

func grease(v uint16) bool { return v&0x0f0f == 0x0a0a && v>>8 == v&0xff }

func tlsVersion(v uint16) string {
	switch v {
	case tls.VersionTLS13:
		return "13"
	case tls.VersionTLS12:
		return "12"
	case tls.VersionTLS11:
		return "11"
	case tls.VersionTLS10:
		return "10"
	case 0x0300:
		return "s3"
	}
	return "00"
}

// protocol is the first and the last letter of the first protocol offered by ALPN, or of its hex where it is no word.
func protocol(offered []string) string {
	if len(offered) == 0 || offered[0] == "" {
		return "00"
	}
	first, last := offered[0][0], offered[0][len(offered[0])-1]
	if !alphanumeric(first) || !alphanumeric(last) {
		const hex = "0123456789abcdef"
		first, last = hex[first>>4], hex[last&15]
	}
	return string([]byte{first, last})
}

func appendCount(b []byte, n int) []byte {
	n = min(n, 99)
	return append(b, '0'+byte(n/10), '0'+byte(n%10))
}

func appendList(b []byte, list []uint16) []byte {
	const hex = "0123456789abcdef"
	for i, v := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, hex[v>>12], hex[v>>8&15], hex[v>>4&15], hex[v&15])
	}
	return b
}

func appendHash(b, text []byte) []byte {
	if len(text) == 0 {
		return append(b, "000000000000"...)
	}
	sum := sha256.Sum256(text)
	return hex.AppendEncode(b, sum[:6])
}

func alphanumeric(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// Fingerprinted are the header fields that Fingerprint looks at. Their words tell browsers and libraries apart, and so
// does which of the last ones are there: a library that copies a browser's User-Agent forgets them. What a browser
// sends with some requests and not with others is not among them: one client should have one fingerprint.
var Fingerprinted = [...]string{
	"User-Agent", "Accept-Language", "Accept-Encoding",
	"Sec-Fetch-Mode", "Sec-Ch-Ua", "Sec-Ch-Ua-Mobile", "Dnt",
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
	var text [12]byte
	hex.Encode(text[:], sum[:6])
	return string(text[:])
}
