package identity

import (
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash/crc32"
	"math/rand"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"palisade.dev/guard/wire"
)

var secret = []byte("0123456789abcdef0123456789abcdef")

func keys(t testing.TB, f wire.Key) *Keys {
	t.Helper()
	if f.From == nil {
		f.From = []string{"header:X-API-Key"}
	}
	k, err := NewKeys(f, secret, "shop")
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func crc(s string) string { return s + fmt.Sprintf("%08x", crc32.ChecksumIEEE([]byte(s))) }

var keyFormats = map[string]wire.Key{
	"open":   {},
	"bearer": {Scheme: "Bearer"},
	"hex":    {Prefix: "pk_", Alphabet: "hex", MinLength: 9, MaxLength: 11, CaseInsensitive: true},
	"cased":  {Prefix: "PK_", Alphabet: "base64url", MaxLength: 40},
	"base32": {Alphabet: "base32"},
	"base58": {Alphabet: "base58"},
	"alnum":  {Alphabet: "alnum"},
	"letter": {Alphabet: "abc-"},
	"crc":    {Prefix: "tok_", Checksum: "crc32"},
	"luhn":   {Prefix: "c", Checksum: "luhn"},
}

var keyCases = []struct{ format, raw, want string }{ // want "" is missing, "!" is malformed
	{"open", "ABC123", "ABC123"},
	{"open", " ABC123 ", "ABC123"},
	{"open", "\tABC123\t ", "ABC123"},
	{"open", "abc123", "abc123"},
	{"open", "Bearer", "Bearer"},
	{"open", "Bearer x", "!"},
	{"open", "", ""},
	{"open", " \t ", ""},
	{"open", "a b", "!"},
	{"open", "a\x00", "!"},
	{"open", "a\n", "!"},
	{"open", "a\x7f", "!"},
	{"open", "clé", "clé"},
	{"open", strings.Repeat("k", 512), strings.Repeat("k", 512)},
	{"open", strings.Repeat("k", 513), "!"},
	{"open", strings.Repeat(" ", 5000) + "k", "!"},
	{"bearer", "Bearer abc", "abc"},
	{"bearer", "bearer abc", "abc"},
	{"bearer", "BEARER   abc ", "abc"},
	{"bearer", "Bearer\tabc", "abc"},
	{"bearer", "abc", "abc"},
	{"bearer", "Bearer", ""},
	{"bearer", "Bearer  ", ""},
	{"bearer", "Bearer bearer", ""},
	{"bearer", "Bearerabc", "Bearerabc"},
	{"bearer", "Bearer Bearer abc", "!"},
	{"bearer", "Bearer a b", "!"},
	{"hex", "pk_abc123", "pk_abc123"},
	{"hex", " PK_ABC123 ", "pk_abc123"},
	{"hex", "Pk_aBc123", "pk_abc123"},
	{"hex", "pk_abc12", "!"},
	{"hex", "pk_abc123456", "!"},
	{"hex", "pk_xyz123", "!"},
	{"hex", "xx_abc123", "!"},
	{"hex", "abc123abc", "!"},
	{"cased", "PK_aB-_9", "PK_aB-_9"},
	{"cased", "pk_aB", "!"},
	{"cased", "PK_a+b", "!"},
	{"cased", "PK_", "!"},
	{"cased", "PK_a=", "!"},
	{"base32", "ABC234", "ABC234"},
	{"base32", "abc234", "!"},
	{"base32", "ABC1", "!"},
	{"base58", "abcXYZ1", "abcXYZ1"},
	{"base58", "abc0", "!"},
	{"alnum", "aZ09", "aZ09"},
	{"alnum", "a_b", "!"},
	{"letter", "cab-", "cab-"},
	{"letter", "cabd", "!"},
	{"crc", crc("tok_abcdef"), crc("tok_abcdef")},
	{"crc", "tok_abcdef00000000", "!"},
	{"crc", crc("tok_"), "tok_" + fmt.Sprintf("%08x", crc32.ChecksumIEEE([]byte("tok_")))},
	{"crc", "tok_short", "!"},
	{"luhn", "c79927398713", "c79927398713"},
	{"luhn", "c79927398710", "!"},
	{"luhn", "c7992739871x", "!"},
	{"luhn", "c0", "!"},
}

func TestKeyFormats(t *testing.T) {
	if len(keyCases) < 55 {
		t.Fatalf("%d cases, want 55: the table was cut", len(keyCases))
	}
	for _, c := range keyCases {
		f, ok := keyFormats[c.format]
		if !ok {
			t.Fatalf("no format %q", c.format)
		}
		k := keys(t, f)
		got, err := k.Normalise(c.raw)
		switch c.want {
		case "":
			if !errors.Is(err, ErrKeyMissing) || got != "" {
				t.Errorf("%s %.60q: %q, %v, want missing", c.format, c.raw, got, err)
			}
		case "!":
			if err != ErrKeyMalformed || got != "" { //nolint:errorlint // not ambiguous
				t.Errorf("%s %.60q: %q, %v, want malformed", c.format, c.raw, got, err)
			}
		default:
			if err != nil || got != c.want {
				t.Errorf("%s %.60q: %q, %v, want %q", c.format, c.raw, got, err, c.want)
			}
			if again, err := k.Normalise(got); err != nil || again != got {
				t.Errorf("%s %.60q: normalised twice: %q, %v", c.format, c.raw, again, err)
			}
		}
	}
}

func TestFindKey(t *testing.T) {
	from := []string{"header:x-api-key", "header:Authorization", "query:api_key", "cookie:key"}
	k := keys(t, wire.Key{From: from, Scheme: "Bearer", CaseInsensitive: true})
	cases := []struct {
		name  string
		query string
		h     http.Header
		want  string
		err   error
	}{
		{"nothing", "", nil, "", ErrKeyMissing},
		{"header", "", http.Header{"X-Api-Key": {"abc"}}, "abc", nil},
		{"authorization", "", http.Header{"Authorization": {"Bearer abc"}}, "abc", nil},
		{"query", "a=1&api_key=abc&b=2", nil, "abc", nil},
		{"query, name escaped", "api%5Fkey=abc", nil, "abc", nil},
		{"query, value escaped", "api_key=%61bc", nil, "abc", nil},
		{"query, plus is a space", "api_key=+abc+", nil, "abc", nil},
		{"query, broken escape is taken as sent", "api_key=abc%zz", nil, "abc%zz", nil},
		{"query, name is case-sensitive", "API_KEY=abc", nil, "", ErrKeyMissing},
		{"query, a name that only contains it", "my_api_key=abc", nil, "", ErrKeyMissing},
		{"query without a value", "api_key", nil, "", ErrKeyMissing},
		{"query, NUL", "api_key=a%00", nil, "", ErrKeyMalformed},
		{"cookie", "", http.Header{"Cookie": {"a=1; key=abc; b=2"}}, "abc", nil},
		{"cookie in quotes", "", http.Header{"Cookie": {`key="abc"`}}, "abc", nil},
		{"cookie in a second line", "", http.Header{"Cookie": {"a=1", "key=abc"}}, "abc", nil},
		{"cookie of a longer name", "", http.Header{"Cookie": {"monkey=abc"}}, "", ErrKeyMissing},
		{"basic credentials are no key", "", http.Header{"Authorization": {"Basic dXNlcjpwYXNz"}}, "", ErrKeyMissing},
		{"scheme without a key", "", http.Header{"Authorization": {"Bearer"}}, "", ErrKeyMissing},
		{"the same key twice", "api_key=abc", http.Header{"X-Api-Key": {"abc"}}, "abc", nil},
		{"the same key in two spellings", "api_key=ABC", http.Header{"Authorization": {"Bearer abc"}, "X-Api-Key": {" aBc "}}, "abc", nil},
		{"an empty one beside it", "api_key=abc", http.Header{"X-Api-Key": {""}}, "abc", nil},
		{"two keys in two places", "api_key=abc", http.Header{"X-Api-Key": {"abd"}}, "", ErrKeyAmbiguous},
		{"two keys in one header", "", http.Header{"X-Api-Key": {"abc", "abd"}}, "", ErrKeyAmbiguous},
		{"two keys in the query", "api_key=abc&api_key=abd", nil, "", ErrKeyAmbiguous},
		{"two cookies", "", http.Header{"Cookie": {"key=abc; key=abd"}}, "", ErrKeyAmbiguous},
		{"a malformed one beside a good one", "api_key=abc", http.Header{"X-Api-Key": {"a b"}}, "", ErrKeyMalformed},
		{"a good one beside a malformed one", "api_key=a+b", http.Header{"X-Api-Key": {"abc"}}, "", ErrKeyMalformed},
		{"another header", "", http.Header{"X-Key": {"abc"}}, "", ErrKeyMissing},
	}
	if len(cases) < 28 {
		t.Fatal("the table was cut")
	}
	for _, c := range cases {
		h := c.h
		if h == nil {
			h = http.Header{}
		}
		got, err := k.Find(&http.Request{Header: h, URL: &url.URL{RawQuery: c.query}})
		if got != c.want || err != c.err { //nolint:errorlint // an ambiguous key is a malformed one too, and here they are told apart
			t.Errorf("%s: %q, %v, want %q, %v", c.name, got, err, c.want, c.err)
		}
	}
	if !errors.Is(ErrKeyAmbiguous, ErrKeyMalformed) {
		t.Error("an ambiguous key is to be refused as a malformed one is")
	}
}

func TestKeyDeclarationsSayWhatIsWrong(t *testing.T) {
	from := []string{"header:X-API-Key"}
	cases := []struct {
		f      wire.Key
		secret []byte
		tenant string
		want   string
	}{
		{wire.Key{}, secret, "shop", "api_key: from: say where it is, such as header:X-API-Key"},
		{wire.Key{From: []string{"body:key"}}, secret, "shop", `api_key: from: "body:key": want header:NAME, query:NAME or cookie:NAME`},
		{wire.Key{From: []string{"header:"}}, secret, "shop", `api_key: from: "header:": want header:NAME, query:NAME or cookie:NAME`},
		{wire.Key{From: from, MinLength: 9, MaxLength: 8}, secret, "shop", "api_key: lengths 9 to 8: want 0 to 512, the shorter first"},
		{wire.Key{From: from, MaxLength: 513}, secret, "shop", "api_key: lengths 0 to 513: want 0 to 512, the shorter first"},
		{wire.Key{From: from, Checksum: "md5"}, secret, "shop", `api_key: checksum "md5": want crc32 (the last 8 hex digits, over all before them) or luhn (the last digit, over the digits after the prefix)`},
		{wire.Key{From: from}, nil, "shop", "api_key: the policy's secret has 0 bytes, want 16 or more: without it keys could be guessed from their hashes"},
		{wire.Key{From: from}, secret, "a|b", `api_key: site "a|b": a name with | could be mistaken for another's`},
	}
	for _, c := range cases {
		if _, err := NewKeys(c.f, c.secret, c.tenant); err == nil || err.Error() != c.want {
			t.Errorf("%+v: %v\nwant %s", c.f, err, c.want)
		}
	}
	for _, err := range []error{ErrKeyMissing, ErrKeyMalformed, ErrKeyAmbiguous} {
		if s := err.Error(); s != "no API key" && s != "the API key is not of the declared format" && s != "more than one API key: the API key is not of the declared format" {
			t.Errorf("%q", s)
		}
	}
}

func TestKeyID(t *testing.T) {
	k := keys(t, wire.Key{})
	m := hmac.New(sha256.New, secret)
	m.Write([]byte("k1|shop|pk_abc123"))
	id := k.ID("pk_abc123")
	if !hmac.Equal(m.Sum(nil), id[:]) {
		t.Error("not HMAC-SHA256(secret, k1|tenant|key)")
	}
	if id.String()[:12] != id.Short() || len(id.Short()) != 12 || len(id.String()) != 64 {
		t.Errorf("%s, %s", id.Short(), id)
	}
	other, err := NewKeys(wire.Key{From: []string{"header:X"}}, secret, "shop2")
	if err != nil {
		t.Fatal(err)
	}
	if other.ID("pk_abc123") == id {
		t.Error("two sites share a hash")
	}
}

// Keys that differ in what their format means never collapse into one; spellings that differ in what it does not do.
func TestDistinctKeysStayDistinct(t *testing.T) {
	rng := rand.New(rand.NewSource(7))
	const letters = "abcABC012-_."
	for name, f := range map[string]wire.Key{"cased": {}, "folded": {CaseInsensitive: true}} {
		k := keys(t, f)
		byID := map[KeyID]string{}
		tried := 0
		for range 30_000 {
			b := make([]byte, 1+rng.Intn(6))
			for i := range b {
				b[i] = letters[rng.Intn(len(letters))]
			}
			raw := string(b)
			n, err := k.Normalise(strings.Repeat(" ", rng.Intn(3)) + raw + strings.Repeat("\t", rng.Intn(2)))
			if err != nil {
				t.Fatalf("%q: %v", raw, err)
			}
			meaning := raw
			if f.CaseInsensitive {
				meaning = strings.ToLower(raw)
			}
			if n != meaning {
				t.Fatalf("%s: %q became %q", name, raw, n)
			}
			id := k.ID(n)
			if before, ok := byID[id]; ok && before != meaning {
				t.Fatalf("%s: %q and %q share a hash", name, before, meaning)
			}
			byID[id] = meaning
			tried++
		}
		if tried != 30_000 || len(byID) < 5000 {
			t.Fatalf("%s: tried %d keys, %d distinct", name, tried, len(byID))
		}
	}
}

func FuzzKey(f *testing.F) {
	seeds := 0
	for _, c := range keyCases {
		f.Add(c.raw, "api_key="+url.QueryEscape(c.raw), "key="+c.raw)
		seeds++
	}
	if seeds < 55 {
		f.Fatalf("%d seeds", seeds)
	}
	var all []*Keys
	for _, format := range keyFormats {
		format.From = []string{"header:X-API-Key", "header:Authorization", "query:api_key", "cookie:key"}
		all = append(all, keys(f, format))
	}
	f.Fuzz(func(t *testing.T, raw, query, cookie string) {
		for _, k := range all {
			n, err := k.Normalise(raw)
			if err == nil {
				if n == "" || len(n) > maxKey || strings.ContainsAny(n, " \t\r\n\x00") {
					t.Fatalf("%q became %q", raw, n)
				}
				if again, err := k.Normalise(n); err != nil || again != n {
					t.Fatalf("%q → %q → %q (%v)", raw, n, again, err)
				}
				if !k.f.CaseInsensitive && !strings.Contains(raw, n) {
					t.Fatalf("%q became %q", raw, n)
				}
			}
			r := &http.Request{Header: http.Header{"X-Api-Key": {raw}, "Cookie": {cookie}}, URL: &url.URL{RawQuery: query}}
			if n, err := k.Find(r); (err == nil) == (n == "") {
				t.Fatalf("found %q, %v", n, err)
			}
		}
	})
}

func TestKeysAllocateNothing(t *testing.T) {
	k := keys(t, wire.Key{From: []string{"header:X-API-Key", "header:Authorization", "query:api_key", "cookie:key"}, Scheme: "Bearer", Checksum: "crc32"})
	r := &http.Request{Header: http.Header{"Authorization": {"Bearer " + crc("tok_abcdef")}, "Cookie": {"a=b; c=d"}}, URL: &url.URL{RawQuery: "page=2"}}
	if n := testing.AllocsPerRun(200, func() { _, _ = k.Find(r) }); n != 0 {
		t.Errorf("finding a key: %v allocations", n)
	}
	// The collector empties the pool now and then, and the race detector drops from it on purpose.
	pooled := testing.AllocsPerRun(500, func() { k.ID("tok_abcdef") })
	fresh := testing.AllocsPerRun(500, func() {
		m := hmac.New(sha256.New, secret)
		m.Write([]byte("k1|shop|tok_abcdef"))
		m.Sum(nil)
	})
	if pooled > fresh/2 {
		t.Errorf("hashing a key: %v allocations, a fresh HMAC %v", pooled, fresh)
	}
}

func BenchmarkKey(b *testing.B) {
	k := keys(b, wire.Key{From: []string{"header:X-API-Key", "query:api_key"}, Prefix: "pk_", Alphabet: "hex"})
	r := &http.Request{Header: http.Header{"X-Api-Key": {"pk_0123456789abcdef01234567"}}, URL: &url.URL{RawQuery: "page=2"}}
	b.Run("find", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = k.Find(r)
		}
	})
	b.Run("id", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			k.ID("pk_0123456789abcdef01234567")
		}
	})
	b.Run("fresh hmac, for comparison", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			m := hmac.New(sha256.New, secret)
			m.Write([]byte("k1|shop|pk_0123456789abcdef01234567"))
			m.Sum(nil)
		}
	})
}
