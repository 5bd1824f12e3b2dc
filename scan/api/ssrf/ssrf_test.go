package ssrf

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"palisade.dev/scan/api/spec"
)

func TestPlaces(t *testing.T) {
	text := &spec.Schema{Types: []string{"string"}}
	op := &spec.Operation{
		Method: "POST", Path: "/things",
		Params: []spec.Param{
			{Name: "imageUrl", In: "query", Schema: text},
			{Name: "page", In: "query", Schema: &spec.Schema{Types: []string{"integer"}}},
			{Name: "source", In: "query", Schema: &spec.Schema{Types: []string{"string"}, Enum: []any{"web", "shop"}}},
			{Name: "q", In: "query", Schema: text, Example: "https://books.test/"},
			{Name: "url", In: "header", Schema: text},
		},
		Body: &spec.Body{Media: "application/json", Example: map[string]any{
			"name": "x", "homepage": "https://books.test/", "hooks": []any{map[string]any{"callback": "none", "secret": "s"}}, "url": 7.0,
		}},
	}
	var got []string
	for _, p := range placesOf(op) {
		got = append(got, p.Param())
	}
	if want := []string{"query:imageUrl", "query:q", "body:homepage", "body:hooks.0.callback"}; !slices.Equal(got, want) {
		t.Errorf("%v, not %v", got, want)
	}
	p := placesOf(op)[3]
	changed := put(p.base, p.way, "new").(map[string]any)
	if changed["hooks"].([]any)[0].(map[string]any)["callback"] != "new" || op.Body.Example.(map[string]any)["hooks"].([]any)[0].(map[string]any)["callback"] != "none" {
		t.Errorf("putting an address into a copy: %v of %v", changed, op.Body.Example)
	}
}

// FuzzSpellings holds them to leading to the listener only: none may name another host than the address does.
func FuzzSpellings(f *testing.F) {
	for _, s := range []string{"http://127.0.0.1:8999/abc", "http://10.0.0.5:1/x", "http://[::1]:80/x", "http://host.test:80/x", "%zz"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, address string) {
		u, err := url.Parse(address)
		if err != nil || u.Host == "" {
			return
		}
		for _, s := range Spellings(address) {
			if !strings.HasPrefix(s.Name, "as ") && !strings.HasPrefix(s.Name, "in hex") && !strings.HasPrefix(s.Name, "in oct") && s.Name != "shortened" && !strings.Contains(strings.ToLower(s.Address), strings.ToLower(u.Hostname())) {
				t.Errorf("%s: %q does not lead to %q", s.Name, s.Address, u.Hostname())
			}
		}
	})
}
