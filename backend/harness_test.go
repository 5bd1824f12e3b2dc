package backend

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"testing"
	"time"

	"palisade.dev/backend/feed"
	"palisade.dev/backend/site"
	"palisade.dev/config"
	"palisade.dev/guard"
	"palisade.dev/guard/engine"
	"palisade.dev/guard/wire"
	"palisade.dev/store"
	"palisade.dev/store/sqlite"
)

// house is a back end with a database of its own, listening on loopback.
type house struct {
	*Backend
	server *httptest.Server
	site   store.Site
	key    wire.SiteKey
}

func open(t testing.TB, dir string) *Backend {
	t.Helper()
	ctx := context.Background()
	db, err := sqlite.Open(ctx, filepath.Join(dir, "palisade.db"))
	if err != nil {
		t.Fatal(err)
	}
	no := false
	b, err := Open(ctx, Options{DB: db, Dir: dir, Networks: config.Networks{Refresh: &no}, Retention: 30 * 24 * time.Hour, Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = b.Close(ctx)
		_ = db.Close()
	})
	return b
}

func newHouse(t testing.TB) *house {
	t.Helper()
	h := &house{Backend: open(t, t.TempDir())}
	ctx := context.Background()
	var err error
	if h.site, err = h.Sites.Create(ctx, site.Facts{Name: "shop", WebFacing: true}, feed.Settings{Defaults: true}, "test"); err != nil {
		t.Fatal(err)
	}
	if h.key, _, err = h.Sites.AddKey(ctx, h.site.ID, "test", "test"); err != nil {
		t.Fatal(err)
	}
	h.server = httptest.NewServer(h.Handler())
	t.Cleanup(func() {
		h.server.CloseClientConnections()
		h.server.Close()
	})
	return h
}

// guard connects a guard over HTTP, as one on another machine is.
func (h *house) guard(t testing.TB, name string) *guard.Guard {
	t.Helper()
	g := guard.New(guard.Options{Size: engine.Size{Clients: 1 << 10, Keys: 1 << 10, Distinct: 1 << 8, Bans: 1 << 10}})
	l, err := g.Connect(guard.Back{URL: h.server.URL, SiteKey: h.key.String(), Name: name, Lists: h.Networks.AtHand()})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { l.Run(ctx); close(done) }()
	t.Cleanup(func() { cancel(); <-done })
	return g
}

// until waits for something that other goroutines bring about. The bound is for a broken test only.
func until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	end := time.Now().Add(30 * time.Second)
	for !ok() {
		if time.Now().After(end) {
			t.Fatalf("waited in vain: %s", what)
		}
		time.Sleep(time.Millisecond)
	}
}

// refuses asks a guard about a request from an address.
func refuses(g *guard.Guard, address, method, target string) (string, bool) {
	u, err := url.Parse(target)
	if err != nil {
		panic(err)
	}
	r := &http.Request{Method: method, URL: u, Host: "shop.example", Header: http.Header{}, RemoteAddr: address + ":1", Body: http.NoBody}
	v := g.Begin(r, guard.Facts{})
	reason, refused := string(v.Verdict.Reason), v.Refused()
	v.End(200, 0)
	return reason, refused
}
