package gateway

import (
	"io"
	"net/http"

	"palisade.dev/gateway/honeypot"
)

// Honeypot is a form that no person sees or reaches by keyboard, and that a program filling in forms does. A POST to
// its path is what the site's trap of that path is about; the guard refuses and bans before it gets here.
type Honeypot struct {
	Path   string // of the decoy, such as "/contact-form"
	Inject bool   // put the form into the app's pages
}

// pot makes the form of a site that wants it in its pages.
func (s Site) pot() *honeypot.Pot {
	if s.Honeypot == nil || !s.Honeypot.Inject {
		return nil
	}
	return honeypot.New(s.Honeypot.Path)
}

func (h *Honeypot) serves(r *http.Request) bool {
	return r.URL.Path == h.Path
}

// honeypot answers the decoy's path harmlessly: the trap may only mark, or the client be on the allow list.
func (p *passage) honeypot() {
	p.hangUp()
	h := p.w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("X-Robots-Tag", "noindex, nofollow")
	h.Set("Cache-Control", "no-store")
	p.status = http.StatusOK
	p.v.Responding(p.status, h)
	p.w.WriteHeader(p.status)
	n, _ := io.WriteString(p.w, "<!doctype html><html lang=\"en\"><title>Thank you</title><p>Thank you.</p></html>\n")
	p.bytes = int64(n)
}
