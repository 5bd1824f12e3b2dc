package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// Detection is what was concluded from a site's events, and what people said of it. Evidence is JSON of the recipe's making.
type Detection struct {
	ID       string `json:"id"`
	Site     string `json:"-"`
	Recipe   string `json:"recipe"`
	Version  int    `json:"version"`
	Key      string `json:"key"`               // whose acts were counted
	Subject  string `json:"subject,omitempty"` // whom a ban could name
	Route    string `json:"route,omitempty"`   // which lever could be moved
	Severity int    `json:"severity"`          // 1 info to 5 critical
	Title    string `json:"title"`
	Evidence string `json:"-"`
	Began    int64  `json:"began"`
	Last     int64  `json:"last"`
	Ended    int64  `json:"ended,omitempty"` // 0: it goes on

	Answer   string `json:"answer,omitempty"` // handled or harmless
	Reason   string `json:"reason,omitempty"`
	Answerer string `json:"answerer,omitempty"`
	Answered int64  `json:"answered,omitempty"`
	Quiet    int64  `json:"quiet_until,omitempty"` // until then its recipe is silent about this key
}

const detectionColumns = `id, site, recipe, version, key, subject, route, severity, title, evidence, began, last, ended, answer, reason, answerer, answered, quiet`

func scanDetection(r scanner) (d Detection, err error) {
	return d, r.Scan(&d.ID, &d.Site, &d.Recipe, &d.Version, &d.Key, &d.Subject, &d.Route, &d.Severity, &d.Title, &d.Evidence,
		&d.Began, &d.Last, &d.Ended, &d.Answer, &d.Reason, &d.Answerer, &d.Answered, &d.Quiet)
}

// KeepDetection keeps what was concluded: as a new detection, or as what an open one of the same recipe and key has become;
// its severity never falls. Worse says that it is new or more severe than it was. Where somebody asked for silence about it,
// nothing is kept and the detection that comes back has no id.
func (db *DB) KeepDetection(ctx context.Context, d Detection) (kept Detection, worse bool, err error) {
	err = db.tx(ctx, "keeping a detection", func(ctx context.Context, tx *sql.Tx) error {
		kept, worse = Detection{}, false
		var silent int
		err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM detection WHERE site = $1 AND recipe = $2 AND key = $3 AND quiet > 0 AND quiet > $4`,
			d.Site, d.Recipe, legible(d.Key), d.Last).Scan(&silent)
		if err != nil || silent > 0 {
			return err
		}
		var before int
		err = tx.QueryRowContext(ctx, `SELECT severity FROM detection WHERE site = $1 AND recipe = $2 AND key = $3 AND ended = 0`, d.Site, d.Recipe, legible(d.Key)).Scan(&before)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		severity := max(d.Severity, before)
		worse = severity > before
		kept, err = scanDetection(tx.QueryRowContext(ctx, `INSERT INTO detection (`+detectionColumns+`)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 0, '', '', '', 0, 0)
			ON CONFLICT (site, recipe, key) WHERE ended = 0 DO UPDATE SET version = excluded.version, subject = excluded.subject, route = excluded.route,
				severity = excluded.severity, title = excluded.title, evidence = excluded.evidence, last = excluded.last
			RETURNING `+detectionColumns,
			d.ID, d.Site, d.Recipe, d.Version, legible(d.Key), legible(d.Subject), legible(d.Route), severity, legible(d.Title), legible(d.Evidence), d.Began, d.Last))
		return err
	})
	return kept, worse, err
}

// EndDetections ends those of which nothing was seen since a time.
func (db *DB) EndDetections(ctx context.Context, since int64) error {
	return db.exec(ctx, "ending detections", `UPDATE detection SET ended = last WHERE ended = 0 AND last < $1`, since)
}

// AnswerDetection keeps what somebody says of a detection, which ends it, and for how long its recipe is silent about its key.
// A later answer takes the place of an earlier one.
func (db *DB) AnswerDetection(ctx context.Context, site, id, answer, reason, author string, at, quiet int64) error {
	return db.tx(ctx, "answering a detection", func(ctx context.Context, tx *sql.Tx) error {
		var title string
		err := tx.QueryRowContext(ctx, `UPDATE detection SET answer = $3, reason = $4, answerer = $5, answered = $6, quiet = $7,
			ended = CASE WHEN ended = 0 THEN $6 ELSE ended END WHERE site = $1 AND id = $2 RETURNING title`, site, id, answer, legible(reason), author, at, quiet).Scan(&title)
		if errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("%w: detection %s", ErrNotFound, id)
		}
		if err != nil {
			return err
		}
		return audit(ctx, tx, Audited{At: at, Site: site, Author: author, Action: "answering a detection: " + answer, Subject: "detection " + id, Earlier: title, Later: reason})
	})
}

// Detection finds one of a site.
func (db *DB) Detection(ctx context.Context, site, id string) (Detection, error) {
	d, err := scanDetection(db.read.QueryRowContext(ctx, `SELECT `+detectionColumns+` FROM detection WHERE site = $1 AND id = $2`, site, id))
	return d, one(err, "detection "+id)
}

// OpenDetections gives what goes on, the most severe first.
func (db *DB) OpenDetections(ctx context.Context, site string, limit int) ([]Detection, error) {
	return list(ctx, db, "reading open detections", scanRow(scanDetection), `SELECT `+detectionColumns+` FROM detection WHERE site = $1 AND ended = 0
		ORDER BY severity DESC, last DESC, id DESC LIMIT $2`, site, limit)
}

// Detections gives all, newest first; before is the id of the last one seen.
func (db *DB) Detections(ctx context.Context, site, before string, limit int) ([]Detection, error) {
	query, args := `SELECT `+detectionColumns+` FROM detection WHERE site = $1`, []any{site, limit}
	if before != "" {
		query, args = query+` AND id < $3`, append(args, before)
	}
	return list(ctx, db, "reading detections", scanRow(scanDetection), query+` ORDER BY id DESC LIMIT $2`, args...)
}

// CountDetections counts those that go on.
func (db *DB) CountDetections(ctx context.Context, site string) (n int, err error) {
	err = db.read.QueryRowContext(ctx, `SELECT COUNT(*) FROM detection WHERE site = $1 AND ended = 0`, site).Scan(&n)
	return n, one(err, "counting detections")
}

// ForgetDetections forgets what ended before a time, but for what somebody wants silence about.
func (db *DB) ForgetDetections(ctx context.Context, before int64) (int64, error) {
	return db.shed(ctx, "forgetting old detections", `DELETE FROM detection WHERE id IN (SELECT id FROM detection WHERE ended > 0 AND ended < $1 AND quiet < $1 LIMIT 2000)`, before)
}
