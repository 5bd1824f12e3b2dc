package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"math/rand/v2"
	"net/url"
	"path"
	"strings"

	"palisade.dev/scan/api/answer"
	"palisade.dev/scan/api/client"
	"palisade.dev/scan/api/identity"
	"palisade.dev/scan/api/spec"
)

// Controls are answers of one operation whose meaning is known. A verdict stands on the difference to them, so each
// verdict names one that must be alike and one that must differ.
type Controls struct {
	Nobody     *client.Exchange // no credential
	Junk       *client.Exchange // a credential that is none
	Wellformed *client.Exchange // one that looks right and was never given out
	Valid      *client.Exchange // the first identity's
	Repeated   *client.Exchange // the same once more
	Missing    *client.Exchange // the first identity asks for an object that cannot be
	Volatile   answer.Volatile  // what differs between Valid and Repeated
	Absence    *Absence         // how the target says that there is nothing, in this folder
}

// Controls asks the controls of an operation, once for all probes. Without an identity only Nobody is there, and what
// changes by itself is learnt from it.
func (t *Target) Controls(ctx context.Context, op *spec.Operation) *Controls {
	return learn(t, t.controls, op, func() *Controls { return t.askControls(ctx, op) })
}

func (t *Target) askControls(ctx context.Context, op *spec.Operation) *Controls {
	c := &Controls{}
	who := t.First()
	r := t.Request(op, who)
	ask := func(title string, r client.Request) *client.Exchange {
		x := t.Client.Do(ctx, r)
		x.Title = title
		return t.Keep(x)
	}
	if who != nil {
		c.Valid = ask("control: "+who.Name, r.By(who))
		if c.Valid.Kind() == answer.Denied {
			if fresh, err := t.Refresh(ctx, who); err == nil && fresh {
				c.Valid = ask("control: "+who.Name, r.By(who))
			}
		}
		c.Repeated = ask("control: "+who.Name+", once more", r.By(who))
		c.Volatile = answer.Learn(c.Valid.Answer, c.Repeated.Answer)
		if who.Certificate() != nil && who.Secret().Empty() {
			// A certificate cannot be made up; who shows none is the junk to compare with.
			c.Junk = ask("control: no certificate", r)
			c.Wellformed = c.Junk
		} else {
			c.Junk = ask("control: a junk credential", r.Claiming(who, Junk(who)))
			c.Wellformed = ask("control: a well-formed credential that was never given out", r.Claiming(who, Wellformed(who)))
		}
		if names := op.PathParams(); len(names) > 0 {
			last := names[len(names)-1]
			gone := t.RequestWith(op, who, map[string]string{last: t.Nowhere(op, last, who)})
			c.Missing = ask("control: an object that cannot be", gone.By(who))
		}
	}
	c.Nobody = ask("control: no credential", r)
	if who == nil {
		again := ask("control: no credential, once more", r)
		c.Volatile = answer.Learn(c.Nobody.Answer, again.Answer)
	}
	if op.Safe() {
		c.Absence = t.Absence(ctx, op.Path, who)
	}
	return c
}

// Guarded says that the operation tells a valid credential from junk, which is what any verdict about credentials
// stands on.
func (c *Controls) Guarded() bool {
	return c.Valid != nil && c.Valid.OK() && (c.Junk.Kind() == answer.Denied || TurnedAway(c.Junk))
}

// TurnedAway says that the handshake failed for want of a certificate, which is how TLS says 401.
func TurnedAway(x *client.Exchange) bool {
	return x.Err != nil && strings.Contains(x.Err.Error(), "remote error: tls:")
}

// LetIn says that an exchange got what the rightful owner gets.
func (c *Controls) LetIn(x *client.Exchange) bool {
	if c.Valid == nil || !x.OK() || c.Absence.Is(x) {
		return false
	}
	if c.Junk != nil && c.Junk.Kind() == x.Kind() && answer.Same(c.Junk.Answer, x.Answer, c.Volatile) {
		return false
	}
	return answer.Same(c.Valid.Answer, x.Answer, c.Volatile)
}

// junk is drawn from the credential's own bytes: always the same for the same credential, and never another's.
func junk(who *identity.Identity, salt string) *rand.Rand {
	sum := sha256.Sum256([]byte(salt + who.Secret().Reveal()))
	return rand.New(rand.NewChaCha8(sum))
}

// Junk is a credential that nobody could mistake for one.
func Junk(who *identity.Identity) string {
	if who.Kind == identity.Basic {
		return "palisade-nobody:" + word(junk(who, "junk"), 16)
	}
	if who.Kind == identity.Cookie && who.Field == "" {
		return "palisade=junk"
	}
	return "junk-" + word(junk(who, "junk"), 20)
}

// Wellformed is a credential of the right shape: same length, same alphabet, same prefix up to the first separator, a
// token with a proper header and claims. Only whoever compares it with what was given out can tell.
func Wellformed(who *identity.Identity) string {
	chance := junk(who, "wellformed")
	value := who.Secret().Reveal()
	if who.Kind == identity.Basic {
		return who.User + ":" + word(chance, 16)
	}
	if token := who.Token(); strings.HasPrefix(token, "eyJ") && strings.Count(token, ".") == 2 {
		enc := base64.RawURLEncoding
		claims := enc.EncodeToString([]byte(`{"sub":"palisade-nobody","exp":4102444800,"iat":1735689600}`))
		sig := make([]byte, 32)
		for i := range sig {
			sig[i] = byte(chance.IntN(256))
		}
		return strings.Replace(value, token, enc.EncodeToString([]byte(`{"alg":"HS256","typ":"JWT"}`))+"."+claims+"."+enc.EncodeToString(sig), 1)
	}
	start := strings.LastIndexAny(value[:len(value)/2], "_-.:=") + 1
	b, hexes := []byte(value), isHex(value[start:])
	for i := start; i < len(b); i++ {
		switch ch := b[i]; {
		case ch >= '0' && ch <= '9':
			b[i] = '0' + byte(chance.IntN(10))
		case hexes && ch >= 'a' && ch <= 'f':
			b[i] = 'a' + byte(chance.IntN(6))
		case hexes && ch >= 'A' && ch <= 'F':
			b[i] = 'A' + byte(chance.IntN(6))
		case ch >= 'a' && ch <= 'z':
			b[i] = 'a' + byte(chance.IntN(26))
		case ch >= 'A' && ch <= 'Z':
			b[i] = 'A' + byte(chance.IntN(26))
		}
	}
	return string(b)
}

// Unknown is a credential of the right shape whose very name was never given out.
func Unknown(who *identity.Identity) string {
	if who.Kind == identity.Basic {
		return "palisade-nobody:" + word(junk(who, "unknown"), 16)
	}
	return Wellformed(who)
}

func isHex(s string) bool { _, err := hex.DecodeString(s); return err == nil }

func word(chance *rand.Rand, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = 'a' + byte(chance.IntN(26))
	}
	return string(b)
}

// Word draws a name that means nothing.
func Word(chance *rand.Rand, n int) string { return word(chance, n) }

// Absence is how a target says that there is nothing at an address. Many say it with a 200 and a page.
type Absence struct {
	samples []*client.Exchange
	names   []string
}

// Absence learns it for the folder of a path by asking for three names that cannot be there.
func (t *Target) Absence(ctx context.Context, of string, who *identity.Identity) *Absence {
	folder := path.Dir(of)
	if i := strings.IndexByte(folder, '{'); i >= 0 {
		folder = path.Dir(folder[:i] + "x")
	}
	key := folder
	if who != nil {
		key = who.Name + " " + folder
	}
	return learn(t, t.absences, key, func() *Absence {
		a := &Absence{}
		chance := rand.New(rand.NewPCG(t.Seed, uint64(len(folder))))
		for _, ending := range []string{"", ".json", ""} {
			name := "palisade-" + word(chance, 10) + ending
			u := *t.Base
			u.Path, u.RawPath, u.RawQuery = path.Join(folder, name), "", ""
			x := t.Client.Do(ctx, client.Request{Method: "GET", URL: u.String(), As: who})
			x.Title = "control: a name that cannot be there"
			a.samples, a.names = append(a.samples, t.Keep(x)), append(a.names, name)
		}
		return a
	})
}

// Is says that an exchange says no more than that there is nothing.
func (a *Absence) Is(x *client.Exchange) bool {
	if x.Kind() == answer.Missing {
		return true
	}
	if a == nil {
		return false
	}
	u, err := url.Parse(x.Request.URL)
	if err != nil {
		return false
	}
	own := without(x.Answer, path.Base(u.Path), u.Path)
	for i, s := range a.samples {
		if s.Kind() != x.Kind() || s.Media() != x.Media() || !s.OK() {
			continue
		}
		su, _ := url.Parse(s.Request.URL)
		if answer.Likeness(own, without(s.Answer, a.names[i], su.Path), answer.Volatile{}) >= 0.8 {
			return true
		}
	}
	return false
}

// Example is one of the exchanges it was learnt from, for evidence.
func (a *Absence) Example() *client.Exchange {
	if a == nil || len(a.samples) == 0 {
		return nil
	}
	return a.samples[0]
}

// without takes the asked name out of a page that repeats it.
func without(a *answer.Answer, names ...string) *answer.Answer {
	c := *a
	for _, n := range names {
		if len(n) > 3 {
			c.Body = bytes.ReplaceAll(c.Body, []byte(n), []byte("·"))
		}
	}
	return &c
}
