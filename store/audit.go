package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Audited is one entry of the audit log: something that a person, a token or the configuration file changed.
type Audited struct {
	N       int64  `json:"n"` // 1, 2, 3 …, without gaps
	At      int64  `json:"at"`
	Site    string `json:"site,omitempty"` // id; empty for what concerns the installation
	Author  string `json:"author"`
	Action  string `json:"action"`            // what was done, in words
	Subject string `json:"subject"`           // a kind and a name: "rule login", "ban 203.0.113.7"
	Earlier string `json:"earlier,omitempty"` // the thing before, where it has a form
	Later   string `json:"later,omitempty"`   // and after
	Hash    string `json:"hash"`              // hexadecimal
}

// chain gives the hash of an entry that follows another: SHA-256 over the previous hash in hexadecimal, a line feed, and
// the entry's fields as a JSON array in the order n, at, site, author, action, subject, earlier, later.
func (e Audited) chain(previous []byte) []byte {
	text, err := json.Marshal([]any{e.N, e.At, e.Site, e.Author, e.Action, e.Subject, e.Earlier, e.Later})
	if err != nil {
		panic(err) // numbers and strings always have a JSON form
	}
	h := sha256.New()
	h.Write([]byte(hex.EncodeToString(previous) + "\n"))
	h.Write(text)
	return h.Sum(nil)
}

// audit appends an entry in the transaction that makes the change, so that there is neither without the other. What
// nobody did (a guard's ban, a renewed list) has no author and is no entry.
func audit(ctx context.Context, tx *sql.Tx, e Audited) error {
	if e.Author == "" {
		return nil
	}
	var previous []byte
	err := tx.QueryRowContext(ctx, `INSERT INTO audit_head (one, n, hash) VALUES (1, 1, $1)
		ON CONFLICT (one) DO UPDATE SET n = audit_head.n + 1 RETURNING n, hash`, []byte{}).Scan(&e.N, &previous)
	if err != nil {
		return fmt.Errorf("the head of the audit log: %w", err)
	}
	for _, s := range []*string{&e.Author, &e.Action, &e.Subject, &e.Earlier, &e.Later} {
		*s = strings.ToValidUTF8(*s, "\uFFFD") // as the hash's JSON form has it, and as PostgreSQL demands
	}
	hash := e.chain(previous)
	if _, err := tx.ExecContext(ctx, `INSERT INTO audit (n, at, site, author, action, subject, earlier, later, hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		e.N, e.At, e.Site, e.Author, e.Action, e.Subject, e.Earlier, e.Later, hash); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `UPDATE audit_head SET hash = $1 WHERE one = 1`, hash)
	return err
}

// Note appends an entry about something that has no table here: an export, a look at what is kept secret.
func (db *DB) Note(ctx context.Context, e Audited) error {
	return db.tx(ctx, "writing the audit log", func(ctx context.Context, tx *sql.Tx) error { return audit(ctx, tx, e) })
}

const auditColumns = `n, at, site, author, action, subject, earlier, later, hash`

func scanAudit(r *sql.Rows) (e Audited, err error) {
	var hash []byte
	err = r.Scan(&e.N, &e.At, &e.Site, &e.Author, &e.Action, &e.Subject, &e.Earlier, &e.Later, &hash)
	e.Hash = hex.EncodeToString(hash)
	return e, err
}

// AuditQuery says which entries of the audit log are wanted, newest first.
type AuditQuery struct {
	Site    string // id; empty: all
	Subject string // whole; empty: all
	Before  int64  // the number of the last one seen; 0: from the newest
	Limit   int
}

// AuditLog gives entries, newest first.
func (db *DB) AuditLog(ctx context.Context, q AuditQuery) ([]Audited, error) {
	query, args := `SELECT `+auditColumns+` FROM audit WHERE n > 0`, []any{q.Limit}
	add := func(condition string, arg any) {
		args = append(args, arg)
		query += fmt.Sprintf(" AND %s $%d", condition, len(args))
	}
	if q.Site != "" {
		add("site =", q.Site)
	}
	if q.Subject != "" {
		add("subject =", q.Subject)
	}
	if q.Before > 0 {
		add("n <", q.Before)
	}
	return list(ctx, db, "reading the audit log", scanAudit, query+` ORDER BY n DESC LIMIT $1`, args...)
}

// AuditEntry gives one entry.
func (db *DB) AuditEntry(ctx context.Context, n int64) (Audited, error) {
	found, err := list(ctx, db, "reading the audit log", scanAudit, `SELECT `+auditColumns+` FROM audit WHERE n = $1`, n)
	if err != nil {
		return Audited{}, err
	}
	if len(found) == 0 {
		return Audited{}, fmt.Errorf("%w: no entry %d in the audit log", ErrNotFound, n)
	}
	return found[0], nil
}

// AuditHead is where the audit log ends. One noted elsewhere shows later whether the log up to it is still the same.
type AuditHead struct {
	N    int64  `json:"n"`
	Hash string `json:"hash"`
}

// ErrTampered says that the audit log is not what was written.
var ErrTampered = errors.New("the audit log was tampered with")

// VerifyAudit reads the log from its beginning and recomputes every hash; f, if given, is told each entry, for an export. It
// gives the head that it came to. Entries written meanwhile are left for the next time.
func (db *DB) VerifyAudit(ctx context.Context, f func(Audited) error) (AuditHead, error) {
	var head AuditHead
	var hash []byte
	err := db.read.QueryRowContext(ctx, `SELECT n, hash FROM audit_head WHERE one = 1`).Scan(&head.N, &hash)
	if errors.Is(err, sql.ErrNoRows) {
		if some, err := db.AuditLog(ctx, AuditQuery{Limit: 1}); err != nil || len(some) == 0 {
			return head, err // nothing was ever written
		}
		return head, fmt.Errorf("%w: its head is missing", ErrTampered)
	}
	if err != nil {
		return head, fmt.Errorf("reading the head of the audit log: %w", explain(err))
	}
	head.Hash = hex.EncodeToString(hash)
	var previous []byte
	for next := int64(1); next <= head.N; {
		page, err := list(ctx, db, "reading the audit log", scanAudit, `SELECT `+auditColumns+` FROM audit WHERE n >= $1 AND n <= $2 ORDER BY n LIMIT 1000`, next, head.N)
		if err != nil {
			return head, err
		}
		if len(page) == 0 {
			return head, fmt.Errorf("%w: entries %d to %d are missing", ErrTampered, next, head.N)
		}
		for _, e := range page {
			if e.N != next {
				return head, fmt.Errorf("%w: entry %d is missing", ErrTampered, next)
			}
			want := e.chain(previous)
			if hex.EncodeToString(want) != e.Hash {
				return head, fmt.Errorf("%w: entry %d, or the one before it, is not what was written", ErrTampered, e.N)
			}
			if f != nil {
				if err := f(e); err != nil {
					return head, err
				}
			}
			previous = want
			next++
		}
	}
	if !bytes.Equal(previous, hash) {
		return head, fmt.Errorf("%w: the last entry is not the one that was written last", ErrTampered)
	}
	return head, nil
}
