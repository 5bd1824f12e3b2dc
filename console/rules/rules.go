// Package rules holds the pages about rules: which there are and what each did, templates to begin with, the editor with
// form and YAML side by side, rehearsals on stored traffic, and the history of every rule. All of it works without
// script; a small one keeps the two sides of the editor alike while somebody types.
package rules

import (
	"cmp"
	"embed"
	"errors"
	"net/http"
	"strings"

	"palisade.dev/backend/access"
	"palisade.dev/backend/rule"
	"palisade.dev/backend/template"
	"palisade.dev/console/page"
	"palisade.dev/guard/wire"
	"palisade.dev/store"
)

//go:embed *.html
var files embed.FS

var pages = page.Load(files)

// Pages are about rules.
type Pages struct {
	Rules *rule.Rules
}

// Routes are its pages. "new" stands for a rule that there is not yet.
func (p *Pages) Routes() []page.Route {
	return []page.Route{
		{Pattern: "GET /s/{site}/rules", Need: access.See, Handle: p.list},
		{Pattern: "GET /s/{site}/rules/new", Need: access.Change, Handle: p.begin},
		{Pattern: "GET /s/{site}/rules/{name}", Need: access.See, Handle: p.open},
		{Pattern: "POST /s/{site}/rules/{name}", Need: access.Change, Handle: p.edit},
		{Pattern: "POST /s/{site}/rules/{name}/follow", Need: access.Change, Handle: p.follow},
		{Pattern: "POST /s/{site}/rules/{name}/mode", Need: access.Change, Handle: p.mode},
		{Pattern: "POST /s/{site}/rules/{name}/move", Need: access.Change, Handle: p.move},
		{Pattern: "GET /s/{site}/rules/{name}/delete", Need: access.Change, Handle: p.askDelete},
		{Pattern: "POST /s/{site}/rules/{name}/delete", Need: access.Change, Handle: p.delete},
		{Pattern: "GET /s/{site}/rules/{name}/rehearse", Need: access.See, Handle: p.stage},
		{Pattern: "POST /s/{site}/rules/{name}/rehearse", Need: access.See, Handle: p.rehearse},
		{Pattern: "GET /s/{site}/rules/{name}/rehearse/{id}", Need: access.See, Handle: p.rehearsal},
		{Pattern: "GET /s/{site}/rules/{name}/history", Need: access.See, Handle: p.history},
		{Pattern: "POST /s/{site}/rules/{name}/undo", Need: access.Change, Handle: p.undo},
	}
}

// unborn is where a rule's name stands in addresses while it has none.
const unborn = "new"

// sentence is a rule in words. Part of them are those of whoever wrote the rule.
type sentence string

// Pieces are its clauses, each short enough to be shown whole unless somebody made it long.
func (s sentence) Pieces() (out []string) {
	for _, part := range strings.SplitAfter(string(s), "; ") {
		out = append(out, strings.SplitAfter(part, ": ")...)
	}
	return out[:min(len(out), maxPieces)]
}

// maxPieces bounds what is shown of a sentence.
const maxPieces = 40

// line is a rule in the list.
type line struct {
	rule.State
	Hits     rule.Hits
	Up, Down bool // it can be moved
}

// Pieces are the clauses of what it says.
func (l line) Pieces() []string { return sentence(l.Says).Pieces() }

type list struct {
	Rules []line
	Own   int
}

func (p *Pages) list(r *page.Request) error {
	all, err := p.Rules.List(r.Context(), r.Here)
	if err != nil {
		return err
	}
	hits, err := p.Rules.Day(r.Context(), r.Here)
	if err != nil {
		return err
	}
	var l list
	for i, s := range all {
		s.Mode = cmp.Or(s.Mode, "on")
		own := s.Source == store.SourcePerson
		l.Rules = append(l.Rules, line{
			State: s, Hits: hits[s.Name],
			Up: own && i > 0 && all[i-1].Source == store.SourcePerson, Down: own && i+1 < len(all) && all[i+1].Source == store.SourcePerson,
		})
		if s.Source != store.SourceDefault {
			l.Own++
		}
	}
	return r.Render(http.StatusOK, pages, "list.html", "Rules", l)
}

// question is asked before something that people may come to regret.
type question struct {
	Name    string
	Says    sentence
	Mode    string
	Version string
	YAML    string // of a draft; none: the rule as it is kept
	Again   bool   // a default comes back
}

// mode switches a rule by one button. On, without a rehearsal, asks once more.
func (p *Pages) mode(r *page.Request) error {
	name, mode := r.PathValue("name"), r.PostForm.Get("mode")
	now, err := p.Rules.Get(r.Context(), r.Here, name)
	if err != nil {
		return err
	}
	was := r.PostForm.Get("was")
	if mode == "on" && cmp.Or(now.Mode, "on") != "on" && r.PostForm.Get("sure") == "" {
		if _, ok := p.Rules.Rehearsed(r.Here, now.Rule); !ok {
			return r.Render(http.StatusOK, pages, "sure.html", "Switch on without a rehearsal?", question{Name: name, Says: sentence(now.Says), Mode: mode, Version: was})
		}
	}
	_, err = p.Rules.SetMode(r.Context(), r.Here, name, mode, was, r.Author())
	if changed := (*rule.Changed)(nil); errors.As(err, &changed) {
		now.Mode = mode
		return p.changed(r, changed, now.Rule)
	}
	if err != nil {
		return err
	}
	return r.Done(r.Path("rules"), "%s", said(name, mode))
}

func said(name, mode string) string {
	switch mode {
	case "on":
		return "Rule " + name + " is switched on at every guard."
	case "off":
		return "Rule " + name + " is switched off."
	}
	return "Rule " + name + " is in rehearsal: it refuses nobody, and events say what it would have done."
}

func (p *Pages) move(r *page.Request) error {
	name := r.PathValue("name")
	err := p.Rules.Move(r.Context(), r.Here, name, r.PostForm.Get("to") == "up", r.Author())
	if errors.Is(err, rule.ErrInvalid) { // it is at the end already: a second press on a bad line
		return r.Redirect(r.Path("rules"))
	}
	if err != nil {
		return err
	}
	return r.Done(r.Path("rules"), "Rule %s is looked at %s than before.", name, map[bool]string{true: "earlier", false: "later"}[r.PostForm.Get("to") == "up"])
}

func (p *Pages) askDelete(r *page.Request) error {
	now, err := p.Rules.Get(r.Context(), r.Here, r.PathValue("name"))
	if err != nil {
		return err
	}
	return r.Render(http.StatusOK, pages, "delete.html", "Delete "+now.Name+"?", question{Name: now.Name, Says: sentence(now.Says), Again: isDefault(now.Name)})
}

// isDefault reports whether a new site has a rule of the name.
func isDefault(name string) bool {
	set, err := template.Default()
	if err != nil {
		return false
	}
	for _, x := range set.Rules {
		if x.Name == name {
			return true
		}
	}
	return false
}

func (p *Pages) delete(r *page.Request) error {
	name := r.PathValue("name")
	if err := p.Rules.Delete(r.Context(), r.Here, name, r.Author()); err != nil {
		return err
	}
	return r.Done(r.Path("rules"), "Rule %s is deleted. Its history stays, and undo brings it back.", name)
}

// conflict is what two people made of a rule.
type conflict struct {
	Name, Text   string
	Mine, Theirs string // YAML
	Mode         string
	Version      string // theirs
	Author       string
	Updated      int64
	Diff         []change
}

// changed shows both forms of a rule that somebody else was quicker with. Nothing was kept.
func (p *Pages) changed(r *page.Request, c *rule.Changed, mine wire.Rule) error {
	v := conflict{Name: c.Name, Text: page.Sentence(c.Error()), Mine: rule.YAML(mine), Mode: mine.Mode, Version: rule.None}
	if c.Now != nil {
		v.Theirs, v.Version, v.Author, v.Updated = rule.YAML(c.Now.Rule), c.Now.Version, c.Now.Author, c.Now.Updated
	}
	v.Diff = diff(v.Theirs, v.Mine)
	return r.Render(http.StatusConflict, pages, "changed.html", "Somebody was quicker", v)
}
