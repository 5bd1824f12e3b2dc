// Package method does to an object of its own what only others may, or what nobody speaks of: by the method itself, and
// by a method in a header or the query.
package method

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/api"
	"palisade.dev/scan/api/answer"
	"palisade.dev/scan/api/client"
	"palisade.dev/scan/api/function"
	"palisade.dev/scan/api/identity"
	"palisade.dev/scan/api/object"
	"palisade.dev/scan/api/spec"
)

//go:embed doc.md
var doc string

// Probe is the probe.
var Probe = api.Probe{
	Check: scan.Check{
		ID: "api/function/method", Title: "A method that is not for everybody works for everybody", Severity: scan.High, CWE: []int{285, 650, 863},
		Standards: []string{"OWASP API5:2023", "PCI DSS 4.0 7.2", "PCI DSS 4.0 6.2.4", "SOC 2 CC6.1", "SOC 2 CC6.3"}, Doc: doc,
	},
	Mode: api.Intrusive, Needs: api.Identity,
	Fits: fits,
	Fix:  "Check the role for each method of a route and refuse all methods that are not declared; switch off the reading of methods from headers and queries, or do it before the role is checked.",
	Run:  run,
}

// fits are operations that create what can be read again.
func fits(t *api.Target, op *spec.Operation) bool {
	return op.Method == http.MethodPost && op.Body != nil && !api.SignsIn(op) && object.Below(t, op, http.MethodGet) != nil
}

// stage is an object that an ordinary identity made, and what became of it.
type stage struct {
	l    *api.Look
	low  *identity.Identity
	read *spec.Operation
	id   string
	made *client.Exchange
	seen *client.Exchange
}

func (s *stage) request(op *spec.Operation, who *identity.Identity) client.Request {
	names := op.PathParams()
	return s.l.RequestWith(op, who, map[string]string{names[len(names)-1]: s.id}).By(who)
}

func (s *stage) see(ctx context.Context, title string) *client.Exchange {
	return s.l.Ask(ctx, title, s.request(s.read, s.low))
}

// make creates an object to try a method on.
func (s *stage) make(ctx context.Context) bool {
	s.made = s.l.Ask(ctx, "an ordinary identity, "+s.low.Name+", creates one", s.l.Request(s.l.Op, s.low).By(s.low))
	s.id = ""
	for _, name := range []string{".id", ".data.id", ".uuid", "._id"} {
		if v := answer.Values(s.made.Answer)[name]; len(v) == 1 {
			s.id = v[0]
			break
		}
	}
	if !s.made.OK() || s.id == "" {
		return false
	}
	s.seen = s.see(ctx, "control: it is there")
	return s.seen.OK()
}

// remove clears away what was made, as whoever may.
func (s *stage) remove(ctx context.Context) {
	op := object.Below(s.l.Target, s.l.Op, http.MethodDelete)
	if op == nil || s.id == "" {
		return
	}
	who := s.low
	if function.Privileged(op) && s.l.High() != nil {
		who = s.l.High()
	}
	s.l.Ask(ctx, "what was made is removed", s.request(op, who))
}

// ways are how a method may be said. The first is the method itself.
var ways = []struct {
	name string
	say  func(r client.Request) client.Request
}{
	{"by the method itself", func(r client.Request) client.Request { return r }},
	{"by POST and the header X-HTTP-Method-Override", over("X-HTTP-Method-Override")},
	{"by POST and the header X-HTTP-Method", over("X-HTTP-Method")},
	{"by POST and the header X-Method-Override", over("X-Method-Override")},
	{"by POST and _method in the query", func(r client.Request) client.Request {
		method := r.Method
		r.Method = http.MethodPost
		return r.Query("_method", method)
	}},
}

func over(header string) func(client.Request) client.Request {
	return func(r client.Request) client.Request {
		r = r.With(header, r.Method)
		r.Method = http.MethodPost
		return r
	}
}

func run(ctx context.Context, l *api.Look) {
	people := l.Ordinary()
	if len(people) == 0 {
		l.CannotTell("all identities have special rights", "give an ordinary one: --identity alice=bearer:env:ALICE_TOKEN")
		return
	}
	s := &stage{l: l, low: people[0], read: object.Below(l.Target, l.Op, http.MethodGet)}
	if function.Privileged(l.Op) {
		if s.make(ctx) {
			l.Found(api.Hit{
				Confidence: scan.Confirmed, Key: "create", Evidence: api.Show(s.made, s.seen),
				Message: fmt.Sprintf("%s is for privileged people by its name or description, and %s created something by it that can be read.", l.Op.Name(), s.low.Name),
			})
			s.remove(ctx)
			return
		}
		if l.Silent(s.made) {
			return
		}
		l.Clear(s.low.Name + " is " + s.made.Kind().String())
		return
	}
	tried := 0
	for _, method := range []string{http.MethodPut, http.MethodPatch, http.MethodDelete} {
		declared := object.Below(l.Target, l.Op, method)
		if declared != nil && !function.Privileged(declared) {
			continue // theirs to use
		}
		if !s.make(ctx) {
			l.CannotTell("nothing could be created and read again: "+s.made.Kind().String(), "give example values in the specification")
			return
		}
		tried++
		s.try(ctx, method, declared)
		s.remove(ctx)
	}
	switch {
	case l.Told():
	case tried == 0:
		l.Clear("every method that changes or removes is declared for everybody")
	default:
		l.Clear(fmt.Sprintf("%d methods that are for others, or not declared, do nothing to what %s made", tried, s.low.Name))
	}
}

// try says a method in all ways until one has an effect.
func (s *stage) try(ctx context.Context, method string, declared *spec.Operation) {
	for _, way := range ways {
		r, mark := s.attack(method, declared)
		r = way.say(r)
		x := s.l.Ask(ctx, "ordinary, "+s.low.Name+", "+way.name, r)
		if !x.Kind().Tells() || !s.happened(ctx, method, mark) {
			continue
		}
		after := s.see(ctx, "the object afterwards")
		h := api.Hit{
			Op: declared, Confidence: scan.Confirmed, Key: method + " " + way.name, Evidence: api.Show(s.seen, x, after),
			Message: fmt.Sprintf("%s %s is for privileged people by its description, and works for %s, %s.", method, s.read.Path, s.low.Name, way.name),
		}
		if declared == nil {
			// One's own object may be one's own to remove, though nobody wrote it down. Another's is not.
			h.Op, h.Severity = s.read, scan.Low
			h.Message = fmt.Sprintf("%s %s is in no specification and works, %s.", method, s.read.Path, way.name)
			if other := s.stranger(ctx, method, way.say); other != nil {
				h.Severity = scan.High
				h.Message += fmt.Sprintf(" It works for %s too, whose object it is not.", other.Request.As.Name)
				h.Evidence = append(h.Evidence, other)
			}
		}
		s.l.Found(h)
		return
	}
}

// attack is a request by a method, with a text that can be found again where the method changes something.
func (s *stage) attack(method string, declared *spec.Operation) (client.Request, string) {
	r := s.request(s.read, s.low)
	r.Method = method
	if method == http.MethodDelete {
		return r, ""
	}
	from := declared
	if from == nil || from.Body == nil {
		from = s.l.Op
	}
	mark := "palisade-" + api.Word(s.l.Chance, 10)
	body, ok := api.BodyValue(from, s.l.Chance).(map[string]any)
	if !ok {
		return r, mark
	}
	fields := from.Body.Schema.Fields()
	for name := range body {
		if f := fields[name]; f != nil && f.Type() == "string" && len(f.Enum) == 0 && f.Format == "" {
			body[name] = mark
		}
	}
	r.Body = api.Encode(from.Body, body)
	r = r.With("Content-Type", from.Body.Media)
	return r, mark
}

func (s *stage) happened(ctx context.Context, method, mark string) bool {
	after := s.see(ctx, "the owner looks for it")
	if method == http.MethodDelete {
		return after.Kind() == answer.Missing && s.see(ctx, "the owner looks for it once more").Kind() == answer.Missing
	}
	b, err := json.Marshal(after.JSON())
	return err == nil && after.OK() && strings.Contains(string(b), mark)
}

// stranger tries the same as another ordinary identity on a new object; nil where that does nothing.
func (s *stage) stranger(ctx context.Context, method string, say func(client.Request) client.Request) *client.Exchange {
	others := s.l.Others(s.low)
	if len(others) == 0 || !s.make(ctx) {
		return nil
	}
	r, mark := s.attack(method, nil)
	x := s.l.Ask(ctx, "somebody else, "+others[0].Name, say(r.By(others[0])))
	if !x.Kind().Tells() || !s.happened(ctx, method, mark) {
		return nil
	}
	return x
}
