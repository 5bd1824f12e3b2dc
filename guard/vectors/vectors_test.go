package vectors

import (
	"testing"
)

// atLeast is how many scenes there must be: a folder that moved must not look like a pass.
const atLeast = 220

func TestScenes(t *testing.T) {
	scenes, err := All()
	if err != nil {
		t.Fatal(err)
	}
	played := 0
	for _, s := range scenes {
		t.Run(s.Name, func(t *testing.T) {
			for _, f := range Play(s, nil) {
				t.Errorf("%s\n\t%s", s.Comment, f)
			}
			played++
		})
	}
	if played < atLeast {
		t.Errorf("played %d scenes, want at least %d", played, atLeast)
	}
}
