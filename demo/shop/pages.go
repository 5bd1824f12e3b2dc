package shop

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
)

//go:embed pages
var pageFiles embed.FS

// parsePages reads the embedded pages. Every page is the frame around a block called "main", and is parsed into a copy
// of the frame.
func parsePages() map[string]*template.Template {
	frame := template.Must(template.New("frame.html").
		Funcs(template.FuncMap{"euros": euros}).
		ParseFS(pageFiles, "pages/frame.html"))
	pages := make(map[string]*template.Template)
	for _, name := range []string{
		"home", "product", "cart", "checkout", "thanks", "log_in", "register", "reset", "account", "workshop", "missing",
	} {
		pages[name] = template.Must(template.Must(frame.Clone()).ParseFS(pageFiles, "pages/"+name+".html"))
	}
	return pages
}

// A view is all that a page may show.
type view struct {
	Title  string
	Who    string // e-mail of whoever is signed in
	Things int    // in the cart

	Error  string
	Notice string
	Email  string // what was typed before, to save typing it again

	Products []product
	Product  product
	Cart     []line
	Total    int
}

func euros(cents int) string { return fmt.Sprintf("€%d.%02d", cents/100, cents%100) }

func (s *Shop) show(w http.ResponseWriter, r *http.Request, status int, page string, v view) {
	v.Who = s.signedIn(r)
	v.Things = readCart(r).things()
	var b bytes.Buffer
	if err := s.pages[page].Execute(&b, v); err != nil {
		// The templates are ours and have been shown by the tests; what is left is a bug.
		http.Error(w, "The shop could not write this page.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // the visitor may have left
}

func (s *Shop) home(w http.ResponseWriter, r *http.Request) {
	s.show(w, r, http.StatusOK, "home", view{Title: "Pots for every day", Products: products})
}

func (s *Shop) product(w http.ResponseWriter, r *http.Request) {
	p, ok := findProduct(r.PathValue("slug"))
	if !ok {
		s.notFound(w, r)
		return
	}
	s.show(w, r, http.StatusOK, "product", view{Title: p.Name, Product: p})
}

func (s *Shop) workshop(w http.ResponseWriter, r *http.Request) {
	s.show(w, r, http.StatusOK, "workshop", view{Title: "The workshop, live"})
}

func (s *Shop) notFound(w http.ResponseWriter, r *http.Request) {
	s.show(w, r, http.StatusNotFound, "missing", view{Title: "Not on this shelf"})
}
