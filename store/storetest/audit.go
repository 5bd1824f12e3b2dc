package storetest

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"palisade.dev/store"
)

var auditPromises = []promise{
	{"every change of a person is in the audit log with what was before", func(ctx context.Context, t *testing.T, db *store.DB) {
		s := Site(t, db, "audited")
		rule := store.Rule{ID: id(), Site: s, Name: "login", Body: `{"limit":"5 per 1m"}`, Mode: "on", Source: store.SourcePerson, Author: "ada", Updated: 7}
		must(t, db.PutRule(ctx, rule))
		rule.Body, rule.Author, rule.Updated = `{"limit":"9 per 1m"}`, "grace", 8
		must(t, db.PutRule(ctx, rule))
		must(t, db.DeleteRule(ctx, s, "login", "ada", 9))
		log, err := db.AuditLog(ctx, store.AuditQuery{Site: s, Subject: "rule login", Limit: 10})
		must(t, err)
		if len(log) != 3 {
			t.Fatalf("%d entries: %+v", len(log), log)
		}
		for i, want := range []store.Audited{
			{At: 9, Author: "ada", Action: "deleting rule login", Earlier: `{"limit":"9 per 1m"}`},
			{At: 8, Author: "grace", Action: "keeping rule login", Earlier: `{"limit":"5 per 1m"}`, Later: `{"limit":"9 per 1m"}`},
			{At: 7, Author: "ada", Action: "keeping rule login", Later: `{"limit":"5 per 1m"}`},
		} {
			got := log[i]
			if got.At != want.At || got.Author != want.Author || got.Action != want.Action || got.Earlier != want.Earlier || got.Later != want.Later || got.Site != s {
				t.Errorf("entry %d: %+v", i, got)
			}
		}
		one, err := db.AuditEntry(ctx, log[1].N)
		must(t, err)
		if one != log[1] {
			t.Errorf("%+v", one)
		}
		_, err = db.AuditEntry(ctx, 1<<40)
		refused(t, err, store.ErrNotFound, "no entry")
	}},
	{"what nobody did is not in the audit log", func(ctx context.Context, t *testing.T, db *store.DB) {
		s := Site(t, db, "audited")
		before, err := db.VerifyAudit(ctx, nil)
		must(t, err)
		_, err = db.ImposeBan(ctx, store.Ban{ID: id(), Site: s, Subject: "203.0.113.7", Source: "rule", Created: 5}, func(int) int64 { return 0 })
		must(t, err)
		must(t, db.Touch(ctx, "a list", "network lists", 6))
		after, err := db.VerifyAudit(ctx, nil)
		must(t, err)
		if before != after {
			t.Errorf("%+v became %+v", before, after)
		}
	}},
	{"a change that fails leaves nothing in the audit log", func(ctx context.Context, t *testing.T, db *store.DB) {
		s := Site(t, db, "audited")
		before, err := db.VerifyAudit(ctx, nil)
		must(t, err)
		refused(t, db.LiftBan(ctx, s, "203.0.113.7", "ada", 5), store.ErrNotFound)
		refused(t, db.DeleteRule(ctx, s, "none", "ada", 5), store.ErrNotFound)
		after, err := db.VerifyAudit(ctx, nil)
		must(t, err)
		if before != after {
			t.Errorf("%+v became %+v", before, after)
		}
	}},
	{"the audit log is one chain however many write at once", func(ctx context.Context, t *testing.T, db *store.DB) {
		const writers, each = 8, 10
		var wg sync.WaitGroup
		for w := range writers {
			wg.Go(func() {
				for i := range each {
					if err := db.Note(ctx, store.Audited{At: int64(i), Author: fmt.Sprint("w", w), Action: "noting", Subject: "x \xff\u202e"}); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		n := int64(0)
		head, err := db.VerifyAudit(ctx, func(e store.Audited) error {
			if n++; e.N != n || !strings.HasPrefix(e.Author, "w") {
				t.Errorf("entry %d is %+v", n, e)
			}
			return nil
		})
		must(t, err)
		if head.N != writers*each || n != head.N || len(head.Hash) != 64 {
			t.Errorf("%+v after %d", head, n)
		}
		page, err := db.AuditLog(ctx, store.AuditQuery{Before: 11, Limit: 3})
		must(t, err)
		if len(page) != 3 || page[0].N != 10 || page[2].N != 8 {
			t.Errorf("%+v", page)
		}
	}},
}
