package people

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"palisade.dev/backend/access"
	"palisade.dev/store"
)

func TestTokens(t *testing.T) {
	h := open(t)
	ctx := t.Context()
	ada := h.owner()
	shop, blog := h.site("shop"), h.site("blog")
	bob := h.member(ada.Session, "bob", roles{shop: access.Responder})

	text, made, err := h.NewToken(ctx, bob.Session, "ci", []string{"see", "own"}, nil, 0)
	must(t, err)
	equal(t, "lasts", made.Expires, h.clock().Add(90*day).UnixMilli())
	a, err := h.TokenActor(ctx, text)
	must(t, err)
	equal(t, "name", a.Name, "bob@example.org")
	equal(t, "token", a.Token, made.ID)
	for _, c := range []struct {
		site string
		p    access.Permission
		want bool
	}{
		{shop, access.See, true},
		{shop, access.Respond, false},          // not of its scopes
		{shop, access.Own, false},              // of its scopes, and not its person's
		{blog, access.See, false},              // its person has no role there
		{access.Everywhere, access.See, false}, // nor everywhere
	} {
		if got := a.May(c.site, c.p); got != c.want {
			t.Errorf("%s %s: %v", c.site, c.p, got)
		}
	}
	narrow, _, err := h.NewToken(ctx, ada.Session, "one site", []string{"see"}, []string{shop}, time.Hour)
	must(t, err)
	a, err = h.TokenActor(ctx, narrow)
	must(t, err)
	if !a.May(shop, access.See) || a.May(blog, access.See) || a.May(access.Everywhere, access.See) {
		t.Error("a token of one site does more than that, or less")
	}
	h.pass(time.Hour - time.Millisecond)
	_, err = h.TokenActor(ctx, narrow)
	must(t, err)
	h.pass(time.Millisecond)
	_, err = h.TokenActor(ctx, narrow)
	refused(t, err, ErrUnauthorized, "ended on 2026-11-24")

	used := func() int64 {
		all, err := h.Tokens(ctx, bob.Session.Person)
		must(t, err)
		return all[0].Used
	}
	_, err = h.TokenActor(ctx, text)
	must(t, err)
	before := used()
	equal(t, "used", before, h.millis())
	h.pass(time.Second)
	_, err = h.TokenActor(ctx, text)
	must(t, err)
	equal(t, "used once more within a minute", used(), before)

	refused(t, h.RevokeToken(as(t, bob.Session), ada.Session.Person, made.ID), access.ErrForbidden)
	must(t, h.RevokeToken(as(t, bob.Session), bob.Session.Person, made.ID))
	_, err = h.TokenActor(ctx, text)
	refused(t, err, ErrUnauthorized, "was revoked")
	refused(t, h.RevokeToken(as(t, ada.Session), bob.Session.Person, made.ID), store.ErrNotFound)
	refused(t, h.RevokeToken(ctx, "", made.ID), access.ErrForbidden)

	for _, bad := range []string{
		"", "plt_", text + "0", text[:len(text)-1], strings.Replace(text, "plt_", "pot_", 1), strings.ToLower(text),
		tokenPrefix + strings.Repeat("z", tokenLength-len(tokenPrefix)), strings.Repeat("plt_", 1<<18),
	} {
		_, err := h.TokenActor(ctx, bad)
		refused(t, err, ErrUnauthorized)
	}
	_, err = h.TokenActor(ctx, formatToken([32]byte{1}))
	refused(t, err, ErrUnauthorized, "no such token")
}

func TestTokensThatAreNotMade(t *testing.T) {
	h := open(t)
	ctx := t.Context()
	ada := h.owner()
	shop := h.site("shop")
	bob := h.member(ada.Session, "bob", roles{shop: access.Viewer})
	blog := h.site("blog")
	for want, f := range map[string]func() error{
		"want 1 to 100 bytes": func() error { _, _, err := h.NewToken(ctx, bob.Session, "", []string{"see"}, nil, 0); return err },
		`scope "root"`:        func() error { _, _, err := h.NewToken(ctx, bob.Session, "x", []string{"root"}, nil, 0); return err },
		"without scopes":      func() error { _, _, err := h.NewToken(ctx, bob.Session, "x", nil, nil, 0); return err },
		"to 365 days": func() error {
			_, _, err := h.NewToken(ctx, bob.Session, "x", []string{"see"}, nil, 366*day)
			return err
		},
		"from a minute": func() error { _, _, err := h.NewToken(ctx, bob.Session, "x", []string{"see"}, nil, -1); return err },
		`site "site-blog": want`: func() error {
			_, _, err := h.NewToken(ctx, bob.Session, "x", []string{"see"}, []string{blog}, 0)
			return err
		},
		`site "*": want`: func() error {
			_, _, err := h.NewToken(ctx, ada.Session, "x", []string{"see"}, []string{"*"}, 0)
			return err
		},
	} {
		refused(t, f(), ErrInvalid, want)
	}
	var err error
	for range mostTokens + 1 {
		_, _, err = h.NewToken(ctx, bob.Session, "x", []string{"see"}, nil, 0)
	}
	refused(t, err, store.ErrConflict, fmt.Sprint(mostTokens), "revoke one first")
}

func TestTokenFormat(t *testing.T) {
	var most [32]byte
	for i := range most {
		most[i] = 0xff
	}
	for _, b := range [][32]byte{{}, {31: 1}, most} {
		text := formatToken(b)
		back, err := parseToken(text)
		if err != nil || back != b || len(text) != tokenLength {
			t.Errorf("%q: %v", text, err)
		}
		// One letter changed, whichever: the checksum knows.
		for i := range text {
			other := []byte(text)
			other[i] = base62[(strings.IndexByte(base62, other[i])+1)%62]
			if _, err := parseToken(string(other)); err == nil {
				t.Errorf("%q was taken", other)
			}
		}
	}
	if _, err := parseToken("plt_0"); err == nil || !strings.Contains(err.Error(), "want plt_ and 49 letters and digits") {
		t.Error(err)
	}
	text := formatToken(most)
	if _, err := parseToken(text[:tokenLength-1] + "!"); err == nil || !strings.Contains(err.Error(), "cut or mistyped") {
		t.Error(err)
	}
	if errors.Is(errToken, ErrUnauthorized) {
		t.Error("the parser knows of doors")
	}
}
