package graphql

import (
	"net/http"

	"palisade.dev/scan/api"
	"palisade.dev/scan/api/fixture"
	"palisade.dev/scan/api/fixture/gql"
	"palisade.dev/scan/api/identity"
)

func sample(name string, k fixture.Kind, g gql.Server) fixture.Sample {
	g.Depth, g.Tops, g.Limit = 5, 5, 24
	return fixture.Sample{Name: name, Kind: k, Make: g.Add}
}

// byCookie lets alice in by a cookie.
func byCookie(s fixture.Sample) fixture.Sample {
	plain := s.Make
	s.Make = func(shop *fixture.Shop) {
		plain(shop)
		shop.Who = func(r *http.Request) (*fixture.User, bool) {
			c, err := r.Cookie("session")
			if err != nil {
				return nil, false
			}
			if c.Value == "s-alice-7a1f00c2b94e" {
				return shop.User("alice"), false
			}
			return nil, true
		}
	}
	s.Tune = func(_ *fixture.Shop, o *api.Options) {
		o.Identities = []*identity.Identity{identity.New("alice", "", identity.Cookie, "session", "s-alice-7a1f00c2b94e")}
	}
	return s
}

// Samples are shops that speak GraphQL.
var Samples = []fixture.Sample{
	sample("tells its schema", fixture.Vulnerable, gql.Server{Tells: true, Open: true}),
	sample("suggests names", fixture.Vulnerable, gql.Server{Suggests: true, Open: true}),
	byCookie(sample("mutations by GET", fixture.Vulnerable, gql.Server{Gets: true})),
	byCookie(sample("mutations as forms", fixture.Vulnerable, gql.Server{Forms: true})),
	sample("tells its schema to people", fixture.Fixed, gql.Server{TellsOwn: true}),
	byCookie(sample("JSON by POST only", fixture.Fixed, gql.Server{TellsOwn: true})),
	{Name: "no GraphQL", Kind: fixture.Fixed},
	sample("tells its schema to people, with noise", fixture.Noisy, gql.Server{TellsOwn: true}),
}
