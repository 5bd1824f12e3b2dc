package settings

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"palisade.dev/backend/site"
	"palisade.dev/console/page"
	"palisade.dev/examples"
	"palisade.dev/store"
)

// wanted is what the snippets are made for. It comes with the page's address, so that a link made elsewhere must not be able
// to put words of its own into somebody's configuration.
type wanted struct {
	App  string // host:port
	Host string // that visitors ask for; "" is any
	Back string // where guards find the back end
}

var (
	hostPort = regexp.MustCompile(`^([A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\]):[0-9]{1,5}$`)
	hostName = regexp.MustCompile(`^(\*\.)?[a-z0-9]([a-z0-9.-]{0,250}[a-z0-9])?$`)
)

const defaultApp = "127.0.0.1:4000"

// check gives the field that is wrong, and why.
func (w *wanted) check() (name, text string) {
	w.App = strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(w.App), "http://"), "/")
	w.Host = strings.ToLower(strings.TrimSpace(w.Host))
	if w.App == "" {
		w.App = defaultApp
	}
	if w.Host == "*" {
		w.Host = ""
	}
	if !hostPort.MatchString(w.App) {
		app := w.App
		w.App = defaultApp
		return "app", fmt.Sprintf("%.80q is no address of an app: want host and port, such as 127.0.0.1:4000", app)
	}
	if w.Host != "" && !hostName.MatchString(w.Host) {
		host := w.Host
		w.Host = ""
		return "host", fmt.Sprintf("%.80q is no name of a host: want one such as shop.example.com, or nothing for any", host)
	}
	if w.Back != "" {
		u, err := url.Parse(w.Back)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "" || u.User != nil ||
			!hostPort.MatchString(u.Host) && !hostName.MatchString(strings.ToLower(u.Host)) {
			back := w.Back
			w.Back = ""
			return "back", fmt.Sprintf("%.80q: want an address such as https://palisade.internal:9090", back)
		}
		w.Back = u.Scheme + "://" + u.Host
	}
	return "", ""
}

// snippet is one thing to copy.
type snippet struct {
	ID, File, Text string
}

// way is one way to protect a site.
type way struct {
	ID, Title, About string
	Steps            []step
}

type step struct {
	Do      string
	Snippet []snippet // several are to be chosen from
}

// palisadeFile is the configuration of a gateway that runs apart from the back end; what stands in front of visitors differs.
func palisadeFile(name string, w wanted, front, upstream string) string {
	host := w.Host
	if host == "" {
		host = "*"
	}
	return fmt.Sprintf("back:\n  url: %s\ngateway:\n  %s\nsites:\n  - name: %s\n    hosts: [\"%s\"]\n%s    site_key: ${PALISADE_SITE_KEY}\n", w.Back, front, name, host, upstream)
}

// ways are the three ways, as text that works when it is pasted.
func ways(name string, w wanted, key string) []way {
	if key == "" {
		key = "psk_…"
	}
	export := "export PALISADE_SITE_KEY=" + key + "\n"
	// A site of any host is served by what names none; a pattern is a regular expression to Traefik.
	caddy, traefik := "http://:8080", "PathPrefix(`/`)"
	if name, wild := strings.CutPrefix(w.Host, "*."); wild {
		caddy, traefik = "http://"+w.Host+":8080", "HostRegexp(`^.+\\."+regexp.QuoteMeta(name)+"$`)"
	} else if w.Host != "" {
		caddy, traefik = "http://"+w.Host+":8080", "Host(`"+w.Host+"`)"
	}
	fit := strings.NewReplacer("http://127.0.0.1:9090", w.Back, "127.0.0.1:4000", w.App, "http://shop.example:8080", caddy, "Host(`shop.example`)", traefik)
	file := func(id, name string) snippet { return snippet{id, name, fit.Replace(examples.File(name))} }
	_, port, _ := net.SplitHostPort(w.App)
	goApp := strings.NewReplacer("http://127.0.0.1:9090", w.Back, "127.0.0.1:4000", "127.0.0.1:"+port).Replace(examples.File("middleware/main.go"))
	return []way{
		{"gateway", "The gateway in front", "For any app, in any language: visitors reach Palisade, and Palisade reaches the app. It sees the app's answers, so that rules about failed sign-ins work by themselves.", []step{
			{"On the machine of the app, or one in front of it:", []snippet{{"gateway-run", "", export + fmt.Sprintf("palisade gateway --back %s --upstream http://%s --listen 127.0.0.1:8080\n", w.Back, w.App)}}},
			{"The same as a file, to add certificates or more sites to; run it with: palisade gateway -c palisade.yml", []snippet{{"gateway-file", "palisade.yml", palisadeFile(name, w, "listen: [{address: \"127.0.0.1:8080\"}]", "    upstreams: [\"http://"+w.App+"\"]\n")}}},
			{"Then let visitors reach 127.0.0.1:8080 rather than the app.", nil},
		}},
		{"proxy", "Behind the proxy that you have", "nginx, Caddy, Traefik or HAProxy stays in front and asks Palisade about each request. Rules about the app's answers need the app's word: see examples/README.md.", []step{
			{"Beside the proxy, with the file below it:", []snippet{{"proxy-run", "", export + "palisade gateway -c palisade.yml\n"}}},
			{"", []snippet{{"proxy-file", "palisade.yml", palisadeFile(name, w, "forward_auth: {address: \"127.0.0.1:9091\"}", "")}}},
			{"Then, for the proxy that you have:", []snippet{file("nginx", "nginx.conf"), file("caddy", "Caddyfile"), file("traefik", "traefik.yml"), file("haproxy", "haproxy.cfg"), file("lua", "haproxy.lua")}},
		}},
		{"go", "Inside a Go app", "A guard round the app's handler, in the same process. The module palisade.dev/guard has one small dependency.", []step{
			{"The whole of a small app:", []snippet{{"go-main", "main.go", goApp}}},
			{"Run it with the site's key:", []snippet{{"go-run", "", export + "go run .\n"}}},
		}},
	}
}

// protection is the page that says how.
type protection struct {
	Form   form
	Ways   []way
	Key    string // shown to who made it, for a while
	Guards arrivals
}

func (s *Settings) protect(r *page.Request) error {
	q := r.URL.Query()
	w := wanted{App: q.Get("app"), Host: q.Get("host"), Back: q.Get("back")}
	f := form{ID: "protect", values: url.Values{"app": {w.App}, "host": {w.Host}, "back": {w.Back}}}
	status := http.StatusOK
	if name, text := w.check(); name != "" {
		f, status = f.wrong(name, text), unprocessable
	} else {
		f.values = url.Values{"app": {w.App}, "host": {w.Host}}
	}
	if w.Back == "" {
		w.Back = s.base(r)
	}
	if status == http.StatusOK {
		f.values.Set("back", w.Back)
	}
	p := protection{Form: f, Key: s.once.Show(r, q.Get("key"), r.Here.ID)}
	p.Ways = ways(r.Here.Name, w, p.Key)
	var err error
	if p.Guards, err = s.arrived(r); err != nil {
		return err
	}
	return r.Render(status, pages, "protect.html", "Protect "+r.Here.Name, p)
}

// base is where guards, and people, reach this console: as it was said, or else as this request did.
func (s *Settings) base(r *page.Request) string {
	if s.Here.URL != "" {
		return strings.TrimSuffix(s.Here.URL, "/")
	}
	w := wanted{Back: page.Origin(r.Request)}
	if name, _ := w.check(); name != "" {
		return "http://127.0.0.1:9090"
	}
	return w.Back
}

// arrivals is what is known of a site's guards.
type arrivals struct {
	Guards   []store.Guard
	Revision uint64
}

func (s *Settings) arrived(r *page.Request) (arrivals, error) {
	now, err := s.DB.SiteByID(r.Context(), r.Here.ID)
	if err != nil {
		return arrivals{}, err
	}
	all, err := s.DB.Guards(r.Context(), r.Here.ID)
	a := arrivals{Revision: now.Revision}
	for _, g := range all {
		if r.Now.Sub(time.UnixMilli(g.LastSeen)) < site.Silent {
			a.Guards = append(a.Guards, g)
		}
	}
	return a, err
}

// arriving tells of guards as they connect.
func (s *Settings) arriving(r *page.Request) error {
	return r.Keep("guards", time.Second, s.Now, func() (string, error) {
		a, err := s.arrived(r)
		if err != nil {
			return "", err
		}
		return r.Part(pages, "protect.html", "guards", a)
	})
}
