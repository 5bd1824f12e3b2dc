package service

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"palisade.dev/scan/late"
)

// Page is an answer by HTTP.
type Page struct {
	Path   string
	Status int
	Header http.Header
	Body   []byte // its beginning
	Err    error
}

// Bounds of an answer. What gives a page away stands at its beginning.
const (
	mostPage   = 256 << 10
	mostHeader = 64 << 10
)

// Web is a way to ask for pages of one port. It follows no redirects and keeps no cookies.
type Web struct {
	w    Wire
	wire *http.Transport
}

// NewWeb makes one. With secure the connections begin with TLS.
func NewWeb(w Wire, secure bool) *Web {
	if secure {
		w = w.inside()
	}
	return &Web{w, &http.Transport{
		DialContext:            func(ctx context.Context, _, _ string) (net.Conn, error) { return w.Dial(ctx) },
		Proxy:                  nil, // one from the environment would see another target
		DisableCompression:     true,
		MaxResponseHeaderBytes: mostHeader,
		IdleConnTimeout:        w.Patience,
	}}
}

// Close lets go of its connections.
func (b *Web) Close() { b.wire.CloseIdleConnections() }

// Get asks for a page.
func (b *Web) Get(ctx context.Context, path string) Page { return b.Ask(ctx, "GET", path, "") }

// Ask sends a request that reads; with a body it is JSON.
func (b *Web) Ask(ctx context.Context, method, path, body string) Page {
	p := Page{Path: path}
	// Inside TLS the transport is told http as well, since the connections it is given are secured already.
	u, err := url.Parse("http://" + b.w.authority() + path)
	if err != nil {
		p.Err = err
		return p
	}
	ctx, cancel := context.WithTimeout(ctx, b.w.Patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, u.String(), strings.NewReader(body))
	if err != nil {
		p.Err = err
		return p
	}
	req.Header.Set("User-Agent", "palisade-scan")
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := b.wire.RoundTrip(req)
	if err != nil {
		p.Err = err
		return p
	}
	defer resp.Body.Close()
	p.Status, p.Header = resp.StatusCode, resp.Header
	p.Body, p.Err = io.ReadAll(io.LimitReader(resp.Body, mostPage))
	if len(p.Body) > 0 {
		p.Err = nil // a page cut short still shows what it is
	}
	return p
}

// authority is the host as a Host header has it.
func (w Wire) authority() string {
	host := w.Host
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if w.Port == 80 && !w.secured || w.Port == 443 && w.secured {
		return host
	}
	return host + ":" + strconv.Itoa(w.Port)
}

// wrongDoor is what servers answer who expected TLS.
var wrongDoor = late.Pattern(`(?i)plain HTTP request was sent to HTTPS port|HTTP request to an HTTPS server|speaking plain HTTP to an SSL-enabled|requires TLS`)

func askHTTP(ctx context.Context, w Wire) (Service, bool) {
	web := NewWeb(w, false)
	defer web.Close()
	p := web.Get(ctx, "/")
	if p.Status == 0 || p.Status == http.StatusBadRequest && wrongDoor.Match(p.Body) {
		return Service{}, false
	}
	s := Service{Name: "http", Web: true, Front: p, Banner: printable([]byte(p.Header.Get("Server")))}
	if m := productVersion.FindStringSubmatch(p.Header.Get("Server")); m != nil {
		s.Product, s.Version = word(m[1]), word(m[2])
	}
	if w.Active {
		known(ctx, web, &s)
	}
	return s, true
}

var productVersion = late.Pattern(`^([A-Za-z][\w .-]{0,40}?)(?:/v?(\d[\w.+-]*))?(?:[ (].*)?$`)

// behind is a product that speaks HTTP and is more than a web site: how it is known, and what shows whether strangers are
// served.
type behind struct {
	name, product string
	is            func(p Page) bool
	version       func(ctx context.Context, web *Web, p Page) string
	// served asks for what is not for strangers and is harmless to read; opens says that it was given.
	method, served, body string
	opens                func(p Page) bool
}

func jsonWord(b []byte, path ...string) string {
	var v any
	if json.Unmarshal(b, &v) != nil {
		return ""
	}
	for _, name := range path {
		m, _ := v.(map[string]any)
		v = m[name]
	}
	s, _ := v.(string)
	return word(s)
}

func has(words ...string) func(Page) bool {
	return func(p Page) bool {
		for _, w := range words {
			if !bytes.Contains(p.Body, []byte(w)) {
				return false
			}
		}
		return p.Status == http.StatusOK
	}
}

func header(name string) func(Page) bool {
	return func(p Page) bool { return p.Header.Get(name) != "" }
}

func field(path ...string) func(context.Context, *Web, Page) string {
	return func(_ context.Context, _ *Web, p Page) string { return jsonWord(p.Body, path...) }
}

func at(address string, path ...string) func(context.Context, *Web, Page) string {
	return func(ctx context.Context, web *Web, _ Page) string {
		return jsonWord(web.Get(ctx, address).Body, path...)
	}
}

// products by what gives them away, at / or, where that says nothing, at an address of their own.
var products = []behind{
	{name: "elasticsearch", product: "Elasticsearch", is: has(`"cluster_name"`, `"tagline"`, "You Know, for Search"), version: field("version", "number"), method: "GET", served: "/_cat/indices?format=json", opens: has(`"index"`)},
	{name: "elasticsearch", product: "Elasticsearch", is: func(p Page) bool {
		return p.Status == http.StatusUnauthorized && bytes.Contains(p.Body, []byte(`"security_exception"`))
	}},
	{name: "opensearch", product: "OpenSearch", is: has("The OpenSearch Project"), version: field("version", "number"), method: "GET", served: "/_cat/indices?format=json", opens: has(`"index"`)},
	{name: "couchdb", product: "CouchDB", is: has(`"couchdb":"Welcome"`), version: field("version"), method: "GET", served: "/_all_dbs", opens: func(p Page) bool { return p.Status == 200 && bytes.HasPrefix(p.Body, []byte("[")) }},
	{name: "influxdb", product: "InfluxDB", is: header("X-Influxdb-Version"), version: func(_ context.Context, _ *Web, p Page) string { return word(p.Header.Get("X-Influxdb-Version")) }, method: "GET", served: "/query?q=SHOW%20DATABASES", opens: has(`"results"`, `"databases"`)},
	{name: "clickhouse", product: "ClickHouse", is: func(p Page) bool { return p.Status == 200 && strings.TrimSpace(string(p.Body)) == "Ok." }, method: "GET", served: "/?query=SELECT%20version()", opens: func(p Page) bool {
		return p.Status == 200 && p.Header.Get("X-ClickHouse-Summary") != ""
	}},
	{name: "consul", product: "Consul", is: func(p Page) bool { return p.Header.Get("Location") == "/ui/" }, version: at("/v1/agent/self", "Config", "Version"), method: "GET", served: "/v1/catalog/services", opens: has(`"consul"`)},
	{name: "rabbitmq-management", product: "RabbitMQ", is: has("<title>RabbitMQ Management</title>")},
	{name: "grafana", product: "Grafana", is: func(p Page) bool {
		return strings.HasPrefix(p.Header.Get("Location"), "/login") && cookie(p, "redirect_to") || bytes.Contains(p.Body, []byte("<title>Grafana</title>"))
	}, version: at("/api/health", "version"), method: "GET", served: "/api/search", opens: func(p Page) bool { return p.Status == 200 && bytes.HasPrefix(p.Body, []byte("[")) }},
	{name: "jenkins", product: "Jenkins", is: header("X-Jenkins"), version: func(_ context.Context, _ *Web, p Page) string { return word(p.Header.Get("X-Jenkins")) }, method: "GET", served: "/api/json", opens: has(`"jobs"`)},
	{name: "kibana", product: "Kibana", is: header("Kbn-Name"), method: "GET", served: "/api/status", opens: has(`"metrics"`, `"version"`)},
	{name: "portainer", product: "Portainer", is: has("<title>Portainer</title>"), version: at("/api/status", "Version")},
}

// elsewhere are products whose front says nothing, at the ports that are usual for them.
var elsewhere = []struct {
	behind
	ports []int
	ask   string
}{
	{behind{name: "docker", product: "Docker", is: has(`"ApiVersion"`, `"MinAPIVersion"`), version: field("Version"), method: "GET", served: "/containers/json?limit=1", opens: func(p Page) bool { return p.Status == 200 && bytes.HasPrefix(p.Body, []byte("[")) }}, []int{2375, 2376, 4243}, "/version"},
	{behind{name: "kubernetes", product: "Kubernetes", is: has(`"gitVersion"`, `"platform"`), version: field("gitVersion"), method: "GET", served: "/api/v1/namespaces?limit=1", opens: has(`"NamespaceList"`)}, []int{443, 6443, 8001, 8080, 8443, 16443}, "/version"},
	{behind{name: "kubelet", product: "kubelet", is: has(`"PodList"`), method: "GET", served: "/pods", opens: has(`"PodList"`)}, []int{10250, 10255}, "/pods"},
	{behind{name: "kubelet", product: "kubelet", is: func(p Page) bool {
		return (p.Status == 401 || p.Status == 403) && (bytes.HasPrefix(p.Body, []byte("Unauthorized")) || bytes.HasPrefix(p.Body, []byte("Forbidden (")))
	}}, []int{10250, 10255}, "/pods"},
	{behind{name: "etcd", product: "etcd", is: has(`"etcdserver"`, `"etcdcluster"`), version: field("etcdserver"), method: "POST", served: "/v3/kv/range", body: `{"key":"AA==","range_end":"AA==","limit":"1","count_only":true}`, opens: has(`"cluster_id"`, `"revision"`)}, []int{2379, 2380, 4001}, "/version"},
	{behind{name: "prometheus", product: "Prometheus", is: has(`"status":"success"`, `"goVersion"`), version: field("data", "version"), method: "GET", served: "/api/v1/status/buildinfo", opens: has(`"goVersion"`)}, []int{9090, 9091, 9095}, "/api/v1/status/buildinfo"},
	{behind{name: "vault", product: "Vault", is: func(p Page) bool {
		return bytes.Contains(p.Body, []byte(`"sealed"`)) && bytes.Contains(p.Body, []byte(`"initialized"`))
	}, version: field("version")}, []int{8200, 8201}, "/v1/sys/health"},
	{behind{name: "traefik", product: "Traefik", is: has(`"Version"`, `"Codename"`), version: field("Version"), method: "GET", served: "/api/overview", opens: has(`"routers"`, `"services"`)}, []int{8080, 8081, 9000}, "/api/version"},
}

func cookie(p Page, name string) bool {
	for _, line := range p.Header.Values("Set-Cookie") {
		if strings.HasPrefix(line, name+"=") {
			return true
		}
	}
	return false
}

// known looks which product it is, and whether strangers are served. A front that answers everything with the same page
// is asked nothing: a control with an address that nobody has must not be given as well.
func known(ctx context.Context, web *Web, s *Service) {
	for _, b := range products {
		if b.is(s.Front) {
			b.settle(ctx, web, s, s.Front)
			return
		}
	}
	for _, e := range elsewhere {
		for _, port := range e.ports {
			if port != web.w.Port {
				continue
			}
			if p := web.Get(ctx, e.ask); e.is(p) && !e.is(web.Get(ctx, "/palisade-scan-control")) {
				e.settle(ctx, web, s, p)
				return
			}
		}
	}
}

func (b behind) settle(ctx context.Context, web *Web, s *Service, p Page) {
	s.Name, s.Product, s.Version = b.name, b.product, ""
	if b.version != nil {
		s.Version = b.version(ctx, web, p)
	}
	if p.Status == http.StatusUnauthorized || p.Status == http.StatusForbidden {
		s.Access = Guarded
	}
	if b.opens == nil {
		return
	}
	got := web.Ask(ctx, b.method, b.served, b.body)
	switch {
	case got.Status == http.StatusUnauthorized || got.Status == http.StatusForbidden:
		s.Access = Guarded
	case got.Status == 0:
	case b.opens(got) && !b.opens(web.Ask(ctx, b.method, "/palisade-scan-control", b.body)):
		s.Access, s.Proof = Open, Proof{b.method + " " + b.served, "200, " + strconv.Itoa(len(got.Body)) + " bytes of " + word(got.Header.Get("Content-Type"))}
	}
}
