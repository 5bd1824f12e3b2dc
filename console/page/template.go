package page

import (
	"embed"
	"html/template"
	"io/fs"
	"strings"
	"sync"

	"palisade.dev/backend/veil"
	"palisade.dev/console/asset"
)

//go:embed *.html
var files embed.FS

// Set gives the templates of a room by their file's name. They are parsed when they are first asked for: most commands of
// the program show no page, and a scan would pay more for these than for a small application.
type Set func() map[string]*template.Template

var layout = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("").Funcs(template.FuncMap{
		"show": Show, "words": Words, "cut": Cut, "count": Count, "bytes": Bytes, "span": Span, "plural": Plural,
		"severity": Severity, "address": veil.Text,
		"asset": asset.URL, "styles": asset.Styles, "scripts": asset.Scripts,
	}).ParseFS(files, "layout.html"))
})

// shared are the frame's own pages.
var shared = Load(files)

// loaded are all sets, for [Parse].
var loaded []Set

// Load names a room's templates. Each file is a page that defines "content", put into the layout; a file whose name
// begins with "part-" belongs to all of them.
func Load(fsys fs.FS) Set {
	set := sync.OnceValue(func() map[string]*template.Template { return parse(fsys) })
	loaded = append(loaded, set)
	return set
}

// Parse reads the templates of all rooms. A fault in one is the program's own and ends it when the console starts, before
// anybody asks for the page.
func Parse() {
	for _, set := range loaded {
		set()
	}
}

func parse(fsys fs.FS) map[string]*template.Template {
	pages, err := fs.Glob(fsys, "*.html")
	if err != nil {
		panic(err)
	}
	parts, err := fs.Glob(fsys, "part-*.html")
	if err != nil {
		panic(err)
	}
	set := map[string]*template.Template{}
	for _, p := range pages {
		if p == "layout.html" || strings.HasPrefix(p, "part-") {
			continue
		}
		t := template.Must(layout().Clone())
		if len(parts) > 0 {
			template.Must(t.ParseFS(fsys, parts...))
		}
		set[p] = template.Must(t.ParseFS(fsys, p))
	}
	if len(set) == 0 {
		panic("console: a room without templates")
	}
	return set
}
