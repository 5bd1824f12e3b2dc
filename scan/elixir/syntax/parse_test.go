package syntax_test

import (
	"testing"

	"palisade.dev/scan/elixir/syntax"
)

func TestPlaces(t *testing.T) {
	f := syntax.Parse([]byte("# head\nx =\n  Repo.all(q) # tail\n"), syntax.Option{})
	if got := syntax.Quoted(f.Tree); got != "(= $x ((. (__aliases__ :Repo) :all) $q))" {
		t.Fatal(got)
	}
	call := f.Tree.Args[1]
	if start, end := f.Start(call), f.End(call); start.Line != 3 || start.Column != 3 || end.Column != 14 || f.Source(call) != "Repo.all(q)" {
		t.Error(start, end, f.Source(call))
	}
	if len(f.Comments) != 2 || f.Comments[1].Line != 3 || f.Comments[1].Column != 15 || f.Comments[1].Text != "# tail" {
		t.Error(f.Comments)
	}
}
