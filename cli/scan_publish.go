package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"palisade.dev/scan"
	"palisade.dev/scan/api/spec"
	"palisade.dev/scan/forge"
	"palisade.dev/scan/report"
)

type scanPublishCmd struct {
	File    string `arg:"" name:"run" help:"The run, as --out run.json wrote it."`
	Root    string `help:"The scanned folder, for suggestions." default:"." placeholder:"DIR"`
	Spec    string `help:"The API's specification in the repository; findings of an API are shown on its lines." placeholder:"FILE"`
	NewOnly bool   `help:"Only what is not in the baseline."`
	Comment bool   `help:"Write or update the one comment of the pull request." negatable:"" default:"true"`
	Suggest bool   `help:"Post fixes as suggestions." negatable:"" default:"true"`
	SARIF   bool   `name:"sarif" help:"Hand the findings to GitHub's security page." negatable:"" default:"true"`
}

// mostRun is how much of a run is read: what 25,000 findings take, twice.
const mostRun = 256 << 20

// Run tells a pull request what a run found. Whether the pipeline fails is the scan's exit code and not this one's.
func (c *scanPublishCmd) Run(s *session) error {
	place, err := forge.FromEnvironment(s.Env, os.ReadFile)
	if err != nil {
		return misuse{err}
	}
	file, err := os.Open(c.File)
	if err != nil {
		return misuse{fmt.Errorf("the run %s: %w", c.File, cause(err))}
	}
	defer file.Close()
	var run scan.Run
	if err := json.NewDecoder(io.LimitReader(file, mostRun)).Decode(&run); err != nil {
		return misuse{fmt.Errorf("%s is no run that --out run.json wrote: %w", c.File, err)}
	}
	root, _, err := open(c.Root)
	if err != nil {
		return err
	}
	defer root.Close()
	placed := run // the comment speaks of addresses, annotations and the security page of lines
	if c.Spec != "" {
		text, err := readBounded(c.Spec, spec.MaxBytes)
		if err != nil {
			return misuse{fmt.Errorf("--spec: %w", err)}
		}
		placed.Findings = slices.Clone(run.Findings)
		forge.InSpecification(&placed, filepath.ToSlash(filepath.Clean(c.Spec)), text)
	}
	o := report.Options{NewOnly: c.NewOnly, Source: root.ReadFile}
	if !place.GitLab {
		forge.Annotate(s.Out, &placed, c.NewOnly)
	}
	p := &forge.Publisher{Place: place}
	var faults []error
	if c.Comment {
		faults = append(faults, p.Comment(s.ctx, &run, o))
	}
	if c.Suggest {
		n, err := p.Suggest(s.ctx, &run, o)
		if n > 0 {
			fmt.Fprintf(s.Err, "%d suggestions posted.\n", n)
		}
		faults = append(faults, err)
	}
	if c.SARIF {
		faults = append(faults, p.SARIF(s.ctx, &placed, o))
	}
	return errors.Join(faults...)
}
