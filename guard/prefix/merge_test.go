package prefix

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
)

func TestMerge(t *testing.T) {
	cases := []struct {
		in   []string
		want string
	}{
		{nil, ""},
		{[]string{"203.0.113.0/25", "203.0.113.128/25"}, "203.0.113.0/24"},
		{[]string{"203.0.113.128/25", "203.0.114.0/25"}, "203.0.113.128/25 203.0.114.0/25"}, // neighbours, not siblings
		{[]string{"203.0.113.9/32", "203.0.113.0/24", "203.0.113.0/24"}, "203.0.113.0/24"},
		{[]string{"10.0.0.0/32", "10.0.0.1/32", "10.0.0.2/31", "10.0.0.4/30", "10.0.0.8/29"}, "10.0.0.0/28"},
		{[]string{"0.0.0.0/1", "128.0.0.0/1", "::/1", "8000::/1"}, "0.0.0.0/0 ::/0"},
		{[]string{"::/1", "::ffff:203.0.113.0/120", "203.0.112.0/24"}, "203.0.112.0/23 ::/1"},
		{[]string{"203.0.113.77/24"}, "203.0.113.0/24"},
	}
	if len(cases) != 8 {
		t.Fatalf("%d cases", len(cases))
	}
	for _, c := range cases {
		in := []netip.Prefix{{}} // one that is not valid is dropped
		for _, s := range c.in {
			in = append(in, netip.MustParsePrefix(s))
		}
		if got := joined(Merge(in)); got != c.want {
			t.Errorf("%v is %s, want %s", c.in, got, c.want)
		}
	}
}

// TestMergeAgainstSets compares with the set of all addresses of a small block, and with the fewest prefixes as the
// count of the halves that are whole.
func TestMergeAgainstSets(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 500 {
		var in []netip.Prefix
		var set [256]bool
		for range r.IntN(60) {
			low, bits := r.IntN(256), 8-min(r.IntN(9), r.IntN(9))
			in = append(in, netip.PrefixFrom(address4(0xcb007100|uint32(low)), 24+bits))
			first := low >> (8 - bits) << (8 - bits)
			for i := first; i < first+1<<(8-bits); i++ {
				set[i] = true
			}
		}
		before := slices.Clone(in)
		out := Merge(in)
		if !slices.Equal(in, before) {
			t.Fatal("the argument was changed")
		}
		var got [256]bool
		for _, p := range out {
			for a := p.Addr(); p.Contains(a); a = a.Next() {
				if b := a.As4(); got[b[3]] {
					t.Fatalf("%s is covered twice by %v", a, out)
				} else {
					got[b[3]] = true
				}
			}
		}
		if got != set {
			t.Fatalf("%v covers other addresses than %v", out, in)
		}
		if want := fewest(set[:]); len(out) != want {
			t.Fatalf("%d prefixes, %d would do: %v", len(out), want, out)
		}
	}
}

func fewest(set []bool) int {
	if !slices.Contains(set, true) {
		return 0
	}
	if !slices.Contains(set, false) {
		return 1
	}
	half := len(set) / 2
	return fewest(set[:half]) + fewest(set[half:])
}
