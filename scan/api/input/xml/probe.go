// Package xml sends documents that define entities, and looks whether they are expanded.
package xml

import (
	"context"
	_ "embed"
	"fmt"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/api"
	"palisade.dev/scan/api/answer"
	"palisade.dev/scan/api/client"
	"palisade.dev/scan/api/input"
	"palisade.dev/scan/api/rate"
	"palisade.dev/scan/api/spec"
	"palisade.dev/scan/api/ssrf"
)

//go:embed doc.md
var doc string

// Probe is the probe.
var Probe = api.Probe{
	Check: scan.Check{
		ID: "api/input/xml", Title: "Entities of XML documents are expanded", Severity: scan.High, CWE: []int{611, 776},
		Standards: []string{"OWASP API8:2023", "PCI DSS 4.0 6.2.4", "SOC 2 CC7.1"}, Doc: doc,
	},
	Mode: api.Active,
	Fits: fits,
	Fix:  "Turn document type definitions off in the parser, and take no XML where JSON is declared.",
	Run:  run,
}

func fits(t *api.Target, op *spec.Operation) bool {
	return t.Askable(op) && op.Body != nil && op.Body.Raw == "" && op.Method != "GET" && op.Method != "HEAD"
}

// try is an operation that is sent XML: what it answers when nothing is wrong, and how to make its documents.
type try struct {
	*api.Look
	base *client.Exchange
	doc  document
}

func run(ctx context.Context, l *api.Look) {
	t := &try{Look: l}
	if api.SignsIn(l.Op) {
		t.base = l.Ask(ctx, "control: a wrong password, as JSON", rate.Attempt(l, l.Op, "palisade-nobody@example.com"))
		if l.Silent(t.base) {
			return
		}
	} else if t.base = input.Base(ctx, l); t.base == nil {
		return
	}
	var ok bool
	if t.doc, ok = documentOf(l.Op, t.base.Request.Body); !ok {
		l.CannotTell("its body has no text that XML could carry", "give example values in the specification")
		return
	}
	mark := "pal" + api.Word(l.Chance, 10)
	broken := t.send(ctx, "control: XML that ends too early", strings.TrimSuffix(t.doc.with("", mark), ">"))
	plain := t.send(ctx, "control: XML without a definition", t.doc.with("", mark))
	if l.Silent(broken, plain) {
		return
	}
	if plain.Status == broken.Status && answer.SameShape(plain.Answer, broken.Answer) && answer.Likeness(plain.Answer, broken.Answer, answer.Volatile{}) >= 0.9 {
		l.Clear("it takes no XML: a sound document and a broken one are answered alike")
		return
	}
	if t.external(ctx) || t.internal(ctx) {
		return
	}
	taken := plain.Kind() == t.base.Kind() && plain.Status == t.base.Status && broken.Kind() != t.base.Kind()
	if taken && strings.Contains(l.Op.Body.Media, "json") {
		l.Found(api.Hit{
			Title: "XML is taken where JSON is declared", Severity: scan.Low, Confidence: scan.Firm, Param: "header:Content-Type", Key: "taken", Evidence: api.Show(t.base, plain, broken),
			Message: fmt.Sprintf("%s declares JSON and reads XML too. It expanded no entity that could be seen, but it is a second parser that nobody asked for.", l.Op.Name()),
			Fix:     "Name the media types that are read, and answer 415 to others.",
		})
		return
	}
	if l.Listener == nil && taken && !strings.Contains(string(plain.Body), mark) {
		l.CannotTell("it reads XML, and its answers show nothing of it", "give an address of this machine that the target can reach: --listener 10.0.0.5:8999")
		return
	}
	l.Clear("no entity was expanded")
}

func (t *try) send(ctx context.Context, title, body string) *client.Exchange {
	r := t.base.Request.With("Content-Type", "application/xml")
	r.Body = []byte(body)
	return t.Ask(ctx, title, r)
}

// internal defines an entity as another one twice. Its expansion is written nowhere in what was sent, so an echo cannot
// be mistaken for it; and twice is as far as it goes, where an attacker would go a billion times.
func (t *try) internal(ctx context.Context) bool {
	var shown []*client.Exchange
	for range 2 {
		mark := "pal" + api.Word(t.Chance, 10)
		x := t.send(ctx, "an entity that is defined within the document", t.doc.with(fmt.Sprintf(`<!ENTITY a "%s"><!ENTITY b "&a;&a;">`, mark), "&b;"))
		if !strings.Contains(string(x.Body), mark+mark) {
			return false
		}
		shown = append(shown, x)
	}
	t.Found(api.Hit{
		Confidence: scan.Confirmed, Key: "internal", Evidence: append(api.Show(t.base), shown...),
		Message: fmt.Sprintf("%s expands entities that a document defines: two words came back as four. A few lines can so become gigabytes, and files of the server where outside entities are allowed.", t.Op.Name()),
	})
	return true
}

// external defines entities whose text is at the listener.
func (t *try) external(ctx context.Context) bool {
	if t.Listener == nil {
		return false
	}
	name := t.Op.Name()
	tokens := []string{"xml general " + name, "xml parameter " + name}
	general := t.send(ctx, "an entity whose text is elsewhere", t.doc.with(fmt.Sprintf(`<!ENTITY a SYSTEM "%s">`, t.Listener.Address(tokens[0])), "&a;"))
	parameter := t.send(ctx, "a definition that is elsewhere", t.doc.with(fmt.Sprintf(`<!ENTITY %% a SYSTEM "%s"> %%a;`, t.Listener.Address(tokens[1])), "palisade"))
	// An application that calls every address it is told is another fault, which api/ssrf/callback tells.
	text := "xml text " + name
	control := t.send(ctx, "control: the same address as text", t.doc.with("", t.Listener.Address(text)))
	var calls []api.Call
	shown := general
	for i, token := range tokens {
		if got := ssrf.Came(ctx, t.Look, token); len(got) > 0 && calls == nil {
			calls, shown = got, []*client.Exchange{general, parameter}[i]
		}
	}
	if calls == nil || len(ssrf.Came(ctx, t.Look, text)) > 0 {
		return false
	}
	h := api.Hit{
		Confidence: scan.Confirmed, Key: "external", Title: "XML documents make the server read elsewhere", Evidence: api.Show(control, shown),
		Message: fmt.Sprintf("%s reads what entities of a document point at: %s %s came from %s, as %q. The same address as text was not called.", name, calls[0].Method, calls[0].Path, calls[0].From, calls[0].Agent),
	}
	if m, ok := t.Listener.(interface{ Mark(token string) string }); ok && strings.Contains(string(general.Body), m.Mark(tokens[0])) {
		h.Severity = scan.Critical
		h.Message += " What it reads comes back in the answer; files of the server would too."
	}
	t.Found(h)
	return true
}
