package cors

import (
	"strings"

	"palisade.dev/scan/api/fixture"
)

func allowing(rule func(origin, host string) string, credentials bool) func(*fixture.Shop) {
	return func(s *fixture.Shop) {
		s.Gate = func(c *fixture.Call, _ *fixture.Route) bool {
			host, _, _ := strings.Cut(c.R.Host, ":")
			if v := rule(c.R.Header.Get("Origin"), host); v != "" {
				c.W.Header().Set("Access-Control-Allow-Origin", v)
				if credentials {
					c.W.Header().Set("Access-Control-Allow-Credentials", "true")
				}
			}
			return false
		}
	}
}

func only(ok bool, v string) string {
	if ok {
		return v
	}
	return ""
}

// Samples are shops with and without the fault.
var Samples = []fixture.Sample{
	{Name: "any", Kind: fixture.Vulnerable, Make: allowing(func(o, _ string) string { return o }, true)},
	{Name: "null", Kind: fixture.Vulnerable, Make: allowing(func(o, _ string) string { return only(o == "null", o) }, true)},
	{Name: "by beginning", Kind: fixture.Vulnerable, Make: allowing(func(o, h string) string { return only(strings.HasPrefix(o, "https://"+h), o) }, true)},
	{Name: "by ending", Kind: fixture.Vulnerable, Make: allowing(func(o, h string) string { return only(strings.HasSuffix(o, h), o) }, true)},
	{Name: "a list", Kind: fixture.Fixed, Make: allowing(func(o, _ string) string { return only(o == "https://books.test", o) }, true)},
	{Name: "always the same", Kind: fixture.Fixed, Make: allowing(func(_, _ string) string { return "https://books.test" }, true)},
	{Name: "everybody, without credentials", Kind: fixture.Fixed, Make: allowing(func(_, _ string) string { return "*" }, false)},
}
