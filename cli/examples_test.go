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

// TestScansStandAlone holds that the part of the command line for scans says what the whole says.
func TestScansStandAlone(t *testing.T) {
	for _, line := range []string{"scan --help", "scan code --help", "scan api --help", "scan checks --no-such", "scan nonsense"} {
		var said [2]bytes.Buffer
		var codes [2]int
		for i, args := range [][]string{strings.Fields(line), append([]string{"--json"}, strings.Fields(line)...)} {
			s := Streams{Out: &said[i], Err: &said[i], Env: func(string) (string, bool) { return "", false }, Now: time.Now}
			codes[i] = Main(t.Context(), args, s)
		}
		if said[0].String() != said[1].String() || codes[0] != codes[1] || said[0].Len() == 0 {
			t.Errorf("%s: %d\n%s\nrather than %d\n%s", line, codes[0], &said[0], codes[1], &said[1])
		}
	}
}
