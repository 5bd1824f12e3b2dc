// Package oldversion asks for the same things under other version numbers.
package oldversion

import (
	"context"
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/api"
	"palisade.dev/scan/api/answer"
	"palisade.dev/scan/api/client"
	"palisade.dev/scan/api/object"
	"palisade.dev/scan/api/spec"
	"palisade.dev/scan/late"
)

//go:embed doc.md
var doc string

// Probe is the probe.
var Probe = api.Probe{
	Check: scan.Check{
		ID: "api/inventory/oldversion", Title: "Old version of the API is still open", Severity: scan.High, CWE: []int{1059, 285},
		Standards: []string{"OWASP API9:2023", "PCI DSS 4.0 6.3.2", "SOC 2 CC7.1"}, Doc: doc,
	},
	Needs: api.Identity,
	Fits:  fits,
	Fix:   "Take old versions out of service, or give them every check that the new one has; announce the end with Deprecation and Sunset.",
	Run:   run,
}

var version = late.Pattern(`/v(\d{1,2})(/|$)`)

func fits(t *api.Target, op *spec.Operation) bool {
	return op.Method == "GET" && t.Askable(op) && version.MatchString(op.Path) && op.Demand != spec.Open
}

func run(ctx context.Context, l *api.Look) {
	c := l.Controls(ctx, l.Op)
	if l.Silent(c.Valid, c.Nobody) {
		return
	}
	if !c.Guarded() {
		l.CannotTell("it does not tell a credential from junk, so an old version cannot be more open", "give an identity that may use it")
		return
	}
	n, _ := strconv.Atoi(version.FindStringSubmatch(l.Op.Path)[1])
	tried := 0
	for _, name := range others(n) {
		old := other{l: l, c: c, name: name, path: version.ReplaceAllString(l.Op.Path, "/"+name+"$2")}
		if slices.ContainsFunc(l.Operations, func(op *spec.Operation) bool { return op.Method == "GET" && op.Path == old.path }) {
			continue // it is declared, so the other probes look at it as at any other
		}
		there := old.ask(ctx, "as "+name+", "+c.Valid.Request.As.Name, c.Valid.Request)
		if !there.Kind().Tells() {
			continue
		}
		tried++
		if old.open(ctx, there) || old.strangers(ctx, there) || old.more(ctx, there) {
			return
		}
	}
	if tried == 0 {
		l.CannotTell("no other version was answered", "")
		return
	}
	l.Clear(fmt.Sprintf("%d other versions are closed, not there, or give no more", tried))
}

// other is the same operation under another version, which no specification mentions.
type other struct {
	l          *api.Look
	c          *api.Controls
	name, path string
}

func (o other) ask(ctx context.Context, title string, like client.Request) *client.Exchange {
	like.URL = version.ReplaceAllString(like.URL, "/"+o.name+"$2")
	return o.l.Ask(ctx, title, like)
}

// open says so where nobody, or a credential that is none, gets what the new version keeps.
func (o other) open(ctx context.Context, there *client.Exchange) bool {
	for _, as := range []struct {
		title, how string
		shut       *client.Exchange
	}{{"nobody", "without one", o.c.Nobody}, {"a junk credential", "with one that was made up", o.c.Junk}} {
		if as.shut == nil || as.shut.OK() {
			continue
		}
		x := o.ask(ctx, "as "+o.name+", "+as.title, as.shut.Request)
		if !x.OK() || o.c.Absence.Is(x) || !answer.SameShape(x.Answer, o.c.Valid.Answer) && !(there.OK() && there.JSON() != nil && answer.SameShape(x.Answer, there.Answer)) {
			continue
		}
		if again := o.l.Ask(ctx, x.Title+", once more", x.Request); again.OK() {
			o.found("open", scan.High, scan.Confirmed, fmt.Sprintf("%s asks for a credential, and %s gives the same %s.", o.l.Op.Name(), o.path, as.how), o.c.Valid, as.shut, x, again)
			return true
		}
	}
	return false
}

// strangers says so where a second identity gets the first one's object that the new version keeps from it.
func (o other) strangers(ctx context.Context, there *client.Exchange) bool {
	who := o.c.Valid.Request.As
	people := o.l.Others(who)
	if len(people) == 0 || len(o.l.Op.PathParams()) == 0 || !there.OK() {
		return false
	}
	shut := o.l.Ask(ctx, "control: "+people[0].Name+", the new version", o.c.Valid.Request.By(people[0]))
	x := o.ask(ctx, "as "+o.name+", "+people[0].Name, shut.Request)
	if shut.OK() || !shut.Kind().Tells() || !x.OK() || !answer.SameShape(x.Answer, there.Answer) {
		return false
	}
	marker := object.Only(o.l, there, x, who, people[0], "")
	again := o.l.Ask(ctx, x.Title+", once more", x.Request)
	if marker == "" || !again.OK() {
		return false
	}
	o.found("strangers", scan.High, scan.Confirmed, fmt.Sprintf("%s keeps what is %s's from %s, and %s gives it: it carries %s.", o.l.Op.Name(), who.Name, people[0].Name, o.path, marker), o.c.Valid, shut, there, x, again)
	return true
}

// plain are fields of an answer that come and go by themselves and give nothing away.
var plain = late.Pattern(`(?i)(request|trace|correlation)_?id$|(^|[._])(at|time|timestamp|version|deprecated|links?|meta)$`)

// more says so where the old version's answer has all that the new one has, and fields besides.
func (o other) more(ctx context.Context, there *client.Exchange) bool {
	if !there.OK() || o.c.Absence.Is(there) {
		return false
	}
	before, now := answer.Values(there.Answer), answer.Values(o.c.Valid.Answer)
	var extra []string
	severity := scan.Low
	for name := range before {
		if _, ok := now[name]; !ok && !plain.MatchString(name) {
			extra = append(extra, strings.TrimPrefix(name, "."))
			if object.Personal(name) {
				severity = scan.High
			}
		}
	}
	both := 0
	for name := range now {
		if _, ok := before[name]; ok {
			both++
		}
	}
	if len(extra) == 0 || both == 0 || both < len(now) {
		return false
	}
	slices.Sort(extra)
	again := o.l.Ask(ctx, there.Title+", once more", there.Request)
	if !again.OK() || !answer.SameShape(again.Answer, there.Answer) {
		return false
	}
	o.found("more", severity, scan.Firm, fmt.Sprintf("%s, which no specification mentions, gives fields that %s leaves out: %s.", o.path, o.l.Op.Name(), strings.Join(extra[:min(len(extra), 8)], ", ")), o.c.Valid, there, again)
	return true
}

func (o other) found(key string, severity scan.Severity, confidence scan.Confidence, message string, evidence ...*client.Exchange) {
	o.l.Found(api.Hit{Severity: severity, Confidence: confidence, Key: strings.TrimSuffix(o.name+" "+key, " open"), Message: message, Evidence: api.Show(evidence...)})
}

func others(n int) []string {
	var out []string
	for i := max(0, n-3); i <= n+1; i++ {
		if i != n {
			out = append(out, "v"+strconv.Itoa(i))
		}
	}
	return append(out, "beta", "internal", "legacy", "old")
}
