package identity

import (
	"bytes"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"palisade.dev/guard/wire"
)

var decoySecret = []byte("a secret of thirty-two bytes long")

// decoysOf makes a reader that knows some keys.
func decoysOf(t testing.TB, format *wire.Key, keys ...string) *Decoys {
	t.Helper()
	var hashes []string
	for _, k := range keys {
		id, err := HashKey(k, decoySecret, "shop")
		if err != nil {
			t.Fatal(err)
		}
		hashes = append(hashes, id.String())
	}
	d, err := NewDecoys(hashes, format, decoySecret, "shop")
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestDecoysAreFoundWhereTheyAreTried(t *testing.T) {
	const key = "shop_live_Q7x2mC9v"
	d := decoysOf(t, &wire.Key{From: []string{"header:X-Shop-Key", "cookie:shopkey", "query:k"}}, key, "another-one")
	id, _ := HashKey(key, decoySecret, "shop")
	for name, ask := range map[string]func(*http.Request){
		"a declared header":        func(r *http.Request) { r.Header.Set("X-Shop-Key", key) },
		"a declared cookie":        func(r *http.Request) { r.Header.Set("Cookie", "a=b; shopkey=\""+key+"\"") },
		"a bearer":                 func(r *http.Request) { r.Header.Set("Authorization", "bearer  "+key) },
		"no scheme":                func(r *http.Request) { r.Header.Set("Authorization", " "+key+" ") },
		"a password":               func(r *http.Request) { r.SetBasicAuth("api", key) },
		"a user":                   func(r *http.Request) { r.SetBasicAuth(key, "") },
		"the second of two fields": func(r *http.Request) { r.Header["X-Api-Key"] = []string{"somebodys", key} },
		"any parameter":            func(r *http.Request) { r.URL.RawQuery = "x=1&whatever=" + key },
		"an escaped parameter":     func(r *http.Request) { r.URL.RawQuery = "whatever=shop%5Flive_Q7x2mC9v&x" },
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		ask(r)
		if got, ok := d.Find(r); !ok || got != id {
			t.Errorf("%s: %v %v", name, got, ok)
		}
	}
	for name, ask := range map[string]func(*http.Request){
		"nothing":              func(*http.Request) {},
		"another key":          func(r *http.Request) { r.Header.Set("X-Api-Key", key+"0") },
		"its beginning":        func(r *http.Request) { r.Header.Set("X-Api-Key", key[:len(key)-1]) },
		"in capitals":          func(r *http.Request) { r.Header.Set("X-Api-Key", strings.ToUpper(key)) },
		"in a field for words": func(r *http.Request) { r.Header.Set("User-Agent", key) },
		"broken credentials":   func(r *http.Request) { r.Header.Set("Authorization", "Basic %%%") },
		"endless credentials":  func(r *http.Request) { r.Header.Set("Authorization", "Basic "+strings.Repeat("QUFB", 9000)) },
		"an endless field":     func(r *http.Request) { r.Header.Set("X-Api-Key", strings.Repeat(key, 9000)) },
		"after sixteen others": func(r *http.Request) { r.URL.RawQuery = strings.Repeat("a=somebodys&", maxTried) + "b=" + key },
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		ask(r)
		if _, ok := d.Find(r); ok {
			t.Errorf("%s is taken for the decoy", name)
		}
	}
	if other, err := HashKey(key, decoySecret, "bank"); err != nil || other == id {
		t.Errorf("two sites share a hash: %v", err)
	}
}

func TestLookingForDecoysAllocatesNothing(t *testing.T) {
	d := decoysOf(t, nil, "shop_live_Q7x2mC9v")
	r := httptest.NewRequest(http.MethodGet, "/search?q=long+enough+words&page=2&token=somebodys-token", nil)
	r.Header.Set("Authorization", "Bearer somebodys-own-key")
	r.Header.Set("Cookie", "session=whatever-it-is")
	r.URL.RawQuery = strings.ReplaceAll(r.URL.RawQuery, "+", "-") // unescaping allocates
	pooled := testing.AllocsPerRun(500, func() { d.Find(r) })
	if pooled > 0.1 { // a garbage collection may empty the pool of hashes
		t.Errorf("%v allocations", pooled)
	}
}

func BenchmarkDecoys(b *testing.B) {
	d := decoysOf(b, nil, "shop_live_Q7x2mC9v")
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Authorization", "Bearer somebodys-own-key")
	b.ReportAllocs()
	for b.Loop() {
		d.Find(r)
	}
}

func TestDecoyFaults(t *testing.T) {
	good := strings.Repeat("ab", 32)
	for _, c := range []struct {
		hashes []string
		secret []byte
		says   string
	}{
		{[]string{"the-key-itself"}, decoySecret, "no key's hash"},
		{[]string{good[:62] + "zz"}, decoySecret, "no key's hash"},
		{[]string{good}, []byte("short"), "16 or more"},
	} {
		if _, err := NewDecoys(c.hashes, nil, c.secret, "shop"); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%v: %v", c.hashes, err)
		}
	}
}

// What is invented for a format is read by the format, is never the same twice, and has room for nobody to guess it.
func TestInventedKeysAreOfTheirFormat(t *testing.T) {
	random := rand.NewChaCha8([32]byte{1})
	formats := []wire.Key{
		{},
		{Prefix: "sk_live_", Alphabet: "alnum", MinLength: 40, MaxLength: 40},
		{Prefix: "PK-", Alphabet: "hex", CaseInsensitive: true},
		{Alphabet: "base32", Checksum: "crc32", MaxLength: 24},
		{Alphabet: "base58", Checksum: "crc32"},
		{Prefix: "sk_", Checksum: "crc32", CaseInsensitive: true, MinLength: 100},
		{Alphabet: "base64url", MinLength: 512, MaxLength: 512},
		{Checksum: "luhn", MaxLength: 16},
		{Prefix: "c-", Checksum: "luhn", Alphabet: "0123456789"},
		{Alphabet: "01", MinLength: 64},
		{Alphabet: "ABCDEF0123456789", Checksum: "crc32"},
	}
	for _, f := range formats {
		f.From = []string{"header:X-Key"}
		k, err := NewKeys(f, decoySecret, "shop")
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for range 50 {
			key, err := k.Invent(random)
			if err != nil {
				t.Fatalf("%+v: %v", f, err)
			}
			if got, err := k.Normalise(key); err != nil || got != key || seen[key] || len(key) < MinDecoy {
				t.Errorf("%+v: %s reads as %s, %v", f, key, got, err)
			}
			seen[key] = true
		}
	}
	for says, f := range map[string]wire.Key{
		"could be guessed": {MaxLength: 6},
		"two letters":      {Alphabet: "a"},
		"of the alphabet":  {Alphabet: "xyz", Checksum: "crc32"},
	} {
		f.From = []string{"header:X-Key"}
		k, err := NewKeys(f, decoySecret, "shop")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := k.Invent(random); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%+v: %v, want %q", f, err, says)
		}
	}
	k, _ := NewKeys(wire.Key{From: []string{"header:X-Key"}}, decoySecret, "shop")
	if _, err := k.Invent(bytes.NewReader(nil)); err == nil || !strings.Contains(err.Error(), "inventing a key") {
		t.Errorf("no randomness: %v", err)
	}
}

// Whatever a stranger sends: the key that was planted is found in a field of its own, and nothing else is.
func FuzzDecoys(f *testing.F) {
	seeds := []string{"", "Bearer shop_live_Q7x2mC9v", "shop_live_Q7x2mC9v", "Basic c2hvcDp4", "Basic", "basic ====", "a=b&c", "%zz=%zz", "\x00\xff", strings.Repeat("x ", 600)}
	for _, s := range seeds {
		f.Add(s, s)
	}
	if len(seeds) < 10 {
		f.Fatal("seeds are missing")
	}
	const key = "shop_live_Q7x2mC9v"
	d := decoysOf(f, nil, key)
	f.Fuzz(func(t *testing.T, field, query string) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header["Authorization"], r.URL.RawQuery = []string{field}, query
		if _, ok := d.Find(r); ok && !strings.Contains(field, key) && !strings.HasPrefix(strings.ToLower(strings.TrimSpace(field)), "basic ") && !strings.Contains(unquery(strings.ReplaceAll(query, "&", " ")), key) && !strings.Contains(query, "%") {
			t.Fatalf("%q %q hold no decoy", field, query)
		}
		r.Header["X-Api-Key"] = []string{key}
		r.URL.RawQuery = ""
		if _, ok := d.Find(r); !ok {
			t.Fatalf("the decoy is not seen beside %q", field)
		}
	})
}
