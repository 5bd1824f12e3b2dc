package cli

import (
	"strings"
	"testing"

	"palisade.dev/scan/api/identity"
)

func TestWebhook(t *testing.T) {
	from := identity.Sources{Env: func(name string) (string, bool) { return "made-up", name == "HOOK" }}
	h, err := webhook("/hooks/pay=stripe:env:HOOK", from)
	if err != nil || h.Path != "/hooks/pay" || h.Kind != "stripe" || h.Secret.Reveal() != "made-up" {
		t.Errorf("%+v, %v", h, err)
	}
	for _, text := range []string{"", "/x", "/x=stripe", "x=stripe:env:HOOK", "/x=other:env:HOOK", "/x=stripe:env:NONE"} {
		if _, err := webhook(text, from); err == nil || !strings.Contains(err.Error(), "--webhook") {
			t.Errorf("%q: %v", text, err)
		}
	}
}
