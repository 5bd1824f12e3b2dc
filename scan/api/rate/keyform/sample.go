package keyform

import (
	"net/http"
	"strings"

	"palisade.dev/scan/api"
	"palisade.dev/scan/api/fixture"
	"palisade.dev/scan/api/identity"
)

const key = "pk-7Qm2xV9d-alice"

// lenient makes a shop that reads a key as norm has it, and counts by what was sent, or by what was found.
func lenient(find func(r *http.Request) (sent, plain string), bySent bool) fixture.Sample {
	return fixture.Sample{
		Make: func(s *fixture.Shop) {
			s.Who = func(r *http.Request) (*fixture.User, bool) {
				_, plain := find(r)
				if plain == key {
					return s.User("alice"), false
				}
				return nil, plain != ""
			}
			s.Limit = func(c *fixture.Call, r *fixture.Route) (string, int) {
				sent, _ := find(c.R)
				if c.User == nil || !bySent {
					sent = c.Address()
				}
				return sent + r.Pattern, 25
			}
		},
		Tune: func(_ *fixture.Shop, o *api.Options) {
			o.Identities = []*identity.Identity{identity.New("alice", "", identity.Header, "X-Api-Key", key)}
		},
	}
}

func named(name string, k fixture.Kind, s fixture.Sample) fixture.Sample {
	s.Name, s.Kind = name, k
	return s
}

func upper(r *http.Request) (string, string) {
	sent := r.Header.Get("X-Api-Key")
	if strings.EqualFold(sent, key) {
		return sent, key
	}
	return sent, sent
}

func trimmed(r *http.Request) (string, string) {
	sent := r.Header.Get("X-Api-Key")
	return sent, strings.Trim(sent, `"=; `)
}

func twoPlaces(r *http.Request) (string, string) {
	if sent := r.Header.Get("X-Api-Key"); sent != "" {
		return "header " + sent, sent
	}
	sent := r.URL.Query().Get("api_key")
	return "query " + sent, sent
}

func scheme(r *http.Request) (string, string) {
	sent := r.Header.Get("Authorization")
	s, token, _ := strings.Cut(sent, " ")
	if strings.EqualFold(s, "Bearer") && strings.TrimSpace(token) == key {
		return sent, key
	}
	return sent, sent
}

func bearing(s fixture.Sample) fixture.Sample {
	s.Tune = func(_ *fixture.Shop, o *api.Options) {
		o.Identities = []*identity.Identity{identity.New("alice", "", identity.Bearer, "", key)}
	}
	return s
}

// Samples are shops that read keys in many ways.
var Samples = []fixture.Sample{
	named("either case", fixture.Vulnerable, lenient(upper, true)),
	named("quotes and ends are trimmed", fixture.Vulnerable, lenient(trimmed, true)),
	named("header or address", fixture.Vulnerable, lenient(twoPlaces, true)),
	named("scheme in any letters", fixture.Vulnerable, bearing(lenient(scheme, true))),
	named("either case, counted by account", fixture.Fixed, lenient(upper, false)),
	named("scheme in any letters, counted by account", fixture.Fixed, bearing(lenient(scheme, false))),
}
