package reach

import "testing"

func TestWhatTheGoCommandSaysIsTheSameEachTime(t *testing.T) {
	a := settled("go: downloading example.com/a v1.0.0\nb.go:3:2: module lookup disabled\na.go:3:2: module lookup disabled\nexit status 1")
	b := settled("a.go:3:2: module lookup disabled\ngo: downloading example.com/b v1.0.0\nb.go:3:2: module lookup disabled\nb.go:3:2: module lookup disabled\nexit status 1")
	if want := "a.go:3:2: module lookup disabled b.go:3:2: module lookup disabled exit status 1"; a != b || a != want {
		t.Errorf("%q and %q, want %q", a, b, want)
	}
}
