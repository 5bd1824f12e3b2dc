package gomod

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
)

const sample = `module example.com/shop

go 1.26.0

require (
	github.com/gin-gonic/gin v1.5.0
	golang.org/x/text v0.3.0 // indirect; v0.3.0 for now
	example.com/local v0.0.0
	example.com/fork v1.0.0
)

require golang.org/x/net v0.1.0

replace example.com/local => ../local

replace example.com/fork v1.0.0 => example.com/other/fork v1.2.0
`

func TestRead(t *testing.T) {
	m, l := Read("go.mod", []byte(sample))
	var got []string
	for _, p := range l.Packages {
		got = append(got, fmt.Sprintf("%d %s %s %v", p.Place.Start.Line, p.Name, p.Version, p.Direct))
	}
	want := []string{"6 github.com/gin-gonic/gin 1.5.0 true", "7 golang.org/x/text 0.3.0 false", "16 example.com/other/fork 1.2.0 true", "12 golang.org/x/net 0.1.0 true"}
	if strings.Join(got, "\n") != strings.Join(want, "\n") || len(l.Gaps) > 0 {
		t.Errorf("modules are\n%s\n%v", strings.Join(got, "\n"), l.Gaps)
	}
	if len(m.Requirements) != 3 {
		t.Errorf("%+v", m.Requirements)
	}
	for _, r := range m.Requirements {
		if sample[r.Start:r.End] != r.Text {
			t.Errorf("%s stands at %q", r.Name, sample[r.Start:r.End])
		}
	}
	_, l = Read("go.mod", []byte("module a\nrequire b\nrequire c v1.0.0 what\n"))
	if len(l.Gaps) != 2 || !strings.HasPrefix(l.Gaps[0].Why, "it was not read: ") || l.Gaps[0].Where != "go.mod:2" {
		t.Errorf("%+v", l.Gaps)
	}
}

func TestToolchain(t *testing.T) {
	for in, want := range map[string]string{"go1.26.3": "1.26.3", "go1.26": "1.26.0", "go1.27rc2": "1.27.0-rc.2", "go1.26.3 X:jsonv2": "1.26.3", "1.20": "1.20.0", "go1.26.3-fips": "1.26.3"} {
		if got, ok := Toolchain(in); !ok || got != want {
			t.Errorf("%s is %q, want %s", in, got, want)
		}
	}
	if got, ok := Toolchain("devel go1.27-abc"); ok {
		t.Errorf("a development version is %q", got)
	}
}

// TestBinary reads the binary of this very test.
func TestBinary(t *testing.T) {
	name, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	l, err := Binary("test", f)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, p := range l.Packages {
		found[p.Name] = p.Version
	}
	if found["stdlib"] == "" { // the modules of a test's binary are not written into it
		t.Errorf("it is built of %v", found)
	}
	if _, err := Binary("test", bytes.NewReader([]byte("\x7fELF and then nothing"))); !errors.Is(err, ErrNone) {
		t.Error(err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(sample))
	f.Add([]byte("module a\nrequire b v1\n"))
	f.Add([]byte("replace (\n a => b\n)"))
	f.Fuzz(func(t *testing.T, src []byte) {
		m, l := Read("go.mod", src)
		for _, r := range m.Requirements {
			if r.End > len(src) || r.End > r.Start && string(src[r.Start:r.End]) != r.Text {
				t.Fatalf("%+v", r)
			}
		}
		for _, p := range l.Packages {
			if p.Name == "" {
				t.Fatalf("%+v", p)
			}
		}
		_, _ = Binary("x", bytes.NewReader(src))
	})
}
