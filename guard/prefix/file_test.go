package prefix

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

const goodFile = "\uFEFF# crawlers\r\n\r\n203.0.113.0/24 # one\r\n 198.51.100.7;two\n;three\n\t\n::ffff:192.0.2.1\n2001:db8::/32"

func TestParse(t *testing.T) {
	ps, err := Parse(strings.NewReader(goodFile))
	if err != nil || joined(ps) != "203.0.113.0/24 198.51.100.7/32 192.0.2.1/32 2001:db8::/32" {
		t.Fatalf("%v, %v", ps, err)
	}
	if ps, err := Parse(strings.NewReader("")); err != nil || len(ps) != 0 {
		t.Fatalf("an empty file is %v, %v", ps, err)
	}
}

func TestParseFaults(t *testing.T) {
	small := Limits{Lines: 20, Bytes: 400, Line: 20}
	none := "is no address or prefix: " + wantPrefix
	cases := []struct{ name, text, want string }{
		{
			"two faults", "203.0.113.0/24\nfoo\n\n203.0.113.7/24\r\n",
			"line 2: \"foo\" " + none + "\nline 4: 203.0.113.7/24 has host bits set; did you mean 203.0.113.0/24?",
		},
		{
			"too many faults", strings.Repeat("x\n", 15),
			strings.Repeat("line N: \"x\" "+none+"\n", 10) + "and perhaps more: reading stopped",
		},
		{"too many lines", strings.Repeat("\n", 21), "line 21: a list has at most 20 lines"},
		{"a long line", "\n203.0.113.0/24 # 67890\n", "line 2: longer than 20 bytes"},
		{"a line without end", "\n" + strings.Repeat("1", 100), "line 2: longer than 20 bytes; reading stopped"},
		{"too many bytes", strings.Repeat("203.0.113.0/24 # ..\n", 20) + "\n", "more than 400 bytes"},
		{"an HTML page", "<html>", "line 1: \"<html>\" " + none},
		{"zeros", "\x00\x00", "line 1: \"\\x00\\x00\" " + none},
	}
	if len(cases) != 8 {
		t.Fatalf("%d cases", len(cases))
	}
	for _, c := range cases {
		for n := 1; strings.Contains(c.want, "line N"); n++ {
			c.want = strings.Replace(c.want, "line N", fmt.Sprint("line ", n), 1)
		}
		if ps, err := small.Parse(strings.NewReader(c.text)); err == nil || err.Error() != c.want || ps != nil {
			t.Errorf("%s: %v, %v\nwant %s", c.name, ps, err, c.want)
		}
	}
	if ps, err := small.Parse(strings.NewReader(strings.Repeat("203.0.113.0/24 # ..\n", 20))); err != nil || len(ps) != 20 {
		t.Errorf("a file just at its limits: %d prefixes, %v", len(ps), err)
	}
	broken := errors.New("connection reset")
	r := io.MultiReader(strings.NewReader("203.0.113.0/24\n"), iotest.ErrReader(broken))
	if ps, err := Parse(r); !errors.Is(err, broken) || err.Error() != "reading after line 1: connection reset" || ps != nil {
		t.Errorf("a broken reader: %v, %v", ps, err)
	}
}

func FuzzParse(f *testing.F) {
	seeds := []string{goodFile, "foo\nbar", "203.0.113.7/24", "\n\n", strings.Repeat("x", 600)}
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	if len(seeds) != 5 {
		f.Fatalf("%d seeds", len(seeds))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		ps, err := Parse(bytes.NewReader(b))
		if err != nil {
			if ps != nil {
				t.Fatal("prefixes beside an error")
			}
			return
		}
		var text strings.Builder
		for _, p := range ps {
			fmt.Fprintln(&text, p)
		}
		if again, err := Parse(strings.NewReader(text.String())); err != nil || !slices.Equal(again, ps) {
			t.Fatalf("%v, printed and read again %v, %v", ps, again, err)
		}
	})
}
