package spoofed

import (
	"net/http"
	"strconv"

	"palisade.dev/scan/api/fixture"
)

func believing(read func(s *fixture.Shop, r *http.Request) *fixture.User) func(*fixture.Shop) {
	return func(s *fixture.Shop) {
		sound := s.Who
		s.Who = func(r *http.Request) (*fixture.User, bool) {
			if u := read(s, r); u != nil && r.Header.Get("Authorization") == "" {
				return u, false
			}
			return sound(r)
		}
	}
}

// Samples are shops with and without the fault.
var Samples = []fixture.Sample{
	{Name: "a number in X-User-Id", Kind: fixture.Vulnerable, Make: believing(func(s *fixture.Shop, r *http.Request) *fixture.User {
		for _, u := range s.Users {
			if r.Header.Get("X-User-Id") == strconv.Itoa(u.ID) {
				return u
			}
		}
		return nil
	})},
	{Name: "a name in X-Forwarded-User", Kind: fixture.Vulnerable, Make: believing(func(s *fixture.Shop, r *http.Request) *fixture.User {
		return s.User(r.Header.Get("X-Forwarded-User"))
	})},
	{Name: "a role in X-Role", Kind: fixture.Vulnerable, Make: func(s *fixture.Shop) {
		s.Gate = func(c *fixture.Call, r *fixture.Route) bool {
			if r.Role != "" && c.User != nil && c.R.Header.Get("X-Role") == r.Role {
				r.Do(c)
				return true
			}
			return false
		}
	}},
	{Name: "the subject of a certificate in a header", Kind: fixture.Vulnerable, Make: believing(func(s *fixture.Shop, r *http.Request) *fixture.User {
		if r.Header.Get("X-Ssl-Client-S-Dn") == "CN=alice" {
			return s.User("alice")
		}
		return nil
	})},
	{Name: "headers say nothing", Kind: fixture.Fixed},
	{Name: "headers beside a credential, for the log", Kind: fixture.Fixed, Make: func(s *fixture.Shop) {
		s.Gate = func(c *fixture.Call, _ *fixture.Route) bool {
			if v := c.R.Header.Get("X-User-Id"); v != "" {
				c.W.Header().Set("X-Seen-User-Id", v)
			}
			return false
		}
	}},
	{Name: "a page for whoever is not signed in", Kind: fixture.Fixed, Make: func(s *fixture.Shop) {
		s.Gate = func(c *fixture.Call, r *fixture.Route) bool {
			if !r.Open && c.User == nil && c.R.Header.Get("X-User") != "" {
				c.W.Header().Set("Content-Type", "text/html")
				_, _ = c.W.Write([]byte("<!doctype html><title>Bookshop</title><p>Welcome"))
				return true
			}
			return false
		}
	}},
}
