// Package appeal lets somebody who was kept out say that it was a mistake. A person at work on the site makes a link for a
// ban and passes it on; whoever opens it may write once, and is told nothing about the site; the answer is theirs to read
// under the same link.
package appeal

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/mail"
	"net/netip"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"palisade.dev/guard/engine"
	"palisade.dev/guard/limit"
	"palisade.dev/store"
)

// Appeals offers, hears and answers.
type Appeals struct {
	o      Options
	table  *limit.Table
	key    limit.Key
	wrong  limit.Limit
	writes limit.Limit
}

// Options of Appeals.
type Options struct {
	DB   *store.DB
	Bans Bans
	Now  func() time.Time
	ID   func() string
	Rand io.Reader
	// Told, if given, hears of each appeal that was sent.
	Told func(ctx context.Context, a store.Appeal) error
}

// Bans is what an answer can do to a ban. Lift of one that no longer stands is store.ErrNotFound.
type Bans interface {
	Lift(ctx context.Context, site, subject, author string) error
	Allow(ctx context.Context, site, subject string, length time.Duration, note, author string) (store.Allowance, error)
}

// What a caller can decide on.
var (
	ErrInvalid = errors.New("invalid")
	ErrLimited = errors.New("too many tries from this address: wait a quarter of an hour")
)

// Fault is what is wrong with one field of an appeal.
type Fault struct{ Field, Text string }

func (f *Fault) Error() string { return f.Text }

// Is makes a Fault an ErrInvalid.
func (f *Fault) Is(target error) bool { return target == ErrInvalid }

// Bounds.
const (
	Lasts      = 7 * 24 * time.Hour  // a link
	Kept       = 90 * 24 * time.Hour // an appeal: as long as the ban it is about
	MostSaid   = 1000                // characters
	mostMail   = 254                 // bytes, as RFC 5321 has it
	mostReason = 300
	allowance  = 30 * 24 * time.Hour
)

// A code has 192 bits: nobody finds one by trying. The limits are against load, for one address or one line of IPv6 each, so
// that a flood from many keeps nobody else out: looking a wrong code up costs a search in an index.
var (
	wrongCodes = limit.Rate{Count: 20, Per: 15 * time.Minute}
	writing    = limit.Rate{Count: 10, Per: 15 * time.Minute}
)

// addresses is how many are remembered at once.
const addresses = 1 << 12

// New makes the room.
func New(o Options) (*Appeals, error) {
	var seed [16]byte
	if _, err := io.ReadFull(o.Rand, seed[:]); err != nil {
		return nil, fmt.Errorf("seeding the limits of appeals: %w", err)
	}
	return &Appeals{o: o, table: limit.NewTable(addresses), key: limit.NewKey(seed), wrong: wrongCodes.Limit(), writes: writing.Limit()}, nil
}

// Offer makes a link about the standing ban of a subject and gives its code, which is kept only as a hash. An unused link
// about the same ban stops working.
func (a *Appeals) Offer(ctx context.Context, site, subject, author string) (code string, kept store.Appeal, err error) {
	s, err := engine.ParseSubject(subject)
	if err != nil {
		return "", kept, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	now := a.o.Now()
	b, err := a.o.DB.StandingBan(ctx, site, s.String(), now.UnixMilli())
	if err != nil {
		return "", kept, err
	}
	var raw [codeBytes]byte
	if _, err := io.ReadFull(a.o.Rand, raw[:]); err != nil {
		return "", kept, fmt.Errorf("making an appeal link: %w", err)
	}
	kept = store.Appeal{
		ID: a.o.ID(), Site: site, Ban: b.ID, Subject: b.Subject, Code: hash(raw), Author: author,
		Created: now.UnixMilli(), Until: now.Add(Lasts).UnixMilli(),
	}
	return formatCode(raw), kept, a.o.DB.OfferAppeal(ctx, kept)
}

// State is what the holder of a link may know.
type State struct {
	Open   bool // they may write
	Sent   int64
	Answer string // "" while nobody has answered
	Reason string
}

// Find tells the holder of a link how it stands. A code of no link, or of one that ran out unused, is store.ErrNotFound.
func (a *Appeals) Find(ctx context.Context, code string, from netip.Addr) (State, error) {
	h := a.key.String(network(from), 0)
	if now := a.o.Now().UnixNano(); !a.table.Peek(h, &a.wrong, now).OK {
		return State{}, ErrLimited
	}
	x, err := a.find(ctx, code)
	if errors.Is(err, store.ErrNotFound) {
		a.table.Take(h, &a.wrong, a.o.Now().UnixNano(), 1)
	}
	return State{x.Sent == 0, x.Sent, x.Answer, x.Reason}, err
}

func (a *Appeals) find(ctx context.Context, code string) (store.Appeal, error) {
	raw, err := parseCode(code)
	if err != nil {
		return store.Appeal{}, fmt.Errorf("%w: %w", store.ErrNotFound, err)
	}
	x, err := a.o.DB.AppealByCode(ctx, hash(raw))
	if err == nil && x.Sent == 0 && x.Until <= a.o.Now().UnixMilli() {
		return store.Appeal{}, fmt.Errorf("%w: the link worked for seven days", store.ErrNotFound)
	}
	return x, err
}

// Send keeps what the holder of a link says, once.
func (a *Appeals) Send(ctx context.Context, code, said, contact string, from netip.Addr) error {
	if _, err := a.Find(ctx, code, from); err != nil {
		return err
	}
	said, err := Said(said)
	if err != nil {
		return err
	}
	if contact, err = Contact(contact); err != nil {
		return err
	}
	now := a.o.Now()
	if !a.table.Take(a.key.String(network(from), 1), &a.writes, now.UnixNano(), 1).OK {
		return ErrLimited
	}
	raw, err := parseCode(code)
	if err != nil {
		return err
	}
	x, err := a.o.DB.SendAppeal(ctx, hash(raw), said, contact, now.UnixMilli())
	if err == nil && a.o.Told != nil {
		err = a.o.Told(ctx, x)
	}
	return err
}

// The answers.
const (
	Lifted   = "lifted"
	Allowed  = "allowed" // lifted, and on the allow list for 30 days
	Declined = "declined"
)

// Answers are all of them.
var Answers = []string{Lifted, Allowed, Declined}

// Answer does what an answer says and keeps it. The ban is lifted first: should keeping the answer fail, it can be given
// again.
func (a *Appeals) Answer(ctx context.Context, site, id, answer, reason, author string) (store.Appeal, error) {
	if !slices.Contains(Answers, answer) {
		return store.Appeal{}, fmt.Errorf("%w: answer %.40q: want one of %s", ErrInvalid, answer, strings.Join(Answers, ", "))
	}
	if utf8.RuneCountInString(reason) > mostReason {
		return store.Appeal{}, fmt.Errorf("%w: the reason has more than %d characters", ErrInvalid, mostReason)
	}
	x, err := a.o.DB.Appeal(ctx, site, id)
	if err != nil {
		return x, err
	}
	if x.Answered != 0 {
		return x, fmt.Errorf("%w: %s answered it already: %s", store.ErrConflict, x.Answerer, x.Answer)
	}
	if answer == Allowed {
		if _, err := a.o.Bans.Allow(ctx, site, x.Subject, allowance, "after an appeal", author); err != nil {
			return x, err
		}
	}
	if answer != Declined {
		if err := a.o.Bans.Lift(ctx, site, x.Subject, author); err != nil && !errors.Is(err, store.ErrNotFound) {
			return x, err
		}
	}
	if err := a.o.DB.AnswerAppeal(ctx, site, id, answer, strings.TrimSpace(reason), author, a.o.Now().UnixMilli()); err != nil {
		return x, err
	}
	return a.o.DB.Appeal(ctx, site, id)
}

// Said reads what somebody wrote: lines of text, at most MostSaid characters. Controls other than line ends and tabs, and
// what is no UTF-8, are taken out, as no keyboard makes them.
func Said(text string) (string, error) {
	if len(text) > MostSaid*utf8.UTFMax*2 { // line ends of browsers are two bytes
		return "", &Fault{"said", fmt.Sprintf("That is longer than %d characters. Say it shorter: what were you doing?", MostSaid)}
	}
	text = strings.ReplaceAll(strings.ToValidUTF8(text, "\ufffd"), "\r\n", "\n")
	text = strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, text))
	switch n := utf8.RuneCountInString(text); {
	case n == 0:
		return "", &Fault{"said", "Nothing is written here. What were you doing when you were refused?"}
	case n > MostSaid:
		return "", &Fault{"said", fmt.Sprintf("That is %d characters, %d more than fit. Say it shorter.", n, n-MostSaid)}
	}
	return text, nil
}

// Contact reads the e-mail address at which somebody wants to be told; none is fine.
func Contact(text string) (string, error) {
	if text = strings.TrimSpace(text); text == "" {
		return "", nil
	}
	want := &Fault{"contact", "This is no e-mail address. Want one such as ada@example.org, or leave it empty."}
	if len(text) > mostMail || !utf8.ValidString(text) {
		return "", want
	}
	m, err := mail.ParseAddress(text)
	if err != nil || m.Name != "" || m.Address != text || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsGraphic(r) || strings.ContainsRune("\"<>?&%", r) }) {
		return "", want
	}
	return text, nil
}

const codeBytes = 24

// hash is what is kept of a code: it has too many bits to be found by trying, so that one round is enough.
func hash(code [codeBytes]byte) []byte {
	h := sha256.Sum256(append([]byte("appeal\n"), code[:]...))
	return h[:]
}

func formatCode(code [codeBytes]byte) string { return base64.RawURLEncoding.EncodeToString(code[:]) }

func parseCode(text string) (code [codeBytes]byte, err error) {
	if len(text) != base64.RawURLEncoding.EncodedLen(codeBytes) {
		return code, errors.New("the link is not whole: its last part has 32 characters")
	}
	n, err := base64.RawURLEncoding.Strict().Decode(code[:], []byte(text))
	if err != nil || n != codeBytes {
		return code, errors.New("the link has characters that no link of ours has")
	}
	return code, nil
}

// network is what one client has at least: an address, or a /64 of IPv6.
func network(a netip.Addr) string {
	a = a.Unmap().WithZone("")
	if a.Is6() {
		p, _ := a.Prefix(64) // an IPv6 address always has one
		return p.String()
	}
	return a.String()
}
