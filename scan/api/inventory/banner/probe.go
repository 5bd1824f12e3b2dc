// Package banner reads the headers in which servers tell what they are.
package banner

import (
	"context"
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/api"
	"palisade.dev/scan/api/client"
	"palisade.dev/scan/late"
)

//go:embed doc.md
var doc string

// Probe is the probe.
var Probe = api.Probe{
	Check: scan.Check{
		ID: "api/inventory/banner", Title: "Answers tell product and version", Severity: scan.Low, CWE: []int{200, 497},
		Standards: []string{"OWASP API9:2023", "OWASP API8:2023", "PCI DSS 4.0 2.2", "SOC 2 CC7.1"}, Doc: doc,
	},
	Mode: api.Passive, Whole: true,
	Fix: "Leave the version out of Server, and drop X-Powered-By and its like, in the application or in the proxy before it.",
	Run: run,
}

// telling are headers that name software.
var telling = []string{"Server", "X-Powered-By", "X-Aspnet-Version", "X-Aspnetmvc-Version", "X-Generator", "X-Application-Context", "X-Drupal-Cache", "X-Runtime-Version", "X-Backend-Server", "Via"}

// version is a product with a number behind it, or a number alone. That of a protocol in Via is none.
var version = late.Pattern(`[A-Za-z][A-Za-z .+-]*[/ ]v?\d+(?:\.\d+)+|^v?\d+(?:\.\d+){1,3}$`)

func run(ctx context.Context, l *api.Look) {
	told := map[string]string{}
	var shown []*client.Exchange
	read := 0
	for _, who := range l.Names() {
		for _, x := range l.Read(ctx, who) {
			read++
			for _, name := range telling {
				v := x.Header.Get(name)
				if name == "Via" {
					_, v, _ = strings.Cut(v, " ")
				}
				m := version.FindString(v)
				if m == "" || told[name] != "" {
					continue
				}
				told[name] = m
				if len(shown) < 2 {
					shown = append(shown, x)
				}
			}
		}
	}
	if read == 0 {
		l.CannotTell("nothing was answered", "")
		return
	}
	if len(told) == 0 {
		l.Clear(fmt.Sprintf("%d answers name no version of what made them", read))
		return
	}
	var list []string
	for name, v := range told {
		list = append(list, name+": "+v)
	}
	slices.Sort(list)
	// One finding for the host, whatever the version is: it must not be new after each upgrade.
	l.Found(api.Hit{Confidence: scan.Confirmed, Key: "version", Evidence: shown, Message: "Answers tell what runs here, so whoever knows a fault of that version need not look for it: " + strings.Join(list, "; ") + "."})
}
