// Package entry lets the operator into the console: with a link that works once and not for long, or with the operator's
// token. What comes of either is a session, which can be seen and ended, and outlives a restart.
package entry

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"palisade.dev/store"
)

// Settings keeps small things by name; the database does.
type Settings interface {
	Setting(ctx context.Context, name string) ([]byte, error)
	PutSetting(ctx context.Context, name string, value []byte) error
}

// SessionLife is how long the operator stays signed in.
const SessionLife = 7 * 24 * time.Hour

const (
	linkLife    = 15 * time.Minute
	maxLinks    = 32 // at a time: the oldest goes
	maxSessions = 64
	setting     = "console-sessions"
	maxAgent    = 300 // bytes kept of a browser's name
)

// Session is one browser that is signed in.
type Session struct {
	ID      string `json:"id"` // first 16 hex of the hash of what its cookie holds
	Hash    string `json:"hash"`
	Created int64  `json:"created"` // unix milliseconds
	Until   int64  `json:"until"`
	Address string `json:"address"`
	Agent   string `json:"agent"`
}

// Entry is the door.
type Entry struct {
	settings Settings
	now      func() time.Time
	rand     io.Reader

	mu       sync.Mutex
	links    map[string]time.Time // hash of a code: until when
	sessions []Session
}

// Open reads which sessions there are.
func Open(ctx context.Context, s Settings, now func() time.Time, rand io.Reader) (*Entry, error) {
	e := &Entry{settings: s, now: now, rand: rand, links: map[string]time.Time{}}
	text, err := s.Setting(ctx, setting)
	if errors.Is(err, store.ErrNotFound) {
		return e, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading who is signed in: %w", err)
	}
	if err := json.Unmarshal(text, &e.sessions); err != nil {
		return nil, fmt.Errorf("reading who is signed in: %w", err)
	}
	return e, nil
}

func (e *Entry) secret() (string, error) {
	var b [32]byte
	if _, err := io.ReadFull(e.rand, b[:]); err != nil {
		return "", fmt.Errorf("making a secret: %w", err)
	}
	return hex.EncodeToString(b[:]), nil
}

func hash(secret string) string {
	h := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(h[:])
}

// Link makes a code that signs in whoever shows it first, within a quarter of an hour.
func (e *Entry) Link() (string, error) {
	code, err := e.secret()
	if err != nil {
		return "", err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	now := e.now()
	oldest, at := "", now.Add(2*linkLife)
	for h, until := range e.links {
		if !until.After(now) {
			delete(e.links, h)
		} else if until.Before(at) {
			oldest, at = h, until
		}
	}
	if len(e.links) >= maxLinks {
		delete(e.links, oldest)
	}
	e.links[hash(code)] = now.Add(linkLife)
	return code, nil
}

// ErrCode says that a code is none, was used, or is too old: which of them is not told.
var ErrCode = errors.New("this link was used already or is older than 15 minutes; make a new one with: palisade console")

// Redeem takes a code and begins a session. It gives what the browser's cookie has to hold.
func (e *Entry) Redeem(ctx context.Context, code, address, agent string) (string, error) {
	h := hash(code)
	e.mu.Lock()
	until, ok := e.links[h]
	delete(e.links, h)
	e.mu.Unlock()
	if !ok || !until.After(e.now()) {
		return "", ErrCode
	}
	return e.Begin(ctx, address, agent)
}

// Begin begins a session for somebody who proved to be the operator.
func (e *Entry) Begin(ctx context.Context, address, agent string) (string, error) {
	secret, err := e.secret()
	if err != nil {
		return "", err
	}
	now := e.now()
	h := hash(secret)
	s := Session{
		ID: h[:16], Hash: h, Created: now.UnixMilli(), Until: now.Add(SessionLife).UnixMilli(),
		Address: address, Agent: strings.ToValidUTF8(agent[:min(len(agent), maxAgent)], ""),
	}
	return secret, e.change(ctx, func(all []Session) []Session {
		if len(all) >= maxSessions {
			all = all[len(all)-maxSessions+1:] // oldest first
		}
		return append(all, s)
	})
}

// change keeps what f makes of the sessions that are not over.
func (e *Entry) change(ctx context.Context, f func([]Session) []Session) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := e.now().UnixMilli()
	next := slices.DeleteFunc(slices.Clone(e.sessions), func(s Session) bool { return s.Until <= now })
	next = f(next)
	text, err := json.Marshal(next)
	if err != nil {
		return err
	}
	if err := e.settings.PutSetting(ctx, setting, text); err != nil {
		return fmt.Errorf("keeping who is signed in: %w", err)
	}
	e.sessions = next
	return nil
}

// Find gives the session that a cookie's value is of. The hash is what is compared, so that time tells nothing of the
// value.
func (e *Entry) Find(secret string) (Session, bool) {
	if len(secret) != 64 {
		return Session{}, false
	}
	h := hash(secret)
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, s := range e.sessions {
		if s.Hash == h && s.Until > e.now().UnixMilli() {
			return s, true
		}
	}
	return Session{}, false
}

// Sessions lists who is signed in, newest first.
func (e *Entry) Sessions() []Session {
	e.mu.Lock()
	defer e.mu.Unlock()
	var out []Session
	for _, s := range e.sessions {
		if s.Until > e.now().UnixMilli() {
			out = append(out, s)
		}
	}
	slices.SortStableFunc(out, func(a, b Session) int { return cmp.Compare(b.Created, a.Created) })
	return out
}

// End ends a session at once.
func (e *Entry) End(ctx context.Context, id string) error {
	return e.change(ctx, func(all []Session) []Session {
		return slices.DeleteFunc(all, func(s Session) bool { return s.ID == id })
	})
}
