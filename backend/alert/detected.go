package alert

import (
	"fmt"
	"strings"

	"palisade.dev/backend/detect"
	"palisade.dev/store"
)

// Detected tells of an attack, when it is found and when it gets worse.
func Detected(s store.Site, d store.Detection, e detect.Evidence) Alert {
	a := Alert{
		ID: fmt.Sprintf("detection %s %d", d.ID, d.Severity), Kind: Detection, Severity: severityOf(d.Severity), Site: Site{s.ID, s.Name}, Group: d.Recipe,
		Title:   s.Name + ": " + d.Title,
		Several: "detections of " + Clean(d.Recipe, short) + " on " + s.Name,
		Subject: d.Key, At: at(d.Last), Link: page(s, nil, "detections", d.ID),
	}
	var from []string
	for _, n := range e.Networks[:min(len(e.Networks), 3)] {
		from = append(from, n.Value)
	}
	agent := ""
	if len(e.Agents) > 0 {
		agent = e.Agents[0].Value
	}
	a.Facts = facts(
		Fact{"Since", local(s, at(d.Began))}, Fact{"Accounts entered", strings.Join(e.Entered, ", ")}, Fact{"From", plural(int64(e.Clients), "address", "addresses")},
		Fact{"Networks", strings.Join(from, ", ")}, Fact{"Calls itself", agent}, Fact{"Route", d.Route},
		Fact{"What to do", strings.Join(e.Advice, " ")},
	)
	return a
}
