package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
)

// Site is one app in one environment.
type Site struct {
	ID           string `json:"id"`
	Name         string `json:"name"`
	Environment  string `json:"environment"`
	Zone         string `json:"zone"`
	WebFacing    bool   `json:"web_facing"`
	PersonalData bool   `json:"personal_data"`
	Secret       []byte `json:"-"`
	Settings     string `json:"-"` // JSON: identity, answer and what else is said once
	Created      int64  `json:"created"`
	Revision     uint64 `json:"revision"`
	Author       string `json:"-"` // who makes it; the audit log keeps that

	// What the audit log keeps of the settings before and after a change, without secrets: the store cannot tell which those
	// are. Where it is empty, the log keeps a hash, which tells only that they changed.
	Earlier string `json:"-"`
	Later   string `json:"-"`
}

const siteColumns = `id, name, environment, zone, web_facing, personal_data, secret, settings, created, revision`

func scanSite(r scanner) (s Site, err error) {
	return s, r.Scan(&s.ID, &s.Name, &s.Environment, &s.Zone, &s.WebFacing, &s.PersonalData, &s.Secret, &s.Settings, &s.Created, &s.Revision)
}

// CreateSite makes a site at revision 1.
func (db *DB) CreateSite(ctx context.Context, s Site) error {
	what := "creating site " + s.Name
	return db.tx(ctx, what, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO site (`+siteColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1)`,
			s.ID, s.Name, s.Environment, s.Zone, s.WebFacing, s.PersonalData, s.Secret, s.Settings, s.Created)
		if err != nil {
			return err
		}
		return audit(ctx, tx, Audited{At: s.Created, Site: s.ID, Author: s.Author, Action: what, Subject: "site", Later: s.facts(s.Later)})
	})
}

// UpdateSite changes what is said of a site; its secret and id stay.
func (db *DB) UpdateSite(ctx context.Context, s Site, author string, at int64) error {
	return db.change(ctx, s.ID, author, "changing site "+s.Name, at, func(ctx context.Context, tx *sql.Tx) ([]Change, error) {
		old, err := scanSite(tx.QueryRowContext(ctx, `SELECT `+siteColumns+` FROM site WHERE id = $1`, s.ID))
		if err != nil {
			return nil, err
		}
		_, err = tx.ExecContext(ctx, `UPDATE site SET name = $2, environment = $3, zone = $4, web_facing = $5, personal_data = $6, settings = $7 WHERE id = $1`,
			s.ID, s.Name, s.Environment, s.Zone, s.WebFacing, s.PersonalData, s.Settings)
		return []Change{{Kind: ChangePolicy, Subject: "site", Before: old.facts(s.Earlier), Body: s.facts(s.Later)}}, err
	})
}

// DeleteSite forgets a site and all that belongs to it; its events go with their days.
func (db *DB) DeleteSite(ctx context.Context, id, author string, at int64) error {
	return db.tx(ctx, "deleting the site", func(ctx context.Context, tx *sql.Tx) error {
		name, err := was(tx.QueryRowContext(ctx, `DELETE FROM site WHERE id = $1 RETURNING name`, id))
		if err == nil && name == "" {
			err = fmt.Errorf("%w: no such site", ErrNotFound)
		}
		if err != nil {
			return err
		}
		return audit(ctx, tx, Audited{At: at, Site: id, Author: author, Action: "deleting site " + name, Subject: "site"})
	})
}

// facts is what the audit log keeps of a site.
func (s Site) facts(settings string) string {
	if settings == "" {
		sum := sha256.Sum256([]byte(s.Settings))
		settings = `"sha256 ` + hex.EncodeToString(sum[:8]) + `"`
	}
	text, err := json.Marshal(struct {
		Name         string          `json:"name"`
		Environment  string          `json:"environment"`
		Zone         string          `json:"zone"`
		WebFacing    bool            `json:"web_facing"`
		PersonalData bool            `json:"personal_data"`
		Settings     json.RawMessage `json:"settings"`
	}{s.Name, s.Environment, s.Zone, s.WebFacing, s.PersonalData, json.RawMessage(settings)})
	if err != nil {
		panic(err) // strings and booleans always have a JSON form, and the settings are one already
	}
	return string(text)
}

// Sites gives all sites by name.
func (db *DB) Sites(ctx context.Context) ([]Site, error) {
	return list(ctx, db, "reading the sites", scanRow(scanSite), `SELECT `+siteColumns+` FROM site ORDER BY name`)
}

// SiteByName finds a site.
func (db *DB) SiteByName(ctx context.Context, name string) (Site, error) {
	s, err := scanSite(db.read.QueryRowContext(ctx, `SELECT `+siteColumns+` FROM site WHERE name = $1`, name))
	return s, one(err, "site "+name)
}

// SiteByID finds a site.
func (db *DB) SiteByID(ctx context.Context, id string) (Site, error) {
	s, err := scanSite(db.read.QueryRowContext(ctx, `SELECT `+siteColumns+` FROM site WHERE id = $1`, id))
	return s, one(err, "site "+id)
}

// SiteKey lets guards in. Two are valid at a time, so that one can take over from the other.
type SiteKey struct {
	ID       string `json:"id"`
	Site     string `json:"-"`
	Label    string `json:"label"`
	Hash     []byte `json:"-"`
	Created  int64  `json:"created"`
	LastUsed int64  `json:"last_used"`
	Revoked  int64  `json:"revoked,omitempty"`
	Author   string `json:"-"` // who makes it; the audit log keeps that
}

// AddSiteKey adds a key; a third valid one is a conflict.
func (db *DB) AddSiteKey(ctx context.Context, k SiteKey) error {
	return db.tx(ctx, "adding a site key", func(ctx context.Context, tx *sql.Tx) error {
		// The site's row keeps two of these apart on PostgreSQL as well.
		res, err := tx.ExecContext(ctx, `UPDATE site SET name = name WHERE id = $1`, k.Site)
		if err := some(res, err, "no such site"); err != nil {
			return err
		}
		var valid int
		if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM site_key WHERE site = $1 AND revoked = 0`, k.Site).Scan(&valid); err != nil {
			return err
		}
		if valid >= 2 {
			return fmt.Errorf("%w: two keys are valid already; revoke one first", ErrConflict)
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO site_key (id, site, label, hash, created, last_used, revoked) VALUES ($1, $2, $3, $4, $5, 0, 0)`,
			k.ID, k.Site, k.Label, k.Hash, k.Created)
		if err != nil {
			return err
		}
		return audit(ctx, tx, Audited{At: k.Created, Site: k.Site, Author: k.Author, Action: "adding a site key", Subject: "key " + k.ID, Later: k.Label})
	})
}

// SiteKeys gives a site's keys, newest first.
func (db *DB) SiteKeys(ctx context.Context, site string) ([]SiteKey, error) {
	return list(ctx, db, "reading site keys", scanKey, `SELECT id, site, label, hash, created, last_used, revoked FROM site_key WHERE site = $1 ORDER BY created DESC, id DESC`, site)
}

func scanKey(r *sql.Rows) (k SiteKey, err error) {
	return k, r.Scan(&k.ID, &k.Site, &k.Label, &k.Hash, &k.Created, &k.LastUsed, &k.Revoked)
}

// RevokeSiteKey ends a key at once.
func (db *DB) RevokeSiteKey(ctx context.Context, site, id, author string, at int64) error {
	return db.tx(ctx, "revoking a site key", func(ctx context.Context, tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE site_key SET revoked = $3 WHERE site = $1 AND id = $2 AND revoked = 0`, site, id, at)
		if err := some(res, err, "no valid key "+id); err != nil {
			return err
		}
		return audit(ctx, tx, Audited{At: at, Site: site, Author: author, Action: "revoking a site key", Subject: "key " + id})
	})
}

// SiteByKeyHash finds whose key a hash is of; a revoked key is nobody's.
func (db *DB) SiteByKeyHash(ctx context.Context, hash []byte) (Site, SiteKey, error) {
	var k SiteKey
	err := db.read.QueryRowContext(ctx, `SELECT id, site, label, hash, created, last_used, revoked FROM site_key WHERE hash = $1 AND revoked = 0`, hash).
		Scan(&k.ID, &k.Site, &k.Label, &k.Hash, &k.Created, &k.LastUsed, &k.Revoked)
	if err != nil {
		return Site{}, k, one(err, "site key")
	}
	s, err := db.SiteByID(ctx, k.Site)
	return s, k, err
}

// UsedSiteKey notes when a key was last used.
func (db *DB) UsedSiteKey(ctx context.Context, id string, at int64) error {
	return db.exec(ctx, "noting the use of a site key", `UPDATE site_key SET last_used = $2 WHERE id = $1`, id, at)
}
