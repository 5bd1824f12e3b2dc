package version

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// In this order by Hex's own rules, as `mix run -e` of Version.compare/2 gives them.
var ordered = []string{
	"0.0.0-0", "0.0.0", "0.9.0", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2",
	"1.0.0-beta.11", "1.0.0-rc.0", "1.0.0-rc.1", "1.0.0-rc.1.1", "1.0.0-rc1", "1.0.0", "1.0.1", "1.9.0", "1.10.0",
	"2.0.0-1", "2.0.0-10", "2.0.0-1a", "2.0.0-A", "2.0.0-a", "2.0.0", "99999999999999999999.0.0", "100000000000000000000.0.0",
}

func TestOrder(t *testing.T) {
	for i, a := range ordered {
		for j, b := range ordered {
			va, err1 := Parse(a)
			vb, err2 := Parse(b)
			if err1 != nil || err2 != nil {
				t.Fatal(err1, err2)
			}
			want := 0
			if i < j {
				want = -1
			} else if i > j {
				want = 1
			}
			if got := va.Compare(vb); got != want {
				t.Errorf("%s against %s is %d, want %d", a, b, got, want)
			}
		}
	}
	a, _ := Parse("1.0.0+build.5")
	b, _ := Parse("v1.0")
	if a.Compare(b) != 0 {
		t.Error("build metadata has weight")
	}
	for _, s := range []string{"", "1.", "a", "1.2.3.4", "1.0.0-", "1.0.0-a..b", "1.0.0+", "-1", "1.0.0-ü", "1 .0.0"} {
		if _, err := Parse(s); err == nil {
			t.Errorf("%q is read as a version", s)
		}
	}
}

func TestRequirements(t *testing.T) {
	for _, c := range []struct {
		requirement, version string
		want                 bool
	}{
		{"~> 1.2", "1.2.0", true},
		{"~> 1.2", "1.9.9", true},
		{"~> 1.2", "2.0.0", false},
		{"~> 1.2", "2.0.0-rc.0", false},
		{"~> 1.2.3", "1.2.9", true},
		{"~> 1.2.3", "1.3.0", false},
		{"~> 1.2.3", "1.2.2", false},
		{"~> 1.2.0-rc.1", "1.2.0-rc.2", true},
		{"~> 1.2", "1.3.0-rc.2", false},
		{">= 1.0.0 and < 2.0.0", "1.5.0", true},
		{">= 1.0.0 and < 2.0.0", "2.0.0", false},
		{"~> 1.0 or ~> 2.0", "2.4.0", true},
		{"~> 1.0 or ~> 2.0", "3.0.0", false},
		{"1.0.0", "1.0.0", true},
		{"== 1.0.0", "1.0.1", false},
		{"!= 1.0.0", "1.0.1", true},
		{">1.0.0", "1.0.1", true},
		{">=1.0.0", "1.0.0", true},
		{"<= 1.0.0 or >= 2.0.0-rc.0", "2.0.0-rc.1", true},
	} {
		r, err := ParseRequirement(c.requirement)
		v, err2 := Parse(c.version)
		if err != nil || err2 != nil {
			t.Errorf("%s: %v %v", c.requirement, err, err2)
		} else if got := r.Allows(v); got != c.want {
			t.Errorf("%q allows %s: %v, want %v", c.requirement, c.version, got, c.want)
		}
	}
	for _, s := range []string{"", "~>", "~> 1", ">= 1.0", "1.0.0 and", "and 1.0.0", "hello", "1.0.0 1.0.0", ">= v1.0.0"} {
		if _, err := ParseRequirement(s); err == nil {
			t.Errorf("%q is read as a requirement", s)
		}
	}
}

// TestOrderIsOne holds what sorting needs of any order: turning it round and putting it in a chain.
func TestOrderIsOne(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	some := func() Version {
		s := fmt.Sprintf("%d.%d.%d", r.IntN(3), r.IntN(3), r.IntN(3))
		if r.IntN(2) == 0 {
			s += "-" + []string{"a", "1", "10", "rc.1", "rc.2", "rc", "A-b"}[r.IntN(7)]
		}
		v, err := Parse(s)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for range 20_000 {
		a, b, c := some(), some(), some()
		if a.Compare(b) != -b.Compare(a) {
			t.Fatalf("%v and %v", a, b)
		}
		if a.Compare(b) <= 0 && b.Compare(c) <= 0 && a.Compare(c) > 0 {
			t.Fatalf("%v, %v and %v", a, b, c)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range append([]string{"~> 1.2", ">= 1.0.0 and < 2.0.0 or 3.0.0"}, ordered...) {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if v, err := Parse(s); err == nil {
			if w, err := Parse(v.String()); err != nil || v.Compare(w) != 0 {
				t.Fatalf("%q prints as %s, %v", s, v, err)
			}
		}
		if r, err := ParseRequirement(s); err == nil {
			v, _ := Parse("1.0.0")
			r.Allows(v)
		}
	})
}
