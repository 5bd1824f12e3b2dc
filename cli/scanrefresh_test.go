package cli

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestScanRefreshScripts fetches advisories from a server that has as many as are built in, and from a broken one.
func TestScanRefreshScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/scanrefresh",
		Setup: func(e *testscript.Env) error {
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/all.json" {
					fmt.Fprint(w, "<html>")
					return
				}
				for i := range 300 {
					fmt.Fprintf(w, `{"id":"T-%d","summary":"told today","modified":"2026-11-20T00:00:00Z","affected":[{"package":{"ecosystem":"Hex","name":"p%d"},
						"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"1.2.0"}]}]}]}`, i, i)
				}
			}))
			e.Defer(srv.Close)
			e.Setenv("SOURCE", srv.URL)
			e.Setenv("HOME", e.WorkDir+"/home")
			e.Setenv("PALISADE_DATA", e.WorkDir+"/data")
			return nil
		},
	})
}
