package backend

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"palisade.dev/backend/access"
	"palisade.dev/backend/ban"
	"palisade.dev/backend/client"
	"palisade.dev/backend/event"
	"palisade.dev/backend/rehearse"
	"palisade.dev/backend/site"
	"palisade.dev/backend/veil"
	"palisade.dev/guard/engine"
	"palisade.dev/guard/wire"
	"palisade.dev/store"
)

const (
	theirs  = "198.51.100.77"
	theirs6 = "2001:db8:beef:cafe:1234:5678:9abc:def0"
)

// keep chooses how the house's addresses are kept.
func (h *house) keep(t testing.TB, m veil.Mode) {
	t.Helper()
	s, err := h.Sites.Change(t.Context(), h.site, "test", func(d *site.Document) { d.Privacy.Mode = m })
	if err != nil {
		t.Fatal(err)
	}
	h.site = s
}

// saw takes events in as a guard of a new boot sends them.
func (h *house) saw(t testing.TB, boot string, events ...wire.Event) {
	t.Helper()
	for i := range events {
		events[i].Seq = uint64(i + 1)
		if events[i].At == 0 {
			events[i].At = h.o.Now().UnixMicro()
		}
	}
	if err := h.Local(h.site).Events(t.Context(), wire.Batch{Guard: "gw", Boot: boot, Events: events}); err != nil {
		t.Fatal(err)
	}
}

func visits() []wire.Event {
	var all []wire.Event
	for _, a := range []string{theirs, theirs6} {
		all = append(all, wire.Event{Method: "GET", Path: "/", Status: 200, Action: "allow", Address: netip.MustParseAddr(a), Peer: netip.MustParseAddr(a)})
	}
	return append(all, wire.Event{Method: "GET", Path: "/.env", Status: 403, Action: "block", Reason: string(engine.Trapped), Rule: "secret-files", Address: netip.MustParseAddr(theirs), Outcomes: []wire.Outcome{{Kind: "trap", Result: "touched", Subject: "secret-files"}}})
}

// traces says where the addresses stand in the files of the data folder, as text or as bytes.
func traces(t *testing.T, dir string) (found []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "palisade.db*"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	four, six := netip.MustParseAddr(theirs).As4(), netip.MustParseAddr(theirs6).As16()
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for what, word := range map[string][]byte{theirs: []byte(theirs), "its bytes": append([]byte{4}, four[:]...), theirs6: []byte(theirs6), "its network": []byte("2001:db8:beef"), "the bytes of it": six[:8]} {
			if bytes.Contains(text, word) {
				found = append(found, filepath.Base(f)+" has "+what)
			}
		}
	}
	return found
}

// Nothing of an address is in the database once addresses are veiled, and everything is found as before.
func TestNothingClearIsWritten(t *testing.T) {
	for _, m := range []veil.Mode{veil.Clear, veil.Encrypted, veil.Hashed} {
		t.Run(string(m), func(t *testing.T) {
			h, ctx := newHouse(t), t.Context()
			h.keep(t, m)
			sent := visits()
			h.saw(t, "a", sent...)
			if sent[0].Address != netip.MustParseAddr(theirs) {
				t.Error("the guard's own batch was changed")
			}
			if err := h.Events.Close(ctx); err != nil { // packs what is open, as half an hour does
				t.Fatal(err)
			}
			marks := traces(t, h.o.Dir)
			if (len(marks) == 0) != (m != veil.Clear) {
				t.Errorf("%s: %v", m, marks)
			}
			n := 0
			err := h.Search.Export(ctx, event.Query{Site: h.site.ID}, func(e wire.Event) error {
				n++
				if veil.Of(e.Address) != m || e.Peer.IsValid() && e.Peer != e.Address {
					t.Errorf("kept as %s", veil.Text(e.Address))
				}
				return nil
			})
			if err != nil || n != 3 {
				t.Fatal(n, err)
			}
			for _, q := range []struct {
				query event.Query
				want  int
			}{
				{event.Query{Address: theirs}, 2},
				{event.Query{Address: "::ffff:" + theirs}, 2},
				{event.Query{Address: theirs6}, 1},
				{event.Query{Network: "198.51.100.0/24"}, 2},
				{event.Query{Network: "2001:db8:beef:cafe::/64"}, 1},
				{event.Query{Text: theirs}, 2},
				{event.Query{Address: "198.51.100.78"}, 0},
				{event.Query{Network: "203.0.113.0/24"}, 0},
			} {
				q.query.Site = h.site.ID
				p, err := h.Search.Find(ctx, q.query)
				if err != nil || len(p.Events) != q.want {
					t.Errorf("%+v: %d events, %v", q.query, len(p.Events), err)
				}
			}
			p, err := h.Search.Find(ctx, event.Query{Site: h.site.ID, Network: "198.51.0.0/16"})
			if m == veil.Hashed {
				if !errors.Is(err, event.ErrQuery) || !strings.Contains(err.Error(), "a /24") {
					t.Errorf("a /16 of hashes: %v", err)
				}
			} else if err != nil || len(p.Events) != 2 {
				t.Errorf("a /16: %d, %v", len(p.Events), err)
			}
			state, err := h.Clients.Show(ctx, h.site, theirs)
			if err != nil || state.Requests != 2 || len(state.Also) != min(len(string(m))-5, 1) || state.Veiled != "" {
				t.Fatalf("%+v, %v", state, err)
			}
			// What a list or an event links to leads to the same client.
			link := state.Events[0].Address
			again, err := h.Clients.Show(ctx, h.site, link)
			if err != nil || again.Requests != 2 || veil.Marked(link) != (m != veil.Clear) || (again.Veiled == "") != (m == veil.Clear) {
				t.Errorf("%s: %+v, %v", link, again, err)
			}
			sum, err := h.Search.Summary(ctx, h.site.ID, h.o.Now().Add(-time.Hour), h.o.Now().Add(time.Hour), time.Hour)
			if err != nil || sum.Total.Clients() != 2 || len(sum.Total.Top(event.Addresses, 9)) != 2 || sum.Total.Top(event.Addresses, 1)[0].Value != link {
				t.Errorf("%+v, %v", sum.Total.Top(event.Addresses, 9), err)
			}
			if _, err := h.Bans.Impose(ctx, h.site.ID, link, time.Hour, "", "test"); m != veil.Clear && !errors.Is(err, ban.ErrInvalid) {
				t.Errorf("banning %s: %v", link, err)
			}
			body := h.get(t, "/api/v1/sites/shop/events?address="+theirs)
			if m != veil.Clear && (strings.Contains(body, theirs+`"`) || !strings.Contains(body, `"address":"`+link+`"`)) {
				t.Error(body)
			}
		})
	}
}

// get asks the API as the operator.
func (h *house) get(t *testing.T, path string) string {
	t.Helper()
	token, err := os.ReadFile(filepath.Join(h.o.Dir, TokenFile))
	if err != nil {
		t.Fatal(err)
	}
	code, body := h.ask(t, "GET", path, "", strings.TrimSpace(string(token)))
	text, err := json.Marshal(body)
	if code != 200 || err != nil {
		t.Fatalf("%s: %d %s", path, code, text)
	}
	return string(text)
}

// A mode holds from when it is chosen; what is stored stays, and an address finds all of it.
func TestChangingModes(t *testing.T) {
	h, ctx := newHouse(t), t.Context()
	for i, m := range []veil.Mode{veil.Clear, veil.Encrypted, veil.Hashed, veil.Clear} {
		h.keep(t, m)
		h.saw(t, fmt.Sprint("boot", i), visits()[:2]...)
	}
	for q, want := range map[event.Query]int{{Address: theirs}: 4, {Address: theirs6}: 4, {Network: "198.51.100.0/24"}: 4, {Network: "198.51.0.0/16"}: 3, {Text: theirs}: 4} {
		q.Site = h.site.ID
		p, err := h.Search.Find(ctx, q)
		if err != nil || len(p.Events) != want {
			t.Errorf("%+v: %d, %v", q, len(p.Events), err)
		}
	}
	d, err := site.Read(h.site)
	if err != nil || d.Privacy.Name() != veil.Clear || len(d.Privacy.Past) != 3 || d.Privacy.Past[1].Mode != veil.Encrypted || d.Privacy.Past[1].Since == 0 {
		t.Errorf("%+v, %v", d.Privacy, err)
	}
	log, err := h.DB.AuditLog(ctx, store.AuditQuery{Site: h.site.ID, Limit: 1})
	if err != nil || !strings.Contains(log[0].Earlier, `"mode":"hashed"`) || !strings.Contains(log[0].Later, `"mode":"clear"`) {
		t.Errorf("%+v, %v", log, err)
	}
	if _, err := h.Sites.Change(ctx, h.site, "test", func(d *site.Document) { d.Privacy.Mode = "secret" }); !errors.Is(err, site.ErrInvalid) {
		t.Error(err)
	}
	// Nobody writes since when a mode holds but the house.
	s, err := h.Sites.Change(ctx, h.site, "test", func(d *site.Document) {
		d.Privacy = veil.Setting{Spell: veil.Spell{Mode: veil.Encrypted, Since: 1, Key: "x"}}
	})
	if d, _ := site.Read(s); err != nil || d.Privacy.Since == 1 || d.Privacy.Key == "x" || len(d.Privacy.Past) != 4 {
		t.Errorf("%+v, %v", d.Privacy, err)
	}
}

// A ban that a guard orders holds the address; the event that ordered it does not.
func TestBansKeepWhatMustBeEnforced(t *testing.T) {
	h, ctx := newHouse(t), t.Context()
	h.keep(t, veil.Encrypted)
	e := visits()[0]
	e.Action, e.Rule, e.Ban = "ban", "login", &wire.BanOrder{Subject: theirs, Seconds: 600}
	h.saw(t, "a", e)
	if b, err := h.DB.StandingBan(ctx, h.site.ID, theirs, h.o.Now().UnixMilli()); err != nil || b.Rule != "login" {
		t.Errorf("%+v, %v", b, err)
	}
	if err := h.veilBans(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := h.DB.StandingBan(ctx, h.site.ID, theirs, h.o.Now().UnixMilli()); err != nil {
		t.Errorf("a ban that stands was veiled: %v", err)
	}
	// Once it has ended it is one more strike, and nobody's address.
	if err := h.Bans.Lift(ctx, h.site.ID, theirs, "test"); err != nil {
		t.Fatal(err)
	}
	if err := h.veilBans(ctx); err != nil {
		t.Fatal(err)
	}
	if past, err := h.DB.BanHistory(ctx, h.site.ID, theirs, 9); err != nil || len(past) != 0 {
		t.Errorf("%+v, %v", past, err)
	}
	if state, err := h.Clients.Show(ctx, h.site, theirs); err != nil || len(state.Bans) != 1 {
		t.Errorf("%+v, %v", state.Bans, err)
	}
	if again, err := h.Bans.Impose(ctx, h.site.ID, theirs, time.Hour, "", "test"); err != nil || again.Strikes != 1 {
		t.Errorf("%+v, %v", again, err)
	}
	p, err := h.Search.Find(ctx, event.Query{Site: h.site.ID, Address: theirs})
	if err != nil || len(p.Events) != 1 || p.Events[0].Ban.Subject != veil.Text(p.Events[0].Address) {
		t.Fatalf("%+v, %v", p.Events, err)
	}
	// A guard cannot say that an address is a pseudonym already.
	forged := visits()[1]
	forged.Address = forged.Address.WithZone("~")
	h.saw(t, "b", forged)
	if p, err := h.Search.Find(ctx, event.Query{Site: h.site.ID, Address: theirs6}); err != nil || len(p.Events) != 1 || strings.Contains(veil.Text(p.Events[0].Address), "beef") {
		t.Errorf("%+v, %v", p.Events, err)
	}
}

// Who may ban an address may have it revealed, and the audit log says so first.
func TestReveal(t *testing.T) {
	h := newHouse(t)
	h.keep(t, veil.Encrypted)
	h.saw(t, "a", visits()...)
	as := func(r access.Role) context.Context {
		return access.With(t.Context(), access.Actor{Name: "pat", Roles: map[string]access.Role{h.site.ID: r}, Scope: access.Operator.Scope})
	}
	state, err := h.Clients.Show(t.Context(), h.site, theirs)
	if err != nil {
		t.Fatal(err)
	}
	pseudonym := state.Also[0]
	const why = "its operator has to be told"
	for _, r := range []access.Role{access.Viewer, access.Auditor} {
		if _, err := h.Clients.Reveal(as(r), h.site, pseudonym, why); !errors.Is(err, access.ErrForbidden) {
			t.Errorf("%s: %v", r, err)
		}
	}
	other := access.With(t.Context(), access.Actor{Name: "o", Roles: map[string]access.Role{"other": access.Owner}, Scope: access.Operator.Scope})
	if _, err := h.Clients.Reveal(other, h.site, pseudonym, why); !errors.Is(err, access.ErrForbidden) {
		t.Errorf("another site's owner: %v", err)
	}
	hashed := veil.Text(h.Veils.Site("x", veil.Setting{Spell: veil.Spell{Mode: veil.Hashed}}).Address(netip.MustParseAddr(theirs)))
	for _, x := range []struct{ what, reason, says string }{
		{pseudonym, "", "say in 8 to 300"}, {pseudonym, strings.Repeat("x", 301), "say in 8 to 300"}, {theirs, why, "no pseudonym"}, {hashed, why, "nobody can turn it back"}, {"~x", why, "no pseudonym"},
	} {
		if _, err := h.Clients.Reveal(as(access.Owner), h.site, x.what, x.reason); !errors.Is(err, client.ErrInvalid) || !strings.Contains(err.Error(), x.says) {
			t.Errorf("%s: %v", x.what, err)
		}
	}
	noted := func() []store.Audited {
		log, err := h.DB.AuditLog(t.Context(), store.AuditQuery{Site: h.site.ID, Subject: "address " + pseudonym, Limit: 9})
		if err != nil {
			t.Fatal(err)
		}
		return log
	}
	if log := noted(); len(log) != 0 {
		t.Errorf("refused, and noted: %+v", log)
	}
	for n, r := range []access.Role{access.Responder, access.Owner} {
		found, err := h.Clients.Reveal(as(r), h.site, " "+pseudonym, why)
		if err != nil || found.Address != theirs || found.Doubt != "" {
			t.Errorf("%s: %+v, %v", r, found, err)
		}
		if log := noted(); len(log) != n+1 || log[0].Author != "pat" || log[0].Later != why || strings.Contains(log[0].Action+log[0].Subject, theirs) {
			t.Errorf("%+v", log)
		}
	}
	// The key file was lost, and a new one made.
	h.Clients.Veils = veil.New([32]byte{1})
	if found, err := h.Clients.Reveal(as(access.Owner), h.site, pseudonym, why); err != nil || found.Doubt == "" || found.Address == theirs {
		t.Errorf("%+v, %v", found, err)
	}
	clear := newHouse(t)
	if _, err := clear.Clients.Reveal(access.With(t.Context(), access.Operator), clear.site, pseudonym, why); !errors.Is(err, client.ErrInvalid) {
		t.Errorf("a site that never encrypted: %v", err)
	}
}

// Rules count encrypted addresses as they count clear ones, and name nobody.
func TestRehearsalOverPseudonyms(t *testing.T) {
	var reports []rehearse.Report
	for _, m := range []veil.Mode{veil.Clear, veil.Encrypted, veil.Hashed} {
		h := newHouse(t)
		h.keep(t, m)
		var events []wire.Event
		for i := range 40 {
			e := visits()[0]
			e.Path, e.Method, e.At = "/login", "POST", h.o.Now().Add(-time.Hour).Add(time.Duration(i)*time.Second).UnixMicro()
			switch i % 4 {
			case 1: // two of one network, each below the limit
				e.Address = netip.MustParseAddr(fmt.Sprintf("203.0.113.%d", i))
			case 2:
				e.Address = netip.MustParseAddr(fmt.Sprintf("2001:db8:1:2::%x", i+1)) // one client by its /64
			}
			events = append(events, e)
		}
		h.saw(t, "a", events...)
		rep, err := h.Rules.Rehearse(t.Context(), h.site, wire.Rule{Name: "x", Match: wire.Match{Route: "POST /login"}, Limit: "5 per 1h", By: wire.Words{"address"}, Then: wire.Words{"block"}}, 2*time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(rep)
		if err != nil || m != veil.Clear && (strings.Contains(string(text), "198.51.100") || strings.Contains(string(text), "2001:db8:1:2")) {
			t.Errorf("%s, %v", text, err)
		}
		if (m == veil.Hashed) != (rep.Hashed == rep.Requests) {
			t.Errorf("%s: %d of %d were hashed", m, rep.Hashed, rep.Requests)
		}
		reports = append(reports, rep)
	}
	if c := reports[0]; c.Refused == 0 || c.Clients != 2 {
		t.Errorf("%+v", c)
	}
	for _, r := range reports[1:] {
		if r.Refused != reports[0].Refused || r.Clients != reports[0].Clients || len(r.Top) != len(reports[0].Top) {
			t.Errorf("%+v\nis not as clear: %+v", r, reports[0])
		}
	}
}

// What a site's events cost with each way to keep addresses. A batch is what a guard sends; its clients are as many as a
// middling site has at a time.
func BenchmarkIngest(b *testing.B) {
	for _, m := range []veil.Mode{veil.Clear, veil.Encrypted, veil.Hashed} {
		for _, clients := range []int{500, 1 << 30} {
			name := fmt.Sprintf("%s/%d-clients", m, clients)
			if clients == 1<<30 {
				name = string(m) + "/all-new"
			}
			b.Run(name, func(b *testing.B) {
				h := newHouse(b)
				h.keep(b, m)
				const size = 500
				n := 0
				batch := func() wire.Batch {
					events := make([]wire.Event, size)
					for i := range events {
						n++
						c := uint32((n * 2654435761) % clients)
						a := netip.AddrFrom4([4]byte{byte(c >> 24), byte(c >> 16), byte(c >> 8), byte(c)})
						events[i] = wire.Event{Seq: uint64(n), At: h.o.Now().UnixMicro(), Method: "GET", Path: "/products/7", Route: "GET /products/*", Status: 200, Action: "allow", Agent: "Mozilla/5.0", Address: a}
					}
					return wire.Batch{Guard: "gw", Boot: "b", Events: events}
				}
				local := h.Local(h.site)
				b.ResetTimer()
				for range b.N {
					b.StopTimer()
					x := batch()
					b.StartTimer()
					if err := local.Events(b.Context(), x); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*size), "ns/event")
			})
		}
	}
}

// A house whose key file is gone says so when it opens.
func TestALostKeyIsTold(t *testing.T) {
	h := newHouse(t)
	h.keep(t, veil.Encrypted)
	var log bytes.Buffer
	h.o.Log = slog.New(slog.NewTextHandler(&log, nil))
	if err := h.missKeys(t.Context()); err != nil || log.Len() != 0 {
		t.Errorf("%s, %v", &log, err)
	}
	h.Veils = veil.New([32]byte{1})
	if err := h.missKeys(t.Context()); err != nil || !strings.Contains(log.String(), "site=shop") || !strings.Contains(log.String(), KeyFile) {
		t.Errorf("%s, %v", &log, err)
	}
}
