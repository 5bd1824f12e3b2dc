package people

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"
)

// phc is a password's hash as it is kept, in the PHC string format: $argon2id$v=19$m=19456,t=2,p=1$SALT$HASH.
type phc struct {
	memory  uint32 // KiB
	passes  uint32
	threads uint8
	salt    []byte
	hash    []byte
}

// What new hashes are made with: OWASP's Password Storage Cheat Sheet, Argon2id with 19 MiB, 2 passes and 1 thread. A hash
// made with anything else is made anew when its password is next used.
const (
	hashMemory  = 19 * 1024
	hashPasses  = 2
	hashThreads = 1
	hashLength  = 32
	saltLength  = 16
)

// hashers is how many hashes are computed at once: each takes a processor and 19 MiB for tens of milliseconds. Others wait,
// for as long as their request does.
func hashers() int { return max(2, runtime.GOMAXPROCS(0)) }

// The lengths of a password. NIST SP 800-63B asks for 8 at least, our brief for 10, and that 64 letters be taken; beyond 1000
// bytes it is a load, not a password.
const (
	shortest = 10
	longest  = 1000
)

// checkPassword refuses a password that is easily guessed. There are no rules about digits and signs: they make passwords
// worse (NIST SP 800-63B, 5.1.1.2).
func checkPassword(password, email string) error {
	local, _, _ := strings.Cut(email, "@")
	different := map[rune]bool{}
	for _, r := range password {
		different[r] = true
	}
	switch lower := strings.ToLower(password); {
	case len(password) > longest:
		return fmt.Errorf("%w: password: it has more than %d bytes", ErrInvalid, longest)
	case !utf8.ValidString(password):
		return fmt.Errorf("%w: password: it is not UTF-8", ErrInvalid)
	case utf8.RuneCountInString(password) < shortest:
		return fmt.Errorf("%w: password: it has fewer than %d letters; a sentence of your own is easy to keep", ErrInvalid, shortest)
	case lower == email || lower == local:
		return fmt.Errorf("%w: password: it is the e-mail address; a sentence of your own is easy to keep", ErrInvalid)
	case len(different) < 5:
		return fmt.Errorf("%w: password: it is few letters over and over; a sentence of your own is easy to keep", ErrInvalid)
	}
	return nil
}

// normal gives a password one spelling, whichever way a keyboard composes an ä.
func normal(password string) []byte { return norm.NFKC.Bytes([]byte(password)) }

func (h phc) of(password string) []byte {
	return argon2.IDKey(normal(password), h.salt, h.passes, h.memory, h.threads, uint32(len(h.hash)))
}

// current reports whether the hash is made as new ones are.
func (h phc) current() bool {
	return h.memory == hashMemory && h.passes == hashPasses && h.threads == hashThreads && len(h.hash) == hashLength
}

func (h phc) String() string {
	b := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, h.memory, h.passes, h.threads, b.EncodeToString(h.salt), b.EncodeToString(h.hash))
}

var errPHC = errors.New("a password's hash in the database is damaged: want $argon2id$v=19$m=…,t=…,p=…$…$…")

// parsePHC reads a hash. Its bounds keep a damaged row from taking all memory or an hour.
func parsePHC(s string) (h phc, err error) {
	f := strings.Split(s, "$")
	if len(s) > 300 || len(f) != 6 || f[0] != "" || f[1] != "argon2id" || f[2] != "v=19" {
		return phc{}, errPHC
	}
	numbers := strings.Split(f[3], ",")
	if len(numbers) != 3 {
		return phc{}, errPHC
	}
	var v [3]uint64
	for i, n := range []struct {
		name string
		most uint64
	}{{"m=", 256 * 1024}, {"t=", 16}, {"p=", 8}} {
		text, found := strings.CutPrefix(numbers[i], n.name)
		if v[i], err = strconv.ParseUint(text, 10, 32); err != nil || !found || v[i] < 1 || v[i] > n.most || strconv.FormatUint(v[i], 10) != text {
			return phc{}, errPHC
		}
	}
	h = phc{memory: uint32(v[0]), passes: uint32(v[1]), threads: uint8(v[2])}
	strict := base64.RawStdEncoding.Strict()
	var fault error
	h.salt, err = strict.DecodeString(f[4])
	h.hash, fault = strict.DecodeString(f[5])
	if err != nil || fault != nil || len(h.salt) < 8 || len(h.salt) > 64 || len(h.hash) < 16 || len(h.hash) > 64 || h.String() != s {
		return phc{}, errPHC
	}
	return h, nil
}

// hashNow hashes without waiting for a place.
func (p *People) hashNow(password string) string {
	h := phc{hashMemory, hashPasses, hashThreads, p.random(saltLength), make([]byte, hashLength)}
	h.hash = h.of(password)
	return h.String()
}

// place waits for one of the places in which hashes are computed.
func (p *People) place(ctx context.Context) (leave func(), err error) {
	select {
	case p.hashing <- struct{}{}:
		return func() { <-p.hashing }, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("waiting to look at a password: %w", ctx.Err())
	}
}

// hashPassword makes what is kept of a password.
func (p *People) hashPassword(ctx context.Context, password string) (string, error) {
	leave, err := p.place(ctx)
	if err != nil {
		return "", err
	}
	defer leave()
	return p.hashNow(password), nil
}

// knows reports whether a password is the one kept. Where none is kept it works as long, and says no.
func (p *People) knows(ctx context.Context, kept, password string) (bool, error) {
	known := kept != ""
	if !known {
		kept = p.dummy
	}
	h, err := parsePHC(kept)
	if err != nil {
		return false, err
	}
	if len(password) > longest {
		known, password = false, password[:longest]
	}
	leave, err := p.place(ctx)
	if err != nil {
		return false, err
	}
	defer leave()
	return subtle.ConstantTimeCompare(h.of(password), h.hash) == 1 && known, nil
}
