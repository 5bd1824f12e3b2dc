// Package code scans a source tree: every scanner that reads files is in its list, and what they find goes through the
// same steps in the same order: stamped, shown with its source, suppressed, compared with the baseline, filtered.
package code

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"palisade.dev/scan"
	"palisade.dev/scan/baseline"
	"palisade.dev/scan/deps"
	"palisade.dev/scan/elixir"
	"palisade.dev/scan/elixir/checks"
	"palisade.dev/scan/golang"
	gochecks "palisade.dev/scan/golang/checks"
	"palisade.dev/scan/secret"
	"palisade.dev/scan/suppress"
	"palisade.dev/scan/tree"
)

// Scanner reads a tree. It is told which of its checks are wanted and leaves the rest alone; an error is for what makes
// its whole result worthless, everything less is a gap.
type Scanner interface {
	Name() string
	Checks() []scan.Check
	Scan(ctx context.Context, t *tree.Tree, wanted func(check string) bool) (scan.Part, error)
}

// Scanners is the list: one line joins another.
func Scanners(s Settings) []Scanner {
	return []Scanner{
		deps.New(s.Deps),
		golang.New(gochecks.All()),
		elixir.New(checks.All()),
		secret.New(s.Secrets),
	}
}

// Settings are what scanners take from outside.
type Settings struct {
	Deps    deps.Settings
	Secrets secret.Settings
}

// Options say what is wanted of a scan.
type Options struct {
	Target        string // as the person wrote it
	Tool          string
	Checks        []string // identifiers or patterns such as elixir/*; empty is all
	Skip          []string
	MinConfidence scan.Confidence
	Baseline      *baseline.File
	Limits        tree.Limits
	Ignore        func(path string) bool
	Now           func() time.Time
	Progress      func(step string) // may be nil
}

// Scan runs scanners over a folder.
func Scan(ctx context.Context, root fs.FS, scanners []Scanner, o Options) (*scan.Run, error) {
	run := &scan.Run{Kind: "code", Target: o.Target, Tool: o.Tool, Started: o.Now().UTC(), Findings: []scan.Finding{}, Gaps: []scan.Gap{}, Checks: []scan.Check{}}
	say := o.Progress
	if say == nil {
		say = func(string) {}
	}
	say("walking the folder")
	t, err := tree.Read(ctx, root, o.Limits, o.Ignore)
	if err != nil {
		return nil, err
	}
	all := scan.Part{Gaps: t.Gaps, Facts: append([]scan.Fact{{Name: "files", Value: fmt.Sprint(len(t.Files))}}, t.Facts...)}
	wanted := Wanted(o.Checks, o.Skip)
	for _, s := range scanners {
		checks := slices.DeleteFunc(s.Checks(), func(c scan.Check) bool { return !wanted(c.ID) })
		if len(checks) == 0 {
			continue
		}
		say("looking at " + s.Name())
		part, err := s.Scan(ctx, t, wanted)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			part.Gaps = append(part.Gaps, scan.Gap{Where: s.Name(), Why: "the scanner did not finish: " + err.Error()})
		}
		part.Findings = slices.DeleteFunc(part.Findings, func(f scan.Finding) bool { return !wanted(f.Check) })
		all.Add(part)
		run.Checks = append(run.Checks, checks...)
	}
	if all.Read == 0 {
		all.Gaps = append(all.Gaps, scan.Gap{Where: ".", Why: "nothing here could be scanned: " + nothing(t)})
	}
	findings := scan.Stamp(all.Findings)
	excerpts(t, findings)

	say("reading what was accepted")
	set, gaps := suppress.Read(ctx, t)
	all.Gaps = append(all.Gaps, gaps...)
	ran := func(check string) bool {
		return slices.ContainsFunc(run.Checks, func(c scan.Check) bool { return c.ID == check })
	}
	notes := set.Apply(findings, o.Now(), ran)
	for _, c := range suppress.Checks() {
		if wanted(c.ID) {
			run.Checks = append(run.Checks, c)
		}
	}
	notes = slices.DeleteFunc(notes, func(f scan.Finding) bool { return !wanted(f.Check) })
	excerpts(t, notes)
	findings = scan.Sorted(append(findings, scan.Stamp(notes)...))
	o.Baseline.Mark(findings)
	run.Findings = append(run.Findings, slices.DeleteFunc(findings, func(f scan.Finding) bool { return f.Confidence < o.MinConfidence })...)
	slices.SortFunc(run.Checks, func(a, b scan.Check) int { return strings.Compare(a.ID, b.ID) })
	all.Sort()
	run.Outcomes, run.Gaps, run.Facts = all.Outcomes, append(run.Gaps, all.Gaps...), all.Facts
	run.Read = all.Read
	run.Ended = o.Now().UTC()
	return run, nil
}

// nothing says why there was nothing to scan, as far as the tree tells.
func nothing(t *tree.Tree) string {
	if len(t.Files) == 0 {
		return "the folder holds no files"
	}
	return fmt.Sprintf("none of its %d files is of a kind that is read (lock files, go.mod, Elixir and Go source); is this the root of the project?", len(t.Files))
}

// Wanted tells which checks a choice names. A pattern ends in an asterisk.
func Wanted(checks, skip []string) func(string) bool {
	among := func(list []string, id string) bool {
		return slices.ContainsFunc(list, func(pattern string) bool { return suppress.Matches(pattern, id) })
	}
	return func(id string) bool { return (len(checks) == 0 || among(checks, id)) && !among(skip, id) }
}
