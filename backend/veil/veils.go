package veil

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"sync"
)

// Setting is what a site says of its privacy. It is part of the site's settings.
type Setting struct {
	Spell
	Past []Spell `json:"past,omitempty"` // earlier ones, the oldest first; events of theirs are as they were
}

// Spell is a mode and since when it held.
type Spell struct {
	Mode  Mode   `json:"mode,omitempty" enum:"clear,encrypted,hashed"` // nothing is clear
	Since int64  `json:"since,omitempty"`                              // unix milliseconds; 0: ever since
	Key   string `json:"key,omitempty"`                                // which key it began with, as Print has it
}

// IsZero says that nothing was ever said, so that nothing is written of it.
func (s Setting) IsZero() bool { return s.Spell == Spell{} && len(s.Past) == 0 }

// Name is the mode.
func (s Spell) Name() Mode {
	if s.Mode == "" {
		return Clear
	}
	return s.Mode
}

// maxPast is how many earlier spells are remembered; nobody changes their mind as often within a retention.
const maxPast = 16

// Next gives the setting after a mode was chosen: the old spell is put among the past ones where the mode, or the key, is
// another.
func (s Setting) Next(m Mode, print string, now int64) Setting {
	if m == Clear {
		print = ""
	}
	if s.Name() == m && s.Key == print {
		return s
	}
	next := Setting{Spell: Spell{m, now, print}, Past: append(slices.Clone(s.Past), s.Spell)}
	next.Past = next.Past[max(0, len(next.Past)-maxPast):]
	return next
}

// Veils makes each site's veil out of the installation's key.
type Veils struct {
	key [32]byte

	mu sync.Mutex
	of map[string]*Veil
}

// New takes the installation's key, which is not in the database.
func New(key [32]byte) *Veils { return &Veils{key: key, of: map[string]*Veil{}} }

// derive gives a key for a purpose of a site.
func (v *Veils) derive(purpose, site string) [32]byte {
	key, err := hkdf.Key(sha256.New, v.key[:], nil, "palisade veil "+purpose+" "+site, 32)
	if err != nil {
		panic(err) // 32 bytes are fewer than HKDF can give
	}
	return [32]byte(key)
}

// Print names a site's key without telling anything of it. It is stored, so that a lost key is noticed.
func (v *Veils) Print(site string) string {
	key := v.derive("print", site)
	return hex.EncodeToString(key[:4])
}

// Lost reports whether a spell began with a key that is not the present one: its pseudonyms can be neither found by the
// address nor revealed.
func (v *Veils) Lost(site string, s Spell) bool {
	return s.Name() != Clear && s.Key != v.Print(site)
}

// Site gives a site's veil; nil for one that has always kept addresses clear. The same is given until the setting changes.
func (v *Veils) Site(site string, s Setting) *Veil {
	var used []Mode
	for _, x := range append(slices.Clone(s.Past), s.Spell) {
		if m := x.Name(); m != Clear && !slices.Contains(used, m) {
			used = append(used, m)
		}
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(used) == 0 {
		delete(v.of, site)
		return nil
	}
	if have := v.of[site]; have != nil && have.mode == s.Name() && slices.Equal(have.past, used) {
		return have
	}
	hashing := v.derive("hash", site)
	made := &Veil{mode: s.Name(), past: used, pfx: newPfx(v.derive("pfx", site)), hash: newHasher(hashing[:])}
	v.of[site] = made
	return made
}
