package rules

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"palisade.dev/backend/rehearse"
	"palisade.dev/backend/rule"
	"palisade.dev/backend/template"
	"palisade.dev/console/page"
	"palisade.dev/guard/wire"
	"palisade.dev/store"
)

// editor is a rule being written.
type editor struct {
	At       string // its name in the address: "new" for one that there is not yet
	Was      string // version of what is being changed
	Form     form
	YAML     string
	Base     string // the YAML on which both sides last agreed
	Says     sentence
	Faults   rule.Faults
	Notes    []string
	Problem  string // that is about neither side alone
	Mode     string
	Source   string
	Author   string
	Updated  int64
	ReadOnly bool
}

// New reports whether the rule is not there yet.
func (e editor) New() bool { return e.At == unborn }

// Answers, Spares and Counts are what the form offers.
func (editor) Answers() any { return answers }

// Spares are whom a rule may go easy on.
func (editor) Spares() any { return spares }

// Counts are the usual words for what is counted.
func (editor) Counts() []string {
	return []string{"requests", "login.failed", "login.ok", "signup.ok", "signup.failed", "reset.ok", "token.failed", "key.invalid", "payment.declined", "trap", "status.404", "status.4xx", "status.5xx"}
}

// General are the faults that belong to no field.
func (e editor) General() rule.Faults { return e.Faults.Of("") }

// Fault says what is wrong with a field, with the line of the YAML where that was read.
func (e editor) Fault(field string) string {
	var all []string
	for _, f := range e.Faults.Of(field) {
		all = append(all, tell(f))
	}
	return strings.Join(all, " ")
}

// slot is the place beside a field for what is wrong with it.
type slot struct{ Field, Text string }

// Slot gives it.
func (e editor) Slot(field string) slot { return slot{field, e.Fault(field)} }

func tell(f rule.Fault) string {
	if f.Line > 0 {
		return fmt.Sprintf("Line %d: %s.", f.Line, f.Text)
	}
	return page.Sentence(f.Text)
}

// begin offers the templates, or opens the editor with one of them.
func (p *Pages) begin(r *page.Request) error {
	cards, err := template.Cards()
	if err != nil {
		return err
	}
	chosen := r.FormValue("template")
	if chosen == "" {
		for i := range cards {
			for j := range cards[i].Rules {
				cards[i].Rules[j].Mode = ""
			}
		}
		return r.Render(http.StatusOK, pages, "new.html", "New rule", offered(cards))
	}
	if chosen == "blank" {
		return p.show(r, http.StatusOK, fresh(wire.Rule{By: wire.Words{"address"}, Then: wire.Words{"throttle"}}))
	}
	for _, c := range cards {
		for _, x := range c.Rules {
			if x.Name != chosen {
				continue
			}
			all, err := p.Rules.List(r.Context(), r.Here)
			if err != nil {
				return err
			}
			x.Name = free(x.Name, all)
			return p.show(r, http.StatusOK, fresh(x))
		}
	}
	return page.Refuse(http.StatusNotFound, "There is no template %q. Those that there are stand under Rules, New rule.", page.Cut(chosen, 60))
}

// offer is a template's rule with what it does in words.
type offer struct {
	Name string
	Says sentence
}

type card struct {
	template.Card
	Offers []offer
}

func offered(cards []template.Card) (out []card) {
	for _, c := range cards {
		k := card{Card: c}
		for _, x := range c.Rules {
			k.Offers = append(k.Offers, offer{x.Name, sentence(rule.Sentence(x))})
		}
		out = append(out, k)
	}
	return out
}

// free finds a name that no rule has.
func free(name string, all []rule.State) string {
	taken := map[string]bool{unborn: true}
	for _, s := range all {
		taken[s.Name] = true
	}
	for n, try := 2, name; ; n++ {
		if !taken[try] {
			return try
		}
		try = fmt.Sprintf("%s-%d", name, n)
	}
}

// fresh is the editor of a rule that there is not yet.
func fresh(x wire.Rule) editor {
	x.Mode = ""
	e := editor{At: unborn, Was: rule.None, Mode: "rehearse"}
	e.agree(x)
	return e
}

// agree puts a rule on both sides.
func (e *editor) agree(x wire.Rule) {
	x.Mode, x.Source = "", "" // the buttons say the mode
	e.Form, e.YAML, e.Says = formOf(x), rule.YAML(x), ""
	e.Base = e.YAML
	if x.Limit != "" && len(e.Faults) == 0 {
		e.Says = sentence(rule.Sentence(x))
	}
}

// open shows the editor of a rule, to those who may not change it for reading.
func (p *Pages) open(r *page.Request) error {
	s, err := p.Rules.Get(r.Context(), r.Here, r.PathValue("name"))
	if err != nil {
		return err
	}
	e := editor{At: s.Name, Was: s.Version}
	e.agree(s.Rule)
	return p.show(r, http.StatusOK, e)
}

// show renders the editor.
func (p *Pages) show(r *page.Request, status int, e editor) error {
	title := "New rule"
	if !e.New() {
		title = "Rule " + e.At
		s, err := p.Rules.Get(r.Context(), r.Here, e.At)
		if err != nil && !errors.Is(err, store.ErrNotFound) { // deleted meanwhile: what was typed stays
			return err
		}
		e.Mode, e.Source, e.Author, e.Updated = cmp.Or(s.Mode, "on"), s.Source, s.Author, s.Updated
		e.ReadOnly = s.Source == store.SourceFile
	}
	return r.Render(status, pages, "edit.html", title, e)
}

// sent is what came from the editor, and the draft that it means.
type sent struct {
	editor
	draft   wire.Rule
	written rule.Written
	byYAML  bool
}

// receive reads both sides. Where only one differs from what both were, that one is meant; side, where a button or the
// script says it, decides.
func receive(r *page.Request, side string) (s sent, ok bool) {
	get := r.PostForm.Get
	s.At, s.Was = r.PathValue("name"), get("was")
	s.Form, s.YAML, s.Base = read(get), unix(get("yaml")), unix(get("base"))
	var faults rule.Faults
	s.written, faults = rule.Parse(s.YAML)
	base, _ := rule.Parse(s.Base)
	formChanged := r.PostForm.Has("limit") && rule.YAML(s.Form.rule()) != rule.YAML(formOf(base.Rule).rule())
	yamlChanged := strings.TrimSpace(s.YAML) != strings.TrimSpace(s.Base)
	if side == "" {
		switch {
		case formChanged && yamlChanged && (len(faults) > 0 || rule.YAML(formOf(s.written.Rule).rule()) != rule.YAML(s.Form.rule())):
			s.Problem = "You changed the form and the YAML, and they say different things. Nothing was kept; choose which one counts with “Use the form” or “Use the YAML”."
			return s, false
		case formChanged:
			side = "form"
		default:
			side = "yaml" // it says what the form cannot, and is the same otherwise
		}
	}
	if side == "form" {
		s.draft = s.Form.rule()
		return s, true
	}
	s.byYAML, s.draft = true, s.written.Rule
	s.Faults = faults
	return s, len(faults) == 0
}

// check looks for faults in the draft as a guard would.
func (p *Pages) check(r *page.Request, s *sent) (bool, error) {
	if s.At != unborn {
		if s.draft.Name != s.At {
			s.Faults = append(s.Faults, rule.Fault{Field: "name", Text: fmt.Sprintf("the name stays %s; for another, make a new rule and delete this one", s.At)})
		}
	} else if s.draft.Name == unborn {
		s.Faults = append(s.Faults, rule.Fault{Field: "name", Text: "name: “new” is taken by a page of the console; choose another"})
	}
	s.draft.Mode = "rehearse" // off would hide faults; which one it will be, the button says
	notes, faults, err := p.Rules.Check(r.Context(), r.Here, s.draft)
	if err != nil {
		return false, err
	}
	s.Notes, s.Faults = notes, append(s.Faults, faults...)
	if s.byYAML && s.written.Rule.Mode != "" {
		s.Notes = append(s.Notes, "mode: it is not taken from the YAML; the button that keeps the rule says it")
	}
	if s.byYAML {
		s.Faults = s.written.At(s.Faults)
	}
	return len(s.Faults) == 0, nil
}

// edit does what the pressed button says. Whatever is wrong, the page comes back with all that was typed.
func (p *Pages) edit(r *page.Request) error {
	do := r.PostForm.Get("do")
	side := r.PostForm.Get("side") // of a page that has one side only
	if do == "form" || do == "yaml" {
		side = do
	}
	s, ok := receive(r, side)
	if !ok {
		return p.show(r, http.StatusUnprocessableEntity, s.editor)
	}
	ok, err := p.check(r, &s)
	if err != nil {
		return err
	}
	if do == "form" || do == "yaml" || do == "show" { // the other side follows, faults and all
		e := s.editor
		e.agree(s.draft)
		if s.byYAML {
			e.YAML = s.YAML // with its comments
			e.Base = s.YAML
		}
		status := http.StatusOK
		if !ok {
			status = http.StatusUnprocessableEntity
		}
		return p.show(r, status, e)
	}
	if !ok {
		return p.show(r, http.StatusUnprocessableEntity, s.editor)
	}
	switch do {
	case "rehearse":
		return p.rehearseDraft(r, s)
	case "rehearsed", "on", "off":
	default:
		s.Problem = "Say what is to be done with it: save it in rehearsal, switch it on, or rehearse it."
		return p.show(r, http.StatusUnprocessableEntity, s.editor)
	}
	s.draft.Mode = map[string]string{"rehearsed": "rehearse", "on": "on", "off": "off"}[do]
	if do == "on" && r.PostForm.Get("sure") == "" {
		if _, done := p.Rules.Rehearsed(r.Here, s.draft); !done {
			return r.Render(http.StatusOK, pages, "sure.html", "Switch on without a rehearsal?", question{
				Name: s.At, Says: sentence(rule.Sentence(s.draft)), Mode: "on", Version: s.Was, YAML: rule.YAML(s.draft),
			})
		}
	}
	_, err = p.Rules.PutIf(r.Context(), r.Here, s.draft, cmp.Or(s.Was, rule.None), r.Author())
	if changed := (*rule.Changed)(nil); errors.As(err, &changed) {
		if s.At == unborn {
			s.Faults = rule.Faults{{Field: "name", Text: fmt.Sprintf("there is a rule %s already; choose another name, or change that one", s.draft.Name)}}
			return p.show(r, http.StatusConflict, s.editor)
		}
		return p.changed(r, changed, s.draft)
	}
	if err != nil {
		return err
	}
	return r.Done(r.Path("rules"), "%s", said(s.draft.Name, s.draft.Mode))
}

// followed is what the script is told while somebody types.
type followed struct {
	Form   *form             `json:"form,omitempty"` // where the YAML was typed
	YAML   string            `json:"yaml,omitempty"` // where the form was
	Base   string            `json:"base,omitempty"` // what both sides agree on
	Says   string            `json:"says"`
	Notes  []string          `json:"notes"`
	Faults map[string]string `json:"faults"` // by field; "" is the whole
}

// follow gives the other side of what was typed, and what is wrong with it. It keeps nothing.
func (p *Pages) follow(r *page.Request) error {
	s, ok := receive(r, cmp.Or(r.PostForm.Get("side"), "form"))
	out := followed{Faults: map[string]string{}, Notes: []string{}}
	if ok {
		if _, err := p.check(r, &s); err != nil {
			return err
		}
		e := s.editor
		e.agree(s.draft)
		out.Says, out.Notes = string(e.Says), append(out.Notes, s.Notes...)
		if s.byYAML {
			out.Form, out.Base = &e.Form, s.YAML
		} else {
			out.YAML, out.Base = e.YAML, e.YAML
		}
	}
	for _, f := range s.Faults {
		out.Faults[f.Field] = strings.TrimSpace(out.Faults[f.Field] + " " + tell(f))
	}
	r.W.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(r.W).Encode(out)
}

// rehearseDraft begins a rehearsal of what stands in the editor, saved or not.
func (p *Pages) rehearseDraft(r *page.Request, s sent) error {
	back, _, err := span(r.PostForm.Get("back"))
	if err != nil {
		return err
	}
	j, err := p.Rules.Begin(r.Context(), r.Here, s.draft, back, r.Author(), s.Was)
	if errors.Is(err, rehearse.ErrBusy) {
		s.Problem = page.Sentence(err.Error())
		return p.show(r, http.StatusTooManyRequests, s.editor)
	}
	if err != nil {
		return err
	}
	return r.Redirect(r.Path("rules", s.At, "rehearse", j.ID))
}
