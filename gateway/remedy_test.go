package gateway

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/mholt/acmez/v3/acme"
)

// TestRemedies: each refusal that a person can do something about says what, and no two say the same.
func TestRemedies(t *testing.T) {
	a := &authority{conf: ACME{Folder: "/data/acme"}}
	said := map[string]string{}
	for _, c := range []struct{ kind, says string }{
		{acme.ProblemTypeConnection, "have port 443 of all the name's addresses"},
		{acme.ProblemTypeUnauthorized, "to let this account in"},
		{acme.ProblemTypeDNS, "an address in the DNS"},
		{acme.ProblemTypeCAA, "CAA record"},
		{acme.ProblemTypeRateLimited, "keep /data/acme from one start to the next"},
		{acme.ProblemTypeRejectedIdentifier, "take the name out of the site's hosts"},
		{acme.ProblemTypeInvalidContact, "correct acme.email"},
		{acme.ProblemTypeExternalAccountRequired, "choose another acme.directory"},
		{acme.ProblemTypeServerInternal, "see what the authority says"},
	} {
		got := a.remedy(fmt.Errorf("asking: %w", acme.Problem{Type: c.kind}))
		if !strings.Contains(got, c.says) {
			t.Errorf("%s: %q, want %q", c.kind, got, c.says)
		}
		if other, twice := said[got]; twice {
			t.Errorf("%s says the same as %s", c.kind, other)
		}
		said[got] = c.kind
	}
	if len(said) < 9 {
		t.Errorf("only %d cases ran", len(said))
	}
	if got := a.remedy(errors.New("connection refused")); !strings.Contains(got, "can be reached from here") {
		t.Errorf("%q", got)
	}
}
