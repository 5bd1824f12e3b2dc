package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// Passkey is a credential that a person's device or key keeps.
type Passkey struct {
	ID         string
	Credential []byte // its id, as the authenticator made it
	Person     string
	Name       string
	Body       string // JSON: public key, counter and what else is checked
	Created    int64
	Used       int64
	Cloned     int64 // since when its counter has run backwards; 0: never
}

// Identity is an account at an identity provider that is tied to a person.
type Identity struct {
	Issuer  string
	Subject string
	Person  string
	Email   string // as the provider said at first
	Created int64
	Used    int64
}

// keepWay runs a change that takes a way in, and is not kept if it was the last.
func (db *DB) keepWay(ctx context.Context, what, person string, by By, f func(context.Context, *sql.Tx) error) error {
	return db.keepOwner(ctx, what, by, func(ctx context.Context, tx *sql.Tx) error {
		if err := f(ctx, tx); err != nil {
			return err
		}
		args := []any{person, ""}
		for _, i := range by.Issuers {
			args = append(args, i)
		}
		var ways int
		err := tx.QueryRowContext(ctx, `SELECT (SELECT COUNT(*) FROM person WHERE id = $1 AND password <> '') + (SELECT COUNT(*) FROM passkey WHERE person = $1)
			+ (SELECT COUNT(*) FROM person_identity WHERE person = $1 AND issuer IN (`+placeholders(2, len(by.Issuers)+1)+`))`, args...).Scan(&ways)
		if err == nil && ways == 0 {
			err = fmt.Errorf("%w: add a passkey or set a password first", ErrLastWay)
		}
		return err
	})
}

// PutPendingTOTP keeps an encrypted secret until a first code was right; it replaces one that was not confirmed.
func (db *DB) PutPendingTOTP(ctx context.Context, person string, secret []byte) error {
	return db.exec(ctx, "beginning with one-time codes", `UPDATE person SET totp_pending = $2 WHERE id = $1`, person, secret)
}

// ConfirmTOTP makes the pending secret the person's, with the step of its first code and new recovery codes, and ends all
// their sessions but one. Where another was begun meanwhile it is ErrConflict.
func (db *DB) ConfirmTOTP(ctx context.Context, person string, secret []byte, step int64, codes [][]byte, but string, by By) error {
	return db.tx(ctx, "turning one-time codes on", func(ctx context.Context, tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE person SET totp = $2, totp_pending = $4, totp_step = $3 WHERE id = $1 AND totp_pending = $2`, person, secret, step, []byte{})
		if err := some(res, err, "another was begun"); err != nil {
			if errors.Is(err, ErrNotFound) {
				err = fmt.Errorf("%w: another secret was made meanwhile: begin again", ErrConflict)
			}
			return err
		}
		if err := putCodes(ctx, tx, person, codes); err != nil {
			return err
		}
		if err := auditPerson(ctx, tx, by, "turning one-time codes on", person, "", "", ""); err != nil {
			return err
		}
		return signOut(ctx, tx, person, but)
	})
}

// UseTOTPStep notes the step of a code that was right. One that is not later than the last is ErrConflict: the code was used.
func (db *DB) UseTOTPStep(ctx context.Context, person string, step int64) error {
	return db.tx(ctx, "using a one-time code", func(ctx context.Context, tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE person SET totp_step = $2 WHERE id = $1 AND totp_step < $2`, person, step)
		if err := some(res, err, "a later one"); errors.Is(err, ErrNotFound) {
			return fmt.Errorf("%w: this code was used", ErrConflict)
		}
		return err
	})
}

// DropTOTP turns a person's one-time codes off, recovery codes included.
func (db *DB) DropTOTP(ctx context.Context, person string, by By) error {
	return db.tx(ctx, "turning one-time codes off", func(ctx context.Context, tx *sql.Tx) error { return dropTOTP(ctx, tx, person, by) })
}

func dropTOTP(ctx context.Context, tx *sql.Tx, person string, by By) error {
	if err := auditPerson(ctx, tx, by, "turning one-time codes off", person, "", "", ""); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `UPDATE person SET totp = $2, totp_pending = $2 WHERE id = $1`, person, []byte{}); err != nil {
		return err
	}
	return putCodes(ctx, tx, person, nil)
}

func putCodes(ctx context.Context, tx *sql.Tx, person string, codes [][]byte) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM recovery_code WHERE person = $1`, person); err != nil {
		return err
	}
	for _, hash := range codes {
		if _, err := tx.ExecContext(ctx, `INSERT INTO recovery_code (person, hash) VALUES ($1, $2)`, person, hash); err != nil {
			return err
		}
	}
	return nil
}

// PutRecoveryCodes replaces a person's recovery codes.
func (db *DB) PutRecoveryCodes(ctx context.Context, person string, codes [][]byte, by By) error {
	return db.tx(ctx, "making recovery codes", func(ctx context.Context, tx *sql.Tx) error {
		if err := auditPerson(ctx, tx, by, "making recovery codes", person, "", "", ""); err != nil {
			return err
		}
		return putCodes(ctx, tx, person, codes)
	})
}

// UseRecoveryCode uses one up; one that is none is ErrNotFound.
func (db *DB) UseRecoveryCode(ctx context.Context, person string, hash []byte) error {
	return db.tx(ctx, "using a recovery code", func(ctx context.Context, tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `DELETE FROM recovery_code WHERE person = $1 AND hash = $2`, person, hash)
		return some(res, err, "no such recovery code")
	})
}

const passkeyColumns = `id, credential, person, name, body, created, used, cloned`

func scanPasskey(r scanner) (k Passkey, err error) {
	return k, r.Scan(&k.ID, &k.Credential, &k.Person, &k.Name, &k.Body, &k.Created, &k.Used, &k.Cloned)
}

func addPasskey(ctx context.Context, tx *sql.Tx, k Passkey, by By) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO passkey (`+passkeyColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		k.ID, k.Credential, k.Person, k.Name, k.Body, k.Created, k.Used, k.Cloned)
	if err != nil {
		return err
	}
	return auditPerson(ctx, tx, by, "adding a passkey", k.Person, "", "", k.Name)
}

// AddPasskey adds one to a person. One that is known already is a conflict.
func (db *DB) AddPasskey(ctx context.Context, k Passkey, by By) error {
	return db.tx(ctx, "adding a passkey", func(ctx context.Context, tx *sql.Tx) error { return addPasskey(ctx, tx, k, by) })
}

// Passkeys gives a person's, oldest first.
func (db *DB) Passkeys(ctx context.Context, person string) ([]Passkey, error) {
	return list(ctx, db, "reading passkeys", scanRow(scanPasskey), `SELECT `+passkeyColumns+` FROM passkey WHERE person = $1 ORDER BY created, id`, person)
}

// UsedPasskey keeps what a use changed, unless another use was kept meanwhile: then it is ErrConflict.
func (db *DB) UsedPasskey(ctx context.Context, k Passkey, earlier string) error {
	return db.tx(ctx, "noting the use of a passkey", func(ctx context.Context, tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE passkey SET body = $2, used = $3, cloned = $4 WHERE id = $1 AND body = $5`, k.ID, k.Body, k.Used, k.Cloned, earlier)
		if err := some(res, err, "changed meanwhile"); errors.Is(err, ErrNotFound) {
			return fmt.Errorf("%w: this passkey was used at the same time: try again", ErrConflict)
		}
		return err
	})
}

// RenamePasskey renames a person's passkey.
func (db *DB) RenamePasskey(ctx context.Context, person, id, name string) error {
	return db.tx(ctx, "renaming a passkey", func(ctx context.Context, tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE passkey SET name = $3 WHERE id = $2 AND person = $1`, person, id, name)
		return some(res, err, "no such passkey")
	})
}

// RemovePasskey removes a person's passkey, if it is not their last way in.
func (db *DB) RemovePasskey(ctx context.Context, person, id string, by By) error {
	return db.keepWay(ctx, "removing a passkey", person, by, func(ctx context.Context, tx *sql.Tx) error {
		var name string
		err := tx.QueryRowContext(ctx, `DELETE FROM passkey WHERE id = $2 AND person = $1 RETURNING name`, person, id).Scan(&name)
		if errors.Is(err, sql.ErrNoRows) {
			err = fmt.Errorf("%w: no such passkey", ErrNotFound)
		}
		if err != nil {
			return err
		}
		return auditPerson(ctx, tx, by, "removing a passkey", person, "", name, "")
	})
}

const identityColumns = `issuer, subject, person, email, created, used`

func scanIdentity(r scanner) (i Identity, err error) {
	return i, r.Scan(&i.Issuer, &i.Subject, &i.Person, &i.Email, &i.Created, &i.Used)
}

func addIdentity(ctx context.Context, tx *sql.Tx, i Identity, by By) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO person_identity (`+identityColumns+`) VALUES ($1, $2, $3, $4, $5, $6)`, i.Issuer, i.Subject, i.Person, i.Email, i.Created, i.Used)
	if err != nil {
		return err
	}
	return auditPerson(ctx, tx, by, "tying an account", i.Person, "", "", i.Issuer+" "+i.Email)
}

// AddIdentity ties an account to a person. One that is tied already is a conflict.
func (db *DB) AddIdentity(ctx context.Context, i Identity, by By) error {
	return db.tx(ctx, "tying an account", func(ctx context.Context, tx *sql.Tx) error { return addIdentity(ctx, tx, i, by) })
}

// Identity finds an account that is tied to somebody.
func (db *DB) Identity(ctx context.Context, issuer, subject string) (Identity, error) {
	i, err := scanIdentity(db.read.QueryRowContext(ctx, `SELECT `+identityColumns+` FROM person_identity WHERE issuer = $1 AND subject = $2`, issuer, subject))
	return i, one(err, "account at "+issuer)
}

// Identities gives a person's accounts.
func (db *DB) Identities(ctx context.Context, person string) ([]Identity, error) {
	return list(ctx, db, "reading accounts", scanRow(scanIdentity), `SELECT `+identityColumns+` FROM person_identity WHERE person = $1 ORDER BY created, issuer, subject`, person)
}

// UsedIdentity notes that somebody signed in by an account.
func (db *DB) UsedIdentity(ctx context.Context, issuer, subject string, at int64) error {
	return db.exec(ctx, "noting the use of an account", `UPDATE person_identity SET used = $3 WHERE issuer = $1 AND subject = $2`, issuer, subject, at)
}

// RemoveIdentity unties a person's account, if it is not their last way in.
func (db *DB) RemoveIdentity(ctx context.Context, person, issuer, subject string, by By) error {
	return db.keepWay(ctx, "untying an account", person, by, func(ctx context.Context, tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `DELETE FROM person_identity WHERE issuer = $2 AND subject = $3 AND person = $1`, person, issuer, subject)
		if err := some(res, err, "no such account"); err != nil {
			return err
		}
		return auditPerson(ctx, tx, by, "untying an account", person, "", issuer, "")
	})
}
