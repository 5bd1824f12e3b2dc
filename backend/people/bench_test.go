package people

import (
	"fmt"
	"testing"

	"palisade.dev/backend/access"
	"palisade.dev/store"
)

// crowd is an installation with many people, sessions and tokens, and one person with a role on each of ten sites.
func crowd(b *testing.B) (h *house, e Entered, token string) {
	b.Helper()
	h = open(b)
	ctx := b.Context()
	e = h.owner()
	for i := range 10 {
		must(b, h.Grant(as(b, e.Session), e.Session.Person, h.site(fmt.Sprint("s", i)), access.Responder))
	}
	for i := range 1000 {
		id := fmt.Sprint("p", i)
		must(b, h.db.AddPerson(ctx, store.Newcomer{Person: store.Person{ID: id, Email: id}, Roles: []store.PersonRole{{Site: "*", Role: "viewer"}}}, store.By{At: 1}))
		must(b, h.db.Enter(ctx, store.Entrance{Session: store.Session{ID: id, Hash: []byte(id), Person: id, Seen: h.millis(), Expires: 1 << 50}, Most: 5}))
		must(b, h.db.AddToken(ctx, store.Token{ID: id, Hash: []byte(id), Person: id, Scopes: "[]", Sites: "[]", Expires: 1 << 50}, 5, store.By{At: 1}))
	}
	token, _, err := h.NewToken(ctx, e.Session, "ci", []string{"see"}, nil, 0)
	must(b, err)
	return h, e, token
}

func BenchmarkSessionWithActor(b *testing.B) {
	h, e, _ := crowd(b)
	for b.Loop() {
		s, err := h.Session(b.Context(), e.Token, home)
		if err != nil || len(s.Actor().Roles) != 11 {
			b.Fatal(err)
		}
	}
}

func BenchmarkTokenActor(b *testing.B) {
	h, _, token := crowd(b)
	for b.Loop() {
		a, err := h.TokenActor(b.Context(), token)
		if err != nil || len(a.Roles) != 11 {
			b.Fatal(err)
		}
	}
}

func BenchmarkTokenOfNobody(b *testing.B) {
	h, _, _ := crowd(b)
	text := formatToken([32]byte{1})
	for b.Loop() {
		if _, err := h.TokenActor(b.Context(), text); err == nil {
			b.Fatal("it is somebody's")
		}
	}
}

func BenchmarkPassword(b *testing.B) {
	h := open(b)
	for b.Loop() {
		if _, err := h.knows(b.Context(), h.dummy, goodPassword); err != nil {
			b.Fatal(err)
		}
	}
}
