package flow

import (
	"go/ast"
	"go/types"
	"strings"

	"palisade.dev/scan/golang/project"
)

// What a request holds that its client chose.
var fields = map[string]bool{
	"net/http.Request.URL": true, "net/http.Request.Form": true, "net/http.Request.PostForm": true, "net/http.Request.MultipartForm": true,
	"net/http.Request.Header": true, "net/http.Request.Body": true, "net/http.Request.Host": true, "net/http.Request.RequestURI": true,
	"net/http.Request.Trailer": true, "github.com/gin-gonic/gin.Context.Params": true,
}

var requestMethods = map[string]bool{
	"FormValue": true, "PostFormValue": true, "Cookie": true, "Cookies": true, "CookiesNamed": true, "PathValue": true, "FormFile": true, "UserAgent": true, "Referer": true,
	"BasicAuth": true, "MultipartReader": true,
}

var methods = expand(map[string]string{
	"(*github.com/gin-gonic/gin.Context).":          "Param Query DefaultQuery GetQuery QueryArray QueryMap PostForm DefaultPostForm GetPostForm PostFormArray PostFormMap FormFile MultipartForm GetHeader GetRawData Cookie",
	"(github.com/labstack/echo.Context).":           "Param ParamValues QueryParam QueryParams QueryString FormValue FormParams FormFile MultipartForm Cookie Cookies",
	"(*github.com/gofiber/fiber.Ctx).":              "Params Query Queries FormValue FormFile MultipartForm Cookies Get Body BodyRaw OriginalURL Hostname",
	"(*github.com/gorilla/websocket.Conn).":         "ReadMessage",
	"(*github.com/coder/websocket.Conn).":           "Read",
	"(github.com/julienschmidt/httprouter.Params).": "ByName",
	"(google.golang.org/grpc/metadata.MD).":         "Get",
})

func expand(names map[string]string) map[string]bool {
	all := map[string]bool{}
	for prefix, list := range names {
		for _, n := range strings.Fields(list) {
			all[prefix+n] = true
		}
	}
	return all
}

var functions = map[string]bool{
	"github.com/go-chi/chi.URLParam": true, "github.com/gorilla/mux.Vars": true, "google.golang.org/grpc/metadata.ValueFromIncomingContext": true,
}

// binders read what a client sent into an argument.
var binders = map[string]int{
	"(*github.com/gorilla/websocket.Conn).ReadJSON": 0, "(github.com/labstack/echo.Context).Bind": 0,
	"(*github.com/gofiber/fiber.Ctx).BodyParser": 0, "(*github.com/gofiber/fiber.Ctx).QueryParser": 0, "(*github.com/gofiber/fiber.Ctx).ParamsParser": 0,
	"(*github.com/gin-gonic/gin.Context).Bind": 0, "(*github.com/gin-gonic/gin.Context).BindJSON": 0, "(*github.com/gin-gonic/gin.Context).BindQuery": 0,
	"(*github.com/gin-gonic/gin.Context).BindUri": 0, "(*github.com/gin-gonic/gin.Context).BindHeader": 0, "(*github.com/gin-gonic/gin.Context).ShouldBind": 0,
	"(*github.com/gin-gonic/gin.Context).ShouldBindJSON": 0, "(*github.com/gin-gonic/gin.Context).ShouldBindQuery": 0, "(*github.com/gin-gonic/gin.Context).ShouldBindUri": 0,
	"(*github.com/gin-gonic/gin.Context).ShouldBindHeader": 0, "(*github.com/gin-gonic/gin.Context).ShouldBindXML": 0, "(*github.com/gin-gonic/gin.Context).ShouldBindYAML": 0,
	"(*github.com/gin-gonic/gin.Context).ShouldBindBodyWith": 0,
}

// write says where a function puts what: to and from are arguments, -1 the receiver; from an argument on, or that one.
type write struct {
	to, from int
	one      bool
}

var writers = map[string]write{
	"encoding/json.Unmarshal": {1, 0, true}, "(*encoding/json.Decoder).Decode": {0, -1, true}, "encoding/xml.Unmarshal": {1, 0, true}, "(*encoding/xml.Decoder).Decode": {0, -1, true},
	"(*encoding/gob.Decoder).Decode": {0, -1, true}, "gopkg.in/yaml.Unmarshal": {1, 0, true}, "(*gopkg.in/yaml.Decoder).Decode": {0, -1, true},
	"github.com/goccy/go-json.Unmarshal": {1, 0, true}, "io.Copy": {0, 1, true}, "io.CopyN": {0, 1, true}, "io.ReadFull": {1, 0, true}, "io.WriteString": {0, 1, true},
	"builtin.copy": {0, 1, true}, "fmt.Fprintf": {0, 1, false}, "fmt.Fprint": {0, 1, false}, "fmt.Fprintln": {0, 1, false}, "fmt.Sscanf": {2, 0, true}, "fmt.Sscan": {1, 0, true},
	"(*strings.Builder).WriteString": {-1, 0, false}, "(*strings.Builder).Write": {-1, 0, false}, "(*bytes.Buffer).WriteString": {-1, 0, false}, "(*bytes.Buffer).Write": {-1, 0, false},
	"(*bytes.Buffer).ReadFrom": {-1, 0, false}, "(net/url.Values).Set": {-1, 0, false}, "(net/url.Values).Add": {-1, 0, false}, "(net/http.Header).Set": {-1, 0, false}, "(net/http.Header).Add": {-1, 0, false},
	"(io.Reader).Read": {0, -1, true}, "(*bufio.Reader).Read": {0, -1, true}, "(*database/sql.Rows).Scan": {0, -1, true},
}

// textual are packages whose functions give on what they are given, unless a name is among those that stop it.
var textual = map[string]bool{
	"strings": true, "bytes": true, "fmt": true, "path": true, "path/filepath": true, "net/url": true, "encoding/json": true, "encoding/xml": true, "encoding/base64": true, "encoding/hex": true,
	"encoding/csv": true, "io": true, "bufio": true, "html": true, "strconv": true, "slices": true, "maps": true, "text/template": true, "mime/multipart": true, "net/textproto": true, "builtin": true,
	"regexp": true, "unicode": true, "encoding/gob": true, "encoding/binary": true, "archive/zip": true, "archive/tar": true, "compress/gzip": true, "gopkg.in/yaml": true, "net/http": true, "mime": true, "cmp": true,
	"github.com/go-chi/chi": true, "html/template": true, "net/mail": true, "golang.org/x/text/cases": true,
	"github.com/gin-gonic/gin": true, "github.com/jmoiron/sqlx": true,
}

// stops are functions of those packages that give something else: a count, an answer of another server, a hash.
var stops = map[string]bool{
	"builtin.len": true, "builtin.cap": true, "builtin.make": true, "builtin.new": true, "builtin.recover": true, "builtin.delete": true, "strings.NewReplacer": true,
	"net/http.Get": true, "net/http.Post": true, "net/http.PostForm": true, "net/http.Head": true, "(*net/http.Client).Do": true, "(*net/http.Client).Get": true, "(*net/http.Client).Post": true,
	"(*net/http.Client).Head": true, "(*net/http.Client).PostForm": true, "net/http.FileServer": true, "net/http.StatusText": true, "net/http.Dir": true, "net/http.StripPrefix": true,
	"encoding/hex.EncodeToString": true, "net/http.DetectContentType": true, "mime.TypeByExtension": true, "path.Ext": true, "path/filepath.Ext": true, "strconv.FormatInt": true, "strconv.Itoa": true,
	"strconv.FormatBool": true, "strconv.FormatUint": true, "html/template.New": true, "text/template.New": true, "html/template.Must": true, "text/template.Must": true,
	"(*net/http.ServeMux).Handler": true, "net/http.NewServeMux": true, "net/http.HandlerFunc": true, "fmt.Errorf": true, "(*html/template.Template).ParseFiles": true, "html/template.ParseFiles": true,
	"(*github.com/jmoiron/sqlx.DB).Queryx": true, "(*github.com/jmoiron/sqlx.DB).QueryRowx": true, "(*github.com/jmoiron/sqlx.DB).NamedQuery": true,
	"(*github.com/gin-gonic/gin.Context).ClientIP": true, "(*github.com/gin-gonic/gin.Context).GetString": true, "(*github.com/gin-gonic/gin.Context).Get": true, "(*github.com/gin-gonic/gin.Context).MustGet": true,
}

// formats are functions with a text and what fills it, by where the text is.
var formats = map[string]int{"fmt.Sprintf": 0, "fmt.Appendf": 1}

func isRequest(t types.Type) bool { return project.TypeName(t) == "net/http.Request" }

// message says whether a type is one of those made from a protocol's description.
func message(t types.Type) bool {
	ptr, ok := types.Unalias(t).(*types.Pointer)
	if !ok {
		return false
	}
	n, ok := types.Unalias(ptr.Elem()).(*types.Named)
	if !ok {
		return false
	}
	for i := range n.NumMethods() {
		if name := n.Method(i).Name(); name == "ProtoReflect" || name == "ProtoMessage" {
			return true
		}
	}
	return false
}

// field gives the source that a field of a request is.
func (w *walker) field(x *ast.SelectorExpr) *Source {
	if !isRequest(w.pkg.Info.TypeOf(x.X)) && project.TypeName(w.pkg.Info.TypeOf(x.X)) != "github.com/gin-gonic/gin.Context" {
		return nil
	}
	name := project.TypeName(w.pkg.Info.TypeOf(x.X)) + "." + x.Sel.Name
	if !fields[name] || !w.incoming(x.X) {
		return nil
	}
	return &Source{name, "comes from the client", w.file, x}
}

// method gives the source that a method of a request or context is.
func (w *walker) method(name string, sel *ast.SelectorExpr, call *ast.CallExpr) *Source {
	if methods[name] {
		return &Source{name, "comes from the client", w.file, call}
	}
	if rest, ok := strings.CutPrefix(name, "(*net/http.Request)."); ok && requestMethods[rest] && w.incoming(sel.X) {
		return &Source{name, "comes from the client", w.file, call}
	}
	return nil
}

func (w *walker) pkgSource(name string, call *ast.CallExpr) bool {
	return functions[name]
}

// incoming says whether a request is one that a client sent: it is a parameter, of a function that does not itself send
// requests, or comes out of a framework's context.
func (w *walker) incoming(x ast.Expr) bool {
	switch x := ast.Unparen(x).(type) {
	case *ast.CallExpr:
		name := w.p.Callee(w.pkg, x)
		return name == "(github.com/labstack/echo.Context).Request" || strings.HasPrefix(name, "(*net/http.Request).With")
	case *ast.SelectorExpr:
		return strings.HasSuffix(project.TypeName(w.pkg.Info.TypeOf(x.X)), "gin.Context") || x.Sel.Name == "In"
	case *ast.Ident:
		o := w.pkg.Info.ObjectOf(x)
		if o == nil {
			return false
		}
		if w.params != nil {
			if _, ok := w.params[o]; ok {
				return !sends(w.signature)
			}
		}
		// A parameter of a literal, or a variable: r := c.Request.
		return w.declared(o)
	}
	return false
}

// sends says whether a function is one that asks other servers.
func sends(s *types.Signature) bool {
	if s == nil {
		return false
	}
	for i := range s.Results().Len() {
		if project.TypeName(s.Results().At(i).Type()) == "net/http.Response" || isRequest(s.Results().At(i).Type()) {
			return true
		}
	}
	return false
}

// declared looks at where a request's variable is from.
func (w *walker) declared(o types.Object) bool {
	found := false
	ast.Inspect(w.fn, func(n ast.Node) bool {
		if found {
			return false
		}
		switch n := n.(type) {
		case *ast.FuncLit:
			if s, ok := w.pkg.Info.TypeOf(n).(*types.Signature); ok && parameter(s, o) {
				found = !sends(s)
			}
		case *ast.AssignStmt:
			for i, l := range n.Lhs {
				if id, ok := l.(*ast.Ident); ok && w.pkg.Info.Defs[id] == o && len(n.Rhs) == len(n.Lhs) {
					if r, ok := ast.Unparen(n.Rhs[i]).(*ast.Ident); !ok || w.pkg.Info.ObjectOf(r) != o {
						found = w.incoming(n.Rhs[i])
					}
				}
			}
		}
		return true
	})
	if lit, ok := w.fn.(*ast.FuncLit); ok && !found {
		if s, ok := w.pkg.Info.TypeOf(lit).(*types.Signature); ok && parameter(s, o) {
			return !sends(s)
		}
		return w.outer(o)
	}
	return found
}

// outer: a literal that uses the request of the function around it.
func (w *walker) outer(o types.Object) bool {
	if _, ok := w.params[o]; ok {
		return !sends(w.signature)
	}
	for _, d := range w.file.AST.Decls {
		if o.Pos() < d.Pos() || o.Pos() >= d.End() {
			continue
		}
		found := false
		ast.Inspect(d, func(n ast.Node) bool {
			if lit, ok := n.(*ast.FuncLit); ok {
				if s, ok := w.pkg.Info.TypeOf(lit).(*types.Signature); ok && parameter(s, o) {
					found = !sends(s)
				}
			}
			return !found
		})
		return found
	}
	return false
}

func parameter(s *types.Signature, o types.Object) bool {
	for i := range s.Params().Len() {
		if s.Params().At(i) == o {
			return true
		}
	}
	return false
}
