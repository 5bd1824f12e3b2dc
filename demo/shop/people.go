package shop

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"sync"
	"time"
)

// The bounds of what strangers can make the shop remember. An unprotected shop under the demo's attack gains 2,400
// accounts; at these bounds it holds some 20 MB.
const (
	maxAccounts = 50_000
	maxSessions = 10_000
	sessionLife = 12 * time.Hour
)

var (
	errTaken = errors.New("this e-mail address has an account already")
	errFull  = errors.New("the shop takes no more accounts today")
	errEmail = errors.New("please give an e-mail address")
	errShort = errors.New("please choose a password of 8 to 128 characters")
)

// people are the accounts and who is signed in. Passwords are kept as keyed hashes under a key that dies with the
// process. A real shop needs a slow hash; this one leaves the processor to what stands in front of it.
type people struct {
	now    func() time.Time
	chance io.Reader
	key    [32]byte

	mu       sync.Mutex
	accounts map[string][sha256.Size]byte
	sessions map[string]session
	oldest   []string // session names in the order they were made; some have been closed since
}

type session struct {
	email string
	until time.Time
}

func newPeople(now func() time.Time, chance io.Reader) *people {
	p := &people{
		now:      now,
		chance:   chance,
		accounts: make(map[string][sha256.Size]byte),
		sessions: make(map[string]session),
	}
	p.read(p.key[:])
	for _, seed := range Seeds() {
		p.accounts[seed.Email] = p.hash(seed.Email, seed.Password)
	}
	return p
}

// read fills b from chance. The caller hands in crypto/rand or a seeded source, neither of which runs dry.
func (p *people) read(b []byte) {
	if _, err := io.ReadFull(p.chance, b); err != nil {
		panic("shop: the source of chance ran dry: " + err.Error())
	}
}

func (p *people) hash(email, password string) [sha256.Size]byte {
	mac := hmac.New(sha256.New, p.key[:])
	mac.Write([]byte(email))
	mac.Write([]byte{0})
	mac.Write([]byte(password))
	return [sha256.Size]byte(mac.Sum(nil))
}

// parseEmail is as strict as the shop needs it: one word with an @ inside, in lower case.
func parseEmail(s string) (string, error) {
	s = strings.ToLower(strings.TrimSpace(s))
	name, host, ok := strings.Cut(s, "@")
	if !ok || name == "" || host == "" || len(s) > 160 || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' }) {
		return "", errEmail
	}
	return s, nil
}

// join creates an account.
func (p *people) join(email, password string) error {
	email, err := parseEmail(email)
	if err != nil {
		return err
	}
	if len(password) < 8 || len(password) > 128 {
		return errShort
	}
	hash := p.hash(email, password)

	p.mu.Lock()
	defer p.mu.Unlock()
	if _, taken := p.accounts[email]; taken {
		return errTaken
	}
	if len(p.accounts) >= maxAccounts {
		return errFull
	}
	p.accounts[email] = hash
	return nil
}

// recognise says whether the pair is right, and the account it belongs to.
func (p *people) recognise(email, password string) (string, bool) {
	email, err := parseEmail(email)
	if err != nil || len(password) > 128 {
		return "", false
	}
	hash := p.hash(email, password)

	p.mu.Lock()
	defer p.mu.Unlock()
	known, ok := p.accounts[email]
	return email, ok && hmac.Equal(known[:], hash[:])
}

// open begins a session and gives its name. At the bound the oldest session is closed.
func (p *people) open(email string) string {
	now := p.now()
	p.mu.Lock()
	defer p.mu.Unlock()
	var raw [16]byte
	p.read(raw[:])
	name := hex.EncodeToString(raw[:])

	for len(p.oldest) > 0 {
		first := p.oldest[0]
		held, open := p.sessions[first]
		if open && now.Before(held.until) && len(p.oldest) < maxSessions {
			break
		}
		delete(p.sessions, first)
		p.oldest = p.oldest[1:]
	}
	p.sessions[name] = session{email: email, until: now.Add(sessionLife)}
	p.oldest = append(p.oldest, name)
	return name
}

// whose gives the account that a session belongs to, or "".
func (p *people) whose(name string) string {
	now := p.now()
	p.mu.Lock()
	defer p.mu.Unlock()
	held, ok := p.sessions[name]
	if !ok || !now.Before(held.until) {
		return ""
	}
	return held.email
}

func (p *people) close(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.sessions, name)
}
