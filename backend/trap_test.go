package backend

import (
	"context"
	"crypto/rand"
	"net/netip"
	"strings"
	"testing"
	"time"

	"palisade.dev/backend/access"
	"palisade.dev/backend/network/desk"
	"palisade.dev/backend/trap"
	"palisade.dev/guard/wire"
)

// A decoy of each kind is laid, reaches a guard over the wire, refuses who touches it, and the touch is told.
func TestDecoysCatch(t *testing.T) {
	h := newHouse(t)
	ctx := access.With(context.Background(), access.Operator)
	g := h.guard(t, "one")
	h.Traps.Rand = rand.Reader
	for i, kind := range []trap.Kind{trap.Form, trap.Path, trap.Link, trap.ID} {
		x, err := h.Traps.Invent(kind)
		if err != nil {
			t.Fatal(err)
		}
		if err := h.Traps.Set(ctx, h.site, x); err != nil {
			t.Fatal(err)
		}
		bait := x.Form
		for _, p := range x.Paths {
			if bait = strings.TrimSuffix(p, "/**"); kind == trap.ID {
				bait = "/orders/" + strings.ToUpper(p) + "/items"
			}
		}
		address := netip.AddrFrom4([4]byte{203, 0, 113, byte(i + 1)}).String()
		until(t, string(kind)+" catches", func() bool {
			reason, refused := refuses(g, address, "POST", "http://shop.example"+bait)
			return refused && (reason == "trap" || reason == "ban")
		})
		until(t, string(kind)+" tells of its touch", func() bool {
			s, err := h.Traps.Get(ctx, h.site, x.Name)
			if err != nil {
				t.Fatal(err)
			}
			return s.Touched != nil && s.Touched.Address == address && s.Day > 0 && s.Kind == kind && s.Author == "operator"
		})
	}
	if err := h.Traps.Mode(ctx, h.site, "secret-files", "off"); err != nil {
		t.Fatal(err)
	}
	stranger := netip.MustParseAddr("203.0.113.99")
	until(t, "a default is off", func() bool {
		stranger = stranger.Next() // who touched it before is banned
		_, refused := refuses(g, stranger.String(), "GET", "http://shop.example/.env")
		return !refused
	})
	if err := h.Traps.Mode(access.With(ctx, access.Actor{Name: "v", Roles: map[string]access.Role{h.site.ID: access.Responder}, Scope: access.Operator.Scope}), h.site, "secret-files", "on"); err == nil {
		t.Error("a responder may not switch traps")
	}
}

// A list that a person wrote is in force at once, here and in another back end on the same database, and after a restart.
func TestWrittenLists(t *testing.T) {
	h := newHouse(t)
	ctx := access.With(context.Background(), access.Operator)
	if _, err := h.Desk.Write(ctx, desk.Draft{Name: "office", Text: "203.0.113.0/24"}); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Desk.Block(ctx, h.site, wire.Block{Networks: []string{"own/office"}, Match: "/admin/**", Then: "block"}); err != nil {
		t.Fatal(err)
	}
	g := h.guard(t, "one")
	until(t, "the list blocks", func() bool {
		reason, refused := refuses(g, "203.0.113.7", "GET", "http://shop.example/admin/x")
		return refused && reason == "network"
	})
	a, err := h.Desk.Look(ctx, h.site, desk.Question{Address: "203.0.113.7", Target: "/admin/x"})
	if err != nil || a.Verdict == nil || a.Verdict.Action != "block" || a.Lists[0].Name != "own/office" || a.Lists[0].Uses[0].What != "block" {
		t.Errorf("%+v, %v", a, err)
	}
	other, err := newNetworks(ctx, h.o)
	if err != nil {
		t.Fatal(err)
	}
	if len(other.Lookup(netip.MustParseAddr("203.0.113.7"))) != 1 {
		t.Error("after a restart the list is gone")
	}
	own, err := h.Desk.Own(ctx, "office")
	if err != nil {
		t.Fatal(err)
	}
	own.Text = "203.0.113.0/25"
	if _, err := h.Desk.Write(ctx, own); err != nil {
		t.Fatal(err)
	}
	if err := other.Reread(ctx); err != nil || len(other.Lookup(netip.MustParseAddr("203.0.113.200"))) != 0 {
		t.Errorf("the other back end still has the old one, %v", err)
	}
	// A date tells when this list was written, whatever is done to others.
	for _, s := range h.Networks.Status() {
		if s.Name == "own/office" && (s.Source != "written by operator" || time.Since(s.Date) > time.Minute) {
			t.Errorf("%+v", s)
		}
	}
}
