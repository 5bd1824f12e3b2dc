package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
)

// What a change of people can come to.
var (
	ErrLastOwner = errors.New("this would leave nobody who owns the installation and can sign in")
	ErrLastWay   = errors.New("this is the last way in")
)

// Everywhere is the site of a role on all sites; the role of this name is the one that must not die out.
const (
	Everywhere = "*"
	ownerRole  = "owner"
)

// Person is somebody who can sign in.
type Person struct {
	ID          string
	Name        string
	Email       string // in lower case
	Created     int64
	Disabled    int64 // since when; 0 is not
	Password    string
	TOTP        []byte // encrypted; empty: none
	TOTPPending []byte // encrypted; of an enrolment that was not confirmed yet
	TOTPStep    int64  // the last one used
}

// PersonRole is what a person is on a site, or Everywhere.
type PersonRole struct {
	Person string
	Site   string
	Role   string
}

// By says who changes something of people, and when.
type By struct {
	Author  string
	At      int64
	Issuers []string // identity providers that one can sign in with now
}

const personColumns = `id, name, email, created, disabled, password, totp, totp_pending, totp_step`

func scanPerson(r scanner) (p Person, err error) {
	return p, r.Scan(&p.ID, &p.Name, &p.Email, &p.Created, &p.Disabled, &p.Password, &p.TOTP, &p.TOTPPending, &p.TOTPStep)
}

// Person finds a person.
func (db *DB) Person(ctx context.Context, id string) (Person, error) {
	p, err := scanPerson(db.read.QueryRowContext(ctx, `SELECT `+personColumns+` FROM person WHERE id = $1`, id))
	return p, one(err, "person "+id)
}

// PersonByEmail finds a person by an address in lower case.
func (db *DB) PersonByEmail(ctx context.Context, email string) (Person, error) {
	p, err := scanPerson(db.read.QueryRowContext(ctx, `SELECT `+personColumns+` FROM person WHERE email = $1`, email))
	return p, one(err, "person "+email)
}

// Member is a person with the number of what they can sign in with, the password apart.
type Member struct {
	Person     Person
	Passkeys   int
	Identities int
	Codes      int // recovery codes left
}

// People gives people by address, from after one on.
func (db *DB) People(ctx context.Context, after string, limit int) ([]Member, error) {
	return db.members(ctx, "reading people", `WHERE p.email > $1 ORDER BY p.email LIMIT $2`, after, limit)
}

// Member finds one of them.
func (db *DB) Member(ctx context.Context, id string) (Member, error) {
	found, err := db.members(ctx, "reading a person", `WHERE p.id = $1`, id)
	if err == nil && len(found) == 0 {
		err = fmt.Errorf("%w: nobody is known as %.40q", ErrNotFound, id)
	}
	if err != nil {
		return Member{}, err
	}
	return found[0], nil
}

func (db *DB) members(ctx context.Context, what, which string, args ...any) ([]Member, error) {
	return list(ctx, db, what, func(r *sql.Rows) (m Member, err error) {
		p := &m.Person
		return m, r.Scan(&p.ID, &p.Name, &p.Email, &p.Created, &p.Disabled, &p.Password, &p.TOTP, &p.TOTPPending, &p.TOTPStep, &m.Passkeys, &m.Identities, &m.Codes)
	}, `SELECT `+personColumns+`, (SELECT COUNT(*) FROM passkey k WHERE k.person = p.id), (SELECT COUNT(*) FROM person_identity i WHERE i.person = p.id),
		(SELECT COUNT(*) FROM recovery_code c WHERE c.person = p.id) FROM person p `+which, args...)
}

func scanRole(r *sql.Rows) (p PersonRole, err error) { return p, r.Scan(&p.Person, &p.Site, &p.Role) }

// PersonRoles gives the roles of a person.
func (db *DB) PersonRoles(ctx context.Context, person string) ([]PersonRole, error) {
	return list(ctx, db, "reading roles", scanRole, `SELECT person, site, role FROM person_role WHERE person = $1 ORDER BY site`, person)
}

// Roles gives the roles of people by their addresses, of those after one up to another.
func (db *DB) Roles(ctx context.Context, after, last string) ([]PersonRole, error) {
	return list(ctx, db, "reading roles", scanRole, `SELECT r.person, r.site, r.role FROM person p JOIN person_role r ON r.person = p.id
		WHERE p.email > $1 AND p.email <= $2 ORDER BY p.email, r.site`, after, last)
}

// lockPeople makes changes that could take the last owner follow each other, whichever process makes them.
func lockPeople(ctx context.Context, tx *sql.Tx) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO people_lock (one, n) VALUES (1, 1) ON CONFLICT (one) DO UPDATE SET n = people_lock.n + 1`)
	return err
}

// owners counts those who own the installation and can sign in.
func owners(ctx context.Context, tx *sql.Tx, issuers []string) (n int, err error) {
	args := []any{Everywhere, ownerRole, ""} // a list of none is no SQL
	for _, i := range issuers {
		args = append(args, i)
	}
	err = tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM person_role r JOIN person p ON p.id = r.person
		WHERE r.site = $1 AND r.role = $2 AND p.disabled = 0 AND (p.password <> ''
			OR EXISTS (SELECT 1 FROM passkey k WHERE k.person = p.id)
			OR EXISTS (SELECT 1 FROM person_identity i WHERE i.person = p.id AND i.issuer IN (`+placeholders(3, len(issuers)+1)+`)))`, args...).Scan(&n)
	return n, err
}

// keepOwner runs a change that is not kept if it leaves the installation without an owner who can sign in. Where there was
// none before, it does not matter.
func (db *DB) keepOwner(ctx context.Context, what string, by By, f func(context.Context, *sql.Tx) error) error {
	return db.tx(ctx, what, func(ctx context.Context, tx *sql.Tx) error {
		if err := lockPeople(ctx, tx); err != nil {
			return err
		}
		before, err := owners(ctx, tx, by.Issuers)
		if err != nil {
			return err
		}
		if err := f(ctx, tx); err != nil {
			return err
		}
		after, err := owners(ctx, tx, by.Issuers)
		if err == nil && before > 0 && after == 0 {
			err = fmt.Errorf("%w: make another person an owner of all sites first", ErrLastOwner)
		}
		return err
	})
}

// auditPerson notes a change of a person.
func auditPerson(ctx context.Context, tx *sql.Tx, by By, action, person, site, earlier, later string) error {
	var email string
	err := tx.QueryRowContext(ctx, `SELECT email FROM person WHERE id = $1`, person).Scan(&email)
	if errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("%w: no such person", ErrNotFound)
	}
	if err != nil {
		return err
	}
	if site == Everywhere {
		site = ""
	}
	return audit(ctx, tx, Audited{At: by.At, Site: site, Author: by.Author, Action: action, Subject: "person " + email, Earlier: earlier, Later: later})
}

// Newcomer is a person who is to be, with a way in.
type Newcomer struct {
	Person   Person
	Roles    []PersonRole
	Passkey  *Passkey
	Identity *Identity
	Link     []byte // hash of the link they came by; nil: none
	Kind     string // of that link
}

// AddPerson makes a person and uses up the link they came by. One that is gone is ErrNotFound; so is one for the first
// owner where there is an owner already. An address that another has is a conflict.
func (db *DB) AddPerson(ctx context.Context, n Newcomer, by By) error {
	p := n.Person
	return db.tx(ctx, "adding person "+p.Email, func(ctx context.Context, tx *sql.Tx) error {
		if n.Kind == LinkSetup {
			if err := lockPeople(ctx, tx); err != nil {
				return err
			}
			if has, err := hasOwner(tx.QueryRowContext(ctx, anyOwner, Everywhere, ownerRole)); err != nil || has {
				return errors.Join(err, fmt.Errorf("%w: the installation has an owner", ErrNotFound))
			}
		}
		if n.Link != nil {
			if err := useLink(ctx, tx, n.Link, n.Kind, by.At); err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO person (`+personColumns+`) VALUES ($1, $2, $3, $4, 0, $5, $6, $7, 0)`,
			p.ID, p.Name, p.Email, p.Created, p.Password, []byte{}, []byte{})
		if err != nil {
			return err
		}
		if err := auditPerson(ctx, tx, by, "adding a person", p.ID, "", "", p.Name); err != nil {
			return err
		}
		for _, r := range n.Roles {
			if err := grant(ctx, tx, p.ID, r.Site, r.Role, by); err != nil {
				return err
			}
		}
		if n.Passkey != nil {
			if err := addPasskey(ctx, tx, *n.Passkey, by); err != nil {
				return err
			}
		}
		if n.Identity != nil {
			return addIdentity(ctx, tx, *n.Identity, by)
		}
		return nil
	})
}

const anyOwner = `SELECT COUNT(*) FROM person_role r JOIN person p ON p.id = r.person WHERE r.site = $1 AND r.role = $2 AND p.disabled = 0`

func hasOwner(r *sql.Row) (bool, error) {
	var n int
	err := r.Scan(&n)
	return n > 0, err
}

// HasOwner reports whether somebody owns the installation.
func (db *DB) HasOwner(ctx context.Context) (bool, error) {
	has, err := hasOwner(db.read.QueryRowContext(ctx, anyOwner, Everywhere, ownerRole))
	return has, one(err, "looking for an owner")
}

func grant(ctx context.Context, tx *sql.Tx, person, site, role string, by By) error {
	earlier, err := was(tx.QueryRowContext(ctx, `SELECT role FROM person_role WHERE person = $1 AND site = $2`, person, site))
	if err != nil || earlier == role {
		return err
	}
	if err := auditPerson(ctx, tx, by, "giving a role", person, site, earlier, role); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO person_role (person, site, role, one) VALUES ($1, $2, $3, NULLIF($2, '*'))
		ON CONFLICT (person, site) DO UPDATE SET role = excluded.role`, person, site, role)
	return err
}

// Grant gives a person a role on a site instead of the one they have there.
func (db *DB) Grant(ctx context.Context, person, site, role string, by By) error {
	return db.keepOwner(ctx, "giving a role", by, func(ctx context.Context, tx *sql.Tx) error { return grant(ctx, tx, person, site, role, by) })
}

// RevokeRole takes a person's role on a site.
func (db *DB) RevokeRole(ctx context.Context, person, site string, by By) error {
	return db.keepOwner(ctx, "taking a role", by, func(ctx context.Context, tx *sql.Tx) error {
		role, err := was(tx.QueryRowContext(ctx, `DELETE FROM person_role WHERE person = $1 AND site = $2 RETURNING role`, person, site))
		if err == nil && role == "" {
			err = fmt.Errorf("%w: they have no role there", ErrNotFound)
		}
		if err != nil {
			return err
		}
		return auditPerson(ctx, tx, by, "taking a role", person, site, role, "")
	})
}

// RenamePerson gives a person another name.
func (db *DB) RenamePerson(ctx context.Context, person, name string, by By) error {
	return db.tx(ctx, "renaming a person", func(ctx context.Context, tx *sql.Tx) error {
		earlier, err := was(tx.QueryRowContext(ctx, `SELECT name FROM person WHERE id = $1`, person))
		if err != nil {
			return err
		}
		if err := auditPerson(ctx, tx, by, "renaming a person", person, "", earlier, name); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE person SET name = $2 WHERE id = $1`, person, name)
		return err
	})
}

// DisablePerson keeps a person out, and ends their sessions and what they have begun.
func (db *DB) DisablePerson(ctx context.Context, person string, by By) error {
	return db.keepOwner(ctx, "disabling a person", by, func(ctx context.Context, tx *sql.Tx) error {
		if err := auditPerson(ctx, tx, by, "disabling a person", person, "", "", ""); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE person SET disabled = $2 WHERE id = $1`, person, by.At); err != nil {
			return err
		}
		return signOut(ctx, tx, person, "")
	})
}

// EnablePerson lets a disabled person in again.
func (db *DB) EnablePerson(ctx context.Context, person string, by By) error {
	return db.tx(ctx, "enabling a person", func(ctx context.Context, tx *sql.Tx) error {
		if err := auditPerson(ctx, tx, by, "enabling a person", person, "", "", ""); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `UPDATE person SET disabled = 0 WHERE id = $1`, person)
		return err
	})
}

// RemovePerson forgets a person, with what they sign in with and their tokens. What they did stays in the audit log.
func (db *DB) RemovePerson(ctx context.Context, person string, by By) error {
	return db.keepOwner(ctx, "removing a person", by, func(ctx context.Context, tx *sql.Tx) error {
		if err := auditPerson(ctx, tx, by, "removing a person", person, "", "", ""); err != nil {
			return err
		}
		for _, statement := range []string{
			`DELETE FROM ceremony WHERE person = $1`, `DELETE FROM signin WHERE person = $1`,
			`DELETE FROM entry_link WHERE inviter = $1`, `DELETE FROM entry_link WHERE email = (SELECT email FROM person WHERE id = $1)`,
			`DELETE FROM person WHERE id = $1`,
		} {
			if _, err := tx.ExecContext(ctx, statement, person); err != nil {
				return err
			}
		}
		return nil
	})
}

// signOut ends a person's sessions but one, and what they have begun.
func signOut(ctx context.Context, tx *sql.Tx, person, but string) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM session WHERE person = $1 AND id <> $2`, person, but); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `DELETE FROM ceremony WHERE person = $1`, person)
	return err
}

// SetPassword gives a person a password and ends all their sessions but one.
func (db *DB) SetPassword(ctx context.Context, person, hash, but string, by By) error {
	return db.tx(ctx, "setting a password", func(ctx context.Context, tx *sql.Tx) error {
		if err := auditPerson(ctx, tx, by, "setting a password", person, "", "", ""); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE person SET password = $2 WHERE id = $1`, person, hash); err != nil {
			return err
		}
		return signOut(ctx, tx, person, but)
	})
}

// DropPassword takes a person's password, if they have another way in.
func (db *DB) DropPassword(ctx context.Context, person string, by By) error {
	return db.keepWay(ctx, "dropping a password", person, by, func(ctx context.Context, tx *sql.Tx) error {
		if err := auditPerson(ctx, tx, by, "dropping a password", person, "", "", ""); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `UPDATE person SET password = '' WHERE id = $1`, person)
		return err
	})
}

// RehashPassword replaces the hash of a password by another of the same, unless it was changed meanwhile.
func (db *DB) RehashPassword(ctx context.Context, person, from, to string) error {
	return db.exec(ctx, "hashing a password anew", `UPDATE person SET password = $3 WHERE id = $1 AND password = $2`, person, from, to)
}

// placeholders is "$from, $from+1 …" for n arguments.
func placeholders(from, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "$%d", from+i)
	}
	return b.String()
}
