// Package sqlquery looks for SQL whose text is put together from values: by every way that Ecto and the database drivers take
// a text, also through repositories of the project's own name.
package sqlquery

import (
	_ "embed"

	"palisade.dev/scan"
	"palisade.dev/scan/elixir"
	"palisade.dev/scan/elixir/flow"
)

//go:embed doc.md
var doc string

// Check is the check.
var Check = elixir.Check{
	Check: scan.Check{
		ID: "elixir/sqlquery", Title: "SQL built from input", Severity: scan.High, CWE: []int{89}, Doc: doc,
		Standards: []string{"OWASP A03:2021", "PCI DSS 4.0 6.2.4"},
	},
	Sinks: sinks(),
	Run: elixir.Follow(elixir.Words{
		Does: "SQL is built from %s",
		Harm: "whoever sends it can read and change what is in the database",
		Fix:  "Put a placeholder in the text ($1) and the value in the list of parameters, or check it against a list of what is allowed where it names a column.",
		Edit: bind,
	}),
}

func sinks() []flow.Sink {
	var all []flow.Sink
	for arg, calls := range map[int][]string{
		0: {"Repo.query", "Repo.query!", "Repo.query_many", "Repo.query_many!", "Ecto.Migration.execute"},
		1: {
			"Ecto.Adapters.SQL.query", "Ecto.Adapters.SQL.query!", "Ecto.Adapters.SQL.query_many", "Ecto.Adapters.SQL.query_many!", "Ecto.Adapters.SQL.stream",
			"Postgrex.query", "Postgrex.query!", "Postgrex.stream", "MyXQL.query", "MyXQL.query!", "MyXQL.query_many", "MyXQL.query_many!",
			"Exqlite.query", "Exqlite.query!", "Exqlite.Sqlite3.prepare", "Exqlite.Sqlite3.execute", "Tds.query", "Tds.query!", "Ch.query", "Ch.query!",
		},
		2: {"Postgrex.prepare", "Postgrex.prepare!", "Postgrex.prepare_execute", "Postgrex.prepare_execute!", "MyXQL.prepare", "MyXQL.prepare!", "MyXQL.prepare_execute"},
	} {
		for _, call := range calls {
			all = append(all, flow.Sink{Call: call, Arg: arg, Guard: flow.SQL})
		}
	}
	return append(all, flow.Sink{Call: "Ecto.Query.API.unsafe_fragment", Arg: 0, Guard: flow.SQL})
}
