package engine

import (
	"encoding/hex"
	"fmt"
	"strings"

	"palisade.dev/guard/wire"
)

// decoys are the keys and accounts that are nobody's. Who bears one has it from where it was planted, or from a list that
// was stolen or sold.
type decoys struct {
	some     bool
	keys     map[string]int32 // short hash → trap
	accounts map[string]int32 // in lower case → trap
}

// Bounds of decoys. An account is as long as the subject of an outcome may be.
const (
	maxDecoys = 256
	hashBytes = 32
	shortHex  = 12 // digits of a key's hash by which requests and events know it
)

func (d *decoys) add(keys, accounts []string, trap int32) error {
	for i, k := range keys {
		if b, err := hex.DecodeString(k); err != nil || len(b) != hashBytes {
			return fmt.Errorf("keys: number %d: want the %d hexadecimal digits of a key's hash, not the key: lay it with: palisade trap lay key", i+1, 2*hashBytes) // which it is must not be said: it may be the key
		}
		put(&d.keys, strings.ToLower(k[:shortHex]), trap)
	}
	for _, a := range accounts {
		if a = strings.ToLower(strings.TrimSpace(a)); a == "" || len(a) > wire.MaxSubject || !legible(a) {
			return fmt.Errorf("accounts: %.40q: want 1 to %d bytes of text without control characters", a, wire.MaxSubject)
		}
		put(&d.accounts, a, trap)
	}
	if len(d.keys) > maxDecoys || len(d.accounts) > maxDecoys {
		return fmt.Errorf("keys and accounts: a policy holds at most %d of each", maxDecoys)
	}
	d.some = len(d.keys)+len(d.accounts) > 0
	return nil
}

// put keeps the first trap of a decoy, as the first in the policy is.
func put(m *map[string]int32, name string, trap int32) {
	if *m == nil {
		*m = map[string]int32{}
	}
	if _, taken := (*m)[name]; !taken {
		(*m)[name] = trap
	}
}

// touched gives the trap that a request touches by whom it says to be, or noTrap.
func (d *decoys) touched(r *Request) int32 {
	if len(d.keys) > 0 {
		for _, k := range [...]string{r.Decoy, r.Key} {
			if i, ok := d.keys[k]; ok {
				return i
			}
		}
	}
	if i := d.account(r.Subject); i != noTrap {
		return i
	}
	return d.account(r.Account)
}

// account gives the trap of an account, or noTrap. Case means nothing: lists of accounts are written in any.
func (d *decoys) account(name string) int32 {
	if len(d.accounts) == 0 || name == "" || len(name) > wire.MaxSubject {
		return noTrap
	}
	i, ok := d.accounts[name]
	if !ok {
		var small [wire.MaxSubject]byte // on the stack, as this is asked of each request
		for j := range len(name) {
			small[j] = lower(name[j])
		}
		if i, ok = d.accounts[string(small[:len(name)])]; !ok {
			return noTrap
		}
	}
	return i
}

// told gives the trap that is touched by what the app said of a request: who is signed in, and who tried to.
func (d *decoys) told(account string, outcomes []wire.Outcome) int32 {
	if i := d.account(account); i != noTrap {
		return i
	}
	for j := range outcomes {
		if o := &outcomes[j]; o.Kind != "trap" {
			if i := d.account(o.Subject); i != noTrap {
				return i
			}
		}
	}
	return noTrap
}

// lured refuses who bears a decoy, if its trap does.
func (p *Policy) lured(t *Tally, r *Request, v *Verdict) bool {
	i := p.decoys.touched(r)
	return i != noTrap && p.spring(t, r, v, &p.traps[i])
}

// luredKeyless is for requests that lack the key that their route asks for, and bear a decoy elsewhere: they are refused
// anyway, and a trap that only watches must not let them pass.
func (p *Policy) luredKeyless(t *Tally, r *Request, v *Verdict) {
	if p.allowances.some && p.allowances.holds(r) {
		return
	}
	var sprung Verdict
	if p.lured(t, r, &sprung) {
		*v = sprung
		return
	}
	v.Rule, v.Alert = sprung.Rule, sprung.Alert
}

// Told is called when a request that was let pass has been answered, with who was signed in and what came of it as the
// app said: only then may it be known that it was about a decoy. What its trap does is done for the next request, and the
// verdict says so; what was done with this one stays.
func (p *Policy) Told(t *Tally, r *Request, v *Verdict, account string, outcomes []wire.Outcome) {
	if !p.decoys.some || v.Allowed || v.Action.Refuses() || p.decoys.touched(r) != noTrap {
		return
	}
	i := p.decoys.told(account, outcomes)
	if i == noTrap || p.traps[i].rehearse {
		return
	}
	next := Verdict{}
	p.spring(t, r, &next, &p.traps[i])
	v.Reason, v.Rule, v.Alert = next.Reason, next.Rule, next.Alert || v.Alert
	v.BanFor, v.BanWhom, v.Until = next.BanFor, next.BanWhom, next.Until
}

// The sorts of decoys.
const (
	DecoyKey     = "key"
	DecoyAccount = "account"
)

// Lured gives the trap of the decoy that a request was about, whether or not it was refused for it, and what sort of decoy
// that is.
func (p *Policy) Lured(r *Request, account string, outcomes []wire.Outcome) (name, sort string, ok bool) {
	if !p.decoys.some {
		return "", "", false
	}
	for _, k := range [...]string{r.Decoy, r.Key} {
		if i, ok := p.decoys.keys[k]; ok {
			return p.traps[i].name, DecoyKey, true
		}
	}
	i := p.decoys.touched(r)
	if i == noTrap {
		i = p.decoys.told(account, outcomes)
	}
	if i == noTrap {
		return "", "", false
	}
	return p.traps[i].name, DecoyAccount, true
}
