package exposed

import "palisade.dev/scan/api/fixture"

func serving(path, text string) func(*fixture.Shop) {
	return func(s *fixture.Shop) {
		s.Add(&fixture.Route{Pattern: "GET " + path, Open: true, Hidden: true, Do: func(c *fixture.Call) { _, _ = c.W.Write([]byte(text)) }})
	}
}

// Samples are shops with and without the fault.
var Samples = []fixture.Sample{
	{Name: "settings", Kind: fixture.Vulnerable, Make: serving("/.env", "APP_NAME=shop\nSECRET_KEY_BASE=made-up-for-a-test\n")},
	{Name: "repository", Kind: fixture.Vulnerable, Make: serving("/.git/HEAD", "ref: refs/heads/main\n")},
	{Name: "profiles", Kind: fixture.Vulnerable, Make: serving("/debug/pprof/", "<html>Types of profiles available:</html>")},
	{Name: "nothing of the kind", Kind: fixture.Fixed},
	{Name: "a page for everything", Kind: fixture.Fixed, Make: func(s *fixture.Shop) {
		s.Nothing = func(c *fixture.Call) {
			c.W.Header().Set("Content-Type", "text/html")
			_, _ = c.W.Write([]byte("<!doctype html><title>Bookshop</title><div id=app></div><p>swagger-ui and graphiql are words</p>"))
		}
	}},
}
