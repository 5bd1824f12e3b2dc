package operator

import "palisade.dev/scan/api/fixture"

// Samples are shops with and without the fault.
var Samples = []fixture.Sample{
	{Name: "put into the query", Kind: fixture.Vulnerable, Make: func(s *fixture.Shop) {
		s.Route("POST /login").Do = func(c *fixture.Call) {
			m := c.Body()
			mail, isText := m["email"].(string)
			if o, ok := m["password"].(map[string]any); ok && o["$ne"] != nil && !isText {
				c.JSON(200, map[string]string{"token": c.Token("root")})
				return
			}
			for _, u := range c.Users {
				if mail == u.Email && m["password"] == u.Password {
					c.JSON(200, map[string]string{"token": c.Token(u.Name)})
					return
				}
			}
			c.Error(401, "e-mail or password is wrong")
		}
	}},
	{Name: "texts only", Kind: fixture.Fixed},
}
