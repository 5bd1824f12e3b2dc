package storetest

import (
	"context"
	"testing"

	"palisade.dev/store"
)

func rule(site, name string, position int) store.Rule {
	return store.Rule{
		ID: id(), Site: site, Name: name, Body: `{"name":"` + name + `"}`, Position: position, Mode: "on",
		Source: store.SourcePerson, Author: "ada", Updated: 7,
	}
}

func document(site, kind, name string) store.Document {
	return store.Document{Site: site, Kind: kind, Name: name, Body: `{}`, Source: store.SourcePerson, Author: "ada", Updated: 7}
}

func ruleNames(t testing.TB, db *store.DB, site string) (names string) {
	t.Helper()
	for _, r := range got[[]store.Rule](t)(db.Rules(t.Context(), site)) {
		names += r.Name + " "
	}
	return names
}

var rulePromises = []promise{
	{"rules come in the order of their positions", func(ctx context.Context, t *testing.T, db *store.DB) {
		a, b := Site(t, db, "a"), Site(t, db, "b")
		for name, at := range map[string]int{"third": 3, "first": 1, "second": 2} {
			must(t, db.PutRule(ctx, rule(a, name, at)))
		}
		must(t, db.PutRule(ctx, rule(b, "other", 0)))
		equal(t, "order", ruleNames(t, db, a), "first second third ")
	}},
	{"a rule put again is replaced, and is a revision each time", func(ctx context.Context, t *testing.T, db *store.DB) {
		a := Site(t, db, "a")
		moves(t, db, a, store.ChangePolicy, func() error { return db.PutRule(ctx, rule(a, "r", 1)) })
		again := rule(a, "r", 9)
		again.Body, again.Mode, again.Source, again.Author, again.Updated = `{"limit":"1 per 1m"}`, "rehearse", store.SourceFile, "bob", 9
		c := moves(t, db, a, store.ChangePolicy, func() error { return db.PutRule(ctx, again) })
		equal(t, "author of the change", c.Author, "bob")
		equal(t, "time of the change", c.At, 9)
		rules := got[[]store.Rule](t)(db.Rules(ctx, a))
		equal(t, "rules", len(rules), 1)
		again.ID = rules[0].ID
		equal(t, "rule", rules[0], again)
	}},
	{"a deleted rule is gone, and one that is not there is not found", func(ctx context.Context, t *testing.T, db *store.DB) {
		a := Site(t, db, "a")
		must(t, db.PutRule(ctx, rule(a, "r", 1)))
		moves(t, db, a, store.ChangePolicy, func() error { return db.DeleteRule(ctx, a, "r", "me", 8) })
		equal(t, "rules", ruleNames(t, db, a), "")
		stays(t, db, a, func() { refused(t, db.DeleteRule(ctx, a, "r", "me", 8), store.ErrNotFound, "deleting rule r") })
	}},
	{"a rule of no site is not found", func(ctx context.Context, t *testing.T, db *store.DB) {
		refused(t, db.PutRule(ctx, rule("none", "r", 1)), store.ErrNotFound, "keeping rule r", "no such site")
	}},
	{"a rule is revised knowing what it was, or not at all", func(ctx context.Context, t *testing.T, db *store.DB) {
		a := Site(t, db, "a")
		next := rule(a, "r", 5)
		moves(t, db, a, store.ChangePolicy, func() error {
			return db.ReviseRule(ctx, a, "r", "ada", 7, func(have *store.Rule) (store.Rule, error) {
				equal(t, "a rule before there is one", have == nil, true)
				return next, nil
			})
		})
		c := moves(t, db, a, store.ChangePolicy, func() error {
			return db.ReviseRule(ctx, a, "r", "bob", 9, func(have *store.Rule) (store.Rule, error) {
				equal(t, "the rule", *have, next)
				changed := *have
				changed.Body, changed.Mode = `{"limit":"1 per 1m"}`, "rehearse"
				return changed, nil
			})
		})
		equal(t, "author of the change", c.Author, "bob")
		log := got[[]store.Audited](t)(db.AuditLog(ctx, store.AuditQuery{Site: a, Subject: "rule r", Limit: 9}))
		equal(t, "what it was", log[0].Earlier, next.Body)
		equal(t, "what it is", log[0].Later, `{"limit":"1 per 1m"}`)
		stays(t, db, a, func() {
			refused(t, db.ReviseRule(ctx, a, "r", "eve", 10, func(*store.Rule) (store.Rule, error) { return store.Rule{}, store.ErrConflict }), store.ErrConflict)
		})
		rules := got[[]store.Rule](t)(db.Rules(ctx, a))
		equal(t, "author", rules[0].Author, "bob")
		equal(t, "mode", rules[0].Mode, "rehearse")
	}},
	{"of two who revise a rule at once, the second sees what the first made of it", func(ctx context.Context, t *testing.T, db *store.DB) {
		a := Site(t, db, "a")
		must(t, db.PutRule(ctx, rule(a, "r", 0)))
		const many = 8
		errs := make(chan error, many)
		for range many {
			go func() {
				errs <- db.ReviseRule(ctx, a, "r", "ada", 7, func(have *store.Rule) (store.Rule, error) {
					next := *have
					next.Position++
					return next, nil
				})
			}()
		}
		for range many {
			must(t, <-errs)
		}
		equal(t, "revisions that built on the one before", got[[]store.Rule](t)(db.Rules(ctx, a))[0].Position, many)
	}},
	{"rules are put into an order in one revision", func(ctx context.Context, t *testing.T, db *store.DB) {
		a, b := Site(t, db, "a"), Site(t, db, "b")
		for i, name := range []string{"file", "x", "y", "z"} {
			must(t, db.PutRule(ctx, rule(a, name, min(i, 1)*1000)))
			must(t, db.PutRule(ctx, rule(b, name, 7)))
		}
		moves(t, db, a, store.ChangePolicy, func() error {
			return db.OrderRules(ctx, a, "ada", 9, 1000, func(have []store.Rule) ([]string, error) {
				equal(t, "as it stands", have[1].Name+have[2].Name+have[3].Name, "xyz")
				return []string{"z", "x", "y"}, nil
			})
		})
		equal(t, "order", ruleNames(t, db, a), "file z x y ")
		equal(t, "order elsewhere", ruleNames(t, db, b), "file x y z ")
		log := got[[]store.Audited](t)(db.AuditLog(ctx, store.AuditQuery{Site: a, Limit: 1}))
		equal(t, "before and after", log[0].Earlier+" → "+log[0].Later, "file x y z → z x y")
		stays(t, db, a, func() {
			refused(t, db.OrderRules(ctx, a, "ada", 9, 1000, func([]store.Rule) ([]string, error) { return []string{"none"}, nil }), store.ErrNotFound, "no rule none")
		})
	}},
	{"documents are kept by kind and name", func(ctx context.Context, t *testing.T, db *store.DB) {
		a := Site(t, db, "a")
		moves(t, db, a, store.ChangePolicy, func() error { return db.PutDocument(ctx, document(a, "trap", "env")) })
		must(t, db.PutDocument(ctx, document(a, "trap", "dots")))
		must(t, db.PutDocument(ctx, document(a, "route", "env")))
		again := document(a, "trap", "env")
		again.Body = `{"paths":["/.env"]}`
		must(t, db.PutDocument(ctx, again))
		traps := got[[]store.Document](t)(db.Documents(ctx, a, "trap"))
		equal(t, "traps", len(traps), 2)
		equal(t, "first", traps[0].Name, "dots")
		equal(t, "second", traps[1], again)
		moves(t, db, a, store.ChangePolicy, func() error { return db.DeleteDocument(ctx, a, "trap", "env", "me", 9) })
		equal(t, "traps left", len(got[[]store.Document](t)(db.Documents(ctx, a, "trap"))), 1)
		equal(t, "routes left", len(got[[]store.Document](t)(db.Documents(ctx, a, "route"))), 1)
		stays(t, db, a, func() { refused(t, db.DeleteDocument(ctx, a, "trap", "env", "me", 9), store.ErrNotFound, "trap env") })
		filed := document(a, "trap", "filed")
		filed.Source = store.SourceFile
		must(t, db.PutDocument(ctx, filed))
		stays(t, db, a, func() {
			refused(t, db.PutDocument(ctx, document(a, "trap", "filed")), store.ErrConflict, "in the configuration file")
			refused(t, db.DeleteDocument(ctx, a, "trap", "filed", "me", 9), store.ErrConflict, "in the configuration file")
		})
	}},
	{"a declaration replaces all of its source in one revision", func(ctx context.Context, t *testing.T, db *store.DB) {
		a := Site(t, db, "a")
		must(t, db.PutRule(ctx, rule(a, "mine", 50)))
		must(t, db.PutDocument(ctx, document(a, "trap", "mine")))
		declare := func(rules []string, traps []string) func() error {
			d := store.Declaration{Site: a, Source: store.SourceFile, Author: "file", At: 9, Kinds: []string{"trap", "route"}}
			for i, n := range rules {
				d.Rules = append(d.Rules, rule(a, n, i))
			}
			for _, n := range traps {
				d.Documents = append(d.Documents, document(a, "trap", n))
			}
			return func() error { return db.Declare(ctx, d) }
		}
		moves(t, db, a, store.ChangePolicy, declare([]string{"x", "y"}, []string{"t1", "t2"}))
		equal(t, "rules", ruleNames(t, db, a), "x y mine ")
		moves(t, db, a, store.ChangePolicy, declare([]string{"y", "z"}, []string{"t2"}))
		equal(t, "rules", ruleNames(t, db, a), "y z mine ")
		docs := got[[]store.Document](t)(db.Documents(ctx, a, "trap"))
		equal(t, "traps", len(docs), 2)
		equal(t, "a trap's source", docs[1].Source, store.SourceFile)
		stays(t, db, a, func() { must(t, declare([]string{"y", "z"}, []string{"t2"})()) })
		moves(t, db, a, store.ChangePolicy, declare(nil, nil))
		equal(t, "rules", ruleNames(t, db, a), "mine ")
	}},
	{"a declaration keeps all or nothing", func(ctx context.Context, t *testing.T, db *store.DB) {
		a := Site(t, db, "a")
		must(t, db.PutRule(ctx, rule(a, "mine", 5)))
		stays(t, db, a, func() {
			err := db.Declare(ctx, store.Declaration{Site: a, Source: store.SourceFile, Rules: []store.Rule{rule(a, "x", 0), rule(a, "mine", 1)}})
			refused(t, err, store.ErrConflict, "rule mine", "person")
		})
		equal(t, "rules", ruleNames(t, db, a), "mine ")
	}},
	{"a tied key is a principal until it is untied", func(ctx context.Context, t *testing.T, db *store.DB) {
		a := Site(t, db, "a")
		p := store.Principal{Site: a, Key: "ab12", Account: "acme", Label: "batch", Created: 3}
		moves(t, db, a, store.ChangePolicy, func() error { return db.PutPrincipal(ctx, p, "me") })
		p.Account, p.Label = "zenith", "other"
		moves(t, db, a, store.ChangePolicy, func() error { return db.PutPrincipal(ctx, p, "me") })
		must(t, db.PutPrincipal(ctx, store.Principal{Site: a, Key: "cd34", Account: "acme", Created: 4}, "me"))
		all := got[[]store.Principal](t)(db.Principals(ctx, a))
		equal(t, "principals", len(all), 2)
		equal(t, "by account", all[1], p)
		moves(t, db, a, store.ChangePolicy, func() error { return db.DeletePrincipal(ctx, a, "ab12", "me", 5) })
		stays(t, db, a, func() { refused(t, db.DeletePrincipal(ctx, a, "ab12", "me", 5), store.ErrNotFound) })
	}},
}
