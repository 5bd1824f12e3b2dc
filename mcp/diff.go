package mcp

import (
	"context"
	"fmt"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"palisade.dev/scan"
)

// Differences are between two scans of one target.
type Differences struct {
	New      []Finding `json:"new"`
	Resolved []Finding `json:"resolved"`
	Still    []Finding `json:"still_there"`
	Untold   []Finding `json:"not_looked_at" jsonschema:"of the earlier scan, where the later one did not look or could not tell: do not call them resolved"`
}

func (x *server) diff(_ context.Context, _ *sdk.CallToolRequest, in struct {
	Before string `json:"before"`
	After  string `json:"after"`
},
) (*sdk.CallToolResult, Differences, error) {
	was, err := x.find(in.Before)
	if err != nil {
		return nil, Differences{}, err
	}
	is, err := x.find(in.After)
	if err != nil {
		return nil, Differences{}, err
	}
	if was.Run.Kind != is.Run.Kind || was.Run.Target != is.Run.Target {
		return nil, Differences{}, fmt.Errorf("%s is of %s and %s of %s: only scans of one target can be compared", was.ID, was.Run.Target, is.ID, is.Run.Target)
	}
	looked, now := scan.Looked(is.Run), map[string]bool{}
	for _, f := range is.Run.Findings {
		now[f.Fingerprint] = true
	}
	d := Differences{[]Finding{}, []Finding{}, []Finding{}, []Finding{}}
	before := map[string]bool{}
	for _, f := range was.Run.Findings {
		before[f.Fingerprint] = true
		switch {
		case now[f.Fingerprint]:
			d.Still = append(d.Still, short(f))
		case !looked(f.Check, f.Place.Where()):
			d.Untold = append(d.Untold, short(f))
		default:
			d.Resolved = append(d.Resolved, short(f))
		}
	}
	for _, f := range is.Run.Findings {
		if !before[f.Fingerprint] {
			d.New = append(d.New, short(f))
		}
	}
	return nil, d, nil
}
