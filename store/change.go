package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// Change is one step of a site's policy.
type Change struct {
	Site     string
	Revision uint64
	At       int64
	Kind     string // policy, ban, unban, allow or unallow
	Subject  string
	Body     string
	Author   string

	Before string // the thing before, for the audit log only
	Silent bool   // nobody's doing: no entry in the audit log
}

// Kinds of a Change. All but ChangePolicy can travel to guards as a delta.
const (
	ChangePolicy  = "policy"
	ChangeBan     = "ban"
	ChangeUnban   = "unban"
	ChangeAllow   = "allow"
	ChangeUnallow = "unallow"
)

// audited names what a change is about: a kind and a name.
func (c Change) audited() string {
	switch c.Kind {
	case ChangeBan, ChangeUnban:
		return "ban " + c.Subject
	case ChangeAllow, ChangeUnallow:
		return "allowance " + c.Subject
	}
	return c.Subject
}

// errUnchanged rolls a change back that turned out to be none.
var errUnchanged = errors.New("nothing to change")

// change moves the site on by one revision and runs f, which says what was changed; where that is nothing, nothing is kept.
// The revision comes first: it locks the site's row, so that changes of a site follow each other, whichever process makes
// them, and their revisions have the order of their commits.
func (db *DB) change(ctx context.Context, site, author, what string, at int64, f func(context.Context, *sql.Tx) ([]Change, error)) error {
	var revision uint64
	err := db.tx(ctx, what, func(ctx context.Context, tx *sql.Tx) error {
		err := tx.QueryRowContext(ctx, `UPDATE site SET revision = revision + 1 WHERE id = $1 RETURNING revision`, site).Scan(&revision)
		if errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("%w: no such site", ErrNotFound)
		}
		if err != nil {
			return err
		}
		changes, err := f(ctx, tx)
		if err != nil {
			return err
		}
		if len(changes) == 0 {
			return errUnchanged
		}
		for _, c := range changes {
			_, err := tx.ExecContext(ctx, `INSERT INTO change (site, revision, at, kind, subject, body, author) VALUES ($1, $2, $3, $4, $5, $6, $7)
				ON CONFLICT (site, revision, kind, subject) DO UPDATE SET body = excluded.body`,
				site, revision, at, c.Kind, c.Subject, c.Body, author)
			if err != nil {
				return err
			}
			if c.Silent {
				continue
			}
			if err := audit(ctx, tx, Audited{At: at, Site: site, Author: author, Action: what, Subject: c.audited(), Earlier: c.Before, Later: c.Body}); err != nil {
				return err
			}
		}
		if db.notify != nil {
			return db.notify(ctx, tx, site, revision)
		}
		return nil
	})
	if errors.Is(err, errUnchanged) {
		return nil
	}
	if err == nil {
		db.changed(site, revision)
	}
	return err
}

// OnChange calls f after each change of a site's policy: of this process in the goroutine that made it, of others in the
// driver's. f must not block. On PostgreSQL a process hears of its own changes twice, and may miss another's while its
// connection is away: who waits for a revision must look again now and then.
func (db *DB) OnChange(f func(site string, revision uint64)) {
	db.mu.Lock()
	defer db.mu.Unlock()
	db.hear = append(db.hear, f)
}

func (db *DB) changed(site string, revision uint64) {
	db.mu.Lock()
	hear := db.hear
	db.mu.Unlock()
	for _, f := range hear {
		f(site, revision)
	}
}

// Changes gives what was changed after a revision, in order. Revisions have no gaps: where one
// is missing here, it was forgotten. A limit may cut the changes of one revision apart.
func (db *DB) Changes(ctx context.Context, site string, after uint64, limit int) ([]Change, error) {
	return list(ctx, db, "reading changes", func(r *sql.Rows) (c Change, err error) {
		c.Site = site
		return c, r.Scan(&c.Revision, &c.At, &c.Kind, &c.Subject, &c.Body, &c.Author)
	}, `SELECT revision, at, kind, subject, body, author FROM change WHERE site = $1 AND revision > $2 ORDER BY revision, kind, subject LIMIT $3`, site, after, limit)
}

// PruneChanges forgets changes older than a time; a guard further behind gets the whole policy.
func (db *DB) PruneChanges(ctx context.Context, before int64) error {
	_, err := db.shed(ctx, "forgetting old changes", `DELETE FROM change WHERE (site, revision, kind, subject) IN
		(SELECT site, revision, kind, subject FROM change WHERE at < $1 LIMIT 2000)`, before)
	return err
}

// Touch moves every site on by a revision, because something that all policies refer to has changed.
func (db *DB) Touch(ctx context.Context, what, author string, at int64) error {
	sites, err := db.Sites(ctx)
	if err != nil {
		return err
	}
	for _, s := range sites {
		err := db.change(ctx, s.ID, author, "telling "+s.Name+" of "+what, at, func(context.Context, *sql.Tx) ([]Change, error) {
			return []Change{{Kind: ChangePolicy, Subject: what, Silent: true}}, nil
		})
		if err != nil && !errors.Is(err, ErrNotFound) { // deleted meanwhile
			return err
		}
	}
	return nil
}
