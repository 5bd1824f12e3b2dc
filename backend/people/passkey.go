package people

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"palisade.dev/store"
)

// Party is what passkeys are made for: the console's host name, and the origin that a browser must report.
type Party struct {
	ID     string // example.org
	Origin string // https://example.org:8443
}

// PartyOf gives the party of the console's public address. Browsers make passkeys for host names only, over https or on
// localhost.
func PartyOf(public string) (Party, error) {
	u, err := url.Parse(public)
	if err != nil || u.Host == "" {
		return Party{}, fmt.Errorf("%w: public address %q: want one such as https://palisade.example.org", ErrInvalid, public)
	}
	host := u.Hostname()
	if _, err := netip.ParseAddr(host); err == nil {
		return Party{}, fmt.Errorf("%w: public address %q: browsers make passkeys for host names, not for addresses: give the console a name", ErrInvalid, public)
	}
	if u.Scheme != "https" && (u.Scheme != "http" || host != "localhost" && !strings.HasSuffix(host, ".localhost")) {
		return Party{}, fmt.Errorf("%w: public address %q: browsers make passkeys over https only (or on localhost)", ErrInvalid, public)
	}
	return Party{ID: host, Origin: u.Scheme + "://" + u.Host}, nil
}

// relyingParty is the WebAuthn library set up for a party. A passkey must be found without a name being typed, and the device must
// have looked at its owner: it stands for password and second factor.
func (p *People) relyingParty(party Party) (*webauthn.WebAuthn, error) {
	yes := true
	w, err := webauthn.New(&webauthn.Config{
		RPID: party.ID, RPDisplayName: p.o.Name, RPOrigins: []string{party.Origin}, AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			RequireResidentKey: &yes, ResidentKey: protocol.ResidentKeyRequirementRequired, UserVerification: protocol.VerificationRequired,
		},
	})
	if err != nil {
		return nil, fmt.Errorf("%w: passkeys for %s: %w", ErrInvalid, party.Origin, err)
	}
	return w, nil
}

// holder is a person as the library asks for them.
type holder struct {
	id, email, name string
	keys            []webauthn.Credential
}

func (h *holder) WebAuthnID() []byte                         { return []byte(h.id) }
func (h *holder) WebAuthnName() string                       { return h.email }
func (h *holder) WebAuthnDisplayName() string                { return h.name }
func (h *holder) WebAuthnCredentials() []webauthn.Credential { return h.keys }

// holderOf reads a person's passkeys.
func (p *People) holderOf(ctx context.Context, x store.Person) (*holder, []store.Passkey, error) {
	kept, err := p.o.DB.Passkeys(ctx, x.ID)
	if err != nil {
		return nil, nil, err
	}
	h := &holder{id: x.ID, email: x.Email, name: x.Name}
	for _, k := range kept {
		var c webauthn.Credential
		if err := json.Unmarshal([]byte(k.Body), &c); err != nil {
			return nil, nil, fmt.Errorf("reading passkey %s: %w", k.ID, err)
		}
		h.keys = append(h.keys, c)
	}
	return h, kept, nil
}

func (h *holder) descriptors() (all []protocol.CredentialDescriptor) {
	for _, k := range h.keys {
		all = append(all, k.Descriptor())
	}
	return all
}

// Begun is a ceremony: what the browser's script is given, and what finishes it, which the browser must not change: keep ID
// in a hidden field or a cookie.
type Begun struct {
	ID      string          `json:"id"`
	Options json.RawMessage `json:"options"` // for PublicKeyCredential.parse…OptionsFromJSON
}

// Answer is what came of a ceremony in the browser.
type Answer struct {
	ID   string // of Begun
	JSON []byte // of PublicKeyCredential.toJSON
}

// largestAnswer holds any authenticator's answer, with its certificates.
const largestAnswer = 64 << 10

// mostPasskeys is how many a person has.
const mostPasskeys = 20

// registering is what is kept between the steps of making a passkey.
type registering struct {
	Data  webauthn.SessionData `json:"data"`
	Name  string               `json:"name"`  // of a newcomer
	Email string               `json:"email"` // of a newcomer
	Link  []byte               `json:"link"`  // hash of the link they came by
}

// beginRegistration begins to make a passkey for a person, of now or to be.
func (p *People) beginRegistration(ctx context.Context, party Party, kind string, h *holder, link []byte) (Begun, error) {
	w, err := p.relyingParty(party)
	if err != nil {
		return Begun{}, err
	}
	options, data, err := w.BeginRegistration(h, webauthn.WithExclusions(h.descriptors()))
	if err != nil {
		return Begun{}, fmt.Errorf("beginning with a passkey: %w", err)
	}
	id, err := p.begin(ctx, kind, h.id, registering{Data: *data, Name: h.name, Email: h.email, Link: link})
	return Begun{ID: id, Options: []byte(encode(options.Response))}, err
}

// finishRegistration checks what the browser made.
func (p *People) finishRegistration(party Party, h *holder, r registering, answer Answer, label string) (store.Passkey, error) {
	w, err := p.relyingParty(party)
	if err != nil {
		return store.Passkey{}, err
	}
	parsed, err := parseCreation(answer.JSON)
	if err != nil {
		return store.Passkey{}, err
	}
	c, err := w.CreateCredential(h, r.Data, parsed)
	if err != nil {
		return store.Passkey{}, refusedPasskey(err)
	}
	if label = strings.TrimSpace(label); label == "" {
		label = "Passkey"
	}
	if label, err = checkName(label); err != nil {
		return store.Passkey{}, err
	}
	now := p.millis()
	return store.Passkey{ID: p.id(), Credential: c.ID, Person: h.id, Name: label, Body: encode(c), Created: now}, nil
}

// ErrPasskey is what a browser's answer that does not stand comes to.
var ErrPasskey = errors.New("the passkey was not accepted")

func refusedPasskey(err error) error {
	var detail *protocol.Error
	if errors.As(err, &detail) {
		err = errors.New(detail.Details)
	}
	return fmt.Errorf("%w: %w; try again, on the address that you always use", ErrPasskey, err)
}

func parseCreation(text []byte) (*protocol.ParsedCredentialCreationData, error) {
	if len(text) > largestAnswer {
		return nil, fmt.Errorf("%w: the browser's answer has more than %d bytes", ErrInvalid, largestAnswer)
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(text)
	if err != nil {
		return nil, refusedPasskey(err)
	}
	return parsed, nil
}

func parseAssertion(text []byte) (*protocol.ParsedCredentialAssertionData, error) {
	if len(text) > largestAnswer {
		return nil, fmt.Errorf("%w: the browser's answer has more than %d bytes", ErrInvalid, largestAnswer)
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(text)
	if err != nil {
		return nil, refusedPasskey(err)
	}
	return parsed, nil
}

// BeginPasskey begins to make a passkey for who is signed in.
func (p *People) BeginPasskey(ctx context.Context, s Session, party Party) (Begun, error) {
	if err := p.fresh(s); err != nil {
		return Begun{}, err
	}
	h, kept, err := p.holderOf(ctx, store.Person{ID: s.Person, Name: s.Name, Email: s.Email})
	if err != nil {
		return Begun{}, err
	}
	if len(kept) >= mostPasskeys {
		return Begun{}, fmt.Errorf("%w: there are %d passkeys already: remove one first", ErrInvalid, len(kept))
	}
	return p.beginRegistration(ctx, party, ceremonyRegister, h, nil)
}

// FinishPasskey adds the passkey to who is signed in.
func (p *People) FinishPasskey(ctx context.Context, s Session, party Party, answer Answer, label string) error {
	if err := p.fresh(s); err != nil {
		return err
	}
	c, err := p.take(ctx, ceremonyRegister, answer.ID)
	if err != nil {
		return err
	}
	var r registering
	if err := decode(c, &r); err != nil {
		return err
	}
	if c.Person != s.Person {
		return gone(ceremonyRegister)
	}
	k, err := p.finishRegistration(party, &holder{id: s.Person, email: s.Email, name: s.Name}, r, answer, label)
	if err != nil {
		return err
	}
	return p.o.DB.AddPasskey(ctx, k, p.by(s.Email))
}

// Passkey is one of a person's, as their own page shows it.
type Passkey struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Created int64  `json:"created"`
	Used    int64  `json:"used,omitempty"`
	Cloned  int64  `json:"cloned,omitempty"` // since when its counter has run backwards, as a copy's would
	Synced  bool   `json:"synced"`           // kept by an account of the device's maker as well
}

// Passkeys gives a person's, oldest first.
func (p *People) Passkeys(ctx context.Context, person string) ([]Passkey, error) {
	h, kept, err := p.holderOf(ctx, store.Person{ID: person})
	if err != nil {
		return nil, err
	}
	all := make([]Passkey, 0, len(kept))
	for i, k := range kept {
		all = append(all, Passkey{ID: k.ID, Name: k.Name, Created: k.Created, Used: k.Used, Cloned: k.Cloned, Synced: h.keys[i].Flags.BackupState})
	}
	return all, nil
}

// RenamePasskey renames a passkey of who is signed in.
func (p *People) RenamePasskey(ctx context.Context, s Session, id, label string) error {
	label, err := checkName(label)
	if err != nil {
		return err
	}
	return p.o.DB.RenamePasskey(ctx, s.Person, id, label)
}

// RemovePasskey removes a passkey of who is signed in, if it is not their last way in.
func (p *People) RemovePasskey(ctx context.Context, s Session, id string) error {
	if err := p.fresh(s); err != nil {
		return err
	}
	return p.o.DB.RemovePasskey(ctx, s.Person, id, p.by(s.Email))
}

// admitCeremony counts what a stranger begins or finishes.
func (p *People) admitCeremony(v Visit) error {
	_, device := p.knownDevice(v.Device)
	return p.admit(tryCeremony, "", device, v)
}

// BeginPasskeySignIn begins to sign somebody in by a passkey; whose, it will say itself.
func (p *People) BeginPasskeySignIn(ctx context.Context, party Party, v Visit) (Begun, error) {
	if err := p.admitCeremony(v); err != nil {
		return Begun{}, err
	}
	w, err := p.relyingParty(party)
	if err != nil {
		return Begun{}, err
	}
	options, data, err := w.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return Begun{}, fmt.Errorf("beginning with a passkey: %w", err)
	}
	id, err := p.begin(ctx, ceremonyPasskey, "", data)
	return Begun{ID: id, Options: []byte(encode(options.Response))}, err
}

// PasskeySignIn signs in who the passkey is of. There is no second factor after it: the device has asked for one.
func (p *People) PasskeySignIn(ctx context.Context, party Party, answer Answer, v Visit) (Entered, error) {
	if err := p.admitCeremony(v); err != nil {
		return Entered{}, err
	}
	x, outcome, err := p.usePasskey(ctx, party, ceremonyPasskey, "", answer, v)
	if err != nil {
		return Entered{}, err
	}
	return p.enter(ctx, x, ByPasskey, outcome, v, store.Entrance{})
}

// usePasskey looks at a browser's answer and gives whose passkey it was. person is who it must be of, if anybody.
func (p *People) usePasskey(ctx context.Context, party Party, kind, person string, answer Answer, v Visit) (x store.Person, outcome string, err error) {
	parsed, err := parseAssertion(answer.JSON)
	if err != nil {
		return x, "", err
	}
	c, err := p.take(ctx, kind, answer.ID)
	if err != nil {
		return x, "", err
	}
	if c.Person != person {
		return x, "", gone(kind)
	}
	var data webauthn.SessionData
	if err := decode(c, &data); err != nil {
		return x, "", err
	}
	w, err := p.relyingParty(party)
	if err != nil {
		return x, "", err
	}
	var kept []store.Passkey
	find := func(_, handle []byte) (webauthn.User, error) {
		id := string(handle)
		if x, err = p.o.DB.Person(ctx, id); err != nil {
			return nil, errors.New("it is of nobody here")
		}
		if x.Disabled != 0 || person != "" && person != id {
			return nil, errors.New("it is not of somebody who may sign in here")
		}
		var h *holder
		h, kept, err = p.holderOf(ctx, x)
		return h, err
	}
	var used *webauthn.Credential
	if person == "" {
		_, used, err = w.ValidatePasskeyLogin(find, data, parsed)
	} else if user, fault := find(nil, []byte(person)); fault != nil {
		err = fault
	} else {
		used, err = w.ValidateLogin(user, data, parsed)
	}
	if err != nil {
		p.note(ctx, x.ID, ByPasskey, outcomeWrong, v)
		return x, "", refusedPasskey(err)
	}
	outcome = outcomeOK
	for _, k := range kept {
		if string(k.Credential) != string(used.ID) {
			continue
		}
		earlier := k.Body
		k.Used = p.millis()
		// A counter that runs backwards may be a copy, or an authenticator that counts badly: the person and the auditor
		// see it, and decide. The warning is in a column of its own, with its time.
		if used.Authenticator.CloneWarning {
			outcome, k.Cloned, used.Authenticator.CloneWarning = outcomeCloned, p.millis(), false
		}
		k.Body = encode(used)
		return x, outcome, p.o.DB.UsedPasskey(ctx, k, earlier)
	}
	return x, "", refusedPasskey(errors.New("it was removed"))
}

// BeginProve begins to show by a passkey that it is still who is signed in.
func (p *People) BeginProve(ctx context.Context, s Session, party Party) (Begun, error) {
	h, kept, err := p.holderOf(ctx, store.Person{ID: s.Person, Name: s.Name, Email: s.Email})
	if err != nil {
		return Begun{}, err
	}
	if len(kept) == 0 {
		return Begun{}, fmt.Errorf("%w: there is no passkey to show", ErrInvalid)
	}
	w, err := p.relyingParty(party)
	if err != nil {
		return Begun{}, err
	}
	options, data, err := w.BeginLogin(h, webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return Begun{}, fmt.Errorf("beginning with a passkey: %w", err)
	}
	id, err := p.begin(ctx, ceremonyProve, s.Person, data)
	return Begun{ID: id, Options: []byte(encode(options.Response))}, err
}

// ProvePasskey makes a session fresh again and gives its cookie's new value.
func (p *People) ProvePasskey(ctx context.Context, s Session, party Party, answer Answer, v Visit) (token string, renewed Session, err error) {
	if _, _, err := p.usePasskey(ctx, party, ceremonyProve, s.Person, answer, v); err != nil {
		return "", Session{}, err
	}
	return p.renew(ctx, s, p.millis())
}
