// Package backend remembers and decides what guards enforce. Its wiring stands here, in the order of the river: events
// come in, bans come of them, policies go out, receipts come back; people look and steer through the API.
package backend

import (
	"context"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"palisade.dev/backend/access"
	"palisade.dev/backend/alert"
	"palisade.dev/backend/alert/email"
	"palisade.dev/backend/appeal"
	"palisade.dev/backend/ban"
	"palisade.dev/backend/client"
	"palisade.dev/backend/detect"
	"palisade.dev/backend/entry"
	"palisade.dev/backend/event"
	"palisade.dev/backend/feed"
	"palisade.dev/backend/finding"
	"palisade.dev/backend/guardapi"
	"palisade.dev/backend/lever"
	"palisade.dev/backend/network/desk"
	"palisade.dev/backend/people"
	"palisade.dev/backend/rehearse"
	"palisade.dev/backend/retention"
	"palisade.dev/backend/rule"
	"palisade.dev/backend/site"
	"palisade.dev/backend/template"
	"palisade.dev/backend/trap"
	"palisade.dev/backend/veil"
	"palisade.dev/backend/watch"
	"palisade.dev/config"
	"palisade.dev/guard/wire"
	"palisade.dev/store"
)

// Options of a Backend.
type Options struct {
	DB        *store.DB
	Dir       string // keeps the operator's token
	Networks  config.Networks
	Retention time.Duration     // of events, until an owner says otherwise; 0 is for ever
	Mail      *email.Server     // through which alerts are mailed; none: they are not
	Console   string            // where people open the console, for links in alerts; "" leaves them out
	Providers []people.Provider // that people can sign in by
	Private   bool              // alerts may be posted to addresses within the own network
	Version   string
	Now       func() time.Time
	Rand      io.Reader
	Log       *slog.Logger
}

// Backend is the whole of it.
type Backend struct {
	o          Options
	DB         *store.DB
	Events     *event.Log
	Search     *event.Search
	Bans       *ban.Bans
	Levers     *lever.Levers
	Sites      *site.Sites
	Rules      *rule.Rules
	Clients    *client.Clients
	Entry      *entry.Entry
	People     *people.People
	Findings   *finding.Findings
	Detections *detect.Detections
	Watch      *watch.Watch
	Alerts     *alert.Alerts
	Appeals    *appeal.Appeals
	Feed       *feed.Feed
	Networks   *Networks
	Desk       *desk.Desk
	Traps      *trap.Traps
	Retention  *retention.Retention
	Veils      *veil.Veils
	operators  operators
	token      [32]byte
	base       template.Set
	shorter    chan struct{} // events are kept for another time than before
}

// Open puts the parts together.
func Open(ctx context.Context, o Options) (*Backend, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	b := &Backend{o: o, DB: o.DB, shorter: make(chan struct{}, 1), operators: operators{now: o.Now, seen: map[netip.Addr]time.Time{}}}
	key, err := b.signingKey(ctx)
	if err != nil {
		return nil, err
	}
	if err := b.operatorToken(); err != nil {
		return nil, err
	}
	if b.base, err = template.Default(); err != nil {
		return nil, err
	}
	if b.Networks, err = newNetworks(ctx, o); err != nil {
		return nil, err
	}
	secret, err := b.installationKey()
	if err != nil {
		return nil, err
	}
	b.Veils = veil.New(secret)
	if err := b.openEvents(ctx); err != nil {
		return nil, err
	}
	b.Feed = feed.New(o.DB, b.Networks, func(string) []string { return b.operators.addresses() }, key, b.base, o.Now)
	b.Bans = &ban.Bans{Store: o.DB, Now: o.Now, ID: b.id, Names: b.pseudonyms, Operators: func(string) []string { return b.operators.addresses() }}
	b.Levers = &lever.Levers{Store: o.DB, Now: o.Now, ID: b.id, Known: b.namedRoute}
	b.Sites = &site.Sites{DB: o.DB, Feed: b.Feed, Public: b.Feed.Public(), Veils: b.Veils, Now: o.Now, ID: b.id, Rand: o.Rand}
	b.Rules = &rule.Rules{DB: o.DB, Feed: b.Feed, Search: b.Search, Networks: b.Networks, Now: o.Now, ID: b.id, Desk: rehearse.NewDesk(o.Now, b.id)}
	b.Desk = &desk.Desk{DB: o.DB, Feed: b.Feed, Rules: b.Rules, Search: b.Search, Lists: b.Networks, Now: o.Now}
	b.Traps = &trap.Traps{DB: o.DB, Feed: b.Feed, Rules: b.Rules, Search: b.Search, Rand: o.Rand, Now: o.Now}
	b.Clients = &client.Clients{DB: o.DB, Search: b.Search, Networks: b.Networks, Veils: b.Veils, Now: o.Now}
	if err := b.missKeys(ctx); err != nil {
		return nil, err
	}
	if b.Alerts, err = b.alerts(); err != nil {
		return nil, err
	}
	if b.Entry, err = entry.Open(ctx, o.DB, o.Now, o.Rand); err != nil {
		return nil, err
	}
	if b.People, err = people.New(people.Options{DB: o.DB, Key: secret, Providers: o.Providers, Now: o.Now, Rand: o.Rand, Log: o.Log}); err != nil {
		return nil, err
	}
	return b, nil
}

// NewID makes an id that sorts by its time.
func (b *Backend) NewID() string { return b.id() }

// Secret derives a key for a purpose from the operator's token, so that a new token makes the old key worthless.
func (b *Backend) Secret(purpose string) []byte {
	m := hmac.New(sha256.New, b.token[:])
	m.Write([]byte(purpose))
	return m.Sum(nil)
}

// OwnerToken is what stands in the DNS or at a well-known address of a target, to prove that it is the site's to scan.
func (b *Backend) OwnerToken(s store.Site) string {
	m := hmac.New(sha256.New, b.Secret("owner of targets"))
	m.Write([]byte(s.ID))
	return hex.EncodeToString(m.Sum(nil)[:16])
}

// Operator reports whether a token is the operator's.
func (b *Backend) Operator(token string) bool {
	got := sum(strings.TrimSpace(token))
	return subtle.ConstantTimeCompare(got[:], b.token[:]) == 1
}

func (b *Backend) id() string {
	return store.NewID(b.o.Now(), func() uint64 {
		var n [8]byte
		if _, err := io.ReadFull(b.o.Rand, n[:]); err != nil {
			panic("backend: the operating system's randomness ended: " + err.Error())
		}
		return binary.LittleEndian.Uint64(n[:])
	})
}

// signingKey is made once and kept in the database, so that a restored backup goes on signing as before.
func (b *Backend) signingKey(ctx context.Context) (ed25519.PrivateKey, error) {
	const name = "signing-key"
	seed, err := b.DB.Setting(ctx, name)
	if errors.Is(err, store.ErrNotFound) {
		seed = make([]byte, ed25519.SeedSize)
		if _, err := io.ReadFull(b.o.Rand, seed); err != nil {
			return nil, fmt.Errorf("making the signing key: %w", err)
		}
		if err := b.DB.PutSetting(ctx, name, seed); err != nil {
			return nil, err
		}
		if seed, err = b.DB.Setting(ctx, name); err != nil { // another process may have been first
			return nil, err
		}
	} else if err != nil {
		return nil, fmt.Errorf("reading the signing key: %w", err)
	}
	if len(seed) != ed25519.SeedSize {
		return nil, errors.New("the signing key in the database is damaged; restore a backup, or guards will have to be given new site keys")
	}
	return ed25519.NewKeyFromSeed(seed), nil
}

// TokenFile is where the operator's token is kept in the data folder: who can read that file may do everything.
const TokenFile = "operator.token"

func (b *Backend) operatorToken() error {
	token, err := b.secretFile(TokenFile, "pot_")
	if err != nil {
		return fmt.Errorf("the operator's token: %w", err)
	}
	b.token = sum(token)
	return nil
}

// KeyFile is where the key is kept that encrypts one-time secrets, signs device cookies and makes pseudonyms of addresses: beside the database and not in
// it, so that a copy of the database alone gives nothing of them away. It belongs into a backup, elsewhere.
const KeyFile = "installation.key"

func (b *Backend) installationKey() ([32]byte, error) {
	text, err := b.secretFile(KeyFile, "pik_")
	if err != nil {
		return [32]byte{}, fmt.Errorf("the installation's key: %w", err)
	}
	return sum(text), nil
}

// secretFile reads a secret of the data folder, or makes it: 256 bits in hex behind a prefix that says what it is.
func (b *Backend) secretFile(name, prefix string) (string, error) {
	path := filepath.Join(b.o.Dir, name)
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		var raw [32]byte
		if _, err := io.ReadFull(b.o.Rand, raw[:]); err != nil {
			return "", fmt.Errorf("making it: %w", err)
		}
		text = []byte(prefix + hex.EncodeToString(raw[:]) + "\n")
		if err := os.MkdirAll(b.o.Dir, 0o700); err != nil {
			return "", fmt.Errorf("making the data folder: %w", err)
		}
		err = os.WriteFile(path, text, 0o600)
	}
	if err != nil {
		return "", err
	}
	secret := strings.TrimSpace(string(text))
	if !strings.HasPrefix(secret, prefix) || len(secret) < 36 {
		return "", fmt.Errorf("%s holds none; delete it and a new one is made", path)
	}
	return secret, nil
}

// Actor says who makes a request of the API: the operator, whose token it carries, or whom a person's token acts for. With
// a token that nobody has, or has no more, the error says why.
func (b *Backend) Actor(r *http.Request) (access.Actor, error) {
	text, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return access.Actor{}, people.ErrUnauthorized
	}
	if b.Operator(text) {
		return access.Operator, nil
	}
	return b.People.TokenActor(r.Context(), strings.TrimSpace(text))
}

// Run does what has to be done from time to time, until the context ends.
func (b *Backend) Run(ctx context.Context) {
	var wg sync.WaitGroup
	wg.Go(func() { b.Networks.run(ctx, b.networkChanged) })
	wg.Go(func() { b.retain(ctx) })
	wg.Go(func() { b.Detections.Run(ctx) })
	wg.Go(func() { b.Alerts.Run(ctx) })
	wg.Go(func() { b.Watch.Run(ctx) })
	wg.Go(func() { b.Alerts.RunDaily(ctx, b.Rules) })
	wg.Wait()
}

func (b *Backend) networkChanged(ctx context.Context, name string) {
	if err := b.DB.Touch(ctx, "network list "+name, "network lists", b.o.Now().UnixMilli()); err != nil {
		b.o.Log.Error("telling guards of a changed network list", "list", name, "err", err)
	}
}

// namedRoute reports whether @name means something on a site.
func (b *Backend) namedRoute(ctx context.Context, siteID, name string) (bool, error) {
	s, err := b.DB.SiteByID(ctx, siteID)
	if err != nil {
		return false, err
	}
	p, err := b.Feed.Outline(ctx, s)
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(p.Routes, func(r wire.Route) bool { return r.Name == name }), nil
}

// ByKey finds the site that a guard's key is of.
func (b *Backend) ByKey(ctx context.Context, hash []byte) (guardapi.Site, error) {
	s, k, err := b.DB.SiteByKeyHash(ctx, hash)
	if err != nil {
		return nil, err
	}
	if now := b.o.Now().UnixMilli(); now-k.LastUsed > time.Minute.Milliseconds() {
		if err := b.DB.UsedSiteKey(ctx, k.ID, now); err != nil {
			b.o.Log.Warn("noting the use of a site key", "err", err)
		}
	}
	return b.Local(s), nil
}

// operators are the addresses from which somebody steers now. No ban may hold them.
type operators struct {
	mu   sync.Mutex
	now  func() time.Time
	seen map[netip.Addr]time.Time
}

// atWork is how long an operator's address stays protected after their last request.
const atWork = 12 * time.Hour

// note remembers an address and reports whether it is new. Loopback is no client of any gateway worth protecting.
func (o *operators) note(a netip.Addr) bool {
	if !a.IsValid() || a.IsLoopback() || a.IsUnspecified() {
		return false
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	last, had := o.seen[a]
	o.seen[a] = o.now()
	return !had || o.now().Sub(last) > atWork
}

func (o *operators) addresses() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	var out []string
	for a, at := range o.seen {
		if o.now().Sub(at) > atWork {
			delete(o.seen, a)
			continue
		}
		out = append(out, a.String())
	}
	slices.Sort(out)
	return out
}
