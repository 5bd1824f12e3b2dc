package api

import (
	"testing"

	"palisade.dev/scan/api/spec"
)

func TestDrastic(t *testing.T) {
	for _, c := range []struct {
		path, summary string
		want          bool
	}{
		{"/createdb", "", true},
		{"/auth/logout", "", true},
		{"/sign_out", "", true},
		{"/admin/reset-chef-password", "", true},
		{"/items/{id}/delete", "", true},
		{"/jobs", "Restarts all jobs", true},
		{"/orders", "Lists orders", false},
		{"/orders/deleted", "", false},
		{"/presets", "", false},
		{"/seeds", "", false},
		{"/reset/{id}/history", "", false},
	} {
		if got := Drastic(&spec.Operation{Method: "GET", Path: c.path, Summary: c.summary}); got != c.want {
			t.Errorf("GET %s %q: %v", c.path, c.summary, got)
		}
	}
	if Drastic(&spec.Operation{Method: "POST", Path: "/logout"}) {
		t.Error("a POST is no reading")
	}
}
