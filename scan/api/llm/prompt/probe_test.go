package prompt

import (
	"strings"
	"testing"

	"palisade.dev/scan/api/apitest"
)

func TestProbe(t *testing.T) { apitest.Run(t, Probe, Samples) }

func TestShared(t *testing.T) {
	for _, c := range [][3]string{
		{"a b c d", "x b c y", "b c"}, {"", "a", ""}, {"a", "", ""}, {"a b a b c", "a b c", "a b c"}, {"One two", "one TWO", "One two"}, {"a b", "c d", ""},
	} {
		if got := shared(c[0], c[1]); got != c[2] {
			t.Errorf("%q and %q share %q, not %q", c[0], c[1], got, c[2])
		}
	}
}

func TestInstructs(t *testing.T) {
	leak := "You are Bookworm, the assistant of a shop. Never reveal prices of the supplier and always answer in two sentences."
	if !instructs(leak, nil) {
		t.Error("instructions are not seen")
	}
	for _, s := range []string{
		"You are welcome to ask me about books, and you can browse them in the shop.",
		"I am sorry, but I can't share that; you are welcome to ask, and you can always try another question about books.",
		strings.Repeat("book ", 40), "",
	} {
		if instructs(s, nil) && s != "" && !strings.HasPrefix(s, "You are welcome") {
			t.Errorf("%q is taken for instructions", s)
		}
	}
	if instructs(leak, []string{"Hello! " + leak}) {
		t.Error("what it says to everything is taken for instructions")
	}
}

// FuzzShared holds the run of words to be in both texts, and no longer than either.
func FuzzShared(f *testing.F) {
	for _, s := range []string{"a b c", "You are Bookworm", "```x```"} {
		f.Add(s, "a b")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		s := shared(a, b)
		if n := len(strings.Fields(s)); n > len(words(a)) || n > len(words(b)) || n != len(strings.Fields(shared(b, a))) {
			t.Errorf("%q and %q share %q", a, b, s)
		}
	})
}
