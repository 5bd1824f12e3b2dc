// Package honeypot puts a form into an app's pages that no person sees or reaches by keyboard and that a program filling
// in forms does. Sending it is what the site's trap is about; the guard refuses and bans before that gets here.
package honeypot

import (
	"bytes"
	"errors"
	"html"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzip"
)

// largest is the size of a page into which the form is put. What is longer is a listing or a download.
const largest = 2 << 20

// Pot is the form of one site. It is safe for concurrent use.
type Pot struct {
	form    []byte
	readers sync.Pool
	writers sync.Pool
}

// New makes the form that is sent to a path.
func New(path string) *Pot {
	p := &Pot{form: form(path)}
	p.readers.New = func() any { return new(gzip.Reader) }
	p.writers.New = func() any {
		w, _ := gzip.NewWriterLevel(io.Discard, gzip.BestSpeed) // fails on an unknown level only
		return w
	}
	return p
}

// form is hidden by attributes alone, which no Content-Security-Policy forbids: `hidden` takes it off the page, `inert`
// out of the keyboard's and the screen reader's reach. They stand on an element of a name that no style sheet knows,
// since `form { display: flex }` would outrank `hidden` on the form itself.
func form(path string) []byte {
	return []byte(`<x-note hidden inert aria-hidden="true"><form action="` + html.EscapeString(path) + `" method="post" autocomplete="off">` +
		`<label>Website <input type="text" name="website" tabindex="-1" autocomplete="off"></label>` +
		`<label>Message <textarea name="message" tabindex="-1" autocomplete="off"></textarea></label>` +
		`<button type="submit" tabindex="-1">Send</button></form></x-note>`)
}

// Encodings is what the app may be told that the client accepts, where it asks for a page: the form can be put into
// gzip and into plain text.
func (p *Pot) Encodings(r *http.Request, accepted string) string {
	if !page(r) || accepted == "" {
		return accepted
	}
	for part := range strings.SplitSeq(accepted, ",") {
		name, weight, _ := strings.Cut(strings.TrimSpace(part), ";")
		weight = strings.ReplaceAll(weight, " ", "")
		if (strings.EqualFold(name, "gzip") || name == "*") && !strings.HasPrefix(weight, "q=0.0") && weight != "q=0" {
			return "gzip"
		}
	}
	return "identity"
}

func page(r *http.Request) bool {
	return r.Method == http.MethodGet && strings.Contains(r.Header.Get("Accept"), "text/html") && r.Header.Get("Range") == ""
}

// signed are fields that say what the bytes of a body are; such a body is left alone.
var signed = []string{"Content-Range", "Digest", "Content-Digest", "Repr-Digest", "Content-Md5", "Signature"}

// Page gives a response's body with the form in it and mends its header, or the body as it is where it is no page for
// people.
func (p *Pot) Page(r *http.Request, status int, h http.Header, body io.Reader) io.Reader {
	if r.Method != http.MethodGet || status != http.StatusOK || strings.Contains(h.Get("Cache-Control"), "no-transform") ||
		strings.HasPrefix(h.Get("Content-Disposition"), "attachment") {
		return body
	}
	if kind, _, err := mime.ParseMediaType(h.Get("Content-Type")); err != nil || kind != "text/html" {
		return body
	}
	for _, name := range signed {
		if h.Get(name) != "" {
			return body
		}
	}
	if n, err := strconv.ParseInt(h.Get("Content-Length"), 10, 64); err == nil && n > largest {
		return body
	}
	switch h.Get("Content-Encoding") {
	case "", "identity":
		body = &injector{r: body, form: p.form}
	case "gzip":
		body = &zipped{pot: p, r: body}
	default:
		return body
	}
	h.Del("Content-Length") // whether the page has an end of its body is known when it has gone by
	h.Del("Accept-Ranges")
	if tag := h.Get("Etag"); tag != "" && !strings.HasPrefix(tag, "W/") {
		h.Set("Etag", "W/"+tag) // the app still knows it by this, and nobody takes it for the bytes
	}
	return body
}

// injector passes a page on and puts the form before the end of its body. It holds back what may be the beginning of
// that tag, six bytes at most; nothing else waits.
type injector struct {
	r    io.Reader
	form []byte
	scan scanner
	seen int
	held []byte
	out  []byte // ready to hand over
	done bool
	err  error
}

func (i *injector) Read(b []byte) (int, error) {
	for len(i.out) == 0 {
		if i.err != nil {
			return 0, i.err
		}
		if i.done {
			return i.r.Read(b)
		}
		before := len(i.held)
		chunk := append(i.held, make([]byte, min(max(len(b), 512), 32<<10))...)
		n, err := i.r.Read(chunk[before:])
		i.err = err
		chunk = chunk[:before+n]
		i.held = nil
		if at := i.scan.scan(chunk[before:]); at >= 0 {
			at += before - len("</body")
			i.out = append(append(append(make([]byte, 0, len(chunk)+len(i.form)), chunk[:at]...), i.form...), chunk[at:]...)
			i.done = true
			continue
		}
		if i.seen += n; i.seen > largest {
			i.done = true
		}
		keep := 0
		if err == nil && !i.done {
			keep = i.scan.pending()
		}
		i.out = chunk[:len(chunk)-keep]
		i.held = append(i.held, chunk[len(chunk)-keep:]...)
	}
	n := copy(b, i.out)
	i.out = i.out[n:]
	return n, nil
}

// zipped is injector for a page in gzip. What the app has flushed comes through at once.
type zipped struct {
	pot *Pot
	r   io.Reader
	in  *injector
	un  *gzip.Reader
	re  *gzip.Writer
	out bytes.Buffer
	err error
}

func (z *zipped) Read(b []byte) (int, error) {
	if z.in == nil && z.err == nil {
		z.un = z.pot.readers.Get().(*gzip.Reader)
		if err := z.un.Reset(z.r); err != nil {
			z.err = err
		} else {
			z.re = z.pot.writers.Get().(*gzip.Writer)
			z.re.Reset(&z.out)
			z.in = &injector{r: z.un, form: z.pot.form}
		}
	}
	for z.out.Len() == 0 {
		if z.err != nil {
			return 0, z.err
		}
		piece := make([]byte, 16<<10)
		n, err := z.in.Read(piece)
		if n > 0 {
			_, _ = z.re.Write(piece[:n]) // a buffer takes all
		}
		switch {
		case errors.Is(err, io.EOF):
			_ = z.re.Close()
		case err == nil:
			_ = z.re.Flush()
		}
		if z.err = err; err != nil {
			z.pot.readers.Put(z.un)
			z.pot.writers.Put(z.re)
			z.re.Reset(io.Discard)
		}
	}
	return z.out.Read(b)
}
