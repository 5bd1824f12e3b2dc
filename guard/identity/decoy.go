package identity

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"

	"palisade.dev/guard/wire"
)

// Decoys look for keys that are nobody's, in the places where people who find a key try it. A site need not declare API
// keys to have some.
type Decoys struct {
	mac   *mac
	mark  string
	known map[KeyID]struct{}
	from  []source
}

// Bounds of a decoy key. A shorter one could be guessed, and each word as short as that would have to be hashed.
const (
	MinDecoy = 8
	MaxDecoy = maxKey
)

// maxTried bounds what is hashed for one request, at less than a microsecond each.
const maxTried = 16

// usual are the header fields, beside a site's own, in which a found key is tried.
var usual = []string{"Authorization", "X-Api-Key", "Api-Key", "Apikey", "X-Apikey", "X-Auth-Token", "X-Access-Token", "X-Token", "Private-Token"}

// HashKey gives the hash by which a site's guards know a key, of whatever form it is.
func HashKey(key string, secret []byte, tenant string) (KeyID, error) {
	k, err := NewKeys(wire.Key{From: []string{"header:Authorization"}}, secret, tenant)
	if err != nil {
		return KeyID{}, err
	}
	return k.ID(key), nil
}

// NewDecoys reads the hashes of decoy keys. A declared format, if there is one, tells further places to look in.
func NewDecoys(hashes []string, format *wire.Key, secret []byte, tenant string) (*Decoys, error) {
	from := wire.Key{}
	if format != nil {
		from.From = format.From
	}
	for _, name := range usual {
		from.From = append(from.From[:len(from.From):len(from.From)], "header:"+name)
	}
	k, err := NewKeys(from, secret, tenant)
	if err != nil {
		return nil, fmt.Errorf("decoys: %w", err)
	}
	d := &Decoys{mac: k.mac, mark: k.mark, known: make(map[KeyID]struct{}, len(hashes))}
	for _, s := range k.from {
		if s.kind != "query" { // all parameters are tried
			d.from = append(d.from, s)
		}
	}
	for i, h := range hashes {
		var id KeyID
		if len(h) != 2*len(id) || !allHex(h) {
			return nil, fmt.Errorf("decoys: number %d is no key's hash", i+1)
		}
		for j := range id {
			id[j] = unhex(h[2*j])<<4 | unhex(h[2*j+1])
		}
		d.known[id] = struct{}{}
	}
	return d, nil
}

func allHex(s string) bool {
	for i := range len(s) {
		if !isHex(s[i]) {
			return false
		}
	}
	return true
}

// Find gives the decoy that a request bears.
func (d *Decoys) Find(r *http.Request) (id KeyID, ok bool) {
	left := maxTried
	for _, from := range d.from {
		if from.kind == "cookie" {
			for v := range cookies(r.Header, from.name) {
				if id, ok = d.is(v, &left); ok {
					return id, true
				}
			}
			continue
		}
		for _, v := range r.Header[from.name] {
			if id, ok = d.field(v, &left); ok {
				return id, true
			}
		}
	}
	for query := r.URL.RawQuery; query != ""; {
		var pair string
		pair, query, _ = strings.Cut(query, "&")
		_, v, _ := strings.Cut(pair, "=")
		if strings.ContainsAny(v, "%+") {
			v = unquery(v)
		}
		if id, ok = d.is(v, &left); ok {
			return id, true
		}
	}
	return KeyID{}, false
}

// field looks at a header's value: the key itself, or behind a scheme word, or as name or password of Basic credentials.
func (d *Decoys) field(v string, left *int) (KeyID, bool) {
	v = strings.Trim(v, " \t")
	scheme, rest, two := strings.Cut(v, " ")
	if !two {
		return d.is(v, left)
	}
	if rest = strings.Trim(rest, " \t"); !strings.EqualFold(scheme, "Basic") {
		return d.is(rest, left)
	}
	var raw [2 * maxKey]byte
	if base64.StdEncoding.DecodedLen(len(rest)) > len(raw) {
		return KeyID{}, false
	}
	n, err := base64.StdEncoding.Decode(raw[:], []byte(rest))
	if err != nil {
		return KeyID{}, false
	}
	user, password, _ := strings.Cut(string(raw[:n]), ":")
	if id, ok := d.is(user, left); ok {
		return id, true
	}
	return d.is(password, left)
}

// is reports whether a word is a decoy.
func (d *Decoys) is(word string, left *int) (KeyID, bool) {
	if len(word) < MinDecoy || len(word) > MaxDecoy || *left == 0 {
		return KeyID{}, false
	}
	*left--
	id := KeyID(d.mac.sum(d.mark, word))
	_, ok := d.known[id]
	return id, ok
}
