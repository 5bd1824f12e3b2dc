// Package massassign looks for changesets that take from a request what only the server should say: whose a record is, and what
// its owner may.
package massassign

import (
	_ "embed"
	"slices"

	"palisade.dev/scan"
	"palisade.dev/scan/elixir"
	"palisade.dev/scan/elixir/flow"
)

//go:embed doc.md
var doc string

// Check is the check.
var Check = elixir.Check{
	Check: scan.Check{
		ID: "elixir/massassign", Title: "Rights or owner taken from parameters", Severity: scan.Medium, CWE: []int{915, 639}, Doc: doc,
		Standards: []string{"OWASP API3:2023", "OWASP A01:2021"},
	},
	Sinks: sinks(),
	Run: elixir.Follow(elixir.Words{
		Does:     "Rights or the owner of a record are taken from %s",
		Harm:     "a client makes itself administrator, or a record somebody else's",
		Fix:      "Leave these fields out of cast/3 and set them with put_change/3 or on the struct.",
		Quiet:    true,
		Severity: rights,
	}),
}

func sinks() []flow.Sink {
	return []flow.Sink{
		{Call: "Ecto.Changeset.cast", Of: func(c *flow.Call) *flow.Value { return taken(c, powers) }, Name: "rights"},
		{Call: "Ecto.Changeset.cast", Of: func(c *flow.Call) *flow.Value { return taken(c, owners) }, Name: "owner"},
		{Call: "Ecto.Changeset.cast", Of: func(c *flow.Call) *flow.Value { return taken(c, authors) }, Name: "author"},
	}
}

var (
	powers  = []string{"role", "roles", "admin", "is_admin", "superuser", "is_superuser", "permissions", "verified", "confirmed_at", "is_staff", "staff"}
	authors = []string{"user_id", "author_id", "owner_id", "creator_id"}
	owners  = []string{"account_id", "tenant_id", "organization_id", "organisation_id", "customer_id"}
)

// taken are the values of such fields among those that a cast takes. A field that the server put into the parameters itself
// is the server's.
func taken(c *flow.Call, fields []string) *flow.Value {
	list := c.Arg(2)
	if len(c.Args) != 3 || list == nil {
		return nil
	}
	// A changeset of nothing but rights is there to change them.
	if !slices.ContainsFunc(list.Elements(), func(f *flow.Value) bool { return f != nil && !slices.Contains(powers, f.Text) }) {
		return nil
	}
	var found *flow.Value
	for _, f := range list.Elements() {
		if f != nil && f.Atom && slices.Contains(fields, f.Text) {
			found = flow.Either(found, flow.Whole(c.Arg(1), f.Text))
		}
	}
	return found
}

// rights are worse than owners: of the latter many forms ask on purpose.
func rights(h *flow.Hit, s scan.Severity) scan.Severity {
	switch {
	case h.Class != flow.Tainted || h.Source.Kind < flow.Event:
		return scan.None
	case h.Sink.Name == "author" && h.By(flow.Found):
		return scan.High // the code itself takes somebody's word for who they are
	case h.Sink.Name != "rights":
		return scan.Low
	}
	return s
}
