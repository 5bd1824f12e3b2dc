package massassignment

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"

	"palisade.dev/scan/api"
	"palisade.dev/scan/api/answer"
	"palisade.dev/scan/api/client"
	"palisade.dev/scan/api/identity"
	"palisade.dev/scan/api/spec"
	"palisade.dev/scan/late"
)

// maker makes things by one operation, and reads them again by another: by identifier where there is an operation for
// that, else in whatever list shows a word that only this thing has.
type maker struct {
	l            *api.Look
	who          *identity.Identity
	read, remove *spec.Operation
}

// thing is what was made.
type thing struct {
	id, mark   string
	made, seen *client.Exchange // seen is nil where nothing shows it
	fields     map[string]any   // of it, as it was seen, or as it was made
}

// unique are fields that tell two things apart; many APIs take no second one of the same.
var unique = late.Pattern(`(?i)^(user_?name|login|e?_?mail|name|title|slug|handle|nick_?name|book_title)$`)

// create makes one with more fields than may be sent.
func (m *maker) create(ctx context.Context, title string, body, more map[string]any) *thing {
	t := &thing{mark: "palisade" + api.Word(m.l.Chance, 8)}
	sent := maps.Clone(body)
	fields := m.l.Op.Body.Schema.Fields()
	for name := range body {
		f := fields[name]
		if _, text := body[name].(string); !text || !unique.MatchString(name) || f != nil && len(f.Enum) > 0 {
			continue
		}
		sent[name] = t.mark
		if strings.Contains(strings.ToLower(name), "mail") {
			sent[name] = t.mark + "@example.com"
		}
	}
	maps.Copy(sent, more)
	r := m.l.Request(m.l.Op, m.who).By(m.who)
	r.Body = api.Encode(m.l.Op.Body, sent)
	t.made = m.l.Ask(ctx, title, r)
	if !t.made.OK() {
		return t
	}
	for _, name := range []string{".id", ".data.id", ".uuid", "._id"} {
		if v := answer.Values(t.made.Answer)[name]; len(v) == 1 {
			t.id = v[0]
			break
		}
	}
	m.look(ctx, t, title+", read again")
	if t.seen == nil {
		t.fields, _ = t.made.JSON().(map[string]any)
	}
	return t
}

// look reads a thing again.
func (m *maker) look(ctx context.Context, t *thing, title string) {
	if m.read != nil && t.id != "" {
		if x := m.l.Ask(ctx, title, m.at(m.read, t.id)); x.OK() {
			if fields, ok := x.JSON().(map[string]any); ok {
				t.seen, t.fields = x, fields
			}
		}
		return
	}
	if t.mark == "" {
		return
	}
	for _, op := range m.lists() {
		x := m.l.Ask(ctx, title, m.l.Request(op, m.who).By(m.who))
		if fields := holder(x.JSON(), t.mark, 0); x.OK() && fields != nil {
			t.seen, t.fields = x, fields
			return
		}
	}
}

// lists are the operations whose answers may show what was made, those nearest by address first.
func (m *maker) lists() []*spec.Operation {
	var near, far []*spec.Operation
	folder := m.l.Op.Path[:strings.LastIndexByte(m.l.Op.Path, '/')+1]
	for _, op := range m.l.Operations {
		if op.Method != http.MethodGet || len(op.PathParams()) > 0 || !m.l.Askable(op) {
			continue
		}
		if op.Path == m.l.Op.Path || strings.HasPrefix(op.Path+"/", folder) && folder != "/" {
			near = append(near, op)
		} else {
			far = append(far, op)
		}
	}
	const most = 4 // of each thing that is made
	all := append(near, far...)
	return slices.Clone(all[:min(len(all), most)])
}

// holder is the smallest object in a document that holds a text.
func holder(v any, mark string, depth int) map[string]any {
	if depth > 8 {
		return nil
	}
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			if m := holder(item, mark, depth+1); m != nil {
				return m
			}
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			if text, ok := v[name].(string); ok && strings.Contains(text, mark) {
				return v
			}
		}
		for _, name := range slices.Sorted(maps.Keys(v)) {
			if m := holder(v[name], mark, depth+1); m != nil {
				return m
			}
		}
	}
	return nil
}

func (m *maker) at(op *spec.Operation, id string) client.Request {
	names := op.PathParams()
	return m.l.RequestWith(op, m.who, map[string]string{names[len(names)-1]: id}).By(m.who)
}

// reader says how a thing was seen.
func (m *maker) reader(t *thing) string {
	if t.seen != nil {
		return t.seen.Request.Method + " " + m.l.PathOf(t.seen)
	}
	return "look"
}

// clean removes what was made.
func (m *maker) clean(ctx context.Context, t *thing) {
	if m.remove != nil && t.id != "" {
		m.l.Ask(ctx, "removing what was made", m.at(m.remove, t.id))
	}
}
