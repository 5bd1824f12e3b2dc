package people

import (
	"context"
	"errors"
	"fmt"
	"time"

	"palisade.dev/backend/access"
	"palisade.dev/store"
)

// Session is a person signed in at one browser.
type Session struct {
	ID      string `json:"id"`
	Person  string `json:"-"`
	Name    string `json:"-"`
	Email   string `json:"-"`
	Method  string `json:"method"`
	Created int64  `json:"created"`
	Proved  int64  `json:"-"` // when they last showed who they are
	Seen    int64  `json:"seen"`
	Expires int64  `json:"expires"`
	Address string `json:"address"`
	Agent   string `json:"agent"`

	hash  []byte
	roles []store.PersonRole
}

// Actor is the person as they may act now.
func (s Session) Actor() access.Actor {
	return actor(s.Person, store.Bearer{Name: s.Name, Email: s.Email, Roles: s.roles})
}

// FreshFor is how long after signing in sensitive acts are taken without asking again.
const FreshFor = 15 * time.Minute

// Fresh reports whether the person showed who they are a short while ago. New tokens, passkeys and roles ask for it.
func (s Session) Fresh(now time.Time) bool {
	age := now.UnixMilli() - s.Proved
	return age >= 0 && age < FreshFor.Milliseconds()
}

// mostSessions is how many a person has at once; signing in once more ends the one unseen for longest.
const mostSessions = 50

func (p *People) idle() int64 { return p.now().Add(-p.o.Idle).UnixMilli() }

// Session finds who a session cookie is of, with their roles as they are now: one statement. Where there is none, it is
// ErrUnauthorized.
func (p *People) Session(ctx context.Context, token string, v Visit) (Session, error) {
	hash := hashSecret(secretSession, token)
	if hash == nil {
		return Session{}, ErrUnauthorized
	}
	kept, bearer, err := p.o.DB.SessionByHash(ctx, hash, p.millis(), p.idle())
	if errors.Is(err, store.ErrNotFound) {
		return Session{}, ErrUnauthorized
	}
	if err != nil {
		return Session{}, err
	}
	s := session(kept)
	s.Name, s.Email, s.roles = bearer.Name, bearer.Email, bearer.Roles
	if now := p.millis(); now-s.Seen >= seenEvery.Milliseconds() {
		// Who is signed in is let in, whether that could be noted or not.
		if err := p.o.DB.SeenSession(ctx, s.ID, now, v.address()); err != nil {
			p.o.Log.Warn("noting the use of a session", "err", err)
		}
	}
	return s, nil
}

// seenEvery is how often the use of a session or token is written down: a write costs a flush of the disk.
const seenEvery = time.Minute

func session(s store.Session) Session {
	return Session{
		ID: s.ID, Person: s.Person, Method: s.Method, Created: s.Created, Proved: s.Proved, Seen: s.Seen, Expires: s.Expires,
		Address: s.Address, Agent: s.Agent, hash: s.Hash,
	}
}

// Sessions gives a person's, those in use last first.
func (p *People) Sessions(ctx context.Context, s Session) ([]Session, error) {
	kept, err := p.o.DB.Sessions(ctx, s.Person, p.millis(), p.idle())
	if err != nil {
		return nil, err
	}
	all := make([]Session, 0, len(kept))
	for _, k := range kept {
		all = append(all, session(k))
	}
	return all, nil
}

// SignOut ends a session.
func (p *People) SignOut(ctx context.Context, s Session) error { return p.EndSession(ctx, s, s.ID) }

// EndSession ends one of the person's sessions.
func (p *People) EndSession(ctx context.Context, s Session, id string) error {
	return p.o.DB.EndSession(ctx, s.Person, id)
}

// EndOthers ends all of the person's sessions but this one.
func (p *People) EndOthers(ctx context.Context, s Session) error {
	return p.o.DB.EndSessions(ctx, s.Person, s.ID)
}

// EndAll ends all sessions of another person. It takes an owner of the installation.
func (p *People) EndAll(ctx context.Context, person string) error {
	if err := access.Check(ctx, access.Everywhere, access.Own); err != nil {
		return err
	}
	return p.o.DB.EndSessions(ctx, person, "")
}

// renew gives a session another secret, for its cookie: what leaked of the old one is worth nothing. proved is when the
// person showed who they are.
func (p *People) renew(ctx context.Context, s Session, proved int64) (token string, renewed Session, err error) {
	token, hash := p.secret(secretSession)
	if err := p.o.DB.RenewSession(ctx, s.ID, s.hash, hash, proved); err != nil {
		if errors.Is(err, store.ErrNotFound) {
			err = ErrUnauthorized
		}
		return "", Session{}, err
	}
	s.hash, s.Proved = hash, proved
	return token, s, nil
}

// fresh refuses a sensitive act of a session that is not.
func (p *People) fresh(s Session) error {
	if !s.Fresh(p.now()) {
		return fmt.Errorf("%w: this needs a sign-in of the last %d minutes", ErrStale, int(FreshFor.Minutes()))
	}
	return nil
}
