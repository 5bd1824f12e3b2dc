package mcp

import (
	"context"
	"encoding/json"
	"errors"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"palisade.dev/scan"
)

// Whole is everything about a finding, as the report's JSON has it.
type Whole struct {
	Finding map[string]any `json:"finding"`
}

func (x *server) getFinding(_ context.Context, _ *sdk.CallToolRequest, in One) (*sdk.CallToolResult, Whole, error) {
	_, f, err := x.one(in)
	if err != nil {
		return nil, Whole{}, err
	}
	text, err := json.Marshal(f)
	if err != nil {
		return nil, Whole{}, err
	}
	var w Whole
	err = json.Unmarshal(text, &w.Finding)
	return nil, w, err
}

// Replayed is what came of asking again.
type Replayed struct {
	Verdict string `json:"verdict" jsonschema:"found, clear or could not tell"`
	Why     string `json:"why,omitempty"`
}

func (x *server) replay(ctx context.Context, _ *sdk.CallToolRequest, in One) (*sdk.CallToolResult, Replayed, error) {
	k, f, err := x.one(in)
	if err != nil {
		return nil, Replayed{}, err
	}
	if k.Run.Kind != "api" {
		return nil, Replayed{}, errors.New("only findings of an API can be asked again; scan the code again instead")
	}
	if err := x.allowed(k.Run.Target); err != nil {
		return nil, Replayed{}, err
	}
	run, err := x.o.Scanner.Again(ctx, k.Run, f)
	if err != nil {
		return nil, Replayed{}, err
	}
	for _, now := range run.Findings {
		if now.Fingerprint == f.Fingerprint {
			return nil, Replayed{string(scan.Found), now.Message}, nil
		}
	}
	out := Replayed{string(scan.CouldNotTell), "nothing was said"}
	for _, o := range run.Outcomes {
		if o.Verdict == scan.Clear {
			return nil, Replayed{string(scan.Clear), o.Why}, nil
		}
		out.Why = o.Why
	}
	return nil, out, nil
}

// Suggestion is how to mend a finding.
type Suggestion struct {
	Text string `json:"text"`
	Diff string `json:"diff,omitempty"`
}

func (x *server) suggestFix(_ context.Context, _ *sdk.CallToolRequest, in One) (*sdk.CallToolResult, Suggestion, error) {
	k, f, err := x.one(in)
	if err != nil {
		return nil, Suggestion{}, err
	}
	s := Suggestion{}
	if f.Fix != nil {
		s.Text = f.Fix.Text
	}
	if s.Text == "" {
		if s.Text, err = x.o.Scanner.Explain(f.Check); err != nil {
			return nil, Suggestion{}, err
		}
	}
	if k.Folder != "" {
		if s.Diff, err = x.o.Scanner.Diff(k.Folder, f); err != nil {
			return nil, Suggestion{}, err
		}
	}
	return nil, s, nil
}
