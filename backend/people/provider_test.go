package people

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"
)

// fakeProvider is an identity provider: discovery, keys, and codes that are traded for ID tokens against the PKCE verifier.
// Whoever is sent to it is said to be whatever claims says.
type fakeProvider struct {
	t      testing.TB
	server *httptest.Server
	key    *rsa.PrivateKey
	now    func() time.Time

	lie   func(claims map[string]any) // changes an ID token before it is signed
	as    *rsa.PrivateKey             // signs instead of the key that is published
	codes map[string]url.Values       // what was asked for, by the code that was given for it
}

func newFakeProvider(t testing.TB, now func() time.Time) *fakeProvider {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	f := &fakeProvider{t: t, key: key, now: now, codes: map[string]url.Values{}}
	mux := http.NewServeMux()
	answer := func(w http.ResponseWriter, v any) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(v)
	}
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]any{
			"issuer": f.server.URL, "authorization_endpoint": f.server.URL + "/auth", "token_endpoint": f.server.URL + "/token", "jwks_uri": f.server.URL + "/keys",
			"id_token_signing_alg_values_supported": []string{"RS256"},
		})
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]any{"keys": []any{map[string]any{
			"kty": "RSA", "alg": "RS256", "use": "sig", "kid": "k", "n": b64(key.N.Bytes()), "e": b64(big.NewInt(int64(key.E)).Bytes()),
		}}})
	})
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		asked := f.codes[r.FormValue("code")]
		delete(f.codes, r.FormValue("code"))
		sum := sha256.Sum256([]byte(r.FormValue("code_verifier")))
		id, secret, _ := r.BasicAuth()
		if asked == nil || asked.Get("code_challenge_method") != "S256" || asked.Get("code_challenge") != b64(sum[:]) ||
			asked.Get("redirect_uri") != r.FormValue("redirect_uri") || id != "palisade" || secret != "s3cret" {
			w.WriteHeader(http.StatusBadRequest)
			answer(w, map[string]any{"error": "invalid_grant"})
			return
		}
		answer(w, map[string]any{"access_token": "a", "token_type": "Bearer", "id_token": f.token(asked.Get("nonce"))})
	})
	f.server = httptest.NewServer(mux)
	t.Cleanup(f.server.Close)
	return f
}

// token signs an ID token of Carl's, or of whom the lie makes him.
func (f *fakeProvider) token(nonce string) string {
	now := f.now().Unix()
	claims := map[string]any{
		"iss": f.server.URL, "aud": "palisade", "sub": "carl-7", "iat": now, "exp": now + 300, "nonce": nonce, "auth_time": now,
		"email": "Carl@example.org", "email_verified": true, "name": "Carl",
	}
	if f.lie != nil {
		f.lie(claims)
	}
	text, err := json.Marshal(claims)
	must(f.t, err)
	body := b64([]byte(`{"alg":"RS256","kid":"k"}`)) + "." + b64(text)
	sum := sha256.Sum256([]byte(body))
	key := f.key
	if f.as != nil {
		key = f.as
	}
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	must(f.t, err)
	return body + "." + base64.RawURLEncoding.EncodeToString(signature)
}

// visit is somebody going to the address and coming back: what the provider adds to the console's address.
func (f *fakeProvider) visit(address string) url.Values {
	f.t.Helper()
	u, err := url.Parse(address)
	must(f.t, err)
	asked := u.Query()
	code := rand.Text()
	f.codes[code] = asked
	return url.Values{"code": {code}, "state": {asked.Get("state")}}
}
