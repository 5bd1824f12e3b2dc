// Package traversal finds files whose names a client chooses.
package traversal

import (
	_ "embed"
	"go/ast"
	"slices"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/golang"
	"palisade.dev/scan/golang/flow"
)

//go:embed doc.md
var doc string

// Check is the check.
var Check = golang.Check{
	Check: scan.Check{
		ID: "golang/traversal", Title: "A client says which file is opened", Severity: scan.High, CWE: []int{22},
		Standards: []string{"OWASP A01:2021", "PCI DSS 4.0 6.2.4"}, Tags: []string{"files"}, Doc: doc,
	},
	Flow: &flow.Spec{
		Sinks:  sinks(),
		Clears: []string{"path.Base", "path/filepath.Base", "path/filepath.Localize", "github.com/cyphar/filepath-securejoin.SecureJoin", "net/url.PathEscape", "net/url.QueryEscape", "mime/multipart.FileHeader.Filename"},
		Cleans: rooted,
		Proves: proves,
	},
	Run: run,
}

func sinks() []flow.Sink {
	var list []flow.Sink
	add := func(arg int, prefix, names, note string) {
		for _, n := range strings.Fields(names) {
			list = append(list, flow.Sink{Func: prefix + n, Args: []int{arg}, Note: note})
		}
	}
	add(0, "os.", "Open OpenFile ReadFile ReadDir DirFS", "is the file that is read")
	add(0, "os.", "Create WriteFile Remove RemoveAll Mkdir MkdirAll Truncate Rename Symlink Link Chmod OpenRoot", "is the file that is written or removed")
	add(1, "os.", "Rename Link", "is the file that is written or removed")
	add(0, "io/ioutil.", "ReadFile ReadDir", "is the file that is read")
	add(0, "io/ioutil.", "WriteFile", "is the file that is written or removed")
	add(2, "net/http.", "ServeFile", "is the file that is sent")
	add(0, "(*github.com/gin-gonic/gin.Context).", "File FileAttachment", "is the file that is sent")
	add(1, "(*github.com/gin-gonic/gin.Context).", "SaveUploadedFile", "is the file that is written or removed")
	add(0, "(github.com/labstack/echo.Context).", "File Attachment Inline", "is the file that is sent")
	add(0, "(*github.com/gofiber/fiber.Ctx).", "SendFile Download", "is the file that is sent")
	add(1, "(*github.com/gofiber/fiber.Ctx).", "SaveFile", "is the file that is written or removed")
	return list
}

// rooted says whether a path was made tidy as one from the root: no .. is left in it.
func rooted(name string, c *flow.Call) bool {
	if len(c.Args) == 0 || !slices.Contains([]string{"path.Clean", "path/filepath.Clean", "path.Join", "path/filepath.Join"}, name) {
		return false
	}
	first := c.Args[0]
	for {
		b, ok := first.(*ast.BinaryExpr)
		if !ok {
			break
		}
		first = b.X
	}
	if text, ok := c.Package.Constant(first); ok {
		return text == "/"
	}
	// path.Join("/", x), and string(os.PathSeparator) + x
	return strings.Contains(c.File.Text(first), "Separator")
}

func proves(name string, c *flow.Call, yes bool) bool {
	switch name {
	case "path/filepath.IsLocal", "io/fs.ValidPath":
		return yes
	case "strings.HasPrefix":
		return yes && len(c.Args) == 2
	case "strings.Contains", "strings.ContainsAny", "strings.ContainsRune":
		return !yes
	}
	return false
}

func run(p *golang.Pass) {
	for _, h := range p.Hits {
		// ServeFile itself refuses a request whose path has a .. in it.
		if h.Sink.Func == "net/http.ServeFile" {
			after := string(h.Source.File.Source[h.Source.File.Offset(h.Source.Node.End()):])
			if strings.HasPrefix(after, ".Path") || slices.Contains([]string{"(*net/http.Request).PathValue", "github.com/go-chi/chi.URLParam", "github.com/gorilla/mux.Vars"}, h.Source.Name) {
				continue
			}
		}
		f := p.Of(h, "What the client sends is a part of a path, and with .. in it leads out of the folder.")
		f.Fix = &scan.Fix{Text: "Open files through an os.Root of the folder, or refuse names for which filepath.IsLocal says no."}
		p.Report(f)
	}
}
