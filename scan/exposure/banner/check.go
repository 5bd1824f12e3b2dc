// Package banner looks at the versions that servers tell everybody, and at what is known of them.
package banner

import (
	"context"
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"sync"

	"palisade.dev/scan"
	"palisade.dev/scan/deps/osv"
	"palisade.dev/scan/exposure"
	"palisade.dev/scan/exposure/service"
)

//go:embed doc.md
var doc string

// Check is the check.
var Check = exposure.Check{
	Check: scan.Check{
		ID: "exposure/banner", Title: "A server tells its version", Severity: scan.Low, CWE: []int{200, 1395},
		Standards: []string{"PCI DSS 4.0 6.3.3", "SOC 2 CC7.1"}, Doc: doc,
	},
	Fix:  "Bring the server up to date, and let it tell its name without a number.",
	Fits: func(p *exposure.Port) bool { return p.Service.Name != "" },
	Run:  run,
}

// quiet are those that can be told not to say their version, and how. The others say it as part of their language.
var quiet = map[string]string{
	"nginx": "server_tokens off;", "Apache": "ServerTokens Prod", "Postfix": "smtpd_banner = $myhostname ESMTP", "Exim": `smtp_banner = "$smtp_active_hostname ESMTP"`,
	"vsFTPd": "ftpd_banner=FTP", "ProFTPD": "ServerIdent off", "Microsoft-IIS": "removeServerHeader=\"true\"", "PHP": "expose_php = Off", "Jetty": "setSendServerVersion(false)",
}

// modules are products that are written in Go, by the module under which the Go Vulnerability Database keeps them.
var modules = map[string][]string{
	"etcd": {"go.etcd.io/etcd/v3", "go.etcd.io/etcd/server/v3", "go.etcd.io/etcd"}, "prometheus": {"github.com/prometheus/prometheus"}, "grafana": {"github.com/grafana/grafana"},
	"docker": {"github.com/docker/docker", "github.com/moby/moby"}, "kubernetes": {"k8s.io/kubernetes"}, "consul": {"github.com/hashicorp/consul"},
	"vault": {"github.com/hashicorp/vault"}, "traefik": {"github.com/traefik/traefik/v2", "github.com/traefik/traefik/v3"}, "nats": {"github.com/nats-io/nats-server/v2"},
	"portainer": {"github.com/portainer/portainer"},
}

var advisories = sync.OnceValues(func() (*osv.Database, error) {
	d, _, err := osv.Bundled("Go")
	return d, err
})

func run(_ context.Context, l *exposure.Look) {
	s := l.Service
	told := false
	for _, w := range tells(s) {
		told = true
		l.Found(exposure.Hit{
			Key: "version " + w.product, Severity: scan.Low, Confidence: scan.Confirmed, Fix: "Bring it up to date, and let it tell its name without a number: " + w.how,
			Message:  fmt.Sprintf("%s tells everybody that it is version %s. Whoever looks for a version with a known fault finds it in a list.", w.product, w.version),
			Evidence: []scan.Exchange{{Title: "what it says", Request: w.asked, Response: w.said}},
		})
	}
	if s.Version == "" {
		if !told {
			l.Clear("no version is told")
		}
		return
	}
	names := modules[s.Name]
	if len(names) == 0 {
		l.CannotTell(fmt.Sprintf("it says that it is %s %s; the advisories that are built in know Go and Hex packages only", s.Product, s.Version), "look for advisories of its maker")
		return
	}
	db, err := advisories()
	if err != nil {
		l.CannotTell("the built-in advisories cannot be read: "+err.Error(), "report this as a fault of the scanner")
		return
	}
	known := false
	worst := scan.None
	var ids []string
	for _, name := range names {
		known = known || db.Knows("Go", name)
		found, err := db.Match("Go", name, strings.TrimPrefix(s.Version, "v"))
		if err != nil {
			l.CannotTell(fmt.Sprintf("the version %s of %s cannot be compared: %v", s.Version, s.Product, err), "")
			return
		}
		for _, m := range found {
			// Where no version is named as mended the entry covers all there are, as the database could not read the product's
			// own numbers: that says nothing about this one.
			if len(m.Fixed) == 0 || slices.Contains(ids, m.ID) {
				continue
			}
			ids = append(ids, m.ID)
			level, said := m.Level(m.Affected)
			if !said {
				level = scan.Medium
			}
			worst = max(worst, min(level, scan.High))
		}
	}
	switch {
	case len(ids) > 0:
		const most = 12
		text := strings.Join(ids[:min(len(ids), most)], ", ")
		if len(ids) > most {
			text += fmt.Sprintf(" and %d more", len(ids)-most)
		}
		// A packager may have mended it without a new number, and not every advisory is about what runs here.
		l.Found(exposure.Hit{
			Key: "advisories", Severity: l.Reached(worst), Confidence: scan.Tentative, Fix: "Bring " + s.Product + " up to date.",
			Message: fmt.Sprintf("It says that it is %s %s, of which %d advisories are known: %s.", s.Product, s.Version, len(ids), text),
		})
	case !known:
		l.CannotTell(fmt.Sprintf("the advisories that are built in know nothing of %s", s.Product), "look for advisories of its maker")
	case !told:
		l.Clear(fmt.Sprintf("no advisory that is built in is about %s %s", s.Product, s.Version))
	}
}

type telling struct{ product, version, asked, said, how string }

// tells are the versions that need not be told.
func tells(s service.Service) []telling {
	var all []telling
	if how, can := quiet[s.Product]; can && s.Version != "" {
		asked := "a connection"
		if s.Web {
			asked = "GET /"
		}
		all = append(all, telling{s.Product, s.Version, asked, s.Banner, how})
	}
	if s.Web {
		by := s.Front.Header.Get("X-Powered-By")
		if product, version, ok := strings.Cut(by, "/"); ok && len(by) < 60 && version != "" && version[0] >= '0' && version[0] <= '9' {
			how := quiet[product]
			if how == "" {
				how = "take the header X-Powered-By out"
			}
			all = append(all, telling{product, version, "GET /", "X-Powered-By: " + by, how})
		}
	}
	return all
}
