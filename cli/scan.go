package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"palisade.dev/scan"
	"palisade.dev/scan/api/probes"
	"palisade.dev/scan/baseline"
	"palisade.dev/scan/code"
	"palisade.dev/scan/deps"
	"palisade.dev/scan/deps/osv"
	"palisade.dev/scan/deps/refresh"
	"palisade.dev/scan/deps/registry"
	exposed "palisade.dev/scan/exposure/checks"
	"palisade.dev/scan/report"
	"palisade.dev/scan/report/html"
	"palisade.dev/scan/report/jsonout"
	"palisade.dev/scan/report/junit"
	"palisade.dev/scan/report/markdown"
	"palisade.dev/scan/report/sarif"
	"palisade.dev/scan/report/suggest"
	"palisade.dev/scan/report/terminal"
	"palisade.dev/scan/secret"
	"palisade.dev/scan/settings"
	"palisade.dev/scan/suppress"
	"palisade.dev/scan/tree"
)

// Exit codes of a scan. They differ from those of other commands, as a pipeline has to tell findings from failure.
const (
	ScanClean    = 0
	ScanFound    = 1 // findings at or above the gate
	ScanMisuse   = 2 // the command line or a file of settings is wrong
	ScanPartly   = 3 // nothing was scanned, or not all of it
	ScanInternal = 4
)

// ended ends a command with an exit code of its own; the error, if any, is told.
type ended struct {
	code int
	err  error
}

func (e ended) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

func (e ended) Unwrap() error { return e.err }

type scanCmd struct {
	Code          scanCodeCmd      `cmd:"" help:"Scan a source tree: code and dependencies."`
	API           scanAPICmd       `cmd:"" name:"api" help:"Scan a running API from outside."`
	Exposure      scanExposureCmd  `cmd:"" help:"Scan hosts that you own as a search engine would: open ports and what they give away."`
	Explain       scanExplainCmd   `cmd:"" help:"What a check looks for, why, and how to mend it."`
	Checks        scanChecksCmd    `cmd:"" help:"List all checks."`
	Replay        scanReplayCmd    `cmd:"" help:"Ask again what showed a finding of an API, and show the answers."`
	VerifyFix     scanVerifyFixCmd `cmd:"" name:"verify-fix" help:"Ask again whether a finding of an API is mended."`
	Publish       scanPublishCmd   `cmd:"" help:"Tell a pull request what a scan found: a comment, suggestions, annotations."`
	Refresh       scanRefreshCmd   `cmd:"" help:"Fetch advisories, so that scans know what became known since this version was built."`
	Follow        scanFollowCmd    `cmd:"" hidden:"" help:"Follow the calls of a Go program for a scan, in a process of its own."`
	NewCheck      scanNewCheckCmd  `cmd:"" name:"new-check" help:"Begin a check: its folder, page and samples (in palisade's repository)."`
	ImportSobelow scanImportCmd    `cmd:"" name:"import-sobelow" help:"Take over what a project told Sobelow to skip."`
}

// sinks are the formats by name, and the endings of files that mean one.
var sinks = []struct {
	name  string
	ends  []string
	write func(io.Writer, *scan.Run, report.Options) error
}{
	{"terminal", []string{".txt"}, terminal.Write},
	{"json", []string{".json"}, jsonout.Write},
	{"sarif", []string{".sarif", ".sarif.json"}, sarif.Write},
	{"junit", []string{".xml"}, junit.Write},
	{"markdown", []string{".md"}, markdown.Write},
	{"html", []string{".html"}, html.Write},
	{"suggestions", nil, suggest.Write},
}

// reportFlags are what every scan can be told about its reports and its gate.
type reportFlags struct {
	Format        string   `help:"How the report on stdout looks: ${formats}." placeholder:"FORMAT"`
	Out           []string `help:"Write a report to a file as well, by its ending or as FORMAT=FILE; may be given again." placeholder:"FILE" sep:"none"`
	FailOn        string   `help:"End with code 1 at findings this severe: none, info, low, medium, high, critical (medium)." placeholder:"SEVERITY"`
	Baseline      string   `help:"File of findings that were there before." placeholder:"FILE"`
	WriteBaseline string   `help:"Write what is found as a baseline, and end with code 0." placeholder:"FILE"`
	NewOnly       bool     `help:"Only findings that are not in the baseline count."`
	ByFile        bool     `help:"Group findings by file rather than by check."`
	Quiet         bool     `help:"No report on stdout, only the files and the exit code." short:"q"`
	Upload        bool     `help:"Bring the report to the back end as well, for --site; the token in PALISADE_TOKEN has to be one that may report."`
	onSite
}

type scanCodeCmd struct {
	Path          string   `arg:"" optional:"" default:"." help:"The folder, or one lock file or binary."`
	Checks        []string `help:"Only these checks, as elixir/sqlquery or deps/*." placeholder:"CHECK"`
	Skip          []string `help:"All but these checks." placeholder:"CHECK"`
	MinConfidence string   `help:"Leave out what is less sure: tentative, firm, confirmed." placeholder:"WORD"`
	Fix           bool     `help:"Make the changes that findings propose, as far as a second scan finds them good."`
	Diff          bool     `help:"Show these changes on stdout, for git apply, and make none."`
	Advisories    string   `help:"Folder of advisories (OSV), in place of those built in." placeholder:"DIR"`
	Registry      string   `help:"Folder of a Hex registry's files, packages/NAME, to know which releases were taken back." placeholder:"DIR"`
	Why           string   `help:"Tell as well what is in order in a folder, a file or on a line of one, and why." placeholder:"FILE:LINE"`
	NoReach       bool     `help:"Do not follow calls of Go code into its modules; it takes the go command and seconds."`
	GitHistory    bool     `help:"Look for secrets in all that was ever committed, too; it takes the git command."`
	reportFlags
	kept *refresh.Kept `kong:"-"`
}

func (c *scanCodeCmd) Run(s *session) error {
	err := c.run(s)
	if errors.Is(err, context.Canceled) {
		err = errors.New("it was stopped before its end; nothing is known")
	}
	return scanEnd(err, nil, nil)
}

// codeMemory is what a scan of code may grow to before it tidies up at all: what a scan reads it needs to its end, so that
// looking for what it does not need finds little and was a third of the CPU. With it, applications of a thousand files stay
// under 300 MB.
const codeMemory = 240 << 20

func (c *scanCodeCmd) run(s *session) error {
	root, only, err := open(c.Path)
	if err != nil {
		return err
	}
	defer root.Close()
	folder := tree.Below(root)
	defer folder.Close()
	debug.SetMemoryLimit(codeMemory)
	debug.SetGCPercent(-1)
	conf, err := c.settings(folder)
	if err != nil {
		return err
	}
	targets, err := c.targets(s)
	if err != nil {
		return err
	}
	o := code.Options{
		Target: c.Path, Tool: "palisade " + Version, Checks: c.Checks, Skip: c.Skip, Now: s.Now, Progress: s.progress(c.Quiet),
	}
	gate, err := c.prepare(&o, conf, folder, only)
	if err != nil {
		return err
	}
	scanners, err := c.scanners(s, conf)
	if err != nil {
		return err
	}
	again := func(f fs.FS) (*scan.Run, error) {
		run, err := code.Scan(s.ctx, f, scanners, o)
		if err == nil {
			aged(run, c.kept.Ages(), s.Now())
		}
		return run, err
	}
	run, err := again(folder)
	s.still()
	if err != nil {
		return err
	}
	if gone := o.Baseline.Gone(run); gone > 0 {
		run.Facts = append(run.Facts, scan.Fact{Name: "of the baseline no longer found", Value: fmt.Sprint(gone)})
	}
	if c.WriteBaseline != "" {
		return c.writeBaseline(s, run, "code")
	}
	if c.Fix || c.Diff {
		m := &mending{session: s, root: root, folder: folder, scan: again, newOnly: o.Baseline != nil && c.NewOnly}
		if c.Diff {
			return m.diff(run)
		}
		if run, err = m.fix(run); err != nil {
			return err
		}
	}
	source := func(name string) ([]byte, error) { return fs.ReadFile(folder, name) }
	if err := c.report(s, run, targets, report.Options{Source: source, NewOnly: c.NewOnly, Gate: gate, ByFile: c.ByFile, Why: c.Why}); err != nil {
		return err
	}
	return verdict(run, c.NewOnly, gate)
}

// verdict is the exit code of a run. Findings outrank gaps: both fail, and the former are what there is to do.
func verdict(run *scan.Run, newOnly bool, gate scan.Severity) error {
	switch open := run.Open(newOnly); {
	case gate != scan.None && scan.Worst(open) >= gate:
		return ended{ScanFound, nil}
	case len(run.Gaps) > 0:
		return ended{ScanPartly, nil}
	}
	return nil
}

// open opens what is to be scanned. A single file is scanned as the only one of its folder.
func open(path string) (root *os.Root, only string, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, "", misuse{fmt.Errorf("%s cannot be scanned: %w", path, cause(err))}
	}
	dir := path
	if !info.IsDir() {
		dir, only = filepath.Dir(path), filepath.Base(path)
	}
	root, err = os.OpenRoot(dir)
	if err != nil {
		return nil, "", misuse{fmt.Errorf("%s cannot be scanned: %w", path, cause(err))}
	}
	return root, only, nil
}

// cause takes the path out of an error that is told beside it.
func cause(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// settings reads .palisade.yaml and looks at .palisade-ignore.yaml, since what is wrong there is misuse.
func (c *scanCodeCmd) settings(folder fs.FS) (conf settings.Settings, err error) {
	if data, err := fs.ReadFile(folder, settings.Name); err == nil {
		if conf, err = settings.Read(data); err != nil {
			return conf, misuse{fmt.Errorf("%s: %w", settings.Name, err)}
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return conf, misuse{fmt.Errorf("%s: %w", settings.Name, cause(err))}
	}
	if data, err := fs.ReadFile(folder, suppress.FileName); err == nil {
		if _, err := suppress.Parse(data); err != nil {
			return conf, misuse{err}
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return conf, misuse{fmt.Errorf("%s: %w", suppress.FileName, cause(err))}
	}
	return conf, nil
}

// prepare joins the command line and the settings, the former first.
func (c *scanCodeCmd) prepare(o *code.Options, conf settings.Settings, folder fs.FS, only string) (gate scan.Severity, err error) {
	if gate, err = gateOf(conf.FailOn, c.FailOn); err != nil {
		return gate, err
	}
	for _, word := range []string{conf.MinConfidence, c.MinConfidence} {
		if word == "" {
			continue
		}
		if err := o.MinConfidence.UnmarshalText([]byte(word)); err != nil {
			return gate, misuse{fmt.Errorf("--min-confidence: %w", err)}
		}
	}
	if len(o.Checks) == 0 {
		o.Checks = conf.Checks
	}
	o.Skip = append(o.Skip, conf.Skip...)
	for _, pattern := range append(slices.Clone(o.Checks), o.Skip...) {
		if !slices.ContainsFunc(allChecks(), func(k scan.Check) bool { return suppress.Matches(pattern, k.ID) }) {
			return gate, misuse{fmt.Errorf("%q is no check; palisade scan checks lists them", pattern)}
		}
	}
	ignored, err := suppress.Glob(conf.Ignore)
	if err != nil {
		return gate, misuse{err}
	}
	o.Ignore = func(name string) bool {
		return only != "" && name != only || ignored(name)
	}
	c.NewOnly = c.NewOnly || conf.NewOnly
	if c.Baseline == "" && conf.Baseline != "" {
		data, err := fs.ReadFile(folder, conf.Baseline)
		if err != nil {
			return gate, misuse{fmt.Errorf("the baseline %s of %s: %w", conf.Baseline, settings.Name, cause(err))}
		}
		o.Baseline, err = baseline.Read(data)
		if err != nil {
			return gate, misuse{fmt.Errorf("%s: %w", conf.Baseline, err)}
		}
		return gate, nil
	}
	o.Baseline, err = c.known()
	return gate, err
}

func (c *scanCodeCmd) scanners(s *session, conf settings.Settings) ([]code.Scanner, error) {
	c.kept = &refresh.Kept{Dir: s.advisories()}
	d := deps.Settings{Licences: conf.Licences, Now: s.Now, Advisories: c.kept.Get}
	if info, err := os.Stat(c.Path); err == nil && info.IsDir() && !c.NoReach {
		d.Dir, d.Follow.Program = c.Path, s.again("scan", "follow")
	}
	if c.Advisories != "" {
		db, sources, err := osv.Folder(os.DirFS(c.Advisories), c.Advisories)
		if err != nil {
			return nil, misuse{fmt.Errorf("--advisories %s: %w", c.Advisories, err)}
		}
		d.Advisories = func(string) (*osv.Database, []osv.Source, error) { return db, sources, nil }
	}
	if c.Registry != "" {
		d.Retired = &registry.Folder{Root: os.DirFS(c.Registry)}
	}
	var secrets secret.Settings
	if c.GitHistory {
		secrets.History = &secret.History{Dir: c.Path}
	}
	return code.Scanners(code.Settings{Deps: d, Secrets: secrets}), nil
}

// allChecks are those of all scanners.
func allChecks() []scan.Check {
	var checks []scan.Check
	for _, s := range code.Scanners(code.Settings{}) {
		checks = append(checks, s.Checks()...)
	}
	checks = append(checks, suppress.Checks()...)
	for _, p := range probes.All() {
		checks = append(checks, p.Check)
	}
	for _, k := range exposed.All() {
		checks = append(checks, k.Check)
	}
	slices.SortFunc(checks, func(a, b scan.Check) int { return strings.Compare(a.ID, b.ID) })
	return checks
}

// target is a report to be written: to a file, or to stdout where there is none.
type target struct {
	write func(io.Writer, *scan.Run, report.Options) error
	file  string
}

// targets finds out what is to be written, before the scan, so that a slip is told at once.
func (f *reportFlags) targets(s *session) ([]target, error) {
	find := func(name string) (target, bool) {
		for _, k := range sinks {
			if k.name == name {
				return target{write: k.write}, true
			}
		}
		return target{}, false
	}
	var list []target
	if !f.Quiet {
		name := f.Format
		if name == "" {
			name = "terminal"
			if s.JSON {
				name = "json"
			}
		}
		t, ok := find(name)
		if !ok {
			return nil, misuse{fmt.Errorf("%q is no format: it is one of %s", name, formats())}
		}
		list = append(list, t)
	}
	for _, out := range f.Out {
		name, file, given := strings.Cut(out, "=")
		if !given {
			file, name = out, ""
			for _, k := range sinks {
				for _, end := range k.ends {
					if strings.HasSuffix(file, end) {
						name = k.name // a longer ending stands behind a shorter one
					}
				}
			}
		}
		t, ok := find(name)
		if !ok || file == "" {
			return nil, misuse{fmt.Errorf("--out %s: which format? Write FORMAT=FILE with one of %s", out, formats())}
		}
		t.file = file
		list = append(list, t)
	}
	return list, nil
}

func formats() string {
	names := make([]string, len(sinks))
	for i, k := range sinks {
		names[i] = k.name
	}
	return strings.Join(names, ", ")
}

func (f *reportFlags) report(s *session, run *scan.Run, targets []target, o report.Options) error {
	for _, t := range targets {
		if t.file == "" {
			o := o
			o.Color = s.Terminal
			if err := t.write(s.Out, run, o); err != nil {
				return fmt.Errorf("writing the report: %w", err)
			}
			continue
		}
		var b bytes.Buffer
		if err := t.write(&b, run, o); err != nil {
			return fmt.Errorf("writing %s: %w", t.file, err)
		}
		if err := replace(t.file, b.Bytes()); err != nil {
			return fmt.Errorf("writing %s: %w", t.file, err)
		}
	}
	return f.bring(s, run)
}

// replace writes a file whole or not at all.
func replace(name string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(name), ".palisade-*")
	if err != nil {
		return cause(err)
	}
	defer os.Remove(f.Name())
	_, err = f.Write(data)
	if err := errors.Join(err, f.Chmod(0o644), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}

// progress shows on a terminal what is being done, until still.
func (s *session) progress(quiet bool) func(string) {
	if !s.Terminal || quiet {
		return nil
	}
	begun := time.Now()
	return func(step string) {
		if time.Since(begun) > 300*time.Millisecond { // a quick scan needs no progress
			s.busy = true
			fmt.Fprintf(s.Err, "\r\x1b[K%s…", word(step))
		}
	}
}

// still takes away what progress shows, before something else is written.
func (s *session) still() {
	if s.busy {
		s.busy = false
		fmt.Fprint(s.Err, "\r\x1b[K")
	}
}

// checkDoc gives a check's page.
func checkDoc(id string) (string, bool) {
	for _, k := range allChecks() {
		if k.ID == id {
			return strings.TrimSpace(k.Doc), k.Doc != ""
		}
	}
	return "", false
}

type scanExplainCmd struct {
	Check string `arg:"" help:"The check, as deps/advisory."`
}

func (c *scanExplainCmd) Run(s *session) error {
	for _, k := range allChecks() {
		if k.ID != c.Check {
			continue
		}
		doc := strings.TrimSpace(k.Doc)
		if doc == "" {
			doc = "# " + k.Title
		}
		for _, line := range strings.Split(doc, "\n") {
			if head := strings.TrimLeft(line, "#"); head != line && s.Terminal {
				line = "\x1b[1m" + strings.TrimSpace(head) + "\x1b[0m"
			}
			fmt.Fprintln(s.Out, line)
		}
		fmt.Fprintf(s.Out, "\n%s · %s", k.ID, k.Severity)
		for _, n := range k.CWE {
			fmt.Fprintf(s.Out, " · CWE-%d", n)
		}
		for _, name := range k.Standards {
			fmt.Fprintf(s.Out, " · %s", name)
		}
		fmt.Fprintln(s.Out)
		return nil
	}
	return misuse{fmt.Errorf("%q is no check; palisade scan checks lists them", c.Check)}
}

type scanChecksCmd struct{}

func (c *scanChecksCmd) Run(s *session) error {
	checks := allChecks()
	return s.show(checks, func(w io.Writer) {
		var rows [][]string
		for _, k := range checks {
			rows = append(rows, []string{k.ID, k.Severity.String(), k.Title})
		}
		table(w, []string{"CHECK", "SEVERITY", "LOOKS FOR"}, rows)
	})
}
