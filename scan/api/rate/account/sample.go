package account

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode"

	"palisade.dev/scan/api"
	"palisade.dev/scan/api/fixture"
	"palisade.dev/scan/api/identity"
)

// door is a shop that finds accounts by one form of what was typed, and counts attempts by another.
func door(found, counted func(string) string) func(*fixture.Shop) {
	return func(s *fixture.Shop) {
		plain := s.Limit
		s.Limit = func(c *fixture.Call, r *fixture.Route) (string, int) {
			if fixture.SignIn(r) {
				return "", 0
			}
			return plain(c, r)
		}
		s.Gate = func(c *fixture.Call, r *fixture.Route) bool {
			if !fixture.SignIn(r) {
				return false
			}
			body, _ := io.ReadAll(io.LimitReader(c.R.Body, 1<<16))
			c.R.Body = io.NopCloser(bytes.NewReader(body))
			var in struct{ Email string }
			_ = json.Unmarshal(body, &in)
			if wait := c.Spend("account "+counted(in.Email), 20); wait > 0 {
				c.Refuse(c, wait)
				return true
			}
			return false
		}
		s.Route("POST /login").Do = func(c *fixture.Call) {
			m := c.Body()
			mail, _ := m["email"].(string)
			for _, u := range c.Users {
				if found(mail) == u.Email && m["password"] == u.Password {
					c.JSON(200, map[string]string{"token": c.Token(u.Name)})
					return
				}
			}
			c.Error(401, "e-mail or password is wrong")
		}
	}
}

func asTyped(s string) string { return s }

func folded(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

func untagged(s string) string {
	name, domain, _ := strings.Cut(s, "@")
	name, _, _ = strings.Cut(name, "+")
	return name + "@" + domain
}

// narrow makes plain letters of those of full width, as normal form KC does.
func narrow(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '！' && r <= '～' {
			return r - '！' + '!'
		}
		if unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, s)
}

// signing gives the scan an alice that signs in.
func signing(s *fixture.Shop, o *api.Options) {
	alice := s.User("alice")
	doc := fmt.Sprintf("url: /login\nbody: '{\"email\":\"%s\",\"password\":\"${PW}\"}'\nsecret: {PW: 'env:PW'}\ntoken: json:/token\n", alice.Email)
	who, err := identity.NewLogin("alice", "", []byte(doc), identity.Sources{Env: func(string) (string, bool) { return alice.Password, true }})
	if err != nil {
		panic("account: a sample does not sign in: " + err.Error()) // a mistake in a sample, met by its test
	}
	o.Identities = []*identity.Identity{who}
}

// Samples are shops that read names in many ways.
var Samples = []fixture.Sample{
	{Name: "any case, counted as typed", Kind: fixture.Vulnerable, Make: door(folded, asTyped), Tune: signing},
	{Name: "tags, counted as typed", Kind: fixture.Vulnerable, Make: door(untagged, folded), Tune: signing},
	{Name: "letters of full width, counted folded", Kind: fixture.Vulnerable, Make: door(func(s string) string { return narrow(folded(s)) }, folded), Tune: signing},
	{Name: "any case, counted folded", Kind: fixture.Fixed, Make: door(folded, folded), Tune: signing},
	{Name: "as typed, counted as typed", Kind: fixture.Fixed, Make: door(asTyped, asTyped), Tune: signing},
	{Name: "by address", Kind: fixture.Fixed, Tune: signing},
	{Name: "any case, counted folded, with noise", Kind: fixture.Noisy, Make: door(folded, folded), Tune: signing},
}
