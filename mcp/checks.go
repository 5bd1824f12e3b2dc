package mcp

import (
	"context"
	"strings"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
)

// None is no argument.
type None struct{}

// Checks is what list_checks answers.
type Checks struct {
	Checks []Check `json:"checks"`
}

// Check is one thing that is looked for.
type Check struct {
	ID       string `json:"id"`
	Title    string `json:"title"`
	Severity string `json:"severity"`
}

func (x *server) listChecks(_ context.Context, _ *sdk.CallToolRequest, in struct {
	Prefix string `json:"prefix,omitempty" jsonschema:"such as api/ or elixir/"`
},
) (*sdk.CallToolResult, Checks, error) {
	out := Checks{[]Check{}}
	for _, c := range x.o.Scanner.Checks() {
		if strings.HasPrefix(c.ID, in.Prefix) {
			out.Checks = append(out.Checks, Check{c.ID, c.Title, c.Severity.String()})
		}
	}
	return nil, out, nil
}

// Text is words.
type Text struct {
	Text string `json:"text"`
}

func (x *server) explain(_ context.Context, _ *sdk.CallToolRequest, in struct {
	Check string `json:"check" jsonschema:"such as elixir/sqlquery"`
},
) (*sdk.CallToolResult, Text, error) {
	text, err := x.o.Scanner.Explain(in.Check)
	return nil, Text{text}, err
}
