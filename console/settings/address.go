package settings

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"palisade.dev/backend/arrival"
	"palisade.dev/backend/event"
	"palisade.dev/backend/site"
	"palisade.dev/backend/veil"
	"palisade.dev/console/page"
	"palisade.dev/guard/identity"
)

// tried is what a configuration makes of the request that asks for the page.
type tried struct {
	Doc     site.Document
	Form    form
	Peer    netip.Addr
	Host    string
	Headers []sent
	Address netip.Addr
	How     string
	Trusted bool
	Newest  int // requests at the guards that were looked at
	From    []from
}

// sent is a header of this request that speaks of the client.
type sent struct {
	Name, Value string
	Read        bool // it is the one that is configured
}

// from is an address that guards took for a client's, and how often of late.
type from struct {
	Address string
	Count   int
}

// forwarding are the headers that proxies say the client's address in.
var forwarding = []string{
	"Forwarded", "X-Forwarded-For", "X-Real-IP", "CF-Connecting-IP", "True-Client-IP", "Fastly-Client-IP", "Fly-Client-IP", "X-Client-IP",
	"X-Cluster-Client-IP", "X-Azure-ClientIP", "X-Envoy-External-Address", "DO-Connecting-IP",
}

// newest is how many of the last requests at the guards are looked at.
const newest = 200

// tryAddress shows which address we would take for this browser's, by what is typed and not kept yet.
func (s *Settings) tryAddress(r *page.Request) error {
	d, err := site.Read(r.Here)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	if !q.Has("proxies") && !q.Has("header") {
		q = url.Values{"proxies": {strings.Join(d.Identity.Proxies, "\n")}, "header": {d.Identity.Header}}
	}
	v := tried{Doc: d, Form: filled("address", q), Peer: arrival.Of(r.Request).Peer, Host: r.Host}
	header := strings.TrimSpace(q.Get("header"))
	for _, name := range forwarding {
		for _, value := range r.Header.Values(name) {
			v.Headers = append(v.Headers, sent{name, value, strings.EqualFold(name, header)})
		}
	}
	if !knownHeader(header) {
		for _, value := range r.Header.Values(header) {
			v.Headers = append(v.Headers, sent{header, value, true})
		}
	}
	status := http.StatusOK
	proxies, err := identity.NewProxies(lines(q.Get("proxies")), header)
	if err != nil {
		v.Form, status = v.Form.wrong(addressField(err), err.Error()), unprocessable
	} else {
		address, how := proxies.Client(v.Peer, r.Header)
		v.Address, v.How, v.Trusted = address, how.String(), proxies.Trusts(v.Peer)
	}
	recent, err := s.Search.Find(r.Context(), event.Query{Site: r.Here.ID, Limit: newest})
	if err != nil {
		return err
	}
	at := map[string]int{}
	for _, e := range recent.Events {
		a := veil.Text(e.Address)
		i, ok := at[a]
		if !ok {
			i = len(v.From)
			at[a], v.From = i, append(v.From, from{Address: a})
		}
		v.From[i].Count++
	}
	v.Newest = len(recent.Events)
	return r.Render(status, pages, "address.html", "The client's address", v)
}

// knownHeader reports whether a header is shown anyway, or must not be: a cookie is nobody's address, and a secret.
func knownHeader(name string) bool {
	if name == "" || strings.EqualFold(name, "Cookie") || strings.EqualFold(name, "Authorization") {
		return true
	}
	for _, f := range forwarding {
		if strings.EqualFold(f, name) {
			return true
		}
	}
	return false
}
