package strict

import (
	"fmt"
	"strings"
	"testing"
)

type sample struct {
	Name string   `yaml:"name"`
	List []string `yaml:"list"`
	Each []struct {
		A string `yaml:"a"`
	} `yaml:"each"`
}

func TestDecode(t *testing.T) {
	var s sample
	src := "# a comment\nname: x\nlist: [a, b]\neach:\n  - a: 1\n\n  - a: two\n"
	if err := Decode([]byte(src), &s); err != nil || s.Name != "x" || len(s.List) != 2 || s.Each[0].A != "1" {
		t.Errorf("%+v, %v", s, err)
	}
	if got := fmt.Sprint(Lines([]byte(src), "each")); got != "[5 7]" {
		t.Errorf("the items are on lines %s, want 5 and 7", got)
	}
	if err := Decode(nil, &s); err != nil {
		t.Errorf("an empty file: %v", err)
	}
}

func TestFaults(t *testing.T) {
	for src, want := range map[string]string{
		"name: a\nnane: b\n":         `line 2: unknown field "nane"`,
		"name: &x a\nlist: [*x]\n":   "line 1: anchors, aliases and tags are not used here",
		"name: [\n":                  "line 1: ",
		"list: word\n":               "line 1: ",
		strings.Repeat("[", 40):      "line 1: it nests more than 16 deep",
		strings.Repeat("x", 1<<20+1): "it has 1048577 bytes; at most 1048576 are read",
		"name: a\nname: b\n":         "line 2: ",
	} {
		var s sample
		if err := Decode([]byte(src), &s); !strings.Contains(fmt.Sprint(err), want) {
			t.Errorf("%.40q gives %v, want %s", src, err, want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, s := range []string{"name: x\nlist: [a]\n", "each:\n- a: b\n", "&a [*a]", "{", "- - - -", "? x\n: y", "name: |\n  a\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(_ *testing.T, data []byte) {
		var s sample
		_ = Decode(data, &s)
		_ = Lines(data, "each")
	})
}
