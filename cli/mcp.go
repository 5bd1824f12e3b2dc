package cli

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"palisade.dev/mcp"
	"palisade.dev/scan"
	"palisade.dev/scan/api"
	"palisade.dev/scan/code"
	"palisade.dev/scan/fix"
)

type mcpCmd struct {
	Allow    []string `help:"Host that may be scanned, beside this machine." placeholder:"HOST"`
	IOwnThis bool     `help:"State that the allowed hosts are yours; reports repeat it." name:"i-own-this"`
	Identity []string `help:"Whom scans of APIs ask as: alice=bearer:env:ALICE_TOKEN." placeholder:"WHO" sep:"none"`
	Folder   []string `help:"Folder in which code may be scanned." default:"." placeholder:"DIR"`
	Write    bool     `help:"Offer bans and levers too; each is done only after a confirmation."`
	Alone    bool     `help:"Scan only: no tools that ask a back end."`
	Listen   string   `help:"Serve over HTTP here instead of stdin and stdout; the token is in PALISADE_MCP_TOKEN, or is made and printed." placeholder:"ADDRESS"`
}

func (c *mcpCmd) Run(s *session) error {
	o := mcp.Options{Scanner: &assistant{s: s, c: c}, Hosts: lower(c.Allow), Folders: c.Folder, Write: c.Write, Version: Version, Now: s.Now, Rand: rand.Reader}
	if !c.Alone {
		o.Backend = asked{s}
	}
	server := mcp.New(o)
	if c.Listen == "" {
		err := server.Run(s.ctx, &sdk.IOTransport{Reader: io.NopCloser(s.In), Writer: kept{s.Out}})
		if errors.Is(err, context.Canceled) {
			return nil
		}
		return err
	}
	return c.serve(s, server)
}

// kept is a stream that outlives the server.
type kept struct{ io.Writer }

func (kept) Close() error { return nil }

func lower(words []string) []string {
	var out []string
	for _, w := range words {
		out = append(out, strings.ToLower(w))
	}
	return out
}

// serve answers over HTTP whoever has the token.
func (c *mcpCmd) serve(s *session, server *sdk.Server) error {
	token, ok := s.Env("PALISADE_MCP_TOKEN")
	if !ok || len(token) < 16 {
		if ok {
			return misuse{errors.New("PALISADE_MCP_TOKEN has fewer than 16 characters")}
		}
		var raw [24]byte
		if _, err := rand.Read(raw[:]); err != nil {
			return err
		}
		token = hex.EncodeToString(raw[:])
		fmt.Fprintf(s.Err, "Token: %s\n", token)
	}
	want := sha256.Sum256([]byte("Bearer " + token))
	inner := sdk.NewStreamableHTTPHandler(func(*http.Request) *sdk.Server { return server }, nil)
	cross := http.NewCrossOriginProtection()
	handler := cross.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got := sha256.Sum256([]byte(r.Header.Get("Authorization")))
		if subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
			w.Header().Set("WWW-Authenticate", `Bearer realm="palisade mcp"`)
			http.Error(w, "a token is needed: Authorization: Bearer …", http.StatusUnauthorized)
			return
		}
		inner.ServeHTTP(w, r)
	}))
	socket, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("cannot listen on %s: %w", c.Listen, err)
	}
	fmt.Fprintf(s.Err, "Model Context Protocol at http://%s/\n", socket.Addr())
	h := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second, MaxHeaderBytes: 32 << 10}
	stop := context.AfterFunc(s.ctx, func() { _ = h.Close() })
	defer stop()
	if err := h.Serve(socket); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// asked is the back end that other commands ask too.
type asked struct{ s *session }

// Call asks it.
func (a asked) Call(ctx context.Context, method, path string, body, into any) error {
	s := *a.s
	s.ctx = ctx
	return s.call(method, path, body, into)
}

// assistant runs scans as the command line does.
type assistant struct {
	s *session
	c *mcpCmd
}

func (a *assistant) API(ctx context.Context, r mcp.APIScan, progress func(string, int, int)) (*scan.Run, error) {
	chosen, err := choose(r.Checks, nil)
	if err != nil {
		return nil, err
	}
	o, err := a.options(r.URL, r.Spec, r.Mode)
	if err != nil {
		return nil, err
	}
	o.Probes = chosen
	o.Progress = func(p api.Progress) { progress(p.Doing, p.Done, p.Of) }
	s := *a.s
	s.ctx = ctx
	return (&apiFlags{}).scan(&s, o) // with a listener, where the target is on this machine
}

func (a *assistant) options(address, spec, mode string) (api.Options, error) {
	f := apiFlags{Spec: spec, Mode: mode, Identity: a.c.Identity, IOwnThis: a.c.IOwnThis, Seed: 1}
	return f.options(a.s, address)
}

func (a *assistant) Again(ctx context.Context, was *scan.Run, f scan.Finding) (*scan.Run, error) {
	o, err := a.options(was.Target, "", "active")
	if err != nil {
		return nil, err
	}
	if o.Probes, err = choose([]string{f.Check}, nil); err != nil {
		return nil, err
	}
	o.Only = &f.Place
	return api.Scan(ctx, o)
}

func (a *assistant) Code(ctx context.Context, folder string, checks []string, progress func(string, int, int)) (*scan.Run, error) {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, fmt.Errorf("the folder %s: %w", folder, cause(err))
	}
	defer root.Close()
	c := scanCodeCmd{Path: folder}
	o := code.Options{Target: folder, Tool: "palisade " + Version, Checks: checks, Now: a.s.Now}
	conf, err := c.settings(root.FS())
	if err != nil {
		return nil, err
	}
	if _, err := c.prepare(&o, conf, root.FS(), ""); err != nil {
		return nil, err
	}
	scanners, err := c.scanners(a.s, conf)
	if err != nil {
		return nil, err
	}
	if len(checks) > 0 {
		o.Checks = checks
	}
	step := 0
	o.Progress = func(doing string) { step++; progress(doing, step, 0) } // how many there will be is not known
	return code.Scan(ctx, root.FS(), scanners, o)
}

func (a *assistant) Diff(folder string, f scan.Finding) (string, error) {
	if f.Fix == nil || len(f.Fix.Edits) == 0 {
		return "", nil
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return "", err
	}
	defer root.Close()
	var b strings.Builder
	files, by := fix.ByFile(f.Fix.Edits)
	for _, name := range files {
		before, err := root.ReadFile(name)
		if err != nil {
			return "", fmt.Errorf("%s: %w", name, cause(err))
		}
		after, err := fix.Apply(before, by[name])
		if err != nil {
			return "", fmt.Errorf("%s is not as it was when it was scanned: %w; scan again", name, err)
		}
		b.WriteString(fix.Diff(name, before, after))
	}
	return b.String(), nil
}

func (a *assistant) Checks() []scan.Check { return allChecks() }

func (a *assistant) Explain(check string) (string, error) {
	doc, ok := checkDoc(check)
	if !ok {
		return "", fmt.Errorf("%q is no check, or one without a page; list_checks has them", check)
	}
	return doc, nil
}
