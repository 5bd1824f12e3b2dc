package people

import (
	"context"
	"errors"
	"fmt"
	"time"

	"palisade.dev/store"
)

// Entered is what a sign-in came to: a session, or the wait for a second factor. The console keeps what is for the browser
// in cookies: Token and Pending for the session's time, Device for 180 days.
type Entered struct {
	Token   string // the session cookie's value; "" while a second factor is due, or where the session goes on as it was
	Session Session
	Device  string // the device cookie's value
	Pending string // the second factor is due: what Second must be given within five minutes
}

// Methods by which somebody signs in.
const (
	ByPassword = "password"
	ByCodes    = "password and code"
	ByRecovery = "password and recovery code"
	ByPasskey  = "passkey"
	BySSO      = "single sign-on"
	ByLink     = "link"
)

// What comes of a try to sign in.
const (
	outcomeOK       = "ok"
	outcomeWrong    = "wrong"
	outcomeLimited  = "limited"
	outcomeCodeDue  = "code due"
	outcomeDisabled = "disabled"
	outcomeCloned   = "ok, but the passkey's counter ran backwards: there may be a copy"
)

// Kinds of ceremonies.
const (
	ceremonySecond   = "second factor"
	ceremonyRegister = "new passkey"
	ceremonyJoin     = "first passkey"
	ceremonyPasskey  = "passkey"
	ceremonyProve    = "passkey of a session"
	ceremonySSO      = "single sign-on"
)

// unfinished is how long what was begun can be finished.
const unfinished = 5 * time.Minute

// begin keeps a ceremony and gives what finishes it.
func (p *People) begin(ctx context.Context, kind, person string, body any) (string, error) {
	text, hash := p.secret(secretCeremony)
	return text, p.o.DB.PutCeremony(ctx, store.Ceremony{
		Hash: hash, Kind: kind, Person: person, Body: encode(body), Expires: p.now().Add(unfinished).UnixMilli(),
	}, mostCeremonies)
}

// take finishes a ceremony; whatever comes of it, it cannot be finished again.
func (p *People) take(ctx context.Context, kind, text string) (store.Ceremony, error) {
	hash := hashSecret(secretCeremony, text)
	if hash == nil {
		return store.Ceremony{}, gone(kind)
	}
	c, err := p.o.DB.TakeCeremony(ctx, hash, kind, p.millis())
	if errors.Is(err, store.ErrNotFound) {
		err = gone(kind)
	}
	return c, err
}

func gone(what string) error { return fmt.Errorf("%s: %w: begin again", what, ErrGone) }

// SignIn looks at an e-mail address and a password. Whether the address is nobody's, the person disabled or the password
// wrong, the answer is ErrRefused after the same work. Where one-time codes are on, it gives what Second goes on with.
func (p *People) SignIn(ctx context.Context, email, password string, v Visit) (Entered, error) {
	var x store.Person
	address, err := ParseEmail(email)
	if err == nil {
		if x, err = p.o.DB.PersonByEmail(ctx, address); err != nil && !errors.Is(err, store.ErrNotFound) {
			return Entered{}, err
		}
	} else {
		address = "?"
	}
	device := p.deviceOf(x.ID, v)
	if err := p.admit(tryPassword, address, device, v); err != nil {
		return Entered{}, p.limited(ctx, x.ID, ByPassword, v, err)
	}
	right, err := p.knows(ctx, x.Password, password)
	if err != nil {
		return Entered{}, err
	}
	if !right || x.Disabled != 0 {
		outcome := outcomeWrong
		if right {
			outcome = outcomeDisabled
		}
		p.note(ctx, x.ID, ByPassword, outcome, v)
		return Entered{}, ErrRefused
	}
	p.succeeded(tryPassword, address, device)
	if len(x.TOTP) > 0 {
		pending, err := p.begin(ctx, ceremonySecond, x.ID, pendingSignin{x.Password})
		if err != nil {
			return Entered{}, err
		}
		p.note(ctx, x.ID, ByPassword, outcomeCodeDue, v)
		return Entered{Pending: pending}, nil
	}
	e, err := p.enter(ctx, x, ByPassword, outcomeOK, v, store.Entrance{Password: x.Password})
	if err == nil {
		p.rehash(ctx, x, password)
	}
	return e, err
}

// pendingSignin is a sign-in that lacks its second factor.
type pendingSignin struct {
	Password string `json:"password"` // the hash: where the password was changed meanwhile, it counts no more
}

// triesOfOne is how often a code can be given after one password.
const triesOfOne = 5

// Second finishes a sign-in with a one-time code, or a recovery code.
func (p *People) Second(ctx context.Context, pending, code string, v Visit) (Entered, error) {
	hash := hashSecret(secretCeremony, pending)
	if hash == nil {
		return Entered{}, gone("signing in")
	}
	c, err := p.o.DB.TryCeremony(ctx, hash, ceremonySecond, p.millis(), triesOfOne)
	if errors.Is(err, store.ErrNotFound) {
		err = gone("signing in")
	}
	if err != nil {
		return Entered{}, err
	}
	var begun pendingSignin
	if err := decode(c, &begun); err != nil {
		return Entered{}, err
	}
	x, err := p.o.DB.Person(ctx, c.Person)
	if err != nil {
		return Entered{}, err
	}
	method, err := p.second(ctx, x, code, v)
	if err != nil {
		return Entered{}, err
	}
	return p.enter(ctx, x, method, outcomeOK, v, store.Entrance{Password: begun.Password, Ceremony: hash})
}

// second looks at a one-time or recovery code and says which it was.
func (p *People) second(ctx context.Context, x store.Person, code string, v Visit) (method string, err error) {
	device := p.deviceOf(x.ID, v)
	if err := p.admit(trySecond, x.ID, device, v); err != nil {
		return "", p.limited(ctx, x.ID, ByCodes, v, err)
	}
	method = ByCodes
	if looksRecovery(code) {
		method = ByRecovery
		err = p.useRecovery(ctx, x.ID, code)
	} else {
		err = p.useTOTP(ctx, x, code)
	}
	if errors.Is(err, ErrCode) {
		p.note(ctx, x.ID, method, outcomeWrong, v)
		return "", err
	}
	if err == nil {
		p.succeeded(trySecond, x.ID, device)
	}
	return method, err
}

// enter begins a session and ends the one that the browser had, so that nobody can have chosen or seen its secret before.
func (p *People) enter(ctx context.Context, x store.Person, method, outcome string, v Visit, e store.Entrance) (Entered, error) {
	text, hash := p.secret(secretSession)
	now := p.now()
	e.Session = store.Session{
		ID: p.id(), Hash: hash, Person: x.ID, Method: method, Created: now.UnixMilli(), Proved: now.UnixMilli(), Seen: now.UnixMilli(),
		Expires: now.Add(p.o.Longest).UnixMilli(), Address: v.address(), Agent: v.agent(),
	}
	e.Earlier, e.Most = hashSecret(secretSession, v.Session), mostSessions
	err := p.o.DB.Enter(ctx, e)
	if errors.Is(err, store.ErrNotFound) { // disabled, or the password was changed, since it was looked at
		p.note(ctx, x.ID, method, outcomeDisabled, v)
		return Entered{}, ErrRefused
	}
	if err != nil {
		return Entered{}, err
	}
	roles, err := p.o.DB.PersonRoles(ctx, x.ID)
	if err != nil {
		return Entered{}, err
	}
	s := session(e.Session)
	s.Name, s.Email, s.roles = x.Name, x.Email, roles
	p.note(ctx, x.ID, method, outcome, v)
	return Entered{Token: text, Session: s, Device: p.device(x.ID)}, nil
}

// rehash keeps a password as new ones are. It is not the person's concern whether that succeeds.
func (p *People) rehash(ctx context.Context, x store.Person, password string) {
	if h, err := parsePHC(x.Password); err != nil || h.current() {
		return
	}
	hash, err := p.hashPassword(ctx, password)
	if err == nil {
		err = p.o.DB.RehashPassword(ctx, x.ID, x.Password, hash)
	}
	if err != nil {
		p.o.Log.Warn("hashing a password anew", "err", err)
	}
}

// note writes a try to sign in down; one that could not be noted changes nothing of what came of it. What was typed for an
// address is not kept: people type their password there.
func (p *People) note(ctx context.Context, person, method, outcome string, v Visit) {
	err := p.o.DB.NoteSignin(ctx, store.Signin{ID: p.id(), At: p.millis(), Person: person, Method: method, Outcome: outcome, Address: v.address(), Agent: v.agent()})
	if err != nil {
		p.o.Log.Warn("noting a sign-in", "err", err)
	}
}

// limited notes a try that was one too many, once a minute for each network: an attack must not write at its pace. It does so
// for anybody's address and nobody's alike.
func (p *People) limited(ctx context.Context, person, method string, v Visit, refused error) error {
	h := p.limits.key.String(network(v.Address), noteSalt)
	if p.limits.table.Take(h, &oncePerMinute, p.now().UnixNano(), 1).OK {
		p.note(ctx, person, method, outcomeLimited, v)
	}
	return refused
}

// Signins gives the tries to sign in of a person, or of everybody with "", newest first; before is the id of the last one
// seen. Who may see them is the caller's to check.
func (p *People) Signins(ctx context.Context, person, before string, limit int) ([]store.Signin, error) {
	return p.o.DB.Signins(ctx, person, before, limit)
}

// Proof is how somebody who is signed in shows again that it is them: with the password and, where they are on, a code.
type Proof struct{ Password, Code string }

// Reauthenticate makes a session fresh again and gives its cookie's new value. With a passkey it is ProvePasskey, and through
// an identity provider BeginSSO with Prove.
func (p *People) Reauthenticate(ctx context.Context, s Session, proof Proof, v Visit) (token string, renewed Session, err error) {
	x, err := p.prove(ctx, s, proof.Password, v)
	if err != nil {
		return "", Session{}, err
	}
	if len(x.TOTP) > 0 {
		if _, err := p.second(ctx, x, proof.Code, v); err != nil {
			return "", Session{}, err
		}
	}
	return p.renew(ctx, s, p.millis())
}

// prove looks at the password of who is signed in.
func (p *People) prove(ctx context.Context, s Session, password string, v Visit) (store.Person, error) {
	x, err := p.o.DB.Person(ctx, s.Person)
	if err != nil {
		return x, err
	}
	device := p.deviceOf(x.ID, v)
	if err := p.admit(tryPassword, x.Email, device, v); err != nil {
		return x, p.limited(ctx, x.ID, ByPassword, v, err)
	}
	right, err := p.knows(ctx, x.Password, password)
	if err != nil {
		return x, err
	}
	if !right || x.Disabled != 0 {
		p.note(ctx, x.ID, ByPassword, outcomeWrong, v)
		return x, ErrRefused
	}
	p.succeeded(tryPassword, x.Email, device)
	return x, nil
}

// ChangePassword gives who is signed in another password, or a first one, and ends all their other sessions. It takes the
// old one; where there is none, a fresh session. It gives the cookie's new value.
func (p *People) ChangePassword(ctx context.Context, s Session, old, to string, v Visit) (token string, renewed Session, err error) {
	x, err := p.o.DB.Person(ctx, s.Person)
	if err != nil {
		return "", Session{}, err
	}
	if err := checkPassword(to, x.Email); err != nil {
		return "", Session{}, err
	}
	proved := s.Proved
	if x.Password == "" {
		err = p.fresh(s)
	} else {
		_, err = p.prove(ctx, s, old, v)
	}
	if err != nil {
		return "", Session{}, err
	}
	hash, err := p.hashPassword(ctx, to)
	if err != nil {
		return "", Session{}, err
	}
	if err := p.o.DB.SetPassword(ctx, s.Person, hash, s.ID, p.by(s.Email)); err != nil {
		return "", Session{}, err
	}
	return p.renew(ctx, s, proved)
}

// DropPassword takes the password of who has another way in.
func (p *People) DropPassword(ctx context.Context, s Session) error {
	if err := p.fresh(s); err != nil {
		return err
	}
	return p.o.DB.DropPassword(ctx, s.Person, p.by(s.Email))
}
