// Package asset serves the console's own style sheet, scripts and icon. They are part of the program; their addresses
// carry a hash of what they hold, so that browsers keep them for ever and never show an old one.
package asset

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"slices"
	"strings"
)

//go:embed *.css *.js *.svg
var files embed.FS

type file struct {
	body []byte
	kind string
	url  string
}

var (
	byURL  = map[string]*file{}
	byName = map[string]*file{}
	module []string
)

// All style sheets are sent as one, app.css first: it names the colours that the others use.
func init() {
	names, err := fs.Glob(files, "*")
	if err != nil {
		panic(err)
	}
	slices.SortFunc(names, func(a, b string) int {
		if a == "app.css" {
			return -1
		}
		if b == "app.css" {
			return 1
		}
		return strings.Compare(a, b)
	})
	var css []byte
	for _, n := range names {
		body, err := files.ReadFile(n)
		if err != nil {
			panic(err)
		}
		switch {
		case strings.HasSuffix(n, ".css"):
			css = append(css, body...)
		case strings.HasSuffix(n, ".js"):
			module = append(module, add(n, "text/javascript; charset=utf-8", body))
		case strings.HasSuffix(n, ".svg"):
			add(n, "image/svg+xml", body)
		}
	}
	add("styles", "text/css; charset=utf-8", css)
}

func add(name, kind string, body []byte) string {
	sum := sha256.Sum256(body)
	f := &file{body, kind, "/asset/" + hex.EncodeToString(sum[:8]) + "/" + name}
	byURL[f.url], byName[name] = f, f
	return f.url
}

// URL gives the address of a file.
func URL(name string) string { return byName[name].url }

// Styles gives the address of the style sheet.
func Styles() string { return URL("styles") }

// Scripts gives the addresses of the modules.
func Scripts() []string { return module }

// Handler serves them below /asset/.
func Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f, ok := byURL[r.URL.Path]
		if !ok || r.Method != http.MethodGet && r.Method != http.MethodHead {
			http.NotFound(w, r)
			return
		}
		h := w.Header()
		h.Set("Content-Type", f.kind)
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'") // for the icon, opened by itself
		if r.Method == http.MethodGet {
			_, _ = w.Write(f.body)
		}
	})
}
