// Package sqlquery finds SQL that a client writes a part of.
package sqlquery

import (
	_ "embed"
	"go/ast"
	"go/token"
	"go/types"
	"strconv"
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
		ID: "golang/sqlquery", Title: "SQL is put together from what a client sent", Severity: scan.Critical, CWE: []int{89},
		Standards: []string{"OWASP A03:2021", "PCI DSS 4.0 6.2.4"}, Tags: []string{"injection", "sql"}, Doc: doc,
	},
	Flow: &flow.Spec{
		Sinks:  sinks(),
		Clears: []string{"(github.com/jackc/pgx.Identifier).Sanitize", "github.com/lib/pq.QuoteIdentifier", "github.com/lib/pq.QuoteLiteral", "strings.Repeat"},
	},
	Run: run,
}

func sinks() []flow.Sink {
	var list []flow.Sink
	add := func(arg int, when func(*flow.Call) bool, prefix, names string) {
		for _, n := range strings.Fields(names) {
			list = append(list, flow.Sink{Func: prefix + n, Args: []int{arg}, When: when, Note: "runs as SQL"})
		}
	}
	for _, t := range []string{"DB", "Tx", "Conn"} {
		add(0, nil, "(*database/sql."+t+").", "Query QueryRow Exec Prepare")
		add(1, nil, "(*database/sql."+t+").", "QueryContext QueryRowContext ExecContext PrepareContext")
	}
	for _, t := range []string{"DB", "Tx"} {
		add(0, nil, "(*github.com/jmoiron/sqlx."+t+").", "Queryx QueryRowx NamedExec NamedQuery MustExec Preparex PrepareNamed")
		add(1, nil, "(*github.com/jmoiron/sqlx."+t+").", "Get Select QueryxContext QueryRowxContext NamedExecContext NamedQueryContext")
		add(2, nil, "(*github.com/jmoiron/sqlx."+t+").", "GetContext SelectContext")
	}
	add(2, nil, "github.com/jmoiron/sqlx.", "Get Select")
	for _, t := range []string{"(*github.com/jackc/pgx.Conn).", "(github.com/jackc/pgx.Tx).", "(*github.com/jackc/pgx/pgxpool.Pool).", "(*github.com/jackc/pgx/pgxpool.Conn)."} {
		add(1, nil, t, "Query QueryRow Exec")
	}
	add(0, nil, "(*github.com/jackc/pgx.Batch).", "Queue")
	add(0, nil, "(*gorm.io/gorm.DB).", "Raw Exec Group Table Joins InnerJoins Pluck")
	add(0, text(0), "(*gorm.io/gorm.DB).", "Where Or Not Having Order Select Distinct")
	add(1, text(1), "(*gorm.io/gorm.DB).", "First Find Take Last Delete") // db.First(&user, id): a text is a condition
	add(0, nil, "gorm.io/gorm.", "Expr")
	return list
}

// text asks that an argument be a text: gorm takes structs and maps there too, whose values it binds.
func text(n int) func(*flow.Call) bool {
	return func(c *flow.Call) bool {
		if n >= len(c.Args) {
			return false
		}
		t := c.Package.Info.TypeOf(c.Args[n])
		if t == nil {
			return false
		}
		b, ok := t.Underlying().(*types.Basic)
		return ok && b.Info()&types.IsString != 0
	}
}

func run(p *golang.Pass) {
	for _, h := range p.Hits {
		f := p.Of(h, "What the client sends becomes a part of an SQL statement.")
		f.Fix = fix(h)
		p.Report(f)
	}
}

// fix names the way. A statement of constant parts round one value has an edit as well.
func fix(h flow.Hit) *scan.Fix {
	words := &scan.Fix{Text: "Put a placeholder into the statement and give the value as an argument of its own; choose columns and directions from a list of constants."}
	b, ok := h.Arg.(*ast.BinaryExpr)
	if !ok || b.Op != token.ADD || len(h.Call.Args) == 0 || h.Call.Args[len(h.Call.Args)-1] != h.Arg {
		return words
	}
	pkg := h.File.Package
	left, value, tail := b.X, b.Y, ""
	if inner, ok := b.X.(*ast.BinaryExpr); ok {
		if text, ok := pkg.Constant(b.Y); ok {
			left, value, tail = inner.X, inner.Y, text
		}
	}
	head, ok := pkg.Constant(left)
	if _, constant := pkg.Constant(value); !ok || constant {
		return words
	}
	// Between quotes it is a value; after = it is one as well. Elsewhere it may be a name, which no placeholder takes.
	open, quoted := strings.CutSuffix(head, "'")
	rest, closed := strings.CutPrefix(tail, "'")
	if quoted != closed || !quoted && !strings.HasSuffix(strings.TrimSpace(head), "=") || strings.ContainsAny(head+tail, "?$@:") || strings.Contains(open, "'") {
		return words
	}
	mark := "?"
	if pkg.Imports("github.com/lib/pq", "github.com/jackc/pgx/stdlib", "github.com/jackc/pgx", "github.com/jackc/pgx/pgxpool") {
		mark = "$1"
	} else if !pkg.Imports("github.com/mattn/go-sqlite3", "modernc.org/sqlite", "github.com/go-sql-driver/mysql", "gorm.io/gorm") {
		return words // which database this is, and so which mark it wants, is not told here
	}
	words.Edits = []scan.Edit{golang.Replace(h.File, h.Arg, strconv.Quote(open+mark+rest)+", "+h.File.Text(value))}
	return words
}
