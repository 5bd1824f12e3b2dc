package gateway

import (
	"net/http"
	"strconv"
	"strings"

	"palisade.dev/gateway/upstream"
)

// kept says which fields of a client's do not reach the app.
var kept = map[string]who{
	// Of one hop only (RFC 9110 §7.6.1).
	"Connection": nobody, "Proxy-Connection": nobody, "Keep-Alive": nobody, "Proxy-Authenticate": nobody, "Proxy-Authorization": nobody,
	"Te": nobody, "Trailer": nobody, "Transfer-Encoding": nobody, "Upgrade": nobody, "Content-Length": nobody, "Host": nobody,
	// Said by the gateway.
	"Forwarded": nobody, "X-Forwarded-For": nobody, "X-Forwarded-Proto": nobody, "X-Forwarded-Host": nobody, "X-Forwarded-Port": nobody, "X-Real-Ip": nobody,
	// By which apps and frameworks take a client's word for its address, or for another path than the guard has read.
	"True-Client-Ip": proxies, "Cf-Connecting-Ip": proxies, "Cf-Connecting-Ipv6": proxies, "Fastly-Client-Ip": proxies, "Fly-Client-Ip": proxies,
	"X-Client-Ip": proxies, "X-Cluster-Client-Ip": proxies, "X-Forwarded": proxies, "Forwarded-For": proxies, "X-Original-Forwarded-For": proxies,
	"X-Original-Url": proxies, "X-Rewrite-Url": proxies, "X-Original-Uri": proxies, "X-Forwarded-Uri": proxies, "X-Forwarded-Method": proxies,
	"X-Forwarded-Server": proxies, "X-Forwarded-Prefix": proxies, "X-Forwarded-Ssl": proxies, "X-Forwarded-Scheme": proxies, "X-Url-Scheme": proxies, "Front-End-Https": proxies,
}

// who may say a field to the app through us; a field that is not kept, anybody.
type who uint8

const (
	anybody who = iota
	proxies     // those that the policy trusts
	nobody
)

// keeps reports whether a field stays here. Apps behind CGI and WSGI read X_Forwarded_For as X-Forwarded-For.
func (p *passage) keeps(name string) bool {
	if strings.IndexByte(name, '_') >= 0 {
		name = http.CanonicalHeaderKey(strings.ReplaceAll(name, "_", "-"))
	}
	if strings.HasPrefix(name, "Palisade-") {
		return true
	}
	w := kept[name]
	return w == nobody || w == proxies && !p.v.Proxied()
}

// head writes the header fields of a request to the app.
func (p *passage) head(h *upstream.Header) {
	r := p.r
	h.Field("Host", r.Host)
	named := connectionFields(r.Header)
	for name, values := range r.Header {
		if p.keeps(name) || named[name] {
			continue
		}
		if p.s.pot != nil && name == "Accept-Encoding" {
			h.Field(name, p.s.pot.Encodings(r, values[0]))
			continue
		}
		for _, v := range values {
			h.Field(name, v)
		}
	}
	if r.ContentLength > 0 || r.Method == http.MethodPost || r.Method == http.MethodPut || r.Method == http.MethodPatch {
		h.Field("Content-Length", itoa(r.ContentLength))
	}
	p.told(h.Field)
}

// told says to the app what the guard believes of the client.
func (p *passage) told(field func(name, value string)) {
	client := p.v.Request.Address
	var b [netipMax]byte
	text := string(client.AppendTo(b[:0]))
	field("X-Forwarded-For", text)
	field("X-Real-IP", text)
	field("X-Forwarded-Host", p.r.Host)
	proto := "http"
	if p.v.Secure() {
		proto = "https"
	}
	field("X-Forwarded-Proto", proto)
	if p.r.Header.Get("X-Request-Id") == "" {
		field("X-Request-Id", p.v.Reference())
	}
}

const netipMax = 64

// connectionFields are those that Connection names as meant for this hop.
func connectionFields(h http.Header) map[string]bool {
	values := h["Connection"]
	if len(values) == 0 || len(values) == 1 && (values[0] == "keep-alive" || values[0] == "close") {
		return nil
	}
	named := map[string]bool{}
	for _, v := range values {
		for name := range strings.SplitSeq(v, ",") {
			if name = strings.TrimSpace(name); name != "" {
				named[http.CanonicalHeaderKey(name)] = true
			}
		}
	}
	return named
}

// strip takes the fields of one hop out of a response.
func strip(h http.Header) {
	if values, ok := h["Connection"]; ok {
		for _, v := range values {
			for name := range strings.SplitSeq(v, ",") {
				delete(h, http.CanonicalHeaderKey(strings.TrimSpace(name)))
			}
		}
		delete(h, "Connection")
	}
	for _, name := range [...]string{"Keep-Alive", "Proxy-Connection", "Proxy-Authenticate", "Te", "Trailer", "Transfer-Encoding", "Upgrade"} {
		delete(h, name)
	}
}

func announce(h http.Header, trailer http.Header) bool {
	for name := range trailer {
		h.Add("Trailer", name)
	}
	return len(trailer) > 0
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
