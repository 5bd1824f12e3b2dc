package jwt

import "testing"

func TestRoundTrip(t *testing.T) {
	tok := &Token{Header: map[string]any{"alg": "HS256"}, Claims: map[string]any{"sub": "7"}}
	p, err := Parse(tok.HMAC([]byte("k")))
	if err != nil || !p.MadeWith([]byte("k")) || p.MadeWith([]byte("j")) || p.Claims["sub"] != "7" {
		t.Fatalf("%v %+v", err, p)
	}
	if _, err := Parse("a.b"); err == nil || err.Error() != "reading a token: it has 2 parts and not three" {
		t.Error(err)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"eyJhbGciOiJub25lIn0.e30.", "a.b.c", "eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjF9.AAAA"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		tok, err := Parse(s)
		if err != nil {
			return
		}
		tok.Time("exp")
		if again, err := Parse(tok.With(nil).HMAC([]byte("k"))); err != nil || !(again.Alg() != "HS256" || again.MadeWith([]byte("k"))) {
			t.Errorf("%q does not survive: %v", s, err)
		}
	})
}
