package people

import (
	"strings"
	"testing"
)

// seeds adds starting points, and is not content with few.
func seeds(f *testing.F, least int, all ...string) {
	f.Helper()
	if len(all) < least {
		f.Fatalf("only %d seeds, there were %d", len(all), least)
	}
	for _, s := range all {
		f.Add(s)
	}
}

// What parses is written just so: no token has two spellings.
func FuzzToken(f *testing.F) {
	good := formatToken([32]byte{1, 2, 3})
	seeds(f, 6, good, "", "plt_", good[:20], strings.ToUpper(good), tokenPrefix+strings.Repeat("z", tokenLength-len(tokenPrefix)))
	f.Fuzz(func(t *testing.T, s string) {
		b, err := parseToken(s)
		if err == nil && formatToken(b) != s {
			t.Errorf("%q is %q", s, formatToken(b))
		}
		if err != nil && len(err.Error()) > 200 {
			t.Errorf("%v", err)
		}
	})
}

// What parses is written just so, and asks for no more memory or time than it may.
func FuzzPHC(f *testing.F) {
	good := "$argon2id$v=19$m=19456,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY"
	if _, err := parsePHC(good); err != nil {
		f.Fatal(err)
	}
	seeds(f, 7, good, "", "$$$$$", strings.Replace(good, "m=19456", "m=4294967295", 1), strings.Replace(good, "t=2", "t=-1", 1),
		strings.Replace(good, "t=2", "t=02", 1), strings.Replace(good, "argon2id", "argon2i", 1))
	f.Fuzz(func(t *testing.T, s string) {
		h, err := parsePHC(s)
		if err != nil {
			if !strings.Contains(err.Error(), "is damaged: want $argon2id") {
				t.Errorf("%v", err)
			}
			return
		}
		if h.String() != s || h.memory > 256*1024 || h.passes > 16 || h.threads > 8 || len(h.hash) > 64 || len(h.salt) > 64 {
			t.Errorf("%q is %+v", s, h)
		}
	})
}

// What parses is its own lower case, and stays the same when it is parsed again.
func FuzzEmail(f *testing.F) {
	seeds(f, 10, "ada@example.org", " Ada@EXAMPLE.org", "a@b", "@", "a@@b", `"a b"@c`, "a..b@c", "a@-b.c", "a\x00@b.c", "\u212a@example.org", strings.Repeat("a", 300)+"@b.c")
	f.Fuzz(func(t *testing.T, s string) {
		e, err := ParseEmail(s)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "invalid: e-mail address ") || len(err.Error()) > 1200 {
				t.Errorf("%v", err)
			}
			return
		}
		again, err := ParseEmail(e)
		if err != nil || again != e || e != strings.ToLower(strings.TrimSpace(s)) || strings.ContainsAny(e, " \t\r\n<>\",;:\\") || strings.Count(e, "@") != 1 || len(e) > 254 {
			t.Errorf("%q is %q, again %q %v", s, e, again, err)
		}
		for i := range len(e) {
			if e[i] <= ' ' || e[i] > '~' {
				t.Errorf("%q has the byte %d", e, e[i])
			}
		}
	})
}

// A browser's answer is a stranger's: it is read without a panic, whatever it is.
func FuzzPasskeyAnswer(f *testing.F) {
	a := newAuthenticator(f, party)
	made := a.make(Begun{Options: []byte(`{"challenge":"AAAA","user":{"id":"AAAA"}}`)})
	shown := a.show(Begun{Options: []byte(`{"challenge":"AAAA"}`)})
	if _, err := parseCreation(made.JSON); err != nil {
		f.Fatal(err)
	}
	if _, err := parseAssertion(shown.JSON); err != nil {
		f.Fatal(err)
	}
	seeds(f, 6, string(made.JSON), string(shown.JSON), "", "{}", `{"id":"AA","rawId":"AA","type":"public-key","response":{}}`, strings.Repeat("[", 200))
	f.Fuzz(func(t *testing.T, s string) {
		_, err := parseCreation([]byte(s))
		_, fault := parseAssertion([]byte(s))
		for _, err := range []error{err, fault} {
			if err != nil && len(err.Error()) > 2000 {
				t.Errorf("%d bytes of error", len(err.Error()))
			}
		}
	})
}

func FuzzDeviceCookie(f *testing.F) {
	h := open(f)
	h.o.Rand = strings.NewReader("the same in every process that fuzzes")
	good := h.device("p1")
	seeds(f, 5, good, "", "v1.p1.0.x.y", "....", strings.Replace(good, "p1", "p2", 1))
	f.Fuzz(func(t *testing.T, s string) {
		if person, _ := h.knownDevice(s); person != "" && s != good {
			t.Errorf("%q is of %s", s, person)
		}
	})
}
