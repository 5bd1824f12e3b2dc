package identity

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	"palisade.dev/guard/wire"
)

const sharedKey = "a shared secret of some length"

func part(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // only plain maps are given
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

type claims = map[string]any

func hs256(key string, head, body any) string {
	signed := part(head) + "." + part(body)
	m := hmac.New(sha256.New, []byte(key))
	m.Write([]byte(signed))
	return signed + "." + base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}

func publicPEM(t testing.TB, key any) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

func tokens(t testing.TB, declared wire.Token) *Tokens {
	t.Helper()
	if declared.From == "" {
		declared.From = "header:Authorization"
	}
	v, err := NewTokens(declared)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// The examples of RFC 7515, appendices A.1 and A.3.
func TestPublishedTokens(t *testing.T) {
	secret, err := base64.RawURLEncoding.DecodeString("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow")
	if err != nil {
		t.Fatal(err)
	}
	x, err := base64.RawURLEncoding.DecodeString("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU")
	if err != nil {
		t.Fatal(err)
	}
	y, err := base64.RawURLEncoding.DecodeString("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0")
	if err != nil {
		t.Fatal(err)
	}
	ec, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), append(append([]byte{4}, x...), y...))
	if err != nil {
		t.Fatal(err)
	}
	const body = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
	for _, c := range []struct{ algorithm, key, token string }{
		{"HS256", string(secret), "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9." + body + ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"},
		{"ES256", publicPEM(t, ec), "eyJhbGciOiJFUzI1NiJ9." + body + ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"},
	} {
		v := tokens(t, wire.Token{Algorithm: c.algorithm, Key: c.key, Claim: "iss"})
		if who, err := v.Verify(c.token, time.Unix(1300819379, 0)); who != "joe" || err != nil {
			t.Errorf("%s: %q, %v", c.algorithm, who, err)
		}
		if who, err := v.Verify(c.token, time.Unix(1300819380+61, 0)); who != "" || !errors.Is(err, ErrToken) {
			t.Errorf("%s, expired: %q, %v", c.algorithm, who, err)
		}
	}
}

func TestEachAlgorithm(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	ec := ecKey(t)
	edPublic, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	sign := func(alg string) string {
		signed := part(claims{"alg": alg}) + "." + part(claims{"sub": "alice"})
		sum := sha256.Sum256([]byte(signed))
		var s []byte
		switch alg {
		case "RS256":
			s, err = rsa.SignPKCS1v15(rand.Reader, rsaKey, crypto.SHA256, sum[:])
		case "ES256":
			var a, b *big.Int
			a, b, err = ecdsa.Sign(rand.Reader, ec, sum[:])
			s = append(a.FillBytes(make([]byte, 32)), b.FillBytes(make([]byte, 32))...)
		case "EdDSA":
			s = ed25519.Sign(edKey, []byte(signed))
		}
		if err != nil {
			t.Fatal(err)
		}
		return signed + "." + base64.RawURLEncoding.EncodeToString(s)
	}
	verifiers := map[string]*Tokens{
		"HS256": tokens(t, wire.Token{Algorithm: "HS256", Key: sharedKey}),
		"RS256": tokens(t, wire.Token{Algorithm: "RS256", Key: publicPEM(t, rsaKey.Public())}),
		"ES256": tokens(t, wire.Token{Algorithm: "ES256", Key: publicPEM(t, ec.Public())}),
		"EdDSA": tokens(t, wire.Token{Algorithm: "EdDSA", Key: publicPEM(t, edPublic)}),
	}
	made := map[string]string{"HS256": hs256(sharedKey, claims{"alg": "HS256"}, claims{"sub": "alice"})}
	for _, alg := range []string{"RS256", "ES256", "EdDSA"} {
		made[alg] = sign(alg)
	}
	tried := 0
	for by, v := range verifiers {
		for alg, token := range made {
			tried++
			who, err := v.Verify(token, noon)
			if by == alg && (who != "alice" || err != nil) || by != alg && (who != "" || !errors.Is(err, ErrToken)) {
				t.Errorf("%s by %s: %q, %v", alg, by, who, err)
			}
			// One bit of the signature.
			i := strings.LastIndexByte(token, '.') + 1
			flipped := token[:i] + string(map[bool]byte{true: 'B', false: 'A'}[token[i] == 'A']) + token[i+1:]
			if who, err := v.Verify(flipped, noon); who != "" || !errors.Is(err, ErrToken) {
				t.Errorf("%s by %s, flipped: %q, %v", alg, by, who, err)
			}
		}
		// A token signed with the public key as if it were a shared secret: the algorithm is the key's, not the token's.
		for _, public := range []any{rsaKey.Public(), ec.Public(), edPublic} {
			if who, err := v.Verify(hs256(publicPEM(t, public), claims{"alg": "HS256"}, claims{"sub": "alice"}), noon); who != "" || !errors.Is(err, ErrToken) {
				t.Errorf("confused by %s: %q, %v", by, who, err)
			}
		}
	}
	if tried != 16 {
		t.Errorf("%d pairs", tried)
	}
}

var tokenCases = []struct {
	what  string
	token string
	want  string // "" is refused
}{
	{"plain", hs256(sharedKey, claims{"alg": "HS256", "typ": "JWT"}, claims{"sub": "alice", "iss": "shop", "aud": "web"}), "alice"},
	{"a number", hs256(sharedKey, claims{"alg": "HS256"}, claims{"sub": 4711, "iss": "shop", "aud": "web"}), "4711"},
	{"one of several audiences", hs256(sharedKey, claims{"alg": "HS256"}, claims{"sub": "alice", "iss": "shop", "aud": []string{"app", "web"}}), "alice"},
	{"timely", hs256(sharedKey, claims{"alg": "HS256"}, claims{"sub": "alice", "iss": "shop", "aud": "web", "exp": noon.Unix() + 1, "nbf": noon.Unix() - 1}), "alice"},
	{"half a minute past", hs256(sharedKey, claims{"alg": "HS256"}, claims{"sub": "alice", "iss": "shop", "aud": "web", "exp": noon.Unix() - 30}), "alice"},
	{"half a minute early", hs256(sharedKey, claims{"alg": "HS256"}, claims{"sub": "alice", "iss": "shop", "aud": "web", "nbf": noon.Unix() + 30}), "alice"},
	{"a fraction of a second", hs256(sharedKey, claims{"alg": "HS256"}, claims{"sub": "alice", "iss": "shop", "aud": "web", "exp": float64(noon.Unix()) + 0.5}), "alice"},
	{"expired", hs256(sharedKey, claims{"alg": "HS256"}, claims{"sub": "alice", "iss": "shop", "aud": "web", "exp": noon.Unix() - 60}), ""},
	{"not yet", hs256(sharedKey, claims{"alg": "HS256"}, claims{"sub": "alice", "iss": "shop", "aud": "web", "nbf": noon.Unix() + 61}), ""},
	{"exp is a word", hs256(sharedKey, claims{"alg": "HS256"}, claims{"sub": "alice", "iss": "shop", "aud": "web", "exp": "never"}), ""},
	{"exp is null", hs256(sharedKey, claims{"alg": "HS256"}, claims{"sub": "alice", "iss": "shop", "aud": "web", "exp": nil}), ""},
	{"exp beyond all time", hs256(sharedKey, claims{"alg": "HS256"}, claims{"sub": "alice", "iss": "shop", "aud": "web", "exp": 1e300}), ""},
	{"nbf is a list", hs256(sharedKey, claims{"alg": "HS256"}, claims{"sub": "alice", "iss": "shop", "aud": "web", "nbf": []int{1}}), ""},
	{"another issuer", hs256(sharedKey, claims{"alg": "HS256"}, claims{"sub": "alice", "iss": "shup", "aud": "web"}), ""},
	{"no issuer", hs256(sharedKey, claims{"alg": "HS256"}, claims{"sub": "alice", "aud": "web"}), ""},
	{"another audience", hs256(sharedKey, claims{"alg": "HS256"}, claims{"sub": "alice", "iss": "shop", "aud": "app"}), ""},
	{"no audience", hs256(sharedKey, claims{"alg": "HS256"}, claims{"sub": "alice", "iss": "shop"}), ""},
	{"no account", hs256(sharedKey, claims{"alg": "HS256"}, claims{"iss": "shop", "aud": "web"}), ""},
	{"an empty account", hs256(sharedKey, claims{"alg": "HS256"}, claims{"sub": "", "iss": "shop", "aud": "web"}), ""},
	{"account is an object", hs256(sharedKey, claims{"alg": "HS256"}, claims{"sub": claims{"id": 1}, "iss": "shop", "aud": "web"}), ""},
	{"account is true", hs256(sharedKey, claims{"alg": "HS256"}, claims{"sub": true, "iss": "shop", "aud": "web"}), ""},
	{"account of 129 bytes", hs256(sharedKey, claims{"alg": "HS256"}, claims{"sub": strings.Repeat("a", 129), "iss": "shop", "aud": "web"}), ""},
	{"account with a line break", hs256(sharedKey, claims{"alg": "HS256"}, claims{"sub": "alice\nbob", "iss": "shop", "aud": "web"}), ""},
	{"another key", hs256("another secret of some length", claims{"alg": "HS256"}, claims{"sub": "alice", "iss": "shop", "aud": "web"}), ""},
	{"alg none, signed", hs256(sharedKey, claims{"alg": "none"}, claims{"sub": "alice", "iss": "shop", "aud": "web"}), ""},
	{"alg none, not signed", part(claims{"alg": "none"}) + "." + part(claims{"sub": "alice", "iss": "shop", "aud": "web"}) + ".", ""},
	{"alg HS512 in the head", hs256(sharedKey, claims{"alg": "HS512"}, claims{"sub": "alice", "iss": "shop", "aud": "web"}), ""},
	{"no alg", hs256(sharedKey, claims{"typ": "JWT"}, claims{"sub": "alice", "iss": "shop", "aud": "web"}), ""},
	{"something critical", hs256(sharedKey, claims{"alg": "HS256", "crit": []string{"b64"}}, claims{"sub": "alice", "iss": "shop", "aud": "web"}), ""},
	{"critical, misspelt", hs256(sharedKey, claims{"alg": "HS256", "crit": "b64"}, claims{"sub": "alice", "iss": "shop", "aud": "web"}), ""},
	{"claims are a list", hs256(sharedKey, claims{"alg": "HS256"}, []string{"alice"}), ""},
	{"head is a list", hs256(sharedKey, []string{"HS256"}, claims{"sub": "alice", "iss": "shop", "aud": "web"}), ""},
	{"nested a thousand deep", hs256(sharedKey, claims{"alg": "HS256"}, json.RawMessage(`{"sub":"alice","x":`+strings.Repeat("[", 1000)+strings.Repeat("]", 1000)+`,"iss":"shop"}`)), ""},
	{"over 8 KiB", hs256(sharedKey, claims{"alg": "HS256"}, claims{"sub": "alice", "iss": "shop", "aud": "web", "x": strings.Repeat("x", 8<<10)}), ""},
	{"padded", hs256(sharedKey, claims{"alg": "HS256"}, claims{"sub": "alice", "iss": "shop", "aud": "web"}) + "=", ""},
	{"four parts", hs256(sharedKey, claims{"alg": "HS256"}, claims{"sub": "alice", "iss": "shop", "aud": "web"}) + ".x", ""},
	{"two parts", part(claims{"alg": "HS256"}) + "." + part(claims{"sub": "alice"}), ""},
	{"empty", "", ""},
	{"dots", "..", ""},
}

func TestTokens(t *testing.T) {
	if len(tokenCases) < 39 {
		t.Fatal("the table was cut")
	}
	v := tokens(t, wire.Token{Algorithm: "HS256", Key: sharedKey, Issuer: "shop", Audience: "web"})
	for _, c := range tokenCases {
		who, err := v.Verify(c.token, noon)
		if who != c.want || (err == nil) != (c.want != "") || err != nil && !errors.Is(err, ErrToken) {
			t.Errorf("%s: %q, %v, want %q", c.what, who, err, c.want)
		}
	}
	if s := ErrToken.Error(); s != "the token is not valid here" {
		t.Errorf("the error says %q", s)
	}
}

func TestWhereATokenIs(t *testing.T) {
	token := hs256(sharedKey, claims{"alg": "HS256"}, claims{"email": "a@b.test"})
	header := tokens(t, wire.Token{From: "header:Authorization", Algorithm: "HS256", Key: sharedKey, Claim: "email"})
	cookie := tokens(t, wire.Token{From: "cookie:jwt", Algorithm: "HS256", Key: sharedKey, Claim: "email"})
	cases := []struct {
		what string
		v    *Tokens
		h    http.Header
		ok   bool
	}{
		{"bearer", header, http.Header{"Authorization": {"Bearer " + token}}, true},
		{"bare", header, http.Header{"Authorization": {token}}, true},
		{"lower case", header, http.Header{"Authorization": {"bearer  " + token + " "}}, true},
		{"twice", header, http.Header{"Authorization": {"Bearer " + token, "Bearer " + token}}, false},
		{"basic", header, http.Header{"Authorization": {"Basic " + token}}, false},
		{"scheme only", header, http.Header{"Authorization": {"Bearer"}}, false},
		{"in a cookie instead", header, http.Header{"Cookie": {"jwt=" + token}}, false},
		{"nothing", header, nil, false},
		{"cookie", cookie, http.Header{"Cookie": {"a=b; jwt=" + token}}, true},
		{"two cookies", cookie, http.Header{"Cookie": {"jwt=x; jwt=" + token}}, false},
		{"in a header instead", cookie, http.Header{"Authorization": {"Bearer " + token}}, false},
	}
	for _, c := range cases {
		who, err := c.v.Account(&http.Request{Header: c.h}, noon)
		if c.ok && (who != "a@b.test" || err != nil) || !c.ok && (who != "" || !errors.Is(err, ErrToken)) {
			t.Errorf("%s: %q, %v", c.what, who, err)
		}
	}
}

func TestTokenDeclarationsSayWhatIsWrong(t *testing.T) {
	ec := publicPEM(t, ecKey(t).Public())
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	const misfit = " does not fit the key: want HS256 with a secret, RS256 (2048 bits or more), ES256 or EdDSA with their public key"
	cases := []struct {
		t    wire.Token
		want string
	}{
		{wire.Token{From: "query:t"}, `token: from: "query:t": want header:NAME or cookie:NAME`},
		{wire.Token{From: "header:"}, `token: from: "header:": want header:NAME or cookie:NAME`},
		{wire.Token{From: "header:A", Algorithm: "HS256", Key: "short"}, "token: key: a secret for HS256 has at least 16 bytes"},
		{wire.Token{From: "header:A", Algorithm: "RS256", Key: "no pem"}, "token: key: RS256 wants a public key in PEM"},
		{wire.Token{From: "header:A", Algorithm: "none", Key: ec}, `token: algorithm "none"` + misfit},
		{wire.Token{From: "header:A", Algorithm: "RS256", Key: ec}, `token: algorithm "RS256"` + misfit},
		{wire.Token{From: "header:A", Algorithm: "ES256", Key: publicPEM(t, p384.Public())}, `token: algorithm "ES256"` + misfit},
		{wire.Token{From: "header:A", Algorithm: "", Key: ec}, `token: algorithm ""` + misfit},
	}
	for _, c := range cases {
		if _, err := NewTokens(c.t); err == nil || err.Error() != c.want {
			t.Errorf("%+v: %v\nwant %s", c.t, err, c.want)
		}
	}
}

func FuzzToken(f *testing.F) {
	seeds := 0
	for _, c := range tokenCases {
		f.Add(c.token)
		seeds++
	}
	if seeds < 39 {
		f.Fatalf("%d seeds", seeds)
	}
	v := tokens(f, wire.Token{Algorithm: "HS256", Key: sharedKey})
	known := map[string]bool{}
	for _, c := range tokenCases {
		known[c.token] = true
	}
	f.Fuzz(func(t *testing.T, token string) {
		who, err := v.Verify(token, noon)
		if err == nil && !known[token] {
			t.Fatalf("forged: %q is %q", token, who)
		}
		if err != nil && who != "" {
			t.Fatalf("%q, %v", who, err)
		}
		// What the issuer signed without thinking: any bytes as claims.
		signed := part(claims{"alg": "HS256"}) + "." + base64.RawURLEncoding.EncodeToString([]byte(token))
		m := hmac.New(sha256.New, []byte(sharedKey))
		m.Write([]byte(signed))
		who, _ = v.Verify(signed+"."+base64.RawURLEncoding.EncodeToString(m.Sum(nil)), noon)
		if len(who) > wire.MaxSubject || strings.ContainsAny(who, "\x00\r\n") {
			t.Fatalf("an account called %q", who)
		}
	})
}

func BenchmarkToken(b *testing.B) {
	v := tokens(b, wire.Token{Algorithm: "HS256", Key: sharedKey})
	token := hs256(sharedKey, claims{"alg": "HS256"}, claims{"sub": "alice", "exp": noon.Unix() + 60})
	b.ReportAllocs()
	for b.Loop() {
		_, _ = v.Verify(token, noon)
	}
}
