package authcost

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"palisade.dev/scan/api/fixture"
	"palisade.dev/scan/api/jwt"
)

// uncounted makes a shop that counts only those who have a valid credential.
func uncounted(s *fixture.Shop) {
	sound := s.Limit
	s.Limit = func(c *fixture.Call, r *fixture.Route) (string, int) {
		if c.User == nil && c.R.Header.Get("Authorization") != "" {
			return "", 0
		}
		return sound(c, r)
	}
}

// slow makes a look at a credential take its time.
func slow(s *fixture.Shop) {
	look := s.Who
	s.Who = func(r *http.Request) (*fixture.User, bool) {
		if r.Header.Get("Authorization") != "" {
			s.Clock.Advance(40 * time.Millisecond)
		}
		return look(r)
	}
}

// Samples are shops with limits before and behind the look at a credential.
var Samples = []fixture.Sample{
	{Name: "failures are not counted", Kind: fixture.Vulnerable, Make: uncounted},
	{Name: "failures are not counted and cost much", Kind: fixture.Vulnerable, Make: func(s *fixture.Shop) { uncounted(s); slow(s) }},
	{Name: "the limit is behind the look", Kind: fixture.Vulnerable, Make: slow},
	{Name: "failures are counted by address", Kind: fixture.Fixed},
	{Name: "the limit is before the look", Kind: fixture.Fixed, Make: func(s *fixture.Shop) {
		slow(s)
		s.LimitFirst = true
		s.Limit = func(c *fixture.Call, r *fixture.Route) (string, int) {
			if fixture.SignIn(r) {
				return c.Address() + r.Pattern, 20
			}
			// What the token says of itself is enough to count by before it is verified.
			_, token, _ := strings.Cut(c.R.Header.Get("Authorization"), " ")
			if t, err := jwt.Parse(strings.Trim(token, ` "=;,`)); err == nil {
				return fmt.Sprint(t.Claims["sub"]) + r.Pattern, 25
			}
			return c.Address() + r.Pattern, 25
		}
		// By credential and address before the look, and all wrong ones of an address together.
		s.Gate = func(c *fixture.Call, r *fixture.Route) bool {
			if c.User == nil && c.R.Header.Get("Authorization") != "" {
				if wait := s.Spend("wrong "+c.Address(), 20); wait > 0 {
					s.Refuse(c, wait)
					return true
				}
			}
			return false
		}
	}},
}
