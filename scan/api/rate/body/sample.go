package body

import (
	"encoding/json"
	"io"
	"net/http"

	"palisade.dev/scan/api/fixture"
)

// door is a way in that reads its body in its own way first.
func door(read func(c *fixture.Call) ([]byte, bool)) func(*fixture.Shop) {
	return func(s *fixture.Shop) {
		s.Route("POST /login").Do = func(c *fixture.Call) {
			body, ok := read(c)
			if !ok {
				c.Error(http.StatusRequestEntityTooLarge, "at most 1 MB")
				return
			}
			var in struct{ Email, Password string }
			if c.R.Header.Get("Content-Type") != "application/json" || json.Unmarshal(body, &in) != nil {
				c.Error(422, "e-mail and password, please")
				return
			}
			for _, u := range c.Users {
				if in.Email == u.Email && in.Password == u.Password {
					c.JSON(200, map[string]string{"token": c.Token(u.Name)})
					return
				}
			}
			c.Error(401, "e-mail or password is wrong")
		}
	}
}

func upTo(n int64) func(c *fixture.Call) ([]byte, bool) {
	return func(c *fixture.Call) ([]byte, bool) {
		b, err := io.ReadAll(http.MaxBytesReader(c.W, c.R.Body, n))
		return b, err == nil
	}
}

// Samples are shops with and without the fault.
var Samples = []fixture.Sample{
	{Name: "all is read", Kind: fixture.Vulnerable, Make: door(func(c *fixture.Call) ([]byte, bool) {
		b, err := io.ReadAll(c.R.Body)
		return b, err == nil
	})},
	{Name: "a limit that is none", Kind: fixture.Vulnerable, Make: door(upTo(64 << 20))},
	{Name: "says no before", Kind: fixture.Fixed, Make: door(func(c *fixture.Call) ([]byte, bool) {
		if c.R.ContentLength > 1<<20 {
			return nil, false
		}
		return upTo(1 << 20)(c)
	})},
	{Name: "stops at a megabyte", Kind: fixture.Fixed, Make: door(upTo(1 << 20))},
	{Name: "stops at eight, as Plug does", Kind: fixture.Fixed, Make: door(upTo(8 << 20))},
	{Name: "a decoder with a limit", Kind: fixture.Fixed},
	{Name: "stops at a megabyte, with noise", Kind: fixture.Noisy, Make: door(upTo(1 << 20))},
}
