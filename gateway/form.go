package gateway

import (
	"net/http"
	"strings"
)

// wellFormed reports whether a request can be written as HTTP/1.1 and be read by the app as the guard read it. net/http
// has made sure of that for what came as HTTP/1.1; HTTP/2 has room for spaces where a request line ends at one.
func wellFormed(r *http.Request) bool {
	return r.Method != http.MethodConnect && token(r.Method) && hostLike(r.Host) && visible(r.URL.RawQuery)
}

func token(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c <= ' ' || c >= 0x7f || strings.IndexByte(`"(),/:;<=>?@[\]{}`, c) >= 0 {
			return false
		}
	}
	return s != ""
}

// hostLike lets through what a name, an address and a port are made of.
func hostLike(s string) bool {
	for i := range len(s) {
		c := s[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '.' || c == '-' || c == '_' || c == ':' || c == '[' || c == ']') {
			return false
		}
	}
	return len(s) <= 255+6 // a name and a port
}

// visible has nothing that ends a request line. Bytes beyond ASCII are sent by old programs and mean nothing here.
func visible(s string) bool {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c == 0x7f {
			return false
		}
	}
	return true
}
