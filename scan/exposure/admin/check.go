// Package admin looks for consoles and interfaces with which machines are run: some that serve strangers, others that at
// least show them where to try.
package admin

import (
	"context"
	_ "embed"
	"fmt"

	"palisade.dev/scan"
	"palisade.dev/scan/exposure"
	"palisade.dev/scan/exposure/service"
	"palisade.dev/scan/late"
)

//go:embed doc.md
var doc string

// Check is the check.
var Check = exposure.Check{
	Check: scan.Check{
		ID: "exposure/admin", Title: "An interface for administrators is open to strangers", Severity: scan.High, CWE: []int{306, 284, 668},
		Standards: []string{"PCI DSS 4.0 1.4.2", "PCI DSS 4.0 8.4.1", "SOC 2 CC6.1", "SOC 2 CC6.6"}, Doc: doc,
	},
	Mode:  exposure.Active,
	Fix:   "Let only your own network or a VPN reach it, and require a sign-in with a second factor.",
	Class: func(c exposure.Class) bool { return c == exposure.Container },
	Fits: func(p *exposure.Port) bool {
		_, class, _ := p.What()
		return p.Service.Web || class == exposure.Container
	},
	Run: run,
}

// powers are what whoever is served can do, and how bad that is.
var powers = map[string]struct {
	severity scan.Severity
	can      string
}{
	"docker":     {scan.Critical, "starts containers, and with them owns the machine"},
	"kubernetes": {scan.Critical, "reads and runs what the cluster holds"},
	"kubelet":    {scan.Critical, "reads, and as a rule enters, the pods of the node"},
	"consul":     {scan.High, "reads the services and settings of all machines"},
	"traefik":    {scan.Medium, "reads every route and where it leads"},
	"jenkins":    {scan.High, "reads jobs, and with them how and with what is built"},
	"kibana":     {scan.High, "reads what was logged"},
	"grafana":    {scan.Medium, "reads dashboards"},
	"prometheus": {scan.Medium, "reads metrics, targets and settings"},
}

// consoles are those that show strangers no more than where to sign in.
var consoles = map[string]bool{"rabbitmq-management": true, "portainer": true, "grafana": true, "jenkins": true, "kibana": true, "docker": true, "kubelet": true}

func run(ctx context.Context, l *exposure.Look) {
	title, class, sure := l.What()
	s := l.Service
	p, known := powers[s.Name]
	switch {
	case !s.Web && !sure:
		l.CannotTell(fmt.Sprintf("port %d is open, where %s is usual, and nothing that answered was understood", l.Number, title), "look at the host itself: ss -ltnp")
		return
	case known && s.Access == service.Open:
		l.Found(exposure.Hit{
			Key: "open", Severity: l.Reached(p.severity), Confidence: scan.Confirmed, Path: "/", Evidence: l.Show("asked without credentials", s.Proof),
			Message: fmt.Sprintf("%s at port %d serves whoever asks, who %s.", title, l.Number, p.can),
		})
		return
	case consoles[s.Name] && !l.Expected():
		l.Found(exposure.Hit{
			Key: "door", Severity: l.Reached(scan.Low), Confidence: scan.Firm, Path: "/",
			Message: fmt.Sprintf("The door of %s stands at port %d for everybody to try.", title, l.Number),
		})
		return
	case class == exposure.Container && s.Access == service.Guarded:
		l.Clear(title + " asks strangers for credentials")
		return
	case !s.Web:
		l.CannotTell(title+" answers, and whether it would serve strangers is not known", "see who may reach it, and with what credentials")
		return
	}
	l.Leaks(ctx, doors)
}

var doors = []exposure.Leak{
	{Path: "/phpmyadmin/", Name: "the door of phpMyAdmin", Severity: scan.Medium, Sign: late.Pattern(`<title>phpMyAdmin|pma_username`)},
	{Path: "/pma/", Name: "the door of phpMyAdmin", Severity: scan.Medium, Sign: late.Pattern(`<title>phpMyAdmin|pma_username`)},
	{Path: "/adminer.php", Name: "the door of Adminer", Severity: scan.Medium, Sign: late.Pattern(`<title>(?:Login|Anmelden)[^<]*Adminer|adminer\.org`)},
	{Path: "/adminer/", Name: "the door of Adminer", Severity: scan.Medium, Sign: late.Pattern(`adminer\.org`)},
	{Path: "/pgadmin4/login", Name: "the door of pgAdmin", Severity: scan.Medium, Sign: late.Pattern(`<title>pgAdmin 4`)},
	{Path: "/manager/html", Name: "the manager of Tomcat", Severity: scan.High, Sign: late.Pattern(`Tomcat Web Application Manager`)},
	{Path: "/solr/", Name: "the console of Solr", Severity: scan.High, Sign: late.Pattern(`<title>Solr Admin`)},
	{Path: "/admin/", Name: "the door of Django's administration", Severity: scan.Low, Sign: late.Pattern(`Django (?:site admin|administration)`)},
	{Path: "/wp-login.php", Name: "the door of WordPress", Severity: scan.Info, Sign: late.Pattern(`wp-submit`)},
	{Path: "/swagger-ui/index.html", Name: "a workbench for the API", Severity: scan.Info, Sign: late.Pattern(`swagger-ui(?:-bundle)?\.(?:js|css)`)},
	{Path: "/swagger/index.html", Name: "a workbench for the API", Severity: scan.Info, Sign: late.Pattern(`swagger-ui(?:-bundle)?\.(?:js|css)`)},
	{Path: "/swaggerui", Name: "a workbench for the API", Severity: scan.Info, Sign: late.Pattern(`swagger-ui(?:-bundle)?\.(?:js|css)`)},
	{Path: "/graphiql", Name: "a workbench for GraphQL", Severity: scan.Low, Sign: late.Pattern(`graphiql(?:\.min)?\.(?:js|css)`)},
	{Path: "/jmx-console/", Name: "the console of JBoss", Severity: scan.Critical, Sign: late.Pattern(`JBoss JMX Management Console`)},
	{Path: "/sidekiq", Name: "the console of Sidekiq", Severity: scan.High, Sign: late.Pattern(`<title>[^<]*Sidekiq`)},
	{Path: "/flower/", Name: "the console of Celery", Severity: scan.High, Sign: late.Pattern(`<title>Flower`)},
}
