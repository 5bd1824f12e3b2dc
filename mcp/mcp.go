// Package mcp lets assistants use Palisade by the Model Context Protocol: scan what they were allowed to, read findings with
// their evidence, ask again whether one is mended; see sites, bans and levers, and where that was switched on, change them after
// somebody confirmed it. It holds the scans of its own lifetime and knows nothing of how they are run: the program that serves
// it says so.
package mcp

import (
	"context"
	"io"
	"sync"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"palisade.dev/scan"
)

// Scanner runs scans.
type Scanner interface {
	API(ctx context.Context, r APIScan, progress func(doing string, done, of int)) (*scan.Run, error)
	Code(ctx context.Context, folder string, checks []string, progress func(doing string, done, of int)) (*scan.Run, error)
	// Again looks at one finding of an API once more.
	Again(ctx context.Context, was *scan.Run, f scan.Finding) (*scan.Run, error)
	// Diff shows a finding's fix as a change of the scanned folder; "" where it has no edits.
	Diff(folder string, f scan.Finding) (string, error)
	Checks() []scan.Check
	Explain(check string) (string, error)
}

// APIScan is a scan of an API that is asked for.
type APIScan struct {
	URL    string
	Spec   string
	Mode   string
	Checks []string
}

// Backend is the people's API of a back end, /api/v1 left out of the path.
type Backend interface {
	Call(ctx context.Context, method, path string, body, into any) error
}

// Options of a server.
type Options struct {
	Scanner Scanner
	Backend Backend  // none: its tools are left out
	Hosts   []string // that may be scanned beside this machine: an assistant may not scan strangers
	Folders []string // in which code may be scanned
	Write   bool     // tools that change something are there
	Version string
	Now     func() time.Time
	Rand    io.Reader
}

// kept is a scan of this server.
type kept struct {
	ID     string
	Run    *scan.Run
	Folder string // of code
}

// mostKept bounds what is remembered: the oldest scan goes.
const mostKept = 20

type server struct {
	o Options

	mu      sync.Mutex
	scans   []kept
	pending map[string]pending
}

// New makes the server.
func New(o Options) *sdk.Server {
	x := &server{o: o, pending: map[string]pending{}}
	s := sdk.NewServer(&sdk.Implementation{Name: "palisade", Title: "Palisade", Version: o.Version}, &sdk.ServerOptions{
		Instructions: "Palisade scans APIs and source trees and guards web apps. Only targets of this machine and those that were allowed when the server was started can be scanned. A check that could not tell is not clear: say so. Evidence is redacted.",
	})
	reads := &sdk.ToolAnnotations{ReadOnlyHint: true}
	sdk.AddTool(s, &sdk.Tool{Name: "list_checks", Description: "What is looked for, with identifier, title and severity.", Annotations: reads}, x.listChecks)
	sdk.AddTool(s, &sdk.Tool{Name: "explain_check", Description: "What can go wrong, with code before and after, for one check.", Annotations: reads}, x.explain)
	sdk.AddTool(s, &sdk.Tool{Name: "scan_api", Description: "Scan an API that is allowed: a grade, findings, and what could not be told and why. passive only reads; active presses limits and tries sign-ins; neither writes."}, x.scanAPI)
	sdk.AddTool(s, &sdk.Tool{Name: "scan_code", Description: "Scan the source and dependencies of an allowed folder.", Annotations: reads}, x.scanCode)
	sdk.AddTool(s, &sdk.Tool{Name: "list_scans", Description: "Scans of this session, newest last.", Annotations: reads}, x.listScans)
	sdk.AddTool(s, &sdk.Tool{Name: "get_scan", Description: "A scan's findings, gaps and what could not be told.", Annotations: reads}, x.getScan)
	sdk.AddTool(s, &sdk.Tool{Name: "get_finding", Description: "One finding with flow or redacted evidence.", Annotations: reads}, x.getFinding)
	sdk.AddTool(s, &sdk.Tool{Name: "replay_finding", Description: "Ask again whether a finding of an API is there still: found, clear or could not tell."}, x.replay)
	sdk.AddTool(s, &sdk.Tool{Name: "diff_scans", Description: "What is new, resolved, still there, and what the later scan did not look at.", Annotations: reads}, x.diff)
	sdk.AddTool(s, &sdk.Tool{Name: "suggest_fix", Description: "How to mend a finding: words, and where a machine can do it the change as a diff. Nothing is written.", Annotations: reads}, x.suggestFix)
	if o.Backend != nil {
		x.addBackend(s)
	}
	return s
}
