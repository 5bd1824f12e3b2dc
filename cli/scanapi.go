package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"palisade.dev/scan"
	"palisade.dev/scan/api"
	"palisade.dev/scan/api/client"
	"palisade.dev/scan/api/identity"
	"palisade.dev/scan/api/listener"
	"palisade.dev/scan/api/probes"
	"palisade.dev/scan/api/spec"
	"palisade.dev/scan/report"
	"palisade.dev/scan/suppress"
)

// apiFlags say what to scan, as whom and how far to go.
type apiFlags struct {
	Spec     string   `help:"OpenAPI or Swagger document: a file or an address. Looked for where it is not given." placeholder:"FILE|URL"`
	Curl     string   `help:"A curl line to take operation and credential from; @FILE reads it, - reads stdin." placeholder:"LINE"`
	HAR      string   `help:"HAR file of a browser to take operations from." name:"har" placeholder:"FILE"`
	Identity []string `help:"Somebody to ask as: NAME[:ROLE]=KIND:…:SOURCE, as alice=bearer:env:ALICE_TOKEN; may be given again." placeholder:"WHO" sep:"none"`
	Mode     string   `help:"How far to go: passive, active, intrusive." default:"active" placeholder:"MODE"`
	Scope    []string `help:"Another host that belongs to the API." placeholder:"HOST"`
	Insecure bool     `help:"Do not verify the target's certificate."`

	IOwnThis   bool   `help:"State that a public target is yours; the report repeats it." name:"i-own-this"`
	OwnerToken string `help:"Token that proves it, in DNS or at /.well-known/palisade-owner.txt." placeholder:"TOKEN"`

	Requests    int           `help:"The most requests." placeholder:"N"`
	Rate        float64       `help:"The most requests a second." placeholder:"N"`
	Parallel    int           `help:"The most requests at once; 1 for a server that does one thing at a time." placeholder:"N"`
	Megabytes   int64         `help:"The most to read." name:"bytes" placeholder:"MB"`
	Time        time.Duration `help:"The longest it may take." placeholder:"DURATION"`
	Burst       int           `help:"Requests with which a limit is looked for." default:"60" placeholder:"N"`
	BurstSignIn bool          `help:"Press sign-in as hard as other operations; it may lock accounts."`
	From        []string      `help:"Another address of this machine to send from, for limits by address." placeholder:"ADDRESS"`
	Webhook     []string      `help:"Where the API takes signed calls: PATH=KIND:SOURCE, as /hooks/pay=stripe:env:HOOK_SECRET; KIND is github, slack, standard or stripe." placeholder:"HOOK" sep:"none"`
	Listener    string        `help:"Address of this machine that the target can call, for faults that show only so; a target on this machine needs none." placeholder:"HOST:PORT"`
	Domain      string        `name:"listener-domain" help:"Domain of yours whose NS record leads to this machine; look-ups of names in it are seen too." placeholder:"ZONE"`
	DNS         string        `name:"listener-dns" help:"Where its names are answered; port 53 of the listener's address without it." placeholder:"HOST:PORT"`
	Seed        uint64        `help:"Of everything that is drawn by chance." default:"1" placeholder:"N"`
}

type scanAPICmd struct {
	URL      string   `arg:"" optional:"" help:"Where the API is; a curl line says so too."`
	Checks   []string `help:"Only these checks, as api/rate/spoof or api/rate/*." placeholder:"CHECK"`
	Skip     []string `help:"All but these checks." placeholder:"CHECK"`
	MinScore int      `help:"End with code 1 below this many points of 100." placeholder:"N"`
	apiFlags
	reportFlags
}

func (c *scanAPICmd) Run(s *session) error { return apiEnd(c.run(s)) }

// apiEnd gives a failed scan of an API its exit code.
func apiEnd(err error) error {
	return scanEnd(err, []error{client.ErrScope}, []error{api.ErrUnreachable, context.Canceled})
}

func (c *scanAPICmd) run(s *session) error {
	gate, err := gateOf(c.FailOn)
	if err != nil {
		return err
	}
	targets, err := c.targets(s)
	if err != nil {
		return err
	}
	known, err := c.known()
	if err != nil {
		return err
	}
	chosen, err := choose(c.Checks, c.Skip)
	if err != nil {
		return err
	}
	o, err := c.options(s, c.URL)
	if err != nil {
		return err
	}
	o.Probes = chosen
	if tell := s.progress(c.Quiet); tell != nil {
		o.Progress = func(p api.Progress) {
			tell(fmt.Sprintf("%s · %d of %d looks · %d requests · %d findings", p.Doing, p.Done, p.Of, p.Requests, p.Findings))
		}
	}
	run, err := c.scan(s, o)
	s.still()
	if err != nil {
		return err
	}
	known.Mark(run.Findings)
	if c.WriteBaseline != "" {
		return c.writeBaseline(s, run, "api "+o.URL)
	}
	if err := c.report(s, run, targets, report.Options{NewOnly: c.NewOnly, Gate: gate, ByFile: c.ByFile}); err != nil {
		return err
	}
	switch open := run.Open(c.NewOnly); {
	case gate != scan.None && scan.Worst(open) >= gate:
		return ended{ScanFound, nil}
	case c.MinScore > 0 && (run.Score == nil || run.Score.Points < c.MinScore):
		points := 0
		if run.Score != nil {
			points = run.Score.Points
		}
		return ended{ScanFound, fmt.Errorf("%d points are fewer than the %d of --min-score", points, c.MinScore)}
	case !api.Complete(run):
		return ended{ScanPartly, nil}
	}
	return nil
}

// choose picks probes by patterns.
func choose(only, skip []string) ([]api.Probe, error) {
	all := probes.All()
	for _, pattern := range append(slices.Clone(only), skip...) {
		if !slices.ContainsFunc(all, func(p api.Probe) bool { return suppress.Matches(pattern, p.ID) }) {
			return nil, misuse{fmt.Errorf("%q is no check of an API; palisade scan checks lists them", pattern)}
		}
	}
	matches := func(patterns []string, id string) bool {
		return slices.ContainsFunc(patterns, func(p string) bool { return suppress.Matches(p, id) })
	}
	return slices.DeleteFunc(all, func(p api.Probe) bool {
		return len(only) > 0 && !matches(only, p.ID) || matches(skip, p.ID)
	}), nil
}

// scanMemory is what a scan may grow to before it tidies up harder: with it, a document of 5 MB and a hostile target stay
// under 200 MB.
const scanMemory = 150 << 20

// options reads everything a scan needs before anything is sent.
func (f *apiFlags) options(s *session, address string) (api.Options, error) {
	debug.SetMemoryLimit(scanMemory)
	o := api.Options{
		URL: address, Seed: f.Seed, Scope: f.Scope, Insecure: f.Insecure, Tool: "palisade " + Version,
		Budget: client.Budget{Requests: f.Requests, Rate: f.Rate, Parallel: f.Parallel, Bytes: f.Megabytes << 20, Time: f.Time},
		Bursts: api.Bursts{Requests: f.Burst, SignInOK: f.BurstSignIn},
		Proof:  client.Proof{Token: f.OwnerToken, Statement: f.IOwnThis},
	}
	var err error
	if o.Mode, err = api.ParseMode(f.Mode); err != nil {
		return o, misuse{fmt.Errorf("--mode: %w", err)}
	}
	for _, a := range f.From {
		source, err := netip.ParseAddr(a)
		if err != nil {
			return o, misuse{fmt.Errorf("--from: %w", err)}
		}
		o.Sources = append(o.Sources, source)
	}
	names := map[string]bool{}
	for _, text := range f.Identity {
		who, err := identity.Parse(text, identity.Sources{Env: s.Env, Prompt: s.secret})
		if err != nil {
			return o, misuse{err}
		}
		if names[who.Name] {
			return o, misuse{fmt.Errorf("two identities are named %s", who.Name)}
		}
		names[who.Name] = true
		o.Identities = append(o.Identities, who)
	}
	for _, text := range f.Webhook {
		hook, err := webhook(text, identity.Sources{Env: s.Env, Prompt: s.secret})
		if err != nil {
			return o, misuse{err}
		}
		o.Webhooks = append(o.Webhooks, hook)
	}
	if err := f.sources(s, &o); err != nil {
		return o, misuse{err}
	}
	if o.URL == "" {
		return o, misuse{errors.New("which API? palisade scan api https://api.example.com")}
	}
	if !strings.Contains(o.URL, "://") {
		o.URL = "https://" + o.URL
	}
	return o, nil
}

// webhook reads PATH=KIND:SOURCE. Its secret comes from where credentials come from.
func webhook(text string, from identity.Sources) (api.Webhook, error) {
	path, rest, _ := strings.Cut(text, "=")
	kind, source, ok := strings.Cut(rest, ":")
	if !ok || !strings.HasPrefix(path, "/") || !slices.Contains(api.WebhookKinds, kind) {
		return api.Webhook{}, fmt.Errorf("--webhook %q: it is PATH=KIND:SOURCE with one of %s, as /hooks/pay=stripe:env:HOOK_SECRET", path, strings.Join(api.WebhookKinds, ", "))
	}
	holder, err := identity.Parse("webhook=bearer:"+source, from)
	if err != nil {
		return api.Webhook{}, fmt.Errorf("--webhook %s: %w", path, err)
	}
	return api.Webhook{Path: path, Kind: kind, Secret: holder.Secret()}, nil
}

// patience is how long a call from the target is waited for: it may have a queue to work through.
const patience = 3 * time.Second

// scan scans with a listener beside it, where the target can reach one.
func (f *apiFlags) scan(s *session, o api.Options) (*scan.Run, error) {
	at := f.Listener
	if u, err := url.Parse(o.URL); at == "" && err == nil && (u.Hostname() == "127.0.0.1" || u.Hostname() == "localhost") {
		at = "127.0.0.1:0"
	}
	if at != "" && o.Mode > api.Passive {
		l, err := listener.Start(at, patience)
		if err != nil {
			return nil, misuse{fmt.Errorf("--listener %s: %w", at, err)}
		}
		defer l.Close()
		o.Listener = l
		if f.Domain != "" {
			dns := f.DNS
			if host, _, err := net.SplitHostPort(at); dns == "" && err == nil {
				dns = net.JoinHostPort(host, "53")
			}
			if err := l.ServeNames(f.Domain, dns); err != nil {
				return nil, misuse{fmt.Errorf("--listener-domain: %w", err)}
			}
		}
	} else if f.Domain != "" {
		return nil, misuse{errors.New("--listener-domain needs --listener, the address that its names lead to, and a mode that calls")}
	}
	return api.Scan(s.ctx, o)
}

// sources reads operations from what was given: a specification, a HAR file, a curl line.
func (f *apiFlags) sources(s *session, o *api.Options) error {
	if f.Curl != "" {
		line, err := f.curlLine(s)
		if err != nil {
			return err
		}
		l, err := spec.Curl(line)
		if err != nil {
			return err
		}
		if o.URL == "" {
			o.URL = l.URL.Scheme + "://" + l.URL.Host + "/"
		}
		o.Document = &spec.Document{Format: "curl", At: "the command line", Schemes: map[string]spec.Scheme{}, Operations: []*spec.Operation{l.Operation}}
		if l.CredentialName != "" {
			o.Identities = append(o.Identities, fromHeader(l.CredentialName, l.CredentialValue))
		}
	}
	switch {
	case f.HAR != "":
		data, err := readBounded(f.HAR, spec.MaxHAR)
		if err != nil {
			return err
		}
		u, err := url.Parse(o.URL)
		if err != nil || u.Host == "" {
			return errors.New("--har needs the API's address as well, to know which of its requests matter")
		}
		if o.Document, err = spec.HAR(data, u.Host); err != nil {
			return err
		}
		o.Document.At = f.HAR
	case strings.Contains(f.Spec, "://"):
		o.SpecURL = f.Spec
	case f.Spec != "":
		return f.specFile(s.ctx, o)
	}
	return nil
}

func (f *apiFlags) specFile(ctx context.Context, o *api.Options) error {
	data, err := readBounded(f.Spec, spec.MaxBytes)
	if err != nil {
		return err
	}
	root, err := os.OpenRoot(filepath.Dir(f.Spec))
	if err != nil {
		return err
	}
	defer root.Close()
	// Other documents are read from beside it and nowhere else: a reference is no way out of the folder.
	fetch := func(_ context.Context, at string) ([]byte, error) {
		if strings.Contains(at, "://") {
			return nil, errors.New("a file's references lead to files beside it only; give its address to follow others")
		}
		file, err := root.Open(filepath.FromSlash(at))
		if err != nil {
			return nil, cause(err)
		}
		defer file.Close()
		return io.ReadAll(io.LimitReader(file, spec.MaxBytes+1))
	}
	doc, err := spec.Read(ctx, data, filepath.Base(f.Spec), fetch)
	if err != nil {
		return err
	}
	o.Document = doc
	if o.URL == "" {
		for _, server := range doc.Servers {
			if u, err := url.Parse(server); err == nil && u.Host != "" {
				o.URL = u.Scheme + "://" + u.Host + "/"
				break
			}
		}
	}
	return nil
}

func readBounded(name string, most int64) ([]byte, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, cause(err))
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, most+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, cause(err))
	}
	return data, nil
}

func (f *apiFlags) curlLine(s *session) (string, error) {
	name, isFile := strings.CutPrefix(f.Curl, "@")
	switch {
	case isFile:
		data, err := readBounded(name, 64<<10)
		return strings.TrimSpace(string(data)), err
	case f.Curl == "-":
		data, err := io.ReadAll(io.LimitReader(s.In, 64<<10))
		return strings.TrimSpace(string(data)), err
	}
	return f.Curl, nil
}

// fromHeader makes an identity of a header that was on a curl line.
func fromHeader(name, value string) *identity.Identity {
	scheme, token, ok := strings.Cut(value, " ")
	switch {
	case name == "Cookie":
		return identity.New("curl", "", identity.Cookie, "", value)
	case name == "Authorization" && ok && strings.EqualFold(scheme, "Bearer"):
		return identity.New("curl", "", identity.Bearer, "", token)
	}
	return identity.New("curl", "", identity.Header, name, value)
}

// secret asks for a value on the terminal and shows nothing of what is typed.
func (s *session) secret(what string) (string, error) {
	if !s.Terminal {
		return "", errors.New("there is no terminal to ask at; use env: or file:")
	}
	quiet := func(flag string) error {
		cmd := exec.CommandContext(s.ctx, "stty", flag)
		cmd.Stdin = os.Stdin
		return cmd.Run()
	}
	if err := quiet("-echo"); err != nil {
		return "", errors.New("this terminal would show what is typed; use env: or file:")
	}
	defer func() { _ = quiet("echo") }()
	fmt.Fprintf(s.Err, "%s: ", what)
	line, err := bufio.NewReader(io.LimitReader(s.In, 64<<10)).ReadString('\n')
	fmt.Fprintln(s.Err)
	return strings.TrimSpace(line), err
}
