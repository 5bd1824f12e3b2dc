package api

import (
	"cmp"
	"context"
	"encoding/json"

	"palisade.dev/backend/access"
	"palisade.dev/backend/feed"
	"palisade.dev/backend/rehearse"
	"palisade.dev/backend/rule"
	"palisade.dev/backend/template"
	"palisade.dev/guard/wire"
)

// Named is one thing of a site that has a name.
type Named struct {
	On
	Name string `path:"name" maxLength:"200"`
}

func (a *api) rules() {
	op(a, on(access.See), "GET", "/sites/{site}/rules", "list-rules", "Rules in the order in which they are looked at", func(ctx context.Context, in *On) ([]rule.State, error) {
		s, err := a.site(ctx, in.Site)
		if err != nil {
			return nil, err
		}
		return a.Rules.List(ctx, s)
	})
	op(a, on(access.See), "GET", "/sites/{site}/rules/{name}", "get-rule", "One rule, with its version", func(ctx context.Context, in *Named) (rule.State, error) {
		s, err := a.site(ctx, in.Site)
		if err != nil {
			return rule.State{}, err
		}
		return a.Rules.Get(ctx, s, in.Name)
	})
	op(a, on(access.See), "GET", "/sites/{site}/rule-hits", "get-rule-hits", "How often each rule acted in the last 24 hours, and would have", func(ctx context.Context, in *On) (map[string]rule.Hits, error) {
		s, err := a.site(ctx, in.Site)
		if err != nil {
			return nil, err
		}
		return a.Rules.Day(ctx, s)
	})
	op(a, anyone, "GET", "/rule-templates", "list-rule-templates", "Rules to begin with, and what they stop", func(context.Context, *struct{}) ([]template.Card, error) {
		return template.Cards()
	})
	a.ruleChanges()
	op(a, on(access.Change), "PUT", "/sites/{site}/rules/{name}", "put-rule", "Add a rule, or replace the one of its name", func(ctx context.Context, in *struct {
		Named
		Version string `query:"version" maxLength:"16" doc:"put it only if the rule still is of this version; none: if there is none yet"`
		Body    wire.Rule
	},
	) (rule.State, error) {
		s, err := a.site(ctx, in.Site)
		if err != nil {
			return rule.State{}, err
		}
		in.Body.Name = in.Name
		return a.Rules.PutIf(ctx, s, in.Body, in.Version, author(ctx))
	})
	op(a, on(access.Change), "DELETE", "/sites/{site}/rules/{name}", "delete-rule", "Take a rule away; a default of its name comes back", func(ctx context.Context, in *Named) (done, error) {
		s, err := a.site(ctx, in.Site)
		if err != nil {
			return done{}, err
		}
		return done{"rule " + in.Name + " is deleted"}, a.Rules.Delete(ctx, s, in.Name, author(ctx))
	})
	op(a, on(access.See), "POST", "/sites/{site}/rules/rehearse", "rehearse-rule", "Run a draft rule over stored traffic and say whom it would have hurt", func(ctx context.Context, in *struct {
		On
		Body struct {
			Rule  wire.Rule `json:"rule"`
			Since string    `json:"since,omitempty" doc:"how far back, 24h unless given"`
		}
	},
	) (rehearse.Report, error) {
		s, err := a.site(ctx, in.Site)
		if err != nil {
			return rehearse.Report{}, err
		}
		back, err := duration(cmp.Or(in.Body.Since, "24h"))
		if err != nil {
			return rehearse.Report{}, err
		}
		return a.Rules.Rehearse(ctx, s, in.Body.Rule, back)
	})
	op(a, on(access.See), "POST", "/sites/{site}/rules/test", "test-rule", "What the site's policy, with a draft rule if one is given, does with a request", func(ctx context.Context, in *struct {
		On
		Body rule.Probe
	},
	) (rule.Tested, error) {
		s, err := a.site(ctx, in.Site)
		if err != nil {
			return rule.Tested{}, err
		}
		return a.Rules.Try(ctx, s, in.Body)
	})
	op(a, on(access.See), "GET", "/sites/{site}/rules/{name}/history", "get-rule-history", "Who changed a rule and how, newest first", func(ctx context.Context, in *struct {
		Named
		Before int64 `query:"before" doc:"number of the last one seen"`
		Limit  int   `query:"limit" default:"50" minimum:"1" maximum:"500"`
	},
	) ([]rule.Version, error) {
		s, err := a.site(ctx, in.Site)
		if err != nil {
			return nil, err
		}
		return a.Rules.History(ctx, s, in.Name, in.Before, in.Limit)
	})
	op(a, on(access.Change), "POST", "/sites/{site}/rules/{name}/undo", "undo-rule", "Make a rule what it was before a change", func(ctx context.Context, in *struct {
		Named
		Body struct {
			N int64 `json:"n" minimum:"1" doc:"number of the change, from the history"`
		}
	},
	) (done, error) {
		s, err := a.site(ctx, in.Site)
		if err != nil {
			return done{}, err
		}
		return done{"rule " + in.Name + " is what it was before"}, a.Rules.Undo(ctx, s, in.Name, in.Body.N, author(ctx))
	})
	a.listed(feed.KindBlock, "/blocks", "network blocks")
	a.documents(feed.KindBlock, "/blocks", "network blocks")
	a.documents(feed.KindTrap, "/traps", "traps") // listed with what they caught
	a.listed(feed.KindRoute, "/routes", "named routes")
	a.documents(feed.KindRoute, "/routes", "named routes")
}

// checked is what is to be said of a draft.
type checked struct {
	Rule   wire.Rule    `json:"rule"`
	YAML   string       `json:"yaml"`
	Says   string       `json:"says" doc:"the rule in plain words"`
	Notes  []string     `json:"notes" doc:"what is allowed and perhaps not meant"`
	Faults []rule.Fault `json:"faults"`
}

// ruleChanges serves what the console's list and editor do by a button.
func (a *api) ruleChanges() {
	op(a, on(access.See), "POST", "/sites/{site}/rules/check", "check-rule", "Read a draft rule, in JSON or YAML, as guards would, and say what is wrong with it", func(ctx context.Context, in *struct {
		On
		Body struct {
			Rule *wire.Rule `json:"rule,omitempty"`
			YAML string     `json:"yaml,omitempty" maxLength:"16384"`
		}
	},
	) (checked, error) {
		s, err := a.site(ctx, in.Site)
		if err != nil {
			return checked{}, err
		}
		w, faults := rule.Written{}, rule.Faults(nil)
		if in.Body.Rule != nil {
			w.Rule = *in.Body.Rule
		} else {
			w, faults = rule.Parse(in.Body.YAML)
		}
		c := checked{Rule: w.Rule, YAML: rule.YAML(w.Rule), Says: rule.Sentence(w.Rule), Notes: []string{}, Faults: append([]rule.Fault{}, faults...)}
		if len(faults) > 0 {
			return c, nil
		}
		notes, faults, err := a.Rules.Check(ctx, s, w.Rule)
		c.Notes, c.Faults = append(c.Notes, notes...), append(c.Faults, w.At(faults)...)
		return c, err
	})
	op(a, on(access.Change), "POST", "/sites/{site}/rules/{name}/mode", "set-rule-mode", "Switch a rule on or off, or put it into rehearsal", func(ctx context.Context, in *struct {
		Named
		Body struct {
			Mode    string `json:"mode" enum:"on,rehearse,off"`
			Version string `json:"version,omitempty" doc:"only if the rule still is of this version"`
		}
	},
	) (rule.State, error) {
		s, err := a.site(ctx, in.Site)
		if err != nil {
			return rule.State{}, err
		}
		return a.Rules.SetMode(ctx, s, in.Name, in.Body.Mode, in.Body.Version, author(ctx))
	})
	op(a, on(access.Change), "POST", "/sites/{site}/rules/{name}/move", "move-rule", "Look at a rule earlier or later, among those that people made", func(ctx context.Context, in *struct {
		Named
		Body struct {
			To string `json:"to" enum:"up,down"`
		}
	},
	) (done, error) {
		s, err := a.site(ctx, in.Site)
		if err != nil {
			return done{}, err
		}
		return done{"rule " + in.Name + " is moved"}, a.Rules.Move(ctx, s, in.Name, in.Body.To == "up", author(ctx))
	})
}

// listed lists one kind of what a policy is made of.
func (a *api) listed(kind, path, what string) {
	op(a, on(access.See), "GET", "/sites/{site}"+path, "list-"+kind+"s", "The site's "+what, func(ctx context.Context, in *On) (any, error) {
		s, err := a.site(ctx, in.Site)
		if err != nil {
			return nil, err
		}
		p, err := a.Feed.Outline(ctx, s)
		if err != nil {
			return nil, err
		}
		if kind == feed.KindBlock {
			return append([]wire.Block{}, p.Blocks...), nil
		}
		return append([]wire.Route{}, p.Routes...), nil
	})
}

// documents keeps one kind of what a policy is made of.
func (a *api) documents(kind, path, what string) {
	op(a, on(access.Change), "PUT", "/sites/{site}"+path+"/{name}", "put-"+kind, "Add or replace one of the site's "+what, func(ctx context.Context, in *struct {
		Named
		Body json.RawMessage
	},
	) (done, error) {
		s, err := a.site(ctx, in.Site)
		if err != nil {
			return done{}, err
		}
		return done{kind + " " + in.Name + " is kept"}, a.Rules.PutDocument(ctx, s, kind, in.Name, in.Body, author(ctx))
	})
	op(a, on(access.Change), "DELETE", "/sites/{site}"+path+"/{name}", "delete-"+kind, "Take one of the site's "+what+" away", func(ctx context.Context, in *Named) (done, error) {
		s, err := a.site(ctx, in.Site)
		if err != nil {
			return done{}, err
		}
		return done{kind + " " + in.Name + " is deleted"}, a.Rules.DeleteDocument(ctx, s, kind, in.Name, author(ctx))
	})
}
