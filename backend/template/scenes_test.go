package template

import (
	"os"
	"testing"

	"palisade.dev/guard/vectors"
	"palisade.dev/guard/wire"
)

// atLeast is how many scenes there must be: a folder that moved must not look like a pass.
const atLeast = 31

// TestScenes plays what docs/defaults.md says of a new site. The scenes are here and not among the guard's own, as they
// begin with `policy: default`, which only the back end knows.
func TestScenes(t *testing.T) {
	scenes, err := vectors.From(os.DirFS("testdata"))
	if err != nil {
		t.Fatal(err)
	}
	base := func() (*wire.Policy, error) {
		s, err := Default()
		p := &wire.Policy{}
		s.Onto(p)
		return p, err
	}
	played := 0
	for _, s := range scenes {
		t.Run(s.Name, func(t *testing.T) {
			if s.Policy[0] != "default" {
				t.Errorf("the first policy line is %q, want default", s.Policy[0])
			}
			for _, f := range vectors.Play(s, base) {
				t.Errorf("%s\n\t%s", s.Comment, f)
			}
			played++
		})
	}
	if played < atLeast {
		t.Errorf("played %d scenes, want at least %d", played, atLeast)
	}
}
