// Package command puts words of a shell into values, and sees whether the listener is called.
package command

import (
	"context"
	_ "embed"
	"fmt"

	"palisade.dev/scan"
	"palisade.dev/scan/api"
	"palisade.dev/scan/api/client"
	"palisade.dev/scan/api/input"
	"palisade.dev/scan/api/ssrf"
)

//go:embed doc.md
var doc string

// Probe is the probe.
var Probe = api.Probe{
	Check: scan.Check{
		ID: "api/input/command", Title: "A value is run as a command", Severity: scan.Critical, CWE: []int{78},
		Standards: []string{"OWASP API8:2023", "PCI DSS 4.0 6.2.4", "SOC 2 CC7.1"}, Doc: doc,
	},
	Mode: api.Active, Needs: api.Callback, Whole: true,
	Fix: "Start programs with a list of arguments and without a shell, behind -- where a value could look like an option; better, use a library.",
	Run: run,
}

// fetch calls an address with what is installed, and does nothing else.
const fetch = "curl -s %[1]s||wget -qO- %[1]s"

// forms are where a value may stand in a line of a shell: bare or between double quotes, between single ones, and the
// same for Windows. They do not end what they interrupt, so the program itself runs as it would.
var forms = []struct{ name, text string }{
	{"as a substitution", "palisade$(" + fetch + ")"},
	{"behind a single quote", "palisade';" + fetch + ";'"},
	{"behind an ampersand", "palisade&curl -s %[1]s&"},
}

// sent is a value that was sent, and the word at the listener that would tell of it.
type sent struct {
	whole *api.Look
	l     *api.Look // at the operation
	base  *client.Exchange
	place input.Place
	form  int
	token string
	x     *client.Exchange
}

func run(ctx context.Context, l *api.Look) {
	// All are sent before any call is waited for, so the waiting is done once.
	var all []sent
	places := 0
	for _, op := range l.Operations {
		if !input.Fits(l.Target, op) {
			continue
		}
		at := *l
		at.Op = op
		base := input.Base(ctx, &at)
		if base == nil {
			continue
		}
		for _, p := range input.Texts(op) {
			places++
			for i := range forms {
				s := sent{whole: l, l: &at, base: base, place: p, form: i}
				s.token = s.word("")
				s.x = s.ask(ctx, "a command, "+forms[i].name, forms[i].text, s.token)
				all = append(all, s)
			}
		}
	}
	if places == 0 {
		l.CannotTell("no operation that may be asked takes a text", "scan with --mode intrusive, or give example values in the specification")
		return
	}
	told, answered := map[string]bool{}, 0
	for _, s := range all {
		if s.x.Kind().Tells() {
			answered++
		}
		where := s.l.Op.Name() + " " + s.place.Param()
		if told[where] || len(ssrf.Came(ctx, l, s.token)) == 0 {
			continue
		}
		told[where] = s.confirm(ctx)
	}
	switch {
	case l.Told():
	case answered == 0:
		l.CannotTell(fmt.Sprintf("none of %d values was answered", len(all)), "")
	default:
		l.Clear(fmt.Sprintf("no command was run from %d places", places))
	}
}

func (s *sent) word(what string) string {
	return fmt.Sprint("command ", s.form, " ", what, " ", s.l.Op.Name(), " ", s.place.Param())
}

// ask sends a text with an address of the listener in it.
func (s *sent) ask(ctx context.Context, title, text, token string) *client.Exchange {
	return s.l.Ask(ctx, title, input.Put(s.l, s.base.Request, s.place, fmt.Sprintf(text, s.l.Listener.Address(token))))
}

// confirm runs another command, and tells it from an application that calls every address it finds in a text.
func (s *sent) confirm(ctx context.Context) bool {
	f := forms[s.form]
	again := s.ask(ctx, "a command, once more", f.text, s.word("again"))
	control := s.ask(ctx, "control: the same words where no shell would run them", "palisade curl -s %[1]s", s.word("control"))
	calls := ssrf.Came(ctx, s.l, s.word("again"))
	if len(calls) == 0 || len(ssrf.Came(ctx, s.l, s.word("control"))) > 0 {
		return false
	}
	s.found(calls[0], control, again)
	return true
}

func (s *sent) found(call api.Call, control, again *client.Exchange) {
	s.whole.Found(api.Hit{
		Op: s.l.Op, Confidence: scan.Confirmed, Param: s.place.Param(), Key: s.place.Name, Evidence: api.Show(control, s.x, again),
		Message: fmt.Sprintf("%s runs what is in %s, %s: the listener was called from %s by %q, twice. The same words as plain text called nobody.", s.l.Op.Name(), s.place.Name, forms[s.form].name, call.From, call.Agent),
	})
}
