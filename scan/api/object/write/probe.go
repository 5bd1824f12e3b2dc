// Package write changes and removes as one person what another has made.
package write

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/api"
	"palisade.dev/scan/api/answer"
	"palisade.dev/scan/api/client"
	"palisade.dev/scan/api/identity"
	"palisade.dev/scan/api/object"
	"palisade.dev/scan/api/spec"
)

//go:embed doc.md
var doc string

// Probe is the probe.
var Probe = api.Probe{
	Check: scan.Check{
		ID: "api/object/write", Title: "Objects of others can be changed or removed", Severity: scan.Critical, CWE: []int{639, 862},
		Standards: []string{"OWASP API1:2023", "PCI DSS 4.0 7.2", "PCI DSS 4.0 6.2.4", "SOC 2 CC6.1", "SOC 2 CC6.3"}, Doc: doc,
	},
	Mode: api.Intrusive, Needs: api.TwoOrdinary,
	Fits: fits,
	Fix:  "Fetch the object through its owner before it is changed or removed (Repo.get_by(Order, id: id, user_id: user.id)), and answer 404 where there is none.",
	Run:  run,
}

// fits are operations that create what can be read again, and changed, acted on or removed.
func fits(t *api.Target, op *spec.Operation) bool {
	return op.Method == "POST" && op.Body != nil && !api.SignsIn(op) && object.Below(t, op, "GET") != nil && (len(op.PathParams()) > 0 || len(deeds(t, op)) > 0 ||
		object.Below(t, op, "PATCH") != nil || object.Below(t, op, "PUT") != nil || object.Below(t, op, "DELETE") != nil)
}

// made is an object that the owner created for this, and may remove.
type made struct {
	l            *api.Look
	owner, other *identity.Identity
	id           string
	read         *spec.Operation
	before       *client.Exchange
	volatile     answer.Volatile
}

func (m *made) at(op *spec.Operation) map[string]string {
	names := op.PathParams()
	return map[string]string{names[len(names)-1]: m.id}
}

func (m *made) see(ctx context.Context, title string) *client.Exchange {
	return m.l.Ask(ctx, title, m.l.RequestWith(m.read, m.owner, m.at(m.read)).By(m.owner))
}

func run(ctx context.Context, l *api.Look) {
	people := l.Ordinary()
	m := &made{l: l, owner: people[0], other: people[1], read: object.Below(l.Target, l.Op, "GET")}
	x := l.Ask(ctx, "the owner, "+m.owner.Name+", creates one", l.Request(l.Op, m.owner).By(m.owner))
	if l.Silent(x) {
		return
	}
	if m.id = identifier(x); !x.OK() || m.id == "" {
		l.CannotTell("nothing could be created: "+x.Kind().String(), "give example values in the specification")
		return
	}
	remove := object.Below(l.Target, l.Op, "DELETE")
	if remove != nil {
		defer func() {
			l.Ask(ctx, "the owner removes it", l.RequestWith(remove, m.owner, m.at(remove)).By(m.owner))
		}()
	}
	if m.before = m.learn(ctx); !m.before.OK() {
		l.CannotTell("what was created could not be read again: "+m.before.Kind().String(), "")
		return
	}
	m.intrude(ctx, l.Op)
	for _, method := range []string{"PATCH", "PUT"} {
		if op := object.Below(l.Target, l.Op, method); op != nil {
			m.change(ctx, op)
		}
	}
	if m.before = m.learn(ctx); m.before.OK() {
		for _, d := range deeds(l.Target, l.Op) {
			m.act(ctx, d)
		}
	}
	if remove != nil {
		m.remove(ctx, remove)
	}
	if !l.Told() {
		l.Clear(m.other.Name + " can neither change nor remove what " + m.owner.Name + " made")
	}
}

// change lets the other write a text that nobody else would, and lets the owner look for it.
func (m *made) change(ctx context.Context, op *spec.Operation) {
	if op.Body == nil {
		return
	}
	body, ok := api.BodyValue(op, m.l.Chance).(map[string]any)
	if !ok {
		return
	}
	mark := "palisade-" + api.Word(m.l.Chance, 10)
	if !leave(op, body, mark) {
		return
	}
	r := m.l.RequestWith(op, m.owner, m.at(op)).By(m.other)
	r.Body = api.Encode(op.Body, body)
	x := m.l.Ask(ctx, "somebody else, "+m.other.Name+", changes it", r)
	after := m.see(ctx, "the owner reads it again")
	if !x.Kind().Tells() || !after.OK() || !holds(after, mark) {
		return
	}
	m.l.Found(api.Hit{
		Op: op, Confidence: scan.Confirmed, Key: op.Method, Evidence: api.Show(m.before, x, after),
		Message: fmt.Sprintf("%s lets %s change what %s made: the owner reads the other's words.", op.Name(), m.other.Name, m.owner.Name),
	})
}

func (m *made) remove(ctx context.Context, op *spec.Operation) {
	x := m.l.Ask(ctx, "somebody else, "+m.other.Name+", removes it", m.l.RequestWith(op, m.owner, m.at(op)).By(m.other))
	after := m.see(ctx, "the owner looks for it")
	again := m.see(ctx, "the owner looks for it once more")
	if !x.Kind().Tells() || after.Kind() != answer.Missing || again.Kind() != answer.Missing {
		return
	}
	m.l.Found(api.Hit{
		Op: op, Confidence: scan.Confirmed, Key: op.Method, Evidence: api.Show(m.before, x, after),
		Message: fmt.Sprintf("%s lets %s remove what %s made: the owner finds it no more.", op.Name(), m.other.Name, m.owner.Name),
	})
}

func holds(x *client.Exchange, mark string) bool {
	b, err := json.Marshal(x.JSON())
	return err == nil && strings.Contains(string(b), mark)
}

func identifier(x *client.Exchange) string {
	values := answer.Values(x.Answer)
	for _, name := range []string{".id", ".data.id", ".uuid", "._id"} {
		if v := values[name]; len(v) == 1 {
			return v[0]
		}
	}
	return ""
}
