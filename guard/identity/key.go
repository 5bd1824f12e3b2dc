package identity

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"net/http"
	"strings"
	"sync"

	"palisade.dev/guard/wire"
)

// What can be wrong with an API key. The errors never hold the key.
var (
	ErrKeyMissing   = errors.New("no API key")
	ErrKeyMalformed = errors.New("the API key is not of the declared format")
)

const maxKey = 512

// Keys reads API keys of a declared format and turns them into hashes at once.
type Keys struct {
	f        wire.Key
	alphabet [256]bool
	any      bool
	prefix   string // folded when the format is case-insensitive
	from     []source
	pool     sync.Pool
	mark     []byte
}

type source struct{ kind, name string }

// KeyID is the HMAC of a key.
type KeyID [sha256.Size]byte

// Short is what is stored and shown.
func (k KeyID) Short() string { return hex.EncodeToString(k[:6]) }

// String is the whole of it in hex.
func (k KeyID) String() string { return hex.EncodeToString(k[:]) }

var alphabets = map[string]string{
	"hex":       "0123456789abcdefABCDEF",
	"base32":    "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
	"base58":    "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz",
	"base64url": "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
	"alnum":     "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
}

// NewKeys reads a declared format. The secret and the tenant (the site) key the hashes.
func NewKeys(f wire.Key, secret []byte, tenant string) (*Keys, error) {
	k := &Keys{f: f, mark: []byte("k1|" + tenant + "|")}
	if len(f.From) == 0 {
		return nil, errors.New("api_key: from: say where it is, such as header:X-API-Key")
	}
	for _, s := range f.From {
		kind, name, ok := strings.Cut(s, ":")
		if !ok || name == "" || kind != "header" && kind != "query" && kind != "cookie" {
			return nil, fmt.Errorf("api_key: from: %q: want header:NAME, query:NAME or cookie:NAME", s)
		}
		if kind == "header" {
			name = http.CanonicalHeaderKey(name)
		}
		k.from = append(k.from, source{kind, name})
	}
	set := f.Alphabet
	if named, ok := alphabets[set]; ok {
		set = named
	}
	k.any = set == ""
	for i := range len(set) {
		k.alphabet[set[i]] = true
		if f.CaseInsensitive {
			k.alphabet[lowerByte(set[i])] = true
		}
	}
	if f.MinLength < 0 || f.MaxLength < 0 || f.MaxLength > maxKey || f.MaxLength > 0 && f.MaxLength < f.MinLength {
		return nil, fmt.Errorf("api_key: lengths %d to %d: want 0 to %d, the shorter first", f.MinLength, f.MaxLength, maxKey)
	}
	if f.Checksum != "" && f.Checksum != "crc32" {
		return nil, fmt.Errorf("api_key: checksum %q: want crc32 (its last 8 hex digits over what stands before them)", f.Checksum)
	}
	k.prefix = f.Prefix
	if f.CaseInsensitive {
		k.prefix = strings.ToLower(f.Prefix)
	}
	k.pool.New = func() any { return hmac.New(sha256.New, secret) }
	return k, nil
}

// Find reads the key of a request. Two that differ make the request malformed, as nobody can say which one counts.
func (k *Keys) Find(r *http.Request) (string, error) {
	raw, found := "", false
	take := func(s string) bool {
		if found && s != raw {
			return false
		}
		raw, found = s, true
		return true
	}
	for _, from := range k.from {
		switch from.kind {
		case "header":
			for _, v := range r.Header[from.name] {
				if k.f.Scheme != "" && from.name == "Authorization" && !hasScheme(v, k.f.Scheme) {
					continue // Basic credentials in the same header are no key of ours
				}
				if !take(v) {
					return "", ErrKeyMalformed
				}
			}
		case "query":
			if strings.Contains(r.URL.RawQuery, from.name) {
				for _, v := range r.URL.Query()[from.name] {
					if !take(v) {
						return "", ErrKeyMalformed
					}
				}
			}
		case "cookie":
			for _, c := range r.CookiesNamed(from.name) {
				if !take(c.Value) {
					return "", ErrKeyMalformed
				}
			}
		}
	}
	if !found {
		return "", ErrKeyMissing
	}
	return k.Normalise(raw)
}

func hasScheme(v, scheme string) bool {
	v = strings.TrimLeft(v, " \t")
	return len(v) > len(scheme) && strings.EqualFold(v[:len(scheme)], scheme) && (v[len(scheme)] == ' ' || v[len(scheme)] == '\t')
}

// Normalise brings a key into the one spelling that is hashed: optional white space and the scheme word go, control
// bytes and what the format does not allow are refused, and case is folded only where the format says that it means
// nothing. Two keys that differ in anything else stay two.
func (k *Keys) Normalise(raw string) (string, error) {
	if len(raw) > maxKey+64 {
		return "", ErrKeyMalformed
	}
	s := strings.Trim(raw, " \t")
	if k.f.Scheme != "" && hasScheme(s, k.f.Scheme) {
		s = strings.Trim(s[len(k.f.Scheme):], " \t")
	}
	if s == "" {
		return "", ErrKeyMissing
	}
	if len(s) > maxKey || len(s) < k.f.MinLength || k.f.MaxLength > 0 && len(s) > k.f.MaxLength {
		return "", ErrKeyMalformed
	}
	for i := range len(s) {
		if c := s[i]; c <= 0x20 || c == 0x7f {
			return "", ErrKeyMalformed
		}
	}
	if k.f.CaseInsensitive {
		s = lowerASCII(s)
	}
	body, ok := strings.CutPrefix(s, k.prefix)
	if !ok {
		return "", ErrKeyMalformed
	}
	if !k.any {
		for i := range len(body) {
			if !k.alphabet[body[i]] {
				return "", ErrKeyMalformed
			}
		}
	}
	if k.f.Checksum == "crc32" {
		if len(s) <= 8 || fmt.Sprintf("%08x", crc32.ChecksumIEEE([]byte(s[:len(s)-8]))) != strings.ToLower(s[len(s)-8:]) {
			return "", ErrKeyMalformed
		}
	}
	return s, nil
}

// lowerASCII folds letters only: other bytes of a key mean what they are.
func lowerASCII(s string) string {
	for i := range len(s) {
		if 'A' <= s[i] && s[i] <= 'Z' {
			b := []byte(s)
			for j := range b {
				b[j] = lowerByte(b[j])
			}
			return string(b)
		}
	}
	return s
}

func lowerByte(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// ID hashes a normalised key.
func (k *Keys) ID(normalised string) (id KeyID) {
	m := k.pool.Get().(hash.Hash)
	m.Reset()
	m.Write(k.mark)
	m.Write([]byte(normalised))
	m.Sum(id[:0])
	k.pool.Put(m)
	return id
}
