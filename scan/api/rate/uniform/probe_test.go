package uniform

import (
	"testing"

	"palisade.dev/scan/api/apitest"
)

func TestProbe(t *testing.T) { apitest.Run(t, Probe, Samples) }

func TestSwappedChangesOneCharacter(t *testing.T) {
	for in, want := range map[string]string{"abc9z": "abc8z", "key_12-4": "key_13-4", "": "x", "-": "-x", "aZZ": "aYZ"} {
		if got := string(swapped([]byte(in))); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}
