package world

import (
	"go/parser"
	"go/token"
	"go/types"
	"testing"
)

// TestDeclarations loads every package that we declare: it parses, and what checks rely on is there with its methods.
func TestDeclarations(t *testing.T) {
	w := New()
	for _, p := range Paths() {
		if _, err := parser.ParseFile(token.NewFileSet(), p, sources()[p], 0); err != nil {
			t.Errorf("%s: %v", p, err)
			continue
		}
		if _, err := w.Import(p); err != nil {
			t.Error(err)
		}
	}
	if n := len(Paths()); n < 190 {
		t.Errorf("%d packages", n)
	}
	if len(w.Unknown()) > 0 {
		t.Logf("named in declarations and not declared: %v", w.Unknown())
	}
	for _, c := range []struct{ pkg, name, method string }{
		{"net/http", "Client", "Do"},
		{"net/http", "Request", "FormValue"},
		{"database/sql", "DB", "QueryContext"},
		{"os", "Root", "Open"},
		{"github.com/gin-gonic/gin", "Context", "Query"},
		{"github.com/jmoiron/sqlx", "DB", "Exec"},
		{"github.com/labstack/echo/v4", "Context", "Param"},
	} {
		p, _ := w.Import(c.pkg)
		o := p.Scope().Lookup(c.name)
		if o == nil {
			t.Errorf("%s has no %s", c.pkg, c.name)
			continue
		}
		if m, _, _ := types.LookupFieldOrMethod(types.NewPointer(o.Type()), true, p, c.method); m == nil {
			if m, _, _ = types.LookupFieldOrMethod(o.Type(), true, p, c.method); m == nil {
				t.Errorf("%s.%s has no %s", c.pkg, c.name, c.method)
			}
		}
	}
}

func TestNames(t *testing.T) {
	for in, want := range map[string]string{
		"github.com/labstack/echo/v4":                  "github.com/labstack/echo",
		"(github.com/labstack/echo/v4.Context).Param":  "(github.com/labstack/echo.Context).Param",
		"github.com/jackc/pgx/v5/pgxpool":              "github.com/jackc/pgx/pgxpool",
		"(*github.com/jackc/pgx/v5/pgxpool.Pool).Exec": "(*github.com/jackc/pgx/pgxpool.Pool).Exec",
		"gopkg.in/yaml.v3":                             "gopkg.in/yaml",
		"gopkg.in/yaml.v3.Unmarshal":                   "gopkg.in/yaml.Unmarshal",
		"net/http":                                     "net/http",
	} {
		if got := Plain(in); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
	for in, want := range map[string]string{"github.com/mattn/go-sqlite3": "sqlite3", "gopkg.in/yaml.v3": "yaml", "github.com/a/b/v2": "b", "github.com/nats-io/nats.go": "nats"} {
		if got := NameOf(in); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}
