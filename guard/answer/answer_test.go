package answer

import "testing"

func TestWait(t *testing.T) {
	for _, c := range []struct {
		seconds int64
		want    string
	}{
		{-1, ""},
		{0, ""},
		{1, "1 second"},
		{89, "89 seconds"},
		{90, "2 minutes"}, // never sooner than it is
		{900, "15 minutes"},
		{5399, "90 minutes"},
		{5400, "2 hours"},
		{90000, "25 hours"},
	} {
		if got := wait(c.seconds); got != c.want {
			t.Errorf("%d s: %q, want %q", c.seconds, got, c.want)
		}
	}
}
