package undeclared

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"palisade.dev/scan/api/apitest"
)

func TestProbe(t *testing.T) { apitest.Run(t, Probe, Samples) }

var texts = []struct {
	text string
	want []string
}{
	{`{"next":"/v1/orders?page=2","self":"https://api.test/v1/me","other":"https://else.test/x","no":"a/b"}`, []string{"/v1/orders", "/v1/me"}},
	{"User-agent: *\nDisallow: /internal/report\nAllow: /open\n", []string{"/internal/report", "/open"}},
	{"fetch('/api/secret');import(`/api/x/../y`)", []string{"/api/secret", "/api/y"}},
	{`"//else.test/x" "/"`, nil},
}

func TestMentioned(t *testing.T) {
	base, _ := url.Parse("https://api.test/")
	for _, c := range texts {
		if got := Mentioned([]byte(c.text), base); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, not %q", c.text, got, c.want)
		}
	}
}

// FuzzMentioned holds what is found to be clean paths, so that nothing is asked beyond the target.
func FuzzMentioned(f *testing.F) {
	for _, c := range texts {
		f.Add([]byte(c.text))
	}
	base, _ := url.Parse("https://api.test/v1/")
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, p := range Mentioned(body, base) {
			if !strings.HasPrefix(p, "/") || strings.Contains(p, "/../") || strings.Contains(p, "//") {
				t.Errorf("%q is asked for", p)
			}
		}
	})
}
