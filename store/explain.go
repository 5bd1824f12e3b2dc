package store

import (
	"errors"
	"fmt"
	"net"
	"strings"
)

// SQLite's result codes that we have a word for. Those below 256 are kinds: the lowest byte of many.
const (
	sqlitePermission = 3
	sqliteBusy       = 5
	sqliteReadOnly   = 8
	sqliteDisk       = 10
	sqliteCorrupt    = 11
	sqliteFull       = 13
	sqliteCannotOpen = 14
	sqliteForeignKey = 787
	sqlitePrimaryKey = 1555
	sqliteUnique     = 2067
)

// explain turns what a database says into what to do. Both drivers' errors have a code, which no language setting of the
// server changes.
func explain(err error) error {
	var lite interface{ Code() int }
	var pg interface{ SQLState() string }
	var network *net.OpError
	code, state := 0, ""
	if errors.As(err, &lite) {
		code = lite.Code()
	}
	if errors.As(err, &pg) {
		state = pg.SQLState()
	}
	switch {
	case code == sqliteUnique || code == sqlitePrimaryKey || state == "23505":
		return fmt.Errorf("%w: there is one of that name already", ErrConflict)
	case code == sqliteForeignKey || state == "23503":
		return fmt.Errorf("%w: no such site", ErrNotFound)
	case code&0xff == sqliteFull || state == "53100":
		return fmt.Errorf("the disk is full: make room; nothing that was confirmed is lost: %w", err)
	case code&0xff == sqliteDisk || state == "58030": // a quota too, and a limit of the process
		return fmt.Errorf("the disk refused a write or read: see the system's log, and whether a quota or limit was reached; nothing that was confirmed is lost: %w", err)
	case code&0xff == sqliteReadOnly || code&0xff == sqliteCannotOpen || code&0xff == sqlitePermission || state == "25006":
		return fmt.Errorf("the database cannot be written: check who owns its file and folder, and that the disk is not mounted read-only: %w", err)
	case code&0xff == sqliteCorrupt || state == "XX001" || state == "XX002":
		return fmt.Errorf("the database is damaged: stop Palisade and restore a backup: %w", err)
	case code&0xff == sqliteBusy:
		return fmt.Errorf("another program holds the database: end what else has it open, such as a shell or a copying backup: %w", err)
	case state == "22021":
		return fmt.Errorf("a text holds the byte zero, or is no UTF-8, which PostgreSQL cannot keep: %w", err)
	case state == "53300":
		return fmt.Errorf("the database server has no connection left: raise its max_connections: %w", err)
	// An operator stops it, it crashed, or it is starting; or there is no way to it.
	case strings.HasPrefix(state, "08") || strings.HasPrefix(state, "57P0") || code == 0 && state == "" && errors.As(err, &network):
		return fmt.Errorf("the database server cannot be reached: is it running?: %w", err)
	}
	return err
}
