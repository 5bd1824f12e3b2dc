// Package lever closes routes and opens them again: at once, for a time, with each guard's word that it is done.
package lever

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"palisade.dev/guard/engine"
	"palisade.dev/store"
)

// Store is what levers need remembered.
type Store interface {
	SetLever(ctx context.Context, l store.Lever) error
	EndLever(ctx context.Context, site, match, author string, at int64) error
	SiteByID(ctx context.Context, id string) (store.Site, error)
	Guards(ctx context.Context, site string) ([]store.Guard, error)
}

// Levers moves levers.
type Levers struct {
	Store Store
	Now   func() time.Time
	ID    func() string
	// Known reports whether a site has a named route, such as @login.
	Known func(ctx context.Context, site, name string) (bool, error)
	// Told, if given, hears of each lever that was moved.
	Told func(ctx context.Context, v store.Lever) error
}

// Bounds of a lever's timer. It always has one, so that a route closed at night is not found closed by customers.
const (
	shortest = 10 * time.Second
	longest  = 30 * 24 * time.Hour
)

// ErrInvalid says what is wrong with a request.
var ErrInvalid = errors.New("invalid")

// Set moves the lever of a route. The id, where given, makes a repeated request the same one.
func (l *Levers) Set(ctx context.Context, site, id, match, position string, length time.Duration, note, author string) (store.Lever, error) {
	match = strings.Join(strings.Fields(match), " ")
	if !slices.Contains(engine.Positions, position) {
		return store.Lever{}, fmt.Errorf("%w: position %q: want one of %s", ErrInvalid, position, strings.Join(engine.Positions, ", "))
	}
	if length < shortest || length > longest {
		return store.Lever{}, fmt.Errorf("%w: for %s: a lever stands for 10s to 30d and then returns by itself", ErrInvalid, length)
	}
	if name, ok := strings.CutPrefix(match, "@"); ok {
		known, err := l.Known(ctx, site, name)
		if err != nil {
			return store.Lever{}, err
		}
		if !known {
			return store.Lever{}, fmt.Errorf("%w: no route of this site is named %s", ErrInvalid, match)
		}
	} else if _, err := engine.ParsePattern(match); err != nil {
		return store.Lever{}, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	now := l.Now()
	if id == "" {
		id = l.ID()
	}
	v := store.Lever{ID: id, Site: site, Match: match, Position: position, Note: note, Author: author, Since: now.UnixMilli(), Until: now.Add(length).UnixMilli()}
	if position == engine.LeverOpen {
		err := l.Store.EndLever(ctx, site, match, author, now.UnixMilli())
		return v, l.tell(ctx, v, err)
	}
	err := l.Store.SetLever(ctx, v)
	return v, l.tell(ctx, v, err)
}

func (l *Levers) tell(ctx context.Context, v store.Lever, err error) error {
	if err != nil || l.Told == nil {
		return err
	}
	return l.Told(ctx, v)
}

// Receipt is what one guard says.
type Receipt struct {
	Guard    string `json:"guard"`
	Kind     string `json:"kind"`
	Enforces bool   `json:"enforces"`
	Revision uint64 `json:"revision"`
	Since    int64  `json:"since,omitempty"`
	LastSeen int64  `json:"last_seen"`
	Fault    string `json:"fault,omitempty"`
}

// gone is how long a guard may be silent before it is no longer waited for: a poll and a half.
const gone = 45 * time.Second

// Receipts tells which guards enforce a revision, and whether all that are there do.
func (l *Levers) Receipts(ctx context.Context, site string, revision uint64) (out []Receipt, all bool, err error) {
	guards, err := l.Store.Guards(ctx, site)
	if err != nil {
		return nil, false, err
	}
	all = true
	for _, g := range guards {
		r := Receipt{Guard: g.ID, Kind: g.Kind, Enforces: g.Revision >= revision && g.Fault == "", Revision: g.Revision, Since: g.Since, LastSeen: g.LastSeen, Fault: g.Fault}
		here := l.Now().Sub(time.UnixMilli(g.LastSeen)) < gone
		if !r.Enforces && !here {
			continue
		}
		all = all && r.Enforces
		out = append(out, r)
	}
	return out, all, nil
}
