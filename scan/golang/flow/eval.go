package flow

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"

	"palisade.dev/scan/golang/project"
)

// literalFields are the elements of a literal of a struct that names them.
func (w *walker) literalFields(x ast.Expr) (fields []*ast.KeyValueExpr, ok bool) {
	if u, isRef := x.(*ast.UnaryExpr); isRef && u.Op == token.AND {
		x = u.X
	}
	lit, ok := x.(*ast.CompositeLit)
	if !ok {
		return nil, false
	}
	t := w.pkg.Info.TypeOf(lit)
	if t == nil {
		return nil, false
	}
	if _, ok := t.Underlying().(*types.Struct); !ok {
		return nil, false
	}
	for _, e := range lit.Elts {
		kv, ok := e.(*ast.KeyValueExpr)
		if !ok {
			return nil, false
		}
		if _, ok := kv.Key.(*ast.Ident); !ok {
			return nil, false
		}
		fields = append(fields, kv)
	}
	return fields, true
}

func (w *walker) eval(x ast.Expr) value {
	if x == nil {
		return nil
	}
	if w.steps++; w.steps > mostSteps {
		return nil
	}
	if tv, ok := w.pkg.Info.Types[x]; ok {
		if tv.Value != nil || tv.IsType() {
			return nil
		}
	}
	switch x := x.(type) {
	case *ast.Ident:
		if o := w.pkg.Info.ObjectOf(x); o != nil {
			return w.env.whole(place{o, ""})
		}
	case *ast.ParenExpr:
		return w.eval(x.X)
	case *ast.SelectorExpr:
		return w.selector(x)
	case *ast.StarExpr:
		return w.eval(x.X)
	case *ast.UnaryExpr:
		v := w.eval(x.X)
		if x.Op == token.AND {
			return v
		}
	case *ast.BinaryExpr:
		return w.binary(x)
	case *ast.CallExpr:
		return at(w.call(x), 0)
	case *ast.IndexExpr:
		w.eval(x.Index)
		v := w.eval(x.X)
		if len(v) > 0 && carries(w.pkg.Info.TypeOf(x)) {
			return v
		}
	case *ast.SliceExpr:
		return w.eval(x.X)
	case *ast.TypeAssertExpr:
		v := w.eval(x.X)
		if carries(w.pkg.Info.TypeOf(x)) {
			return v
		}
	case *ast.CompositeLit:
		var v value
		for _, e := range x.Elts {
			if kv, ok := e.(*ast.KeyValueExpr); ok {
				v = join(v, w.eval(kv.Value))
				if mapped(w.pkg.Info.TypeOf(x)) {
					v = join(v, w.eval(kv.Key))
				}
				continue
			}
			v = join(v, w.eval(e))
		}
		return v
	case *ast.FuncLit:
		w.literal(x)
	case *ast.KeyValueExpr:
		return w.eval(x.Value)
	}
	return nil
}

// binary joins texts. What stands before a part may say that the part cannot do harm: a path behind a host.
func (w *walker) binary(x *ast.BinaryExpr) value {
	if x.Op != token.ADD {
		w.eval(x.X)
		w.eval(x.Y)
		return nil
	}
	// A chain of plus signs is a tree that leans to the left, and may be thousands deep.
	var parts []ast.Expr
	for l := ast.Expr(x); ; {
		b, ok := ast.Unparen(l).(*ast.BinaryExpr)
		if !ok || b.Op != token.ADD {
			parts = append(parts, l)
			break
		}
		parts = append(parts, b.Y)
		l = b.X
	}
	slices.Reverse(parts)
	if !carries(w.pkg.Info.TypeOf(x)) {
		return nil
	}
	return w.concat(parts)
}

func (w *walker) concat(parts []ast.Expr) value {
	var all value
	var before strings.Builder
	for _, part := range parts {
		v := w.eval(part)
		all = join(all, v.cleared(w.behind(before.String())))
		before.WriteString(w.written(part, v))
	}
	return all
}

// written is what a part looks like to what stands behind it: its text, a NUL where that is not known, or 1 where a client
// writes it. What a caller gives is followed on its own from there, and is taken here as ours.
func (w *walker) written(part ast.Expr, v value) string {
	if slices.ContainsFunc(v, func(m mark) bool { return m.source != nil }) {
		return "\x01"
	}
	if text, ok := w.pkg.Constant(part); ok {
		return text
	}
	return "\x00"
}

// behind are the kinds for which a text that begins so is harmless whatever follows.
func (w *walker) behind(text string) (kinds uint64) {
	if text == "" || strings.ContainsRune(text, 1) {
		return 0
	}
	for kind, s := range w.specs {
		if s.Prefix != nil && s.Prefix(text) {
			kinds |= 1 << kind
		}
	}
	return kinds
}

func (w *walker) selector(x *ast.SelectorExpr) value {
	v := w.selected(x)
	if len(v) > 0 {
		v = v.cleared(w.clears[project.TypeName(w.pkg.Info.TypeOf(x.X))+"."+x.Sel.Name])
	}
	return v
}

func (w *walker) selected(x *ast.SelectorExpr) value {
	p, named := w.place(x)
	if named {
		if v, ok := w.env[p]; ok {
			return v
		}
	}
	if len(w.own) > 0 {
		if name := project.TypeName(w.pkg.Info.TypeOf(x.X)) + "." + x.Sel.Name; w.own[name] != 0 {
			return value{{source: &Source{name, "is chosen by whoever made the archive", w.file, x}}}
		}
	}
	if named && w.env.knows(p) {
		if v := w.env.whole(p); len(v) > 0 {
			return v
		}
	}
	for y := ast.Expr(x); ; { // r.MultipartForm.File["photo"][0].Filename
		switch z := y.(type) {
		case *ast.SelectorExpr:
			if src := w.field(z); src != nil {
				if !carries(w.pkg.Info.TypeOf(x)) {
					return nil
				}
				return value{{source: src}}
			}
			y = z.X
			continue
		case *ast.IndexExpr:
			y = z.X
			continue
		case *ast.ParenExpr:
			y = z.X
			continue
		case *ast.StarExpr:
			y = z.X
			continue
		}
		break
	}
	if named || !carries(w.pkg.Info.TypeOf(x)) {
		return nil
	}
	return w.eval(x.X)
}

// literal walks a function where it stands: it sees the variables around it, and what it does to them is seen behind it.
func (w *walker) literal(x *ast.FuncLit) {
	fn := w.fn
	w.fn = x
	w.inner++
	if w.inner < 12 {
		after, _ := w.branch(w.env, func() bool { w.block(x.Body.List); return false })
		w.env.meet(after)
	}
	w.inner--
	w.fn = fn
}

func mapped(t types.Type) bool {
	if t == nil {
		return false
	}
	_, ok := t.Underlying().(*types.Map)
	return ok
}

// carries says whether a value of a type can hold words of a client that do harm. Numbers, times and errors cannot; of a
// type that is not known we think that it can.
func carries(t types.Type) bool { return carry(t, 0) }

func carry(t types.Type, level int) bool {
	if t == nil || level > 4 {
		return true
	}
	switch project.TypeName(t) {
	case "error", "time.Time", "time.Location", "net.IP", "net.IPNet", "net/netip.Addr", "net/netip.Prefix", "net/netip.AddrPort", "math/big.Int", "context.Context",
		"net/http.ResponseWriter", "database/sql.DB", "database/sql.Tx", "log/slog.Logger", "log.Logger", "net/http.Client", "sync.Mutex", "os.File", "os.Root",
		"crypto/tls.ConnectionState", "net/http.Server", "gorm.io/gorm.DB", "github.com/gin-gonic/gin.Context", "github.com/labstack/echo.Context",
		"github.com/gofiber/fiber.Ctx", "github.com/google/uuid.UUID":
		return false
	}
	switch u := t.Underlying().(type) {
	case *types.Basic:
		return u.Info()&types.IsString != 0 || u.Kind() == types.Invalid || u.Kind() == types.UntypedNil || u.Kind() == types.Byte
	case *types.Array:
		return carry(u.Elem(), level+1) && !isByte(u.Elem())
	case *types.Slice:
		return isByte(u.Elem()) || carry(u.Elem(), level+1)
	case *types.Pointer:
		return carry(u.Elem(), level+1)
	case *types.Map:
		return carry(u.Key(), level+1) || carry(u.Elem(), level+1)
	case *types.Chan, *types.Signature:
		return false
	}
	return true
}

func isByte(t types.Type) bool {
	b, ok := t.Underlying().(*types.Basic)
	return ok && b.Kind() == types.Byte
}
