package client

import (
	"maps"
	"net/http"
	"net/netip"
	"net/url"
	"slices"

	"palisade.dev/scan/api/answer"
	"palisade.dev/scan/api/identity"
)

// Request is what to ask. It is a value: changing a copy changes nothing else.
type Request struct {
	Method string
	URL    string
	Header http.Header
	Body   []byte
	Host   string // another Host header than the URL's

	As    *identity.Identity // nil: nobody
	Value *string            // in the credential's place; nil: the credential itself

	Most  int        // bytes of the answer that are read; 0: what one answer may have
	Burst bool       // neither paced nor asked again: for probes that look for limits
	Fresh bool       // over a connection of its own
	From  netip.Addr // this machine's address to send from

	// The rest is written to the wire as it stands, by hand, over HTTP/1.1 and a connection of its own: what net/http would
	// tidy up, or refuse to send.
	Target   string   // of the request line, instead of the URL's path and query
	Lines    []string // header lines, without their line ends
	OldProto bool     // HTTP/1.0
}

// Exchange is a request and what came of it.
type Exchange struct {
	Title   string
	Request Request
	*answer.Answer
}

// With gives a copy with a header set.
func (r Request) With(name, value string) Request {
	r.Header = maps.Clone(r.Header)
	if r.Header == nil {
		r.Header = http.Header{}
	}
	r.Header.Set(name, value)
	return r
}

// By gives a copy that is asked as somebody, or as nobody.
func (r Request) By(who *identity.Identity) Request {
	r.As, r.Value = who, nil
	return r
}

// Claiming gives a copy with another value in the credential's place.
func (r Request) Claiming(who *identity.Identity, value string) Request {
	r.As, r.Value = who, &value
	return r
}

// Query gives a copy with a query parameter set.
func (r Request) Query(name, value string) Request {
	u, err := url.Parse(r.URL)
	if err != nil {
		return r
	}
	q := u.Query()
	q.Set(name, value)
	u.RawQuery = q.Encode()
	r.URL = u.String()
	return r
}

// wired gives headers and address as they are sent, the credential in its place. With a stand-in, that is put there
// instead, for evidence.
func (r Request) wired(u *url.URL, standIn string) (http.Header, *url.URL) {
	h := maps.Clone(r.Header)
	if h == nil {
		h = http.Header{}
	}
	for name := range h {
		h[name] = slices.Clone(h[name])
	}
	if r.As == nil {
		return h, u
	}
	target := *u
	q := target.Query()
	before := len(q)
	value := standIn
	if value == "" {
		value = r.As.Secret().Reveal()
		if r.Value != nil {
			value = *r.Value
		}
	}
	r.As.ApplyValue(h, q, value)
	if len(q) != before || r.As.Kind == identity.Query {
		target.RawQuery = q.Encode()
	}
	return h, &target
}

// Wired gives what goes over the wire with a stand-in for the credential.
func (r Request) Wired(standIn string) (http.Header, *url.URL, error) {
	u, err := url.Parse(r.URL)
	if err != nil {
		return nil, nil, err
	}
	h, target := r.wired(u, standIn)
	return h, target, nil
}
