package page

import (
	"embed"
	"html/template"
	"io/fs"
	"strings"

	"palisade.dev/console/asset"
)

//go:embed *.html
var files embed.FS

// Set holds the templates of a room by their file's name.
type Set map[string]*template.Template

var layout = template.Must(template.New("").Funcs(template.FuncMap{
	"show": Show, "words": Words, "cut": Cut, "count": Count, "bytes": Bytes, "span": Span, "plural": Plural,
	"asset": asset.URL, "styles": asset.Styles, "scripts": asset.Scripts,
}).ParseFS(files, "layout.html"))

// shared are the frame's own pages.
var shared = Load(files)

// Load reads a room's templates. Each file is a page that defines "content", put into the layout; a file whose name
// begins with "part-" belongs to all of them. A fault in one is the program's own and ends it at start.
func Load(fsys fs.FS) Set {
	pages, err := fs.Glob(fsys, "*.html")
	if err != nil {
		panic(err)
	}
	parts, err := fs.Glob(fsys, "part-*.html")
	if err != nil {
		panic(err)
	}
	set := Set{}
	for _, p := range pages {
		if p == "layout.html" || strings.HasPrefix(p, "part-") {
			continue
		}
		t := template.Must(layout.Clone())
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
