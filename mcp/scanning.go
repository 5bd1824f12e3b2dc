package mcp

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
)

// allowed refuses targets that nobody allowed: whatever an assistant reads may talk it into scanning strangers.
func (x *server) allowed(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" {
		return fmt.Errorf("%.100q is no address such as https://api.example.com", address)
	}
	host := strings.ToLower(u.Hostname())
	if a, err := netip.ParseAddr(host); host == "localhost" || err == nil && a.IsLoopback() {
		return nil
	}
	if !slices.Contains(x.o.Hosts, host) {
		return fmt.Errorf("%s is not among the hosts that may be scanned: whoever runs this server adds it with --allow %s", host, host)
	}
	return nil
}

func (x *server) scanAPI(ctx context.Context, req *sdk.CallToolRequest, in struct {
	URL    string   `json:"url"`
	Spec   string   `json:"spec,omitempty" jsonschema:"address of the OpenAPI document, if it is not found by itself"`
	Mode   string   `json:"mode,omitempty" jsonschema:"passive (default) or active"`
	Checks []string `json:"checks,omitempty" jsonschema:"only these, as api/rate/*"`
},
) (*sdk.CallToolResult, Summary, error) {
	if err := x.allowed(in.URL); err != nil {
		return nil, Summary{}, err
	}
	if in.Spec != "" {
		if err := x.allowed(in.Spec); err != nil {
			return nil, Summary{}, err
		}
	}
	if in.Mode == "" {
		in.Mode = "passive"
	}
	if in.Mode != "passive" && in.Mode != "active" {
		return nil, Summary{}, errors.New("mode: want passive or active: what writes is started by a person, on the command line")
	}
	run, err := x.o.Scanner.API(ctx, APIScan{in.URL, in.Spec, in.Mode, in.Checks}, progress(ctx, req))
	if err != nil {
		return nil, Summary{}, err
	}
	return nil, summary(x.keep(run, ""), run), nil
}

// progress tells a client that asked for it how far a scan is.
func progress(ctx context.Context, req *sdk.CallToolRequest) func(string, int, int) {
	token := req.Params.GetProgressToken()
	if token == nil {
		return func(string, int, int) {}
	}
	return func(doing string, done, of int) {
		// A client that is gone is none of the scan's concern; the context ends it.
		_ = req.Session.NotifyProgress(ctx, &sdk.ProgressNotificationParams{ProgressToken: token, Message: doing, Progress: float64(done), Total: float64(of)})
	}
}

func (x *server) scanCode(ctx context.Context, req *sdk.CallToolRequest, in struct {
	Folder string   `json:"folder"`
	Checks []string `json:"checks,omitempty" jsonschema:"only these, as elixir/*"`
},
) (*sdk.CallToolResult, Summary, error) {
	folder, err := x.within(in.Folder)
	if err != nil {
		return nil, Summary{}, err
	}
	run, err := x.o.Scanner.Code(ctx, folder, in.Checks, progress(ctx, req))
	if err != nil {
		return nil, Summary{}, err
	}
	return nil, summary(x.keep(run, folder), run), nil
}

// within refuses folders that nobody allowed, links out of those included.
func (x *server) within(folder string) (string, error) {
	full, err := filepath.Abs(folder)
	if err == nil {
		full, err = filepath.EvalSymlinks(full)
	}
	if err != nil {
		return "", fmt.Errorf("the folder %.200q cannot be read: %w", folder, err)
	}
	for _, root := range x.o.Folders {
		if real, err := filepath.EvalSymlinks(root); err == nil {
			if rel, err := filepath.Rel(real, full); err == nil && filepath.IsLocal(rel) {
				return full, nil
			}
		}
	}
	return "", fmt.Errorf("%.200q is not below a folder that may be scanned: whoever runs this server adds it with --folder", folder)
}
