package late_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"palisade.dev/scan/late"
)

// TestPatternsCompile makes up for what a pattern that is compiled late takes away: that a slip in it ends any test.
func TestPatternsCompile(t *testing.T) {
	count := 0
	root := filepath.Join("..", "..")
	err := fs.WalkDir(os.DirFS(root), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return err
		}
		source, err := os.ReadFile(filepath.Join(root, name))
		if err != nil || !strings.Contains(string(source), "late.Pattern(") {
			return err
		}
		files := token.NewFileSet()
		f, err := parser.ParseFile(files, name, source, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(f, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			if s, ok := call.Fun.(*ast.SelectorExpr); !ok || s.Sel.Name != "Pattern" {
				return true
			}
			text, ok := constant(call.Args[0])
			if !ok {
				t.Errorf("%s: a pattern has to be written out, so that it can be compiled here", files.Position(call.Pos()))
				return true
			}
			if _, err := regexp.Compile(text); err != nil {
				t.Errorf("%s: %v", files.Position(call.Pos()), err)
			}
			count++
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if count < 150 {
		t.Errorf("%d patterns: the search for them is broken", count)
	}
}

// constant puts together literals.
func constant(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		return text, err == nil
	case *ast.BinaryExpr:
		left, ok := constant(e.X)
		right, also := constant(e.Y)
		return left + right, ok && also && e.Op == token.ADD
	}
	return "", false
}

// TestPattern asks each method once, against the pattern of the standard library.
func TestPattern(t *testing.T) {
	const text, s = `(b+)(c)?`, "abbc b"
	r, want := late.Pattern(text), regexp.MustCompile(text)
	if r.String() != text || !r.MatchString(s) || !r.Match([]byte(s)) || r.MatchString("a") {
		t.Error("a pattern does not match as it should")
	}
	if got := r.FindAllStringSubmatchIndex(s, -1); len(got) != 2 || got[0][4] != 3 {
		t.Errorf("%v", got)
	}
	if got := r.ReplaceAllString(s, "<$1>"); got != want.ReplaceAllString(s, "<$1>") {
		t.Error(got)
	}
	if got := r.ReplaceAllStringFunc(s, strings.ToUpper); got != "aBBC B" {
		t.Error(got)
	}
}
