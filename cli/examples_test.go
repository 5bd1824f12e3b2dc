package cli

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
)

// TestHelpEndsWithAnExample walks every command.
func TestHelpEndsWithAnExample(t *testing.T) {
	k, err := kong.New(&commands{}, kong.Name("palisade"), kong.Vars{"formats": formats()})
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	var walk func(n *kong.Node)
	walk = func(n *kong.Node) {
		for _, child := range n.Children {
			walk(child)
		}
		if n.Type != kong.CommandNode || n.Hidden { // what programs type needs no example
			return
		}
		seen++
		name := commandName(n)
		var out bytes.Buffer
		s := Streams{Out: &out, Err: &out, Env: func(string) (string, bool) { return "", false }, Now: time.Now}
		if code := Main(context.Background(), append(strings.Fields(name), "--help"), s); code != OK {
			t.Errorf("%s --help: exit code %d", name, code)
		}
		if example := examples[name]; example == "" || !strings.HasSuffix(out.String(), "Example:\n  "+example+"\n") {
			t.Errorf("the help of %q ends without its example %q:\n%s", name, example, out.String())
		}
	}
	walk(k.Model.Node)
	if seen < 45 || seen != len(examples) {
		t.Errorf("%d commands, %d examples", seen, len(examples))
	}
}
