package logout

import (
	"fmt"
	"strings"

	"palisade.dev/scan/api"
	"palisade.dev/scan/api/fixture"
	"palisade.dev/scan/api/identity"
)

// sessions gives a new one at each sign-in; signing out ends it only where it is sound.
func sessions(ends bool) func(*fixture.Shop) {
	return func(s *fixture.Shop) {
		live := map[string]*fixture.User{}
		sound := s.Verify
		s.Verify = func(token string) *fixture.User {
			defer s.Lock()()
			if u := live[token]; u != nil {
				return u
			}
			return sound(token)
		}
		s.Route("POST /login").Do = func(c *fixture.Call) {
			m := c.Body()
			for _, u := range c.Users {
				if m["email"] == u.Email && m["password"] == u.Password {
					unlock := c.Lock()
					token := fmt.Sprintf("session-%d-8c1f0b6e2a7d4935", c.Next())
					live[token] = u
					unlock()
					c.JSON(200, map[string]string{"token": token})
					return
				}
			}
			c.Error(401, "e-mail or password is wrong")
		}
		s.Add(&fixture.Route{Pattern: "POST /logout", Do: func(c *fixture.Call) {
			if ends {
				defer c.Lock()()
				delete(live, strings.TrimPrefix(c.R.Header.Get("Authorization"), "Bearer "))
			}
			c.W.WriteHeader(204)
		}})
	}
}

// flow lets alice sign in by herself.
func flow(s *fixture.Shop, o *api.Options) {
	alice := s.User("alice")
	doc := fmt.Sprintf("url: /login\nbody: '{\"email\":%q,\"password\":\"${PW}\"}'\nsecret: {PW: env:PW}\ntoken: json:/token\n", alice.Email)
	who, err := identity.NewLogin("alice", "", []byte(doc), identity.Sources{Env: func(string) (string, bool) { return alice.Password, true }})
	if err != nil {
		panic("fixture: " + err.Error()) // a mistake in this file, met by its test
	}
	o.Identities = []*identity.Identity{who}
}

// Samples are shops with and without the fault.
var Samples = []fixture.Sample{
	{Name: "signing out forgets nothing", Kind: fixture.Vulnerable, Mode: api.Intrusive, Make: sessions(false), Tune: flow},
	{Name: "signing out ends the session", Kind: fixture.Fixed, Mode: api.Intrusive, Make: sessions(true), Tune: flow},
}
