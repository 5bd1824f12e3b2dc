package oracle

import (
	"time"

	"palisade.dev/scan/api"
	"palisade.dev/scan/api/fixture"
)

// answering makes a shop that answers failures as it likes.
func answering(fail func(c *fixture.Call, exists bool)) func(*fixture.Shop) {
	return func(s *fixture.Shop) {
		s.Route("POST /login").Do = func(c *fixture.Call) {
			m := c.Body()
			for _, u := range c.Users {
				if m["email"] == u.Email {
					fail(c, true)
					return
				}
			}
			fail(c, false)
		}
	}
}

func pressed(_ *fixture.Shop, o *api.Options) { o.Bursts.SignInOK = true }

func unlimited(f func(*fixture.Shop)) func(*fixture.Shop) {
	return func(s *fixture.Shop) {
		f(s)
		sound := s.Limit
		s.Limit = func(c *fixture.Call, r *fixture.Route) (string, int) {
			key, most := sound(c, r)
			return key, most * 5 / 2
		}
	}
}

// Samples are shops with and without the fault.
var Samples = []fixture.Sample{
	{Name: "other words", Kind: fixture.Vulnerable, Make: answering(func(c *fixture.Call, exists bool) {
		if exists {
			c.Error(401, "the password is wrong")
			return
		}
		c.Error(401, "there is no such account")
	})},
	{Name: "another status", Kind: fixture.Vulnerable, Make: answering(func(c *fixture.Call, exists bool) {
		if exists {
			c.Error(401, "no")
			return
		}
		c.Error(404, "no")
	})},
	{Name: "another time", Kind: fixture.Vulnerable, Tune: pressed, Make: unlimited(answering(func(c *fixture.Call, exists bool) {
		if exists {
			c.Clock.Advance(80 * time.Millisecond)
		}
		c.Error(401, "e-mail or password is wrong")
	}))},
	{Name: "alike", Kind: fixture.Fixed},
	{Name: "the name is repeated", Kind: fixture.Fixed, Make: func(s *fixture.Shop) {
		s.Route("POST /login").Do = func(c *fixture.Call) {
			name, _ := c.Body()["email"].(string)
			c.Error(401, "could not sign in as "+name)
		}
	}},
}
