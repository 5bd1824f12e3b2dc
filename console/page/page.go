// Package page is the frame of the console: it finds out who asks, whether they may, and for which site, gives every
// answer the same headers and the same surroundings, and turns errors into pages that say what to do next. The rooms
// beside it hold the pages themselves: each lists its routes and renders its own templates in this frame.
//
// Everything a page shows is somebody's input. Templates get it through [html/template], and words of strangers through
// [Show], which makes control characters, text that changes direction and endless values harmless and visible.
package page

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"palisade.dev/backend/access"
	"palisade.dev/backend/arrival"
	"palisade.dev/store"
)

// Route is one address of the console.
type Route struct {
	Pattern string            // as [http.ServeMux] reads it; {site} names a site
	Need    access.Permission // on the site where the pattern names one, else everywhere; none: whoever is signed in
	Open    bool              // for people who are not signed in as well
	Handle  func(*Request) error
}

// Person is who is signed in.
type Person struct {
	Actor   access.Actor
	Session string // id of the session
}

// Frame is what all pages share.
type Frame struct {
	// Who tells who makes a request, if anybody who is signed in.
	Who func(*http.Request) (Person, bool, error)
	// Site and Sites find sites by name.
	Site  func(ctx context.Context, name string) (store.Site, error)
	Sites func(ctx context.Context) ([]store.Site, error)
	// Fault gives an error its status and what a person is told; status 500 hides the cause, which is logged.
	Fault func(error) (status int, text string)
	// Public is where people open the console, "" where that was not said. Forms of pages from there are the console's own
	// even where a proxy changes the name that is asked for.
	Public string
	Now    func() time.Time
	Key    []byte // signs what is told on the next page
	Log    *slog.Logger
}

// Request is a request for a page, with what the frame found out.
type Request struct {
	*http.Request
	W      http.ResponseWriter
	Frame  *Frame
	Person Person
	Signed bool       // Person is somebody
	Here   store.Site // of routes with {site}
	Zone   *time.Location
	Now    time.Time
}

// Author is who changes something, as lists and the audit log name them.
func (r *Request) Author() string { return r.Person.Actor.Name }

// Path gives an address below the site's: Path("bans") is /s/shop/bans.
func (r *Request) Path(rest ...string) string {
	return "/s/" + url.PathEscape(r.Here.Name) + suffix(rest)
}

func suffix(rest []string) string {
	var b strings.Builder
	for _, s := range rest {
		b.WriteString("/" + url.PathEscape(s))
	}
	return b.String()
}

// Error is a fault with a status of its own, told to the person as it is.
type Error struct {
	Status int
	Text   string
}

func (e *Error) Error() string { return e.Text }

// Refuse makes an Error.
func Refuse(status int, format string, args ...any) error {
	return &Error{status, fmt.Sprintf(format, args...)}
}

// maxForm bounds what a form may send, in bytes: a list pasted in is the largest.
const maxForm = 1 << 20

// Handler serves routes in the frame.
func (f *Frame) Handler(routes []Route) http.Handler {
	mux := http.NewServeMux()
	for _, route := range routes {
		if route.Open && route.Need != 0 {
			panic("console: the route " + route.Pattern + " is open and needs a permission: it cannot be both")
		}
		mux.HandleFunc(route.Pattern, func(w http.ResponseWriter, req *http.Request) { f.serve(w, req, route) })
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, req *http.Request) {
		f.serve(w, req, Route{Open: true, Handle: func(*Request) error {
			return Refuse(http.StatusNotFound, "There is no page at this address.")
		}})
	})
	// Forms carry no token: a browser says where a request comes from, and what comes from elsewhere is refused.
	cross := http.NewCrossOriginProtection()
	if u, err := url.Parse(f.Public); err == nil && u.Host != "" {
		_ = cross.AddTrustedOrigin(u.Scheme + "://" + u.Host) // one that is none is no browser's either
	}
	cross.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		f.serve(w, req, Route{Open: true, Handle: func(*Request) error {
			return Refuse(http.StatusForbidden, "This request came from another site and was refused. Nothing was changed.")
		}})
	}))
	return cross.Handler(mux)
}

func (f *Frame) serve(w http.ResponseWriter, req *http.Request, route Route) {
	headers(w, req)
	r := &Request{Request: req, W: w, Frame: f, Zone: time.UTC, Now: f.Now()}
	var err error
	if r.Person, r.Signed, err = f.Who(req); err != nil {
		r.fail(err)
		return
	}
	if r.Signed {
		r.Request = req.WithContext(access.With(req.Context(), r.Person.Actor))
	}
	if req.Method == http.MethodPost {
		req.Body = http.MaxBytesReader(w, req.Body, maxForm)
	}
	if err := r.serve(route); err != nil {
		r.fail(err)
	}
}

func (r *Request) serve(route Route) error {
	if !route.Open && !r.Signed {
		return r.toSignIn()
	}
	if name := r.PathValue("site"); name != "" && r.Signed {
		if err := r.enter(name, route.Need); err != nil {
			return err
		}
	} else if route.Need != 0 {
		if err := access.Check(r.Context(), access.Everywhere, route.Need); err != nil {
			return err
		}
	}
	if r.Method == http.MethodPost {
		if err := r.ParseForm(); err != nil {
			return Refuse(http.StatusBadRequest, "The form could not be read: it is larger than 1 MiB, or not a form.")
		}
	}
	return route.Handle(r)
}

// enter finds the site. One that the person has no role on is as if it were not there.
func (r *Request) enter(name string, need access.Permission) error {
	s, err := r.Frame.Site(r.Context(), name)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if err != nil || !r.Person.Actor.May(s.ID, access.See) {
		return Refuse(http.StatusNotFound, "There is no site of this name, or you have no role on it. An owner can give you one.")
	}
	r.Here = s
	if zone, err := time.LoadLocation(s.Zone); err == nil {
		r.Zone = zone
	}
	if need == 0 {
		panic("console: the route " + r.Pattern + " is about a site and says no permission")
	}
	return access.Check(r.Context(), s.ID, need)
}

// toSignIn sends somebody to the sign-in page and remembers where they wanted to go.
func (r *Request) toSignIn() error {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return Refuse(http.StatusUnauthorized, "You are not signed in, or no longer. Nothing was changed. Sign in and do it again.")
	}
	if strings.Contains(r.Header.Get("Accept"), "text/event-stream") {
		return Refuse(http.StatusUnauthorized, "You are not signed in, or no longer.")
	}
	http.Redirect(r.W, r.Request, "/signin?next="+url.QueryEscape(r.URL.RequestURI()), http.StatusSeeOther)
	return nil
}

// Local gives back an address within the console, or "/" where it would lead elsewhere.
func Local(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || !strings.HasPrefix(next, "/") ||
		strings.HasPrefix(next, "//") || strings.ContainsAny(next, "\\\r\n\t") {
		return "/"
	}
	return next
}

// headers are on every answer. The policy lets in what the console itself serves, and nothing inline.
func headers(w http.ResponseWriter, req *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; manifest-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
	h.Set("X-Frame-Options", "DENY")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), publickey-credentials-get=(self), publickey-credentials-create=(self)")
	h.Set("Cache-Control", "no-store")
	if Secure(req) {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// fail shows an error as a page.
func (r *Request) fail(err error) {
	var status int
	var text string
	var own *Error
	switch {
	case errors.As(err, &own):
		status, text = own.Status, own.Text
	case errors.Is(err, context.Canceled):
		return // nobody is there to read it
	default:
		status, text = r.Frame.Fault(err)
	}
	if status >= 500 {
		r.Frame.Log.Error("a console page failed", "page", r.Pattern, "err", err)
	}
	if err := r.Render(status, shared, "error.html", http.StatusText(status), Trouble{status, Sentence(text)}); err != nil {
		r.Frame.Log.Error("the error page failed", "err", err)
		http.Error(r.W, http.StatusText(status), status)
	}
}

// Trouble is what the error page shows.
type Trouble struct {
	Status int
	Text   string
}

// Sentence begins an error's text with a capital and ends it with a stop.
func Sentence(text string) string {
	if text == "" {
		return text
	}
	text = strings.ToUpper(text[:1]) + text[1:]
	if !strings.HasSuffix(text, ".") && !strings.HasSuffix(text, "?") {
		text += "."
	}
	return text
}

// Render writes a page: the named file of a set, in the frame. It is written whole or not at all.
func (r *Request) Render(status int, set Set, name, title string, data any) error {
	t, ok := set()[name]
	if !ok {
		return fmt.Errorf("there is no template %s", name)
	}
	v := &View{R: r, Title: visible(title, 200), Data: data}
	v.Flash = r.flash()
	if r.Signed {
		sites, err := r.Frame.Sites(r.Context())
		if err != nil {
			return err
		}
		for _, s := range sites {
			if r.Person.Actor.May(s.ID, access.See) {
				v.Sites = append(v.Sites, s)
			}
		}
	}
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, "layout", v); err != nil {
		return fmt.Errorf("rendering %s: %w", name, err)
	}
	r.W.Header().Set("Content-Type", "text/html; charset=utf-8")
	r.W.WriteHeader(status)
	_, err := r.W.Write(b.Bytes())
	return ignoreGone(err)
}

// Part renders one named part of a page without the frame, for live updates.
func (r *Request) Part(set Set, name, part string, data any) (string, error) {
	var b bytes.Buffer
	err := set()[name].ExecuteTemplate(&b, part, &View{R: r, Data: data})
	return b.String(), err
}

func ignoreGone(err error) error {
	if err != nil && !errors.Is(err, http.ErrHandlerTimeout) {
		return nil // the reader left
	}
	return err
}

// Redirect answers a form: the next page is fetched with GET.
func (r *Request) Redirect(path string) error {
	http.Redirect(r.W, r.Request, Local(path), http.StatusSeeOther)
	return nil
}

// Done tells something on the next page and goes there.
func (r *Request) Done(path, format string, args ...any) error {
	r.tell("done", fmt.Sprintf(format, args...))
	return r.Redirect(path)
}

// Sorry is Done for what went wrong.
func (r *Request) Sorry(path, format string, args ...any) error {
	r.tell("sorry", fmt.Sprintf(format, args...))
	return r.Redirect(path)
}

// Flash is what the page before had to say.
type Flash struct{ Kind, Text string }

const flashCookie = "palisade-said"

// maxFlash keeps the cookie within what browsers take.
const maxFlash = 1500

func (r *Request) tell(kind, text string) {
	if len(text) > maxFlash {
		text = strings.ToValidUTF8(text[:maxFlash], "") + " …"
	}
	body := kind + "\n" + text
	value := base64.RawURLEncoding.EncodeToString([]byte(body)) + "." + base64.RawURLEncoding.EncodeToString(r.sign(body))
	http.SetCookie(r.W, &http.Cookie{Name: flashCookie, Value: value, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode, MaxAge: 60, Secure: Secure(r.Request)})
}

func (r *Request) sign(body string) []byte {
	m := hmac.New(sha256.New, r.Frame.Key)
	m.Write([]byte("flash\n" + r.Person.Session + "\n" + body))
	return m.Sum(nil)
}

// flash reads what the page before had to say, once. What is not signed for this session was never said.
func (r *Request) flash() *Flash {
	c, err := r.Cookie(flashCookie)
	if err != nil {
		return nil
	}
	http.SetCookie(r.W, &http.Cookie{Name: flashCookie, Path: "/", MaxAge: -1, HttpOnly: true, Secure: Secure(r.Request)})
	text, mac, _ := strings.Cut(c.Value, ".")
	body, err1 := base64.RawURLEncoding.DecodeString(text)
	sum, err2 := base64.RawURLEncoding.DecodeString(mac)
	if err1 != nil || err2 != nil || !hmac.Equal(sum, r.sign(string(body))) {
		return nil
	}
	kind, said, _ := strings.Cut(string(body), "\n")
	return &Flash{kind, said}
}

// Secure reports whether the browser speaks TLS, to us or to a proxy that we were told of.
func Secure(r *http.Request) bool { return arrival.Of(r).Secure }

// Origin is where a browser asks for the console: scheme and host.
func Origin(r *http.Request) string {
	if Secure(r) {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// JSON answers a script.
func (r *Request) JSON(status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	r.W.Header().Set("Content-Type", "application/json")
	r.W.WriteHeader(status)
	_, err = r.W.Write(body)
	return ignoreGone(err)
}
