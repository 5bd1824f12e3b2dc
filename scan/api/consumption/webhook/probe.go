// Package webhook calls a receiver of webhooks as its sender would, and then as somebody who only pretends.
package webhook

import (
	"context"
	_ "embed"
	"fmt"
	"net/http"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/api"
	"palisade.dev/scan/api/answer"
	"palisade.dev/scan/api/client"
)

//go:embed doc.md
var doc string

// Probe is the probe.
var Probe = api.Probe{
	Check: scan.Check{
		ID: "api/consumption/webhook", Title: "Webhooks are believed without a valid signature", Severity: scan.High, CWE: []int{345, 347, 294},
		Standards: []string{"OWASP API10:2023", "OWASP API2:2023", "PCI DSS 4.0 6.2.4", "SOC 2 CC9.2"}, Doc: doc,
	},
	Mode: api.Active, Needs: api.Hooked, Whole: true,
	Fix: "Compute the signature over the raw body with the shared secret, compare it in constant time, refuse what is older than five minutes, and remember identifiers that were seen.",
	Run: run,
}

func run(ctx context.Context, l *api.Look) {
	for _, hook := range l.Webhooks {
		s, ok := schemes[hook.Kind]
		if !ok {
			l.CannotTell(fmt.Sprintf("%q is no known way to sign webhooks", hook.Kind), "name one of "+strings.Join(api.WebhookKinds, ", "))
			continue
		}
		look(ctx, l, hook, s)
	}
}

func look(ctx context.Context, l *api.Look, hook api.Webhook, s scheme) {
	n := 0
	send := func(title string, a attack) *client.Exchange {
		n++
		c := call{id: fmt.Sprintf("palisade-%d-%s", n, api.Word(l.Chance, 8)), at: l.Client.Clock().Now(), secret: hook.Secret.Reveal(), signs: true}
		// Its number is in the body too, as services have it, so that a receiver that remembers them does not take it for known.
		c.body = strings.Replace(s.body, "{", fmt.Sprintf(`{"palisade":%q,`, c.id), 1)
		if a.change != nil {
			a.change(&c)
		}
		u := *l.Base
		u.Path, u.RawPath, u.RawQuery = hook.Path, "", ""
		r := client.Request{Method: http.MethodPost, URL: u.String(), Header: s.sign(c), Body: []byte(c.body)}
		r.Header.Set("Content-Type", "application/json")
		if a.after != nil {
			a.after(&r, l.Client.Clock().Now(), c)
		}
		return l.Ask(ctx, title, r)
	}
	good := send("control: as its sender signs it", attack{})
	if l.Silent(good) {
		return
	}
	if !good.OK() || l.Absence(ctx, hook.Path, nil).Is(good) {
		l.CannotTell(fmt.Sprintf("%s did not take a webhook that was signed as %s does: %d", hook.Path, hook.Kind, good.Status), "see that path, kind and secret of --webhook are right")
		return
	}
	clear := 0
	for _, a := range attacks {
		if a.stamped && !s.stamps || a.kind != "" && a.kind != hook.Kind {
			continue
		}
		x := send(a.name, a)
		if k := x.Kind(); k == answer.Denied || k == answer.Refused || k == answer.Missing {
			clear++
			continue
		}
		if !taken(x, good) {
			continue
		}
		again := send(a.name+", once more", a)
		if still := send("control: as its sender signs it, once more", attack{}); !taken(again, good) || !still.OK() {
			continue
		}
		// That it was answered well is not that it was believed; some receivers answer everybody so and look later.
		l.FoundAt(api.Hit{
			Severity: a.severity, Confidence: scan.Firm, Key: hook.Path + " " + a.name, Evidence: api.Show(good, x),
			Message: fmt.Sprintf("%s takes a webhook %s as it takes a valid one.", hook.Path, a.name),
		}, http.MethodPost, hook.Path)
	}
	if again := l.Ask(ctx, "a valid one, word for word once more", good.Request); taken(again, good) && string(again.Body) == string(good.Body) {
		// Many answer so on purpose, and do it once. What was done cannot be seen from here.
		l.FoundAt(api.Hit{
			Title: "Webhook may be replayed", Severity: scan.Low, Confidence: scan.Tentative, Key: hook.Path + " replay", Evidence: api.Show(good, again),
			Message: fmt.Sprintf("%s answers a webhook that it had already with the same words as the first time. Whether it acted twice cannot be seen from outside.", hook.Path),
		}, http.MethodPost, hook.Path)
	} else if again.Kind().Tells() {
		clear++
	}
	switch {
	case l.Told():
	case clear == 0:
		l.CannotTell("none of the forged webhooks was clearly taken or refused", "")
	default:
		l.Clear(fmt.Sprintf("%s refused %d forged webhooks", hook.Path, clear))
	}
}

// taken says that a webhook was answered as a valid one.
func taken(x, good *client.Exchange) bool {
	return x.OK() && x.Status == good.Status && answer.SameShape(x.Answer, good.Answer)
}
