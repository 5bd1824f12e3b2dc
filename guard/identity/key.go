package identity

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"iter"
	"net/http"
	"net/url"
	"strings"

	"palisade.dev/guard/wire"
)

// What can be wrong with an API key. The errors never hold the key. Two keys that differ are malformed too, under
// [errors.Is].
var (
	ErrKeyMissing   = errors.New("no API key")
	ErrKeyMalformed = errors.New("the API key is not of the declared format")
	ErrKeyAmbiguous = fmt.Errorf("more than one API key: %w", ErrKeyMalformed)
)

const maxKey = 512

// Keys reads API keys of a declared format and turns them into hashes at once.
type Keys struct {
	f        wire.Key
	alphabet [256]bool
	any      bool
	prefix   string // folded when the format is case-insensitive
	from     []source
	mac      *mac
	mark     string
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
	if len(secret) < weakSecret {
		return nil, fmt.Errorf("api_key: the policy's secret has %d bytes, want %d or more: without it keys could be guessed from their hashes", len(secret), weakSecret)
	}
	if strings.Contains(tenant, "|") {
		return nil, fmt.Errorf("api_key: site %q: a name with | could be mistaken for another's", tenant)
	}
	k := &Keys{f: f, mac: newMac(secret), mark: "k1|" + tenant + "|"}
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
	switch f.Checksum {
	case "", "crc32", "luhn":
	default:
		return nil, fmt.Errorf("api_key: checksum %q: want crc32 (the last 8 hex digits, over all before them) or luhn (the last digit, over the digits after the prefix)", f.Checksum)
	}
	k.prefix = f.Prefix
	if f.CaseInsensitive {
		k.prefix = lowerASCII(f.Prefix)
	}
	return k, nil
}

// Find reads the key of a request, from whichever of its places has one. Two that differ make the request ambiguous, as
// nobody can say which of them the app will take.
func (k *Keys) Find(r *http.Request) (string, error) {
	found, fault := "", ErrKeyMissing
	take := func(raw string) {
		s, err := k.Normalise(raw)
		switch {
		case errors.Is(err, ErrKeyMissing): // an empty field is none
		case err != nil && !errors.Is(fault, ErrKeyAmbiguous):
			fault = err
		case errors.Is(fault, ErrKeyMissing):
			found, fault = s, nil
		case fault == nil && s != found:
			fault = ErrKeyAmbiguous
		}
	}
	for _, from := range k.from {
		switch from.kind {
		case "header":
			for _, v := range r.Header[from.name] {
				if k.f.Scheme != "" && from.name == "Authorization" && !hasScheme(v, k.f.Scheme) {
					continue // Basic credentials in the same header are no key of ours
				}
				take(v)
			}
		case "query":
			for v := range parameters(r.URL.RawQuery, from.name) {
				take(v)
			}
		case "cookie":
			for v := range cookies(r.Header, from.name) {
				take(v)
			}
		}
	}
	if fault != nil {
		return "", fault
	}
	return found, nil
}

// parameters gives the values of a query parameter. Its name may be escaped, as apps read it so. A value with a broken
// escape is given as it was sent, for the format to refuse: apps differ on what it means.
func parameters(query, name string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for more := query != ""; more; {
			var pair string
			pair, query, more = strings.Cut(query, "&")
			n, value, _ := strings.Cut(pair, "=")
			if n != name && (!strings.ContainsAny(n, "%+") || unquery(n) != name) {
				continue
			}
			if !yield(unquery(value)) {
				return
			}
		}
	}
}

func unquery(s string) string {
	if u, err := url.QueryUnescape(s); err == nil {
		return u
	}
	return s
}

// hasScheme reports whether a field begins with the scheme word. It may end there: a scheme without a key is a key
// that is missing.
func hasScheme(v, scheme string) bool {
	v = strings.TrimLeft(v, " \t")
	n := len(scheme)
	return n > 0 && len(v) >= n && strings.EqualFold(v[:n], scheme) && (len(v) == n || v[n] == ' ' || v[n] == '\t')
}

// Normalise brings a key into the one spelling that is hashed: optional white space and the scheme word go, control
// bytes and what the format does not allow are refused, and case is folded only where the format says that it means
// nothing. Two keys that differ in anything else stay two.
func (k *Keys) Normalise(raw string) (string, error) {
	if len(raw) > 2*maxKey {
		return "", ErrKeyMalformed
	}
	s := strings.Trim(raw, " \t")
	if hasScheme(s, k.f.Scheme) {
		s = strings.Trim(s[len(k.f.Scheme):], " \t")
	}
	if s == "" || strings.EqualFold(s, k.f.Scheme) {
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
	if !ok || body == "" {
		return "", ErrKeyMalformed
	}
	if !k.any {
		for i := range len(body) {
			if !k.alphabet[body[i]] {
				return "", ErrKeyMalformed
			}
		}
	}
	if k.f.Checksum == "crc32" && !crcHolds(s) || k.f.Checksum == "luhn" && !luhnHolds(body) {
		return "", ErrKeyMalformed
	}
	return s, nil
}

// crcHolds checks CRC-32 (IEEE) in the last eight hex digits over all that stands before them, the prefix included.
func crcHolds(s string) bool {
	n := len(s) - 8
	if n <= 0 {
		return false
	}
	var want uint32
	for i := n; i < len(s); i++ {
		if !isHex(s[i]) {
			return false
		}
		want = want<<4 | uint32(unhex(s[i]))
	}
	sum := ^uint32(0)
	for i := range n { // by hand, as crc32 wants a slice on the heap
		sum = crc32.IEEETable[byte(sum)^s[i]] ^ sum>>8
	}
	return ^sum == want
}

// luhnHolds checks the last digit as ISO/IEC 7812 does: every second digit from the right is doubled.
func luhnHolds(digits string) bool {
	if len(digits) < 2 {
		return false
	}
	sum := 0
	for i := range len(digits) {
		c := digits[len(digits)-1-i]
		if c < '0' || c > '9' {
			return false
		}
		d := int(c - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
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

// ID hashes a normalised key. Two keys, or one key at two sites, share no hash.
func (k *Keys) ID(normalised string) KeyID {
	return k.mac.sum(k.mark, normalised)
}
