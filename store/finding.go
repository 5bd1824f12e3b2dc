package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Scan is one scan that was brought in, by its counts; ScanBody has the report itself.
type Scan struct {
	ID      string `json:"id"`
	Site    string `json:"-"`
	Kind    string `json:"kind"` // code, api or exposure
	Target  string `json:"target"`
	Tool    string `json:"tool"`
	Author  string `json:"author"`
	Started int64  `json:"started"`
	Ended   int64  `json:"ended"`
	Kept    int64  `json:"kept"`

	Critical int `json:"critical"`
	High     int `json:"high"`
	Medium   int `json:"medium"`
	Low      int `json:"low"`
	Info     int `json:"info"`

	Gaps   int    `json:"gaps"`   // parts that were not looked at
	Checks int    `json:"checks"` // that were run
	Score  int    `json:"score"`  // of an API, 0 to 100; -1 without
	Grade  string `json:"grade,omitempty"`
	Hash   []byte `json:"hash"` // SHA-256 of the report, which the audit log has too
}

// Finding is a fault that scans found, with what became of it. Body is the scanner's own JSON of it, as it was seen last.
type Finding struct {
	ID          string `json:"id"`
	Site        string `json:"-"`
	Kind        string `json:"kind"`
	Target      string `json:"target"`
	Fingerprint string `json:"fingerprint"`
	Check       string `json:"check"`
	Title       string `json:"title"`
	Severity    int    `json:"severity"` // 1 info to 5 critical
	Place       string `json:"place"`
	First       int64  `json:"first"`
	Last        int64  `json:"last"`
	Scan        string `json:"scan"`               // that saw it last
	Resolved    int64  `json:"resolved,omitempty"` // since when it is gone
	Accepted    int64  `json:"accepted,omitempty"`
	Accepter    string `json:"accepter,omitempty"`
	Reason      string `json:"reason,omitempty"`
	Until       int64  `json:"until,omitempty"` // the acceptance ends; 0: it does not
	Body        string `json:"-"`
}

// State is what became of a finding by a time: open, accepted or resolved.
func (f Finding) State(at int64) string {
	switch {
	case f.Resolved != 0:
		return "resolved"
	case f.Accepted != 0 && (f.Until == 0 || f.Until > at):
		return "accepted"
	}
	return "open"
}

const (
	scanColumns    = `id, site, kind, target, tool, author, started, ended, kept, critical, high, medium, low, info, gaps, checks, score, grade, hash`
	findingColumns = `id, site, kind, target, fingerprint, rule, title, severity, place, first, last, scan, resolved, accepted, accepter, reason, until, body`
)

func (s *Scan) fields() []any {
	return []any{
		&s.ID, &s.Site, &s.Kind, &s.Target, &s.Tool, &s.Author, &s.Started, &s.Ended, &s.Kept, &s.Critical, &s.High, &s.Medium, &s.Low, &s.Info,
		&s.Gaps, &s.Checks, &s.Score, &s.Grade, &s.Hash,
	}
}

func scanScan(r scanner) (s Scan, err error) { return s, r.Scan(s.fields()...) }

func (f *Finding) fields() []any {
	return []any{
		&f.ID, &f.Site, &f.Kind, &f.Target, &f.Fingerprint, &f.Check, &f.Title, &f.Severity, &f.Place, &f.First, &f.Last, &f.Scan, &f.Resolved,
		&f.Accepted, &f.Accepter, &f.Reason, &f.Until, &f.Body,
	}
}

func scanFinding(r scanner) (f Finding, err error) { return f, r.Scan(f.fields()...) }

// Brought is what a scan changed.
type Brought struct {
	New       []Finding // never seen before
	Regressed []Finding // that were gone
	Resolved  int       // that are gone now
	Still     int       // that were known
	Untold    int       // known ones that this scan could not have seen: they stay as they are
}

// BringScan keeps a scan with its report and brings the site's findings up to date. A finding that the scan does not have
// is resolved if looked says that the scan would have seen it; else nothing is known of it. A finding that comes accepted, as
// by a comment in the source, is accepted as it says.
func (db *DB) BringScan(ctx context.Context, s Scan, body []byte, found []Finding, looked func(Finding) bool) (b Brought, err error) {
	err = db.tx(ctx, "keeping a scan", func(ctx context.Context, tx *sql.Tx) error {
		b = Brought{}
		// The site's row first: two scans of one site follow each other.
		var id string
		if err := tx.QueryRowContext(ctx, `UPDATE site SET revision = revision WHERE id = $1 RETURNING id`, s.Site).Scan(&id); err != nil {
			return one(err, "the site")
		}
		known, err := knownFindings(ctx, tx, s)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO scan (`+scanColumns+`, body) VALUES (`+placeholders(1, 20)+`)`, append(values(s.fields()), body)...); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO scanned (site, kind, at, gaps) VALUES ($1, $2, $3, $4)
			ON CONFLICT (site, kind) DO UPDATE SET at = excluded.at, gaps = excluded.gaps WHERE scanned.at <= excluded.at`, s.Site, s.Kind, s.Ended, s.Gaps); err != nil {
			return err
		}
		for _, f := range found {
			f.Site, f.Kind, f.Target, f.Scan, f.Last = s.Site, s.Kind, s.Target, s.ID, s.Ended
			was, had := known[f.Fingerprint]
			delete(known, f.Fingerprint)
			if !had {
				f.First = s.Ended
				if _, err := tx.ExecContext(ctx, `INSERT INTO finding (`+findingColumns+`) VALUES (`+placeholders(1, 18)+`)`, values(f.fields())...); err != nil {
					return err
				}
				b.New = append(b.New, f)
				continue
			}
			f.ID, f.First = was.ID, was.First
			if f.Accepted == 0 {
				f.Accepted, f.Accepter, f.Reason, f.Until = was.Accepted, was.Accepter, was.Reason, was.Until
			}
			if was.Resolved != 0 {
				b.Regressed = append(b.Regressed, f)
			} else {
				b.Still++
			}
			if _, err := tx.ExecContext(ctx, `UPDATE finding SET rule = $2, title = $3, severity = $4, place = $5, last = $6, scan = $7, resolved = 0,
				accepted = $8, accepter = $9, reason = $10, until = $11, body = $12 WHERE id = $1`,
				f.ID, f.Check, f.Title, f.Severity, f.Place, f.Last, f.Scan, f.Accepted, f.Accepter, f.Reason, f.Until, f.Body); err != nil {
				return err
			}
		}
		for _, f := range known {
			switch {
			case f.Resolved != 0:
			case !looked(f):
				b.Untold++
			default:
				b.Resolved++
				if _, err := tx.ExecContext(ctx, `UPDATE finding SET resolved = $2 WHERE id = $1`, f.ID, s.Ended); err != nil {
					return err
				}
			}
		}
		return audit(ctx, tx, Audited{
			At: s.Kept, Site: s.Site, Author: s.Author, Action: "bringing a " + s.Kind + " scan of " + s.Target, Subject: "scan " + s.ID,
			Later: fmt.Sprintf("sha256 %x: %d critical, %d high, %d medium, %d low, %d info, %d not looked at", s.Hash, s.Critical, s.High, s.Medium, s.Low, s.Info, s.Gaps),
		})
	})
	return b, err
}

// knownFindings gives those of a scan's site, kind and target by fingerprint.
func knownFindings(ctx context.Context, tx *sql.Tx, s Scan) (map[string]Finding, error) {
	rows, err := tx.QueryContext(ctx, `SELECT `+findingColumns+` FROM finding WHERE site = $1 AND kind = $2 AND target = $3`, s.Site, s.Kind, s.Target)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	known := map[string]Finding{}
	for rows.Next() {
		f, err := scanFinding(rows)
		if err != nil {
			return nil, err
		}
		known[f.Fingerprint] = f
	}
	return known, rows.Err()
}

// values gives what pointers to a row's fields point to.
func values(fields []any) []any {
	out := make([]any, len(fields))
	for i, f := range fields {
		switch p := f.(type) {
		case *string:
			out[i] = legible(*p)
		case *int64:
			out[i] = *p
		case *int:
			out[i] = *p
		case *[]byte:
			out[i] = *p
		default:
			panic(fmt.Sprintf("store: a field of type %T", f))
		}
	}
	return out
}

// Scans gives a site's, newest first; before is the id of the last one seen.
func (db *DB) Scans(ctx context.Context, site, before string, limit int) ([]Scan, error) {
	query, args := `SELECT `+scanColumns+` FROM scan WHERE site = $1`, []any{site, limit}
	if before != "" {
		query, args = query+` AND id < $3`, append(args, before)
	}
	return list(ctx, db, "reading scans", scanRow(scanScan), query+` ORDER BY id DESC LIMIT $2`, args...)
}

// ScanBody gives a scan with its packed report.
func (db *DB) ScanBody(ctx context.Context, site, id string) (s Scan, body []byte, err error) {
	err = db.read.QueryRowContext(ctx, `SELECT `+scanColumns+`, body FROM scan WHERE id = $2 AND site = $1`, site, id).Scan(append(s.fields(), &body)...)
	return s, body, one(err, "scan "+id)
}

// FindingQuery narrows findings down; a zero field is any.
type FindingQuery struct {
	State string // open, accepted or resolved
	Least int    // severity
	Kind  string
	Check string
	Text  string // in title or place
	After string // as Cursor gives it
	Limit int
	At    int64 // decides whether an acceptance has ended
}

// Cursor says where a list that is sorted by severity goes on behind a finding.
func (f Finding) Cursor() string { return fmt.Sprintf("%d.%s", f.Severity, f.ID) }

// Findings gives a site's, the worst first.
func (db *DB) Findings(ctx context.Context, site string, q FindingQuery) ([]Finding, error) {
	where, args := []string{`site = $1`}, []any{site}
	add := func(clause string, values ...any) {
		for _, v := range values {
			args = append(args, v)
			clause = strings.Replace(clause, "?", fmt.Sprintf("$%d", len(args)), 1)
		}
		where = append(where, clause)
	}
	switch q.State {
	case "resolved":
		add(`resolved > 0`)
	case "accepted":
		add(`resolved = 0 AND accepted > 0 AND (until = 0 OR until > ?)`, q.At)
	case "open":
		add(`resolved = 0 AND (accepted = 0 OR until > 0 AND until <= ?)`, q.At)
	}
	if q.Least > 0 {
		add(`severity >= ?`, q.Least)
	}
	if q.Kind != "" {
		add(`kind = ?`, q.Kind)
	}
	if q.Check != "" {
		add(`rule = ?`, q.Check)
	}
	if q.Text != "" {
		text := "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(strings.ToLower(legible(q.Text))) + "%"
		add(`(LOWER(title) LIKE ? ESCAPE '\' OR LOWER(place) LIKE ? ESCAPE '\')`, text, text)
	}
	if q.After != "" {
		severity, id, _ := strings.Cut(q.After, ".")
		n, err := strconv.Atoi(severity)
		if err != nil {
			return nil, fmt.Errorf("%w: the list does not go on at %.40q", ErrNotFound, q.After)
		}
		add(`(severity < ? OR severity = ? AND id > ?)`, n, n, id)
	}
	args = append(args, q.Limit)
	return list(ctx, db, "reading findings", scanRow(scanFinding),
		`SELECT `+findingColumns+` FROM finding WHERE `+strings.Join(where, " AND ")+fmt.Sprintf(` ORDER BY severity DESC, id LIMIT $%d`, len(args)), args...)
}

// Finding gives one of a site.
func (db *DB) Finding(ctx context.Context, site, id string) (Finding, error) {
	f, err := scanFinding(db.read.QueryRowContext(ctx, `SELECT `+findingColumns+` FROM finding WHERE id = $2 AND site = $1`, site, id))
	return f, one(err, "finding "+id)
}

// AcceptFinding notes that somebody lives with a finding, for a reason and until a time (0: for good); with an empty reason
// it is open again.
func (db *DB) AcceptFinding(ctx context.Context, site, id, reason string, until int64, author string, at int64) error {
	accepted, accepter, action := at, author, "accepting"
	if reason == "" {
		accepted, accepter, until, action = 0, "", 0, "opening again"
	}
	return db.tx(ctx, action+" a finding", func(ctx context.Context, tx *sql.Tx) error {
		var title string
		err := tx.QueryRowContext(ctx, `UPDATE finding SET accepted = $3, accepter = $4, reason = $5, until = $6 WHERE site = $1 AND id = $2 RETURNING title`,
			site, id, accepted, accepter, legible(reason), until).Scan(&title)
		if errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("%w: finding %s", ErrNotFound, id)
		}
		if err != nil {
			return err
		}
		return audit(ctx, tx, Audited{At: at, Site: site, Author: author, Action: action + " the finding: " + title, Subject: "finding " + id, Later: reason})
	})
}

// SiteFindings is how a site stands: how many findings of each severity are open, and when it was last scanned, by kind.
type SiteFindings struct {
	Open    [6]int // by severity
	Scanned map[string]Scanned
}

// Scanned is when something was last scanned, and how many parts of it were not looked at.
type Scanned struct {
	At   int64
	Gaps int
}

// FindingCounts gives it for all sites that have been scanned.
func (db *DB) FindingCounts(ctx context.Context, at int64) (map[string]SiteFindings, error) {
	type row struct {
		site, kind string
		n, m       int64
	}
	read := func(r *sql.Rows) (x row, err error) { return x, r.Scan(&x.site, &x.kind, &x.n, &x.m) }
	last, err := list(ctx, db, "reading when sites were scanned", read, `SELECT site, kind, at, gaps FROM scanned`)
	if err != nil {
		return nil, err
	}
	counts := map[string]SiteFindings{}
	for _, x := range last {
		c, ok := counts[x.site]
		if !ok {
			c.Scanned = map[string]Scanned{}
		}
		c.Scanned[x.kind] = Scanned{x.n, int(x.m)}
		counts[x.site] = c
	}
	open, err := list(ctx, db, "counting findings", read, `SELECT site, '', severity, COUNT(*) FROM finding WHERE resolved = 0 AND (accepted = 0 OR until > 0 AND until <= $1) GROUP BY site, severity`, at)
	if err != nil {
		return nil, err
	}
	for _, x := range open {
		c := counts[x.site]
		if x.n >= 0 && int(x.n) < len(c.Open) {
			c.Open[x.n] = int(x.m)
		}
		counts[x.site] = c
	}
	return counts, nil
}

// ForgetScans forgets reports that were kept before a time, but each site's newest of a kind, and findings that are gone since
// before it.
func (db *DB) ForgetScans(ctx context.Context, before int64) (int64, error) {
	n, err := db.shed(ctx, "forgetting old scans", `DELETE FROM scan WHERE id IN (SELECT s.id FROM scan s JOIN scanned l ON l.site = s.site AND l.kind = s.kind
		WHERE s.kept < $1 AND s.ended < l.at LIMIT 500)`, before)
	if err != nil {
		return n, err
	}
	m, err := db.shed(ctx, "forgetting resolved findings", `DELETE FROM finding WHERE id IN (SELECT id FROM finding WHERE resolved > 0 AND resolved < $1 LIMIT 2000)`, before)
	return n + m, err
}
