package scan

import "testing"

func TestLooked(t *testing.T) {
	r := &Run{
		Checks: []Check{{ID: "a"}, {ID: "b"}, {ID: "c"}, {ID: "d"}, {ID: "e"}},
		Outcomes: []Outcome{
			{Check: "a", Where: "GET /x", Verdict: CouldNotTell},
			{Check: "a", Where: "GET /y", Verdict: Clear},
			{Check: "b", Where: "/", Verdict: CouldNotTell},
			{Check: "c", Where: "/", Verdict: CouldNotTell},
			{Check: "c", Where: "/", Verdict: Clear},
			{Check: "d", Verdict: CouldNotTell},
		},
		Gaps: []Gap{{Where: "lib/big.ex", Why: "too large"}, {Where: "e", Why: "its list is too old"}},
	}
	looked := Looked(r)
	for _, c := range []struct {
		check, where string
		want         bool
	}{
		{"a", "GET /x", false},
		{"a", "GET /x (path:id)", false},
		{"a", "GET /xy", true},
		{"a", "GET /y", true},
		{"z", "GET /y", false},
		{"b", "GET /y", false},
		{"c", "GET /y", true},
		{"d", "anything", false},
		{"a", "lib/big.ex:3", false},
		{"e", "lib/a.ex:1", false},
	} {
		if got := looked(c.check, c.where); got != c.want {
			t.Errorf("%s at %s: %t", c.check, c.where, got)
		}
	}
}
