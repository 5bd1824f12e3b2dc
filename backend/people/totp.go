package people

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/json"
	"errors"
	"fmt"
	"image/png"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
	"github.com/pquerna/otp/totp"

	"palisade.dev/store"
)

// step is how long a one-time code is shown (RFC 6238). Those of the steps beside it are taken too, for clocks that differ
// and people who type slowly.
const (
	step      = 30
	neighbour = 1
)

// Enrolment is a secret that an authenticator is to be given. It counts when a first code was right.
type Enrolment struct {
	Secret string // base 32, to type
	URL    string // otpauth://…
	key    *otp.Key
}

// PNG draws the URL as a QR code of so many pixels in square.
func (e Enrolment) PNG(size int) ([]byte, error) {
	img, err := e.key.Image(size, size)
	if err != nil {
		return nil, fmt.Errorf("drawing a QR code: %w", err)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		return nil, fmt.Errorf("drawing a QR code: %w", err)
	}
	return b.Bytes(), nil
}

// BeginTOTP makes a secret for who is signed in; one that was not confirmed is void. Codes that are on stay on until a first
// code of the new secret was right.
func (p *People) BeginTOTP(ctx context.Context, s Session) (Enrolment, error) {
	if err := p.fresh(s); err != nil {
		return Enrolment{}, err
	}
	secret := p.random(20) // as RFC 4226 recommends, and what every authenticator takes
	e, err := p.enrolment(s, secret)
	if err != nil {
		return Enrolment{}, err
	}
	return e, p.o.DB.PutPendingTOTP(ctx, s.Person, p.seal(s.Person, secret))
}

func (p *People) enrolment(s Session, secret []byte) (Enrolment, error) {
	key, err := totp.Generate(totp.GenerateOpts{Issuer: p.o.Name, AccountName: s.Email, Secret: secret})
	if err != nil {
		return Enrolment{}, fmt.Errorf("making a one-time secret: %w", err)
	}
	return Enrolment{Secret: key.Secret(), URL: key.URL(), key: key}, nil
}

// PendingTOTP gives the secret that BeginTOTP made once more, for who mistyped the first code.
func (p *People) PendingTOTP(ctx context.Context, s Session) (Enrolment, error) {
	if err := p.fresh(s); err != nil {
		return Enrolment{}, err
	}
	x, err := p.o.DB.Person(ctx, s.Person)
	if err != nil {
		return Enrolment{}, err
	}
	if len(x.TOTPPending) == 0 {
		return Enrolment{}, gone("turning one-time codes on")
	}
	secret, err := p.open(x.ID, x.TOTPPending)
	if err != nil {
		return Enrolment{}, err
	}
	return p.enrolment(s, secret)
}

// ConfirmTOTP turns one-time codes on with a first code, and gives recovery codes, which are shown this once. All the
// person's other sessions end; the token is the cookie's new value.
func (p *People) ConfirmTOTP(ctx context.Context, s Session, code string, v Visit) (codes []string, token string, renewed Session, err error) {
	if err := p.fresh(s); err != nil {
		return nil, "", Session{}, err
	}
	x, err := p.o.DB.Person(ctx, s.Person)
	if err != nil {
		return nil, "", Session{}, err
	}
	if len(x.TOTPPending) == 0 {
		return nil, "", Session{}, gone("turning one-time codes on")
	}
	device := p.deviceOf(x.ID, v)
	if err := p.admit(trySecond, x.ID, device, v); err != nil {
		return nil, "", Session{}, err
	}
	at, err := p.stepOf(x.ID, x.TOTPPending, 0, code)
	if err != nil {
		return nil, "", Session{}, err
	}
	p.succeeded(trySecond, x.ID, device)
	codes, hashes := p.recoveryCodes(x.ID)
	if err := p.o.DB.ConfirmTOTP(ctx, x.ID, x.TOTPPending, at, hashes, s.ID, p.by(s.Email)); err != nil {
		return nil, "", Session{}, err
	}
	token, renewed, err = p.renew(ctx, s, s.Proved)
	return codes, token, renewed, err
}

// DropTOTP turns the one-time codes of who is signed in off.
func (p *People) DropTOTP(ctx context.Context, s Session) error {
	if err := p.fresh(s); err != nil {
		return err
	}
	return p.o.DB.DropTOTP(ctx, s.Person, p.by(s.Email))
}

// stepOf gives the step that a code is of, among those that count now and are later than the last one used.
func (p *People) stepOf(person string, sealed []byte, last int64, code string) (int64, error) {
	secret, err := p.open(person, sealed)
	if err != nil {
		return 0, err
	}
	text := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret)
	code = strings.ReplaceAll(strings.TrimSpace(code), " ", "")
	now, found := p.now().Unix()/step, int64(-1)
	for at := now - neighbour; at <= now+neighbour; at++ {
		want, err := hotp.GenerateCodeCustom(text, uint64(max(at, 0)), hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
		if err != nil {
			return 0, fmt.Errorf("computing a one-time code: %w", err)
		}
		if subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 && at > last {
			found = at
		}
	}
	if found < 0 {
		return 0, fmt.Errorf("%w: take the one that is shown now, and check that the clocks agree: here it is %s", ErrCode, p.now().UTC().Format(time.TimeOnly))
	}
	return found, nil
}

// useTOTP takes a code once: the same one again, or one from before, is as good as a wrong one.
func (p *People) useTOTP(ctx context.Context, x store.Person, code string) error {
	if len(x.TOTP) == 0 {
		return ErrCode
	}
	at, err := p.stepOf(x.ID, x.TOTP, x.TOTPStep, code)
	if err != nil {
		return err
	}
	if err := p.o.DB.UseTOTPStep(ctx, x.ID, at); errors.Is(err, store.ErrConflict) {
		return fmt.Errorf("%w: it was used; wait for the next", ErrCode)
	} else if err != nil {
		return err
	}
	return nil
}

// A recovery code is three times four letters, 60 bits: k7fd-92xm-pq4t. Its letters cannot be taken for one another.
const (
	recoveryLetters = "0123456789abcdefghjkmnpqrstvwxyz"
	recoveryLength  = 12
	recoveryCount   = 10
)

// recoveryCodes makes a set, and the hashes that are kept. They are keyed: of 60 bits a stolen database would give a plain
// hash away in the end.
func (p *People) recoveryCodes(person string) (codes []string, hashes [][]byte) {
	for range recoveryCount {
		b := p.random(recoveryLength)
		for i := range b {
			b[i] = recoveryLetters[b[i]%32]
		}
		s := string(b)
		codes = append(codes, s[:4]+"-"+s[4:8]+"-"+s[8:])
		hashes = append(hashes, p.hashRecovery(person, s))
	}
	return codes, hashes
}

func (p *People) hashRecovery(person, code string) []byte {
	h := hmac.New(sha256.New, p.codeKey)
	h.Write([]byte(person + " " + code))
	return h.Sum(nil)
}

// plainRecovery is a recovery code without what people put between and with the letters they mean.
var plainRecovery = strings.NewReplacer("-", "", " ", "", "o", "0", "i", "1", "l", "1")

func looksRecovery(code string) bool {
	return len(code) <= 40 && len(plainRecovery.Replace(strings.ToLower(code))) == recoveryLength
}

func (p *People) useRecovery(ctx context.Context, person, code string) error {
	err := p.o.DB.UseRecoveryCode(ctx, person, p.hashRecovery(person, plainRecovery.Replace(strings.ToLower(code))))
	if errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("%w: it is no recovery code, or was used", ErrCode)
	}
	return err
}

// NewRecoveryCodes replaces the recovery codes of who is signed in; they are shown this once.
func (p *People) NewRecoveryCodes(ctx context.Context, s Session) ([]string, error) {
	if err := p.fresh(s); err != nil {
		return nil, err
	}
	x, err := p.o.DB.Person(ctx, s.Person)
	if err != nil {
		return nil, err
	}
	if len(x.TOTP) == 0 {
		return nil, fmt.Errorf("%w: recovery codes stand in for one-time codes: turn those on first", ErrInvalid)
	}
	codes, hashes := p.recoveryCodes(s.Person)
	return codes, p.o.DB.PutRecoveryCodes(ctx, s.Person, hashes, p.by(s.Email))
}

func decode(c store.Ceremony, to any) error {
	if err := json.Unmarshal([]byte(c.Body), to); err != nil {
		return fmt.Errorf("reading what was begun with %s: %w", c.Kind, err)
	}
	return nil
}
