package gateway

import (
	"net/http"
	"net/http/httputil"
	"strconv"
	"strings"

	"palisade.dev/gateway/upstream"
)

// Fields of one hop only (RFC 9110 §7.6.1), and those that only the gateway may say to the app: a client's own are not
// passed on.
var notOurs = map[string]bool{
	"Connection": true, "Proxy-Connection": true, "Keep-Alive": true, "Proxy-Authenticate": true, "Proxy-Authorization": true,
	"Te": true, "Trailer": true, "Transfer-Encoding": true, "Upgrade": true, "Content-Length": true, "Host": true,
	"Forwarded": true, "X-Forwarded-For": true, "X-Forwarded-Proto": true, "X-Forwarded-Host": true, "X-Forwarded-Port": true, "X-Real-Ip": true,
}

// head writes the header fields of a request to the app.
func (p *passage) head(h *upstream.Header) {
	r := p.r
	h.Field("Host", r.Host)
	named := connectionFields(r.Header)
	for name, values := range r.Header {
		if notOurs[name] || strings.HasPrefix(name, "Palisade-") || named[name] {
			continue
		}
		for _, v := range values {
			h.Field(name, v)
		}
	}
	if r.ContentLength > 0 || r.ContentLength == 0 && (r.Method == http.MethodPost || r.Method == http.MethodPut || r.Method == http.MethodPatch) {
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

// passageKey hands a passage to the hooks of the slow path.
type passageKey struct{}

// slow is the standard reverse proxy, for upgrades, long bodies, TLS to the app and whatever else is rare.
func (s *site) slow() *httputil.ReverseProxy {
	return &httputil.ReverseProxy{
		Rewrite: func(pr *httputil.ProxyRequest) {
			c := pr.In.Context().Value(passageKey{}).(*carried)
			pr.Out.URL.Scheme, pr.Out.URL.Host = c.o.url.Scheme, c.o.url.Host
			pr.Out.Host = pr.In.Host
			pr.Out.URL.RawQuery = pr.In.URL.RawQuery // the proxy takes out what Go would not parse; the app may
			for name := range pr.Out.Header {
				if strings.HasPrefix(name, "Palisade-") {
					delete(pr.Out.Header, name)
				}
			}
			for _, name := range [...]string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Port", "X-Real-Ip"} {
				delete(pr.Out.Header, name)
			}
			c.p.told(func(name, value string) { pr.Out.Header.Set(name, value) })
			if _, ok := pr.Out.Header["User-Agent"]; !ok {
				pr.Out.Header["User-Agent"] = nil // otherwise net/http would name itself
			}
		},
		ModifyResponse: func(res *http.Response) error {
			c := res.Request.Context().Value(passageKey{}).(*carried)
			c.o.state.ok()
			c.p.status = res.StatusCode
			c.p.v.Responding(res.StatusCode, res.Header)
			if res.StatusCode != http.StatusSwitchingProtocols {
				res.Body = &countedBody{res.Body, c.p}
			}
			return nil
		},
		ErrorHandler: func(_ http.ResponseWriter, r *http.Request, err error) {
			c := r.Context().Value(passageKey{}).(*carried)
			c.p.upstreamFailed(c.o, err)
		},
		FlushInterval: -1,
		Transport:     carrier{},
	}
}

// carried is what the slow path's hooks need to know.
type carried struct {
	p *passage
	o *origin
}

// carrier sends each request through the transport of its upstream.
type carrier struct{}

func (carrier) RoundTrip(r *http.Request) (*http.Response, error) {
	return r.Context().Value(passageKey{}).(*carried).o.std.RoundTrip(r)
}

type countedBody struct {
	readCloser
	p *passage
}

type readCloser interface {
	Read([]byte) (int, error)
	Close() error
}

func (b *countedBody) Read(buf []byte) (int, error) {
	n, err := b.readCloser.Read(buf)
	b.p.bytes += int64(n)
	return n, err
}
