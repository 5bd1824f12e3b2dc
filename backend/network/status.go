package network

import (
	"context"
	"time"
)

// Store keeps lists over a restart.
type Store interface {
	// LoadLists gives all kept lists, also those that are no longer declared.
	LoadLists(ctx context.Context) ([]Kept, error)
	// SaveList replaces what is kept under the list's name. It is called after each try, mostly with nothing new in the
	// list itself: a store may leave its prefixes alone while the checksum is the one it has.
	SaveList(ctx context.Context, k Kept) error
}

// Kept is a list as the store holds it. A list that was never there has no prefixes, and a status all the same.
type Kept struct {
	List       List
	Confirmed  time.Time // when the source last said that this is current
	LastTry    time.Time
	NextTry    time.Time
	LastError  string // empty after a good try
	Failures   int    // in a row
	Validators map[string]Validator
}

// Status tells a person how a list is doing.
type Status struct {
	Name      string
	Kind      string
	Title     string
	Source    string
	Official  string
	Licence   string
	Own       bool
	Date      time.Time     // zero while there is no list
	Age       time.Duration // since the source last said that this is current
	Prefixes  int
	Covers    Covers
	Checksum  string
	Renewed   bool // whether anything renews the list while running
	LastTry   time.Time
	LastError string
	NextTry   time.Time
}

// Stale is after how long without word from its source a list that is renewed counts as old.
const Stale = 7 * day

// Old reports whether a list that should be renewed was not, for so long that somebody should look. One that was not tried yet,
// as in the first minutes of an installation, is no reason to.
func (s Status) Old() bool { return s.Renewed && s.Age > Stale && !s.LastTry.IsZero() }

func (k Kept) status(now time.Time, renewed bool) Status {
	l := k.List
	s := Status{
		Name: l.Name, Kind: l.Kind, Title: l.Title, Source: l.Source, Official: l.Official, Licence: l.Licence, Own: l.Own,
		Date: l.Date, Prefixes: len(l.Prefixes), Covers: Extent(l.Prefixes), Checksum: l.Checksum, Renewed: renewed,
		LastTry: k.LastTry, LastError: k.LastError, NextTry: k.NextTry,
	}
	if since := k.current(); !since.IsZero() {
		s.Age = max(0, now.Sub(since))
	}
	return s
}

// current is the moment for which the list is known to be right.
func (k Kept) current() time.Time {
	if k.Confirmed.After(k.List.Date) {
		return k.Confirmed
	}
	return k.List.Date
}
