package mcp

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
)

// Items is a list as the back end gives it.
type Items struct {
	Items []map[string]any `json:"items"`
}

// OfSite asks about a site.
type OfSite struct {
	Site string `json:"site" jsonschema:"its name, from list_sites"`
}

func (x *server) addBackend(s *sdk.Server) {
	reads := &sdk.ToolAnnotations{ReadOnlyHint: true}
	list := func(name, what, path string) {
		sdk.AddTool(s, &sdk.Tool{Name: name, Description: what, Annotations: reads}, func(ctx context.Context, _ *sdk.CallToolRequest, in OfSite) (*sdk.CallToolResult, Items, error) {
			return x.items(ctx, "/sites/"+url.PathEscape(in.Site)+path)
		})
	}
	sdk.AddTool(s, &sdk.Tool{Name: "list_sites", Description: "The sites that Palisade guards.", Annotations: reads}, func(ctx context.Context, _ *sdk.CallToolRequest, _ None) (*sdk.CallToolResult, Items, error) {
		return x.items(ctx, "/sites")
	})
	list("list_bans", "Who is banned on a site now, by what and until when.", "/bans?limit=100")
	list("list_levers", "Routes of a site that are not open.", "/levers")
	list("list_site_findings", "Open findings of scans that were brought to a site, the worst first.", "/findings?limit=100")
	sdk.AddTool(s, &sdk.Tool{Name: "get_site_finding", Description: "One of a site's findings with flow, evidence and fix.", Annotations: reads}, func(ctx context.Context, _ *sdk.CallToolRequest, in struct {
		OfSite
		ID string `json:"id"`
	},
	) (*sdk.CallToolResult, Whole, error) {
		var w Whole
		err := x.o.Backend.Call(ctx, http.MethodGet, "/sites/"+url.PathEscape(in.Site)+"/findings/"+url.PathEscape(in.ID), nil, &w.Finding)
		return nil, w, err
	})
	sdk.AddTool(s, &sdk.Tool{Name: "show_client", Description: "Who an address, account or key is on a site: requests, sign-ins, bans, and a judgement in words.", Annotations: reads}, func(ctx context.Context, _ *sdk.CallToolRequest, in struct {
		OfSite
		Subject string `json:"subject" jsonschema:"203.0.113.7, account:alice, api_key:…"`
	},
	) (*sdk.CallToolResult, Client, error) {
		var c Client
		err := x.o.Backend.Call(ctx, http.MethodGet, "/sites/"+url.PathEscape(in.Site)+"/clients/"+url.PathEscape(in.Subject), nil, &c.Client)
		return nil, c, err
	})
	if x.o.Write {
		x.addWrites(s)
	}
}

// Client is who somebody is.
type Client struct {
	Client map[string]any `json:"client"`
}

func (x *server) items(ctx context.Context, path string) (*sdk.CallToolResult, Items, error) {
	out := Items{[]map[string]any{}}
	var raw json.RawMessage
	if err := x.o.Backend.Call(ctx, http.MethodGet, path, nil, &raw); err != nil {
		return nil, out, err
	}
	if json.Unmarshal(raw, &out.Items) == nil {
		return nil, out, nil
	}
	// Some lists come in a page with the way on beside them.
	var page map[string]json.RawMessage
	if err := json.Unmarshal(raw, &page); err != nil {
		return nil, out, fmt.Errorf("the back end's answer: %w", err)
	}
	for _, v := range page {
		if json.Unmarshal(v, &out.Items) == nil && out.Items != nil {
			return nil, out, nil
		}
	}
	return nil, out, nil
}

// Done is what came of a change, or what it waits for.
type Done struct {
	Done    bool   `json:"done"`
	What    string `json:"what" jsonschema:"what was done, or would be"`
	Confirm string `json:"confirm,omitempty" jsonschema:"show the person what would be done; if they agree, call again with this"`
}

// change makes a change that somebody confirmed.
func (x *server) change(ctx context.Context, code, what, method, path string, body any) (*sdk.CallToolResult, Done, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return nil, Done{}, err
	}
	need, err := x.confirmed(method+" "+path+" "+string(text), code)
	if err != nil || need != "" {
		return nil, Done{What: what, Confirm: need}, err
	}
	if err := x.o.Backend.Call(ctx, method, path, body, nil); err != nil {
		return nil, Done{}, err
	}
	return nil, Done{Done: true, What: what}, nil
}

func (x *server) addWrites(s *sdk.Server) {
	yes := true
	writes := &sdk.ToolAnnotations{DestructiveHint: &yes}
	sdk.AddTool(s, &sdk.Tool{Name: "ban", Description: "Keep somebody out of a site, at every guard within a second. The first call says what would be done and gives a confirmation.", Annotations: writes}, func(ctx context.Context, _ *sdk.CallToolRequest, in struct {
		OfSite
		Subject string `json:"subject"`
		For     string `json:"for" jsonschema:"1h, 7d"`
		Note    string `json:"note,omitempty"`
		Confirm string `json:"confirm,omitempty"`
	},
	) (*sdk.CallToolResult, Done, error) {
		return x.change(ctx, in.Confirm, fmt.Sprintf("ban %s on %s for %s", in.Subject, in.Site, in.For), http.MethodPost, "/sites/"+url.PathEscape(in.Site)+"/bans",
			map[string]string{"subject": in.Subject, "for": in.For, "note": in.Note})
	})
	sdk.AddTool(s, &sdk.Tool{Name: "lift_ban", Description: "Let somebody in again. The first call gives a confirmation.", Annotations: writes}, func(ctx context.Context, _ *sdk.CallToolRequest, in struct {
		OfSite
		Subject string `json:"subject"`
		Confirm string `json:"confirm,omitempty"`
	},
	) (*sdk.CallToolResult, Done, error) {
		return x.change(ctx, in.Confirm, fmt.Sprintf("lift the ban of %s on %s", in.Subject, in.Site), http.MethodDelete, "/sites/"+url.PathEscape(in.Site)+"/bans?subject="+url.QueryEscape(in.Subject), nil)
	})
	sdk.AddTool(s, &sdk.Tool{Name: "set_lever", Description: "Close a route, open it again, or let only some through, for a time. The first call gives a confirmation.", Annotations: writes}, func(ctx context.Context, _ *sdk.CallToolRequest, in struct {
		OfSite
		Route    string `json:"route" jsonschema:"POST /users/register, or @signup"`
		Position string `json:"position" jsonschema:"open, newcomers, known, attested or closed"`
		For      string `json:"for,omitempty" jsonschema:"15m"`
		Confirm  string `json:"confirm,omitempty"`
	},
	) (*sdk.CallToolResult, Done, error) {
		body := map[string]string{"match": in.Route, "position": in.Position}
		if in.For != "" {
			body["for"] = in.For
		}
		return x.change(ctx, in.Confirm, fmt.Sprintf("set %s of %s to %s %s", in.Route, in.Site, in.Position, in.For), http.MethodPost, "/sites/"+url.PathEscape(in.Site)+"/levers", body)
	})
}
