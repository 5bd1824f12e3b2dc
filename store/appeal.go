package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// Appeal is a link that a refused person was given and, once they used it, what they said.
type Appeal struct {
	ID      string `json:"id"`
	Site    string `json:"-"`
	Ban     string `json:"ban"` // id of the ban it is about
	Subject string `json:"subject"`
	Code    []byte `json:"-"` // hash of what the link ends in
	Author  string `json:"author"`
	Created int64  `json:"created"`
	Until   int64  `json:"until"` // the link works so long

	Said    string `json:"said,omitempty"` // by a stranger, as is the contact
	Contact string `json:"contact,omitempty"`
	Sent    int64  `json:"sent,omitempty"`

	Answer   string `json:"answer,omitempty"`
	Reason   string `json:"reason,omitempty"`
	Answerer string `json:"answerer,omitempty"`
	Answered int64  `json:"answered,omitempty"`
}

const appealColumns = `id, site, ban, subject, code, author, created, until, said, contact, sent, answer, reason, answerer, answered`

func scanAppeal(r scanner) (a Appeal, err error) {
	return a, r.Scan(&a.ID, &a.Site, &a.Ban, &a.Subject, &a.Code, &a.Author, &a.Created, &a.Until, &a.Said, &a.Contact, &a.Sent, &a.Answer, &a.Reason, &a.Answerer, &a.Answered)
}

// OfferAppeal keeps a link. An earlier one about the same ban that nobody used stops working.
func (db *DB) OfferAppeal(ctx context.Context, a Appeal) error {
	return db.tx(ctx, "making an appeal link", func(ctx context.Context, tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM appeal WHERE ban = $1 AND sent = 0`, a.Ban); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO appeal (`+appealColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, '', '', 0, '', '', '', 0)`,
			a.ID, a.Site, a.Ban, a.Subject, a.Code, a.Author, a.Created, a.Until)
		if err != nil {
			return err
		}
		return audit(ctx, tx, Audited{At: a.Created, Site: a.Site, Author: a.Author, Action: "making an appeal link for " + a.Subject, Subject: "appeal " + a.ID})
	})
}

// AppealByCode finds the appeal whose link ends in what a hash is of, used or not.
func (db *DB) AppealByCode(ctx context.Context, code []byte) (Appeal, error) {
	a, err := scanAppeal(db.read.QueryRowContext(ctx, `SELECT `+appealColumns+` FROM appeal WHERE code = $1`, code))
	return a, one(err, "appeal link")
}

// SendAppeal keeps what somebody said by a link. It can be done once, and while the link works: whoever comes second finds a
// conflict.
func (db *DB) SendAppeal(ctx context.Context, code []byte, said, contact string, at int64) (a Appeal, err error) {
	err = db.tx(ctx, "keeping an appeal", func(ctx context.Context, tx *sql.Tx) error {
		a, err = scanAppeal(tx.QueryRowContext(ctx, `UPDATE appeal SET said = $2, contact = $3, sent = $4 WHERE code = $1 AND sent = 0 AND until > $4 RETURNING `+appealColumns,
			code, legible(said), legible(contact), at))
		if errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("%w: the link was used already, or works no longer", ErrConflict)
		}
		return err
	})
	return a, err
}

// AnswerAppeal keeps what came of an appeal. There is one answer.
func (db *DB) AnswerAppeal(ctx context.Context, site, id, answer, reason, author string, at int64) error {
	return db.tx(ctx, "answering an appeal", func(ctx context.Context, tx *sql.Tx) error {
		var subject string
		err := tx.QueryRowContext(ctx, `UPDATE appeal SET answer = $3, reason = $4, answerer = $5, answered = $6
			WHERE site = $1 AND id = $2 AND sent > 0 AND answered = 0 RETURNING subject`, site, id, answer, legible(reason), author, at).Scan(&subject)
		if errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("%w: no appeal %s waits for an answer", ErrConflict, id)
		}
		if err != nil {
			return err
		}
		return audit(ctx, tx, Audited{At: at, Site: site, Author: author, Action: "answering the appeal of " + subject + ": " + answer, Subject: "appeal " + id, Later: reason})
	})
}

// Appeal finds one of a site that was sent.
func (db *DB) Appeal(ctx context.Context, site, id string) (Appeal, error) {
	a, err := scanAppeal(db.read.QueryRowContext(ctx, `SELECT `+appealColumns+` FROM appeal WHERE id = $2 AND site = $1 AND sent > 0`, site, id))
	return a, one(err, "appeal "+id)
}

// Appeals gives what was sent, newest first; before is the id of the last one seen.
func (db *DB) Appeals(ctx context.Context, site, before string, limit int) ([]Appeal, error) {
	query, args := `SELECT `+appealColumns+` FROM appeal WHERE site = $1 AND sent > 0`, []any{site, limit}
	if before != "" {
		query, args = query+` AND id < $3`, append(args, before)
	}
	return list(ctx, db, "reading appeals", scanRow(scanAppeal), query+` ORDER BY id DESC LIMIT $2`, args...)
}

// CountAppeals counts those that wait for an answer.
func (db *DB) CountAppeals(ctx context.Context, site string) (n int, err error) {
	err = db.read.QueryRowContext(ctx, `SELECT COUNT(*) FROM appeal WHERE site = $1 AND sent > 0 AND answered = 0`, site).Scan(&n)
	return n, one(err, "counting appeals")
}

// ForgetAppeals forgets links that were made before a time, with what was said by them.
func (db *DB) ForgetAppeals(ctx context.Context, before int64) (int64, error) {
	return db.shed(ctx, "forgetting old appeals", `DELETE FROM appeal WHERE id IN (SELECT id FROM appeal WHERE created < $1 LIMIT 2000)`, before)
}
