package cli

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// dump is a PostgreSQL database as its own tools are told of it, without the password: they ask for it, or read it from
// PGPASSWORD or ~/.pgpass, so that it is neither on a screen nor in a list of processes.
type dump struct {
	address string
	schema  string // the one that is ours, where the address says so
}

// spoken are the words of an address that PostgreSQL's tools know too. The others are our driver's, which the tools
// refuse, or secrets.
var spoken = []string{"host", "hostaddr", "port", "dbname", "user", "sslmode", "sslrootcert", "sslcert", "sslkey", "passfile", "connect_timeout", "target_session_attrs", "channel_binding"}

func newDump(database string) (dump, error) {
	u, err := url.Parse(database)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return dump{}, misuse{errors.New("the database address cannot be read (it is not shown, as it may hold a password): want postgres://user:password@host/name")}
	}
	if u.User != nil {
		u.User = url.User(u.User.Username())
	}
	given, kept := u.Query(), url.Values{}
	for _, name := range spoken {
		if given.Has(name) {
			kept.Set(name, given.Get(name))
		}
	}
	// A space is a plus sign to net/url alone.
	u.RawQuery, u.Fragment, u.RawFragment = strings.ReplaceAll(kept.Encode(), "+", "%20"), "", ""
	return dump{u.String(), given.Get("search_path")}, nil
}

// save is the line that writes a backup.
func (d dump) save(file string) string {
	only := ""
	if d.schema != "" {
		only = " --schema=" + quoted(d.schema)
	}
	return "pg_dump --format=custom" + only + " --file=" + quoted(file) + " " + quoted(d.address)
}

// load is the line that puts it back, wholly or not at all.
func (d dump) load(file string) string {
	return "pg_restore --clean --if-exists --no-owner --single-transaction --dbname=" + quoted(d.address) + " " + quoted(file)
}

// quoted is a word as a shell takes it for one, whatever is in it.
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// ownTool says that a database is for PostgreSQL's own tools, with the line to type.
func ownTool(database, done, when string, line func(dump) string) error {
	d, err := newDump(database)
	if err != nil {
		return err
	}
	return misuse{fmt.Errorf("the configuration names a PostgreSQL database, which is %s with PostgreSQL's own tools, %s; the password is asked for, or read from PGPASSWORD:\n  %s", done, when, line(d))}
}
