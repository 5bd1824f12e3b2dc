package gateway

import (
	"bytes"
	"html"
	"io"
	"net/http"
	"strings"
)

// Honeypot is a form that no person sees or reaches by keyboard, and that a program filling in forms does. A POST to
// its path is what the site's trap of that path is about; the guard refuses and bans before it gets here.
type Honeypot struct {
	Path   string // of the decoy, such as "/contact-form"
	Inject bool   // put the form into the app's pages
}

func (h *Honeypot) serves(r *http.Request) bool {
	return r.URL.Path == h.Path
}

// honeypot answers the decoy's path harmlessly: the trap may only mark, or the client be on the allow list.
func (p *passage) honeypot() {
	h := p.w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("X-Robots-Tag", "noindex, nofollow")
	h.Set("Cache-Control", "no-store")
	p.status = http.StatusOK
	p.w.WriteHeader(p.status)
	n, _ := io.WriteString(p.w, "<!doctype html><html lang=\"en\"><title>Thank you</title><p>Thank you.</p></html>\n")
	p.bytes = int64(n)
}

// form is hidden by attributes alone, which no Content-Security-Policy forbids: `hidden` takes it off the page, `inert`
// off the keyboard's and the screen reader's way. Programs that read the text see a form like any other.
func (h *Honeypot) form() []byte {
	return []byte(`<form action="` + html.EscapeString(h.Path) + `" method="post" hidden inert aria-hidden="true" autocomplete="off">` +
		`<label>Website <input type="text" name="website" tabindex="-1" autocomplete="off"></label>` +
		`<label>Message <textarea name="message" tabindex="-1"></textarea></label>` +
		`<button type="submit" tabindex="-1">Send</button></form>`)
}

// injected gives the body with the form in it, where the response is a page as it is meant for people. The last few
// bytes are held back while looking for the end of the body; nothing else waits.
func (p *passage) injected(body io.Reader, h http.Header) io.Reader {
	pot := p.s.Honeypot
	if pot == nil || !pot.Inject || p.status != http.StatusOK || p.r.Method != http.MethodGet ||
		!strings.HasPrefix(h.Get("Content-Type"), "text/html") || h.Get("Content-Encoding") != "" {
		return body
	}
	if length := h.Get("Content-Length"); length != "" {
		h.Del("Content-Length") // whether the page has a </body> is known only when it has gone by
	}
	h.Del("Etag") // the app's validators are of its own bytes
	return &injector{r: body, form: pot.form()}
}

// injector passes a page on and puts the form before the first </body>.
type injector struct {
	r    io.Reader
	form []byte
	out  []byte // ready to hand over
	held []byte // may be the beginning of the mark
	done bool
	err  error
}

var mark = []byte("</body")

func (i *injector) Read(b []byte) (int, error) {
	for len(i.out) == 0 {
		if i.err != nil {
			return 0, i.err
		}
		if i.done {
			return i.r.Read(b)
		}
		chunk := make([]byte, len(i.held)+len(b))
		copy(chunk, i.held)
		n, err := i.r.Read(chunk[len(i.held):])
		chunk = chunk[:len(i.held)+n]
		i.held = nil
		if at := indexFold(chunk, mark); at >= 0 {
			i.out = append(append(append(make([]byte, 0, len(chunk)+len(i.form)), chunk[:at]...), i.form...), chunk[at:]...)
			i.done = true
		} else {
			keep := min(len(mark)-1, len(chunk))
			if err != nil {
				keep = 0
			}
			i.out, i.held = chunk[:len(chunk)-keep], chunk[len(chunk)-keep:]
		}
		i.err = err
	}
	n := copy(b, i.out)
	i.out = i.out[n:]
	return n, nil
}

func indexFold(b, lower []byte) int {
	for at := 0; ; {
		i := bytes.IndexByte(b[at:], lower[0])
		if i < 0 || len(b)-at-i < len(lower) {
			return -1
		}
		at += i
		if bytes.EqualFold(b[at:at+len(lower)], lower) {
			return at
		}
		at++
	}
}
