// Package shop is Small Kiln, the pottery shop that Palisade protects when it is given no other app to protect: pages,
// sign-in, sign-up, a checkout, a JSON API, a WebSocket and streams. It guards itself against nothing, on purpose, and
// keeps everything in memory within stated bounds. It knows nothing of Palisade.
package shop

import (
	"embed"
	"html/template"
	"io"
	"net/http"
	"path"
	"strings"
	"time"
)

//go:embed static
var static embed.FS

// maxForm is the largest form the shop reads: its own forms stay under 1 KiB.
const maxForm = 16 << 10

// A Shop is an http.Handler. All that it learns is gone when it is.
type Shop struct {
	now        func() time.Time
	statsToken string
	people     *people
	pages      map[string]*template.Template
	streams    chan struct{}
	count      counters
	handler    http.Handler
}

// New opens a shop with the people of Seeds in it. Session names and the key of the password hashes are read from
// chance. With a statsToken, GET /demo/stats answers whoever presents it as a bearer token; without one there is no
// such page.
func New(now func() time.Time, chance io.Reader, statsToken string) *Shop {
	s := &Shop{
		now:        now,
		statsToken: statsToken,
		people:     newPeople(now, chance),
		pages:      parsePages(),
		streams:    make(chan struct{}, maxStreams),
	}
	s.handler = s.routes()
	return s
}

func (s *Shop) routes() http.Handler {
	mux := http.NewServeMux()

	mux.HandleFunc("GET /{$}", s.home)
	mux.HandleFunc("GET /products/{slug}", s.product)
	mux.HandleFunc("GET /cart", s.showCart)
	mux.HandleFunc("POST /cart", s.changeCart)
	mux.HandleFunc("GET /checkout", s.showCheckout)
	mux.HandleFunc("POST /checkout", s.pay)
	mux.HandleFunc("GET /checkout/thanks", s.thanks)

	mux.HandleFunc("GET /users/log_in", s.showLogIn)
	mux.HandleFunc("POST /users/log_in", s.logIn)
	mux.HandleFunc("POST /users/log_out", s.logOut)
	mux.HandleFunc("DELETE /users/log_out", s.logOut)
	mux.HandleFunc("GET /users/register", s.showRegister)
	mux.HandleFunc("POST /users/register", s.register)
	mux.HandleFunc("GET /users/reset_password", s.showReset)
	mux.HandleFunc("POST /users/reset_password", s.reset)
	mux.HandleFunc("GET /account", s.account)

	mux.HandleFunc("GET /api/products", s.apiProducts)
	mux.HandleFunc("GET /api/orders", s.apiOrders)
	mux.HandleFunc("GET /api/orders/{id}", s.apiOrder)

	mux.HandleFunc("GET /workshop", s.workshop)
	mux.HandleFunc("GET /live", s.live)
	mux.HandleFunc("GET /events", s.events)
	mux.HandleFunc("GET /big", s.big)

	mux.HandleFunc("GET /health", s.health)
	if s.statsToken != "" {
		mux.HandleFunc("GET /demo/stats", s.showStats)
	}
	mux.Handle("GET /static/", http.FileServerFS(static))
	mux.HandleFunc("/", s.notFound)

	// A form on another site must not be able to sign someone in or out here.
	return http.NewCrossOriginProtection().Handler(mux)
}

// ServeHTTP answers one request.
func (s *Shop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if p := r.URL.Path; p != "/health" && p != "/demo/stats" { // whoever stands in front asks often, and is no visitor
		s.count.requests.Add(1)
	}
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; "+
		"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")

	// The mux would answer /../../etc/passwd, //x and a folder without its slash with a redirect; to this shop they are
	// unknown paths.
	if p := r.URL.Path; p != "/" && (path.Clean(p) != p || strings.HasPrefix(p, "/static") && path.Ext(p) == "") {
		s.notFound(w, r)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	s.handler.ServeHTTP(w, r)
}
