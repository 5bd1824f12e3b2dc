// Command compare-sobelow holds our scan of Elixir against Sobelow's: each finding of Sobelow's is matched by kind and line, or
// by a fact that our scan gives for that line (constant, sanitised, nothing calls it), or is told as unmatched. It is run by
// `make compare-sobelow` and needs a Sobelow that runs: SOBELOW is the command, which is run in the folder of each application.
// A last line tells how many of the findings that authors skipped by a comment we report at medium or above.
//
//	go run ./scripts/compare-sobelow -palisade ./palisade DIR...
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"palisade.dev/scan"
	"palisade.dev/scan/suppress/sobelow"
)

type theirs struct {
	Type string `json:"type"`
	File string `json:"file"`
	Line int    `json:"line"`
}

func main() {
	log.SetFlags(0)
	binary := flag.String("palisade", "palisade", "the program to compare")
	verbose := flag.Bool("v", false, "tell every finding that is matched by a note or a fact, too")
	flag.Parse()
	command := strings.Fields(os.Getenv("SOBELOW"))
	if len(command) == 0 || flag.NArg() == 0 {
		log.Fatal("SOBELOW has to be the command that runs Sobelow, and folders have to be named: SOBELOW='mix sobelow' go run ./scripts/compare-sobelow DIR...")
	}
	fmt.Printf("%-34s %6s %6s %6s %6s %6s | %6s %6s %6s | %8s %8s\n", "application", "theirs", "found", "note", "fact", "missed", "high+", "medium", "lower", "cpu", "theirs")
	missed, skips, kept := 0, 0, 0
	for _, dir := range flag.Args() {
		run, cpu, err := ours(*binary, dir)
		if err != nil {
			log.Printf("%s: %v", dir, err)
			continue
		}
		var all []theirs
		var used time.Duration
		for _, app := range apps(dir) {
			found, took, err := sobelowOf(command, dir, app)
			if err != nil {
				log.Printf("%s: Sobelow: %v", app, err)
			}
			all, used = append(all, found...), used+took
		}
		found, note, fact, lost := 0, 0, 0, []string(nil)
		for _, t := range all {
			if skipped(dir, t) {
				skips++
				if severe(run, t) {
					kept++
					fmt.Printf("    medium or above, though skipped by a comment: %s %s:%d\n", t.Type, t.File, t.Line)
				}
			}
			switch how, why := match(run, t); how {
			case "found":
				found++
			case "note", "fact":
				if how == "note" {
					note++
				} else {
					fact++
				}
				if *verbose {
					fmt.Printf("    %s: %s %s:%d: %s\n", how, t.Type, t.File, t.Line, why)
				}
			default:
				lost = append(lost, fmt.Sprintf("    missed: %s %s:%d", t.Type, t.File, t.Line))
			}
		}
		missed += len(lost)
		high, medium, lower := 0, 0, 0
		for _, f := range run.Findings {
			switch {
			case f.Severity >= scan.High:
				high++
			case f.Severity == scan.Medium:
				medium++
			default:
				lower++
			}
		}
		fmt.Printf("%-34s %6d %6d %6d %6d %6d | %6d %6d %6d | %8s %8s\n", filepath.Base(dir), len(all), found, note, fact, len(lost), high, medium, lower, short(cpu), short(used))
		for _, l := range lost {
			fmt.Println(l)
		}
	}
	fmt.Printf("%d of the %d findings that their authors skipped by a comment are medium or above here\n", kept, skips)
	if missed > 0 {
		os.Exit(1)
	}
}

func short(d time.Duration) string { return d.Round(10 * time.Millisecond).String() }

// apps are the folders that Sobelow can scan: it takes one application at a time.
func apps(dir string) []string {
	inner, _ := filepath.Glob(filepath.Join(dir, "apps", "*", "mix.exs"))
	var out []string
	for _, m := range inner {
		out = append(out, filepath.Dir(m))
	}
	if len(out) > 0 {
		return out
	}
	deeper, _ := filepath.Glob(filepath.Join(dir, "*", "mix.exs"))
	if _, err := os.Stat(filepath.Join(dir, "mix.exs")); err == nil || len(deeper) == 0 {
		return []string{dir}
	}
	for _, m := range deeper {
		out = append(out, filepath.Dir(m))
	}
	return out
}

func ours(binary, dir string) (*scan.Run, time.Duration, error) {
	cmd := exec.Command(binary, "scan", "code", "--checks", "elixir/*", "--format", "json", dir)
	out, err := cmd.Output()
	if len(out) == 0 {
		return nil, 0, fmt.Errorf("palisade: %w", err)
	}
	run := &scan.Run{}
	if err := json.Unmarshal(out, run); err != nil {
		return nil, 0, fmt.Errorf("reading our report: %w", err)
	}
	return run, cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), nil
}

// sobelowOf runs Sobelow over one application. Its paths are made those of the whole tree.
func sobelowOf(command []string, root, app string) ([]theirs, time.Duration, error) {
	cmd := exec.Command(command[0], append(command[1:len(command):len(command)], "--root", ".", "--private", "--no-config", "--format", "json")...)
	cmd.Dir = app
	out, _ := cmd.Output() // its exit code says what was found, not whether it ran
	took := time.Duration(0)
	if cmd.ProcessState != nil {
		took = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	}
	at := bytes.IndexByte(out, '{')
	if at < 0 {
		return nil, took, fmt.Errorf("no report; run the command of SOBELOW there by hand (%s)", cmd)
	}
	var report struct {
		Findings map[string][]theirs `json:"findings"`
	}
	if err := json.NewDecoder(bytes.NewReader(out[at:])).Decode(&report); err != nil {
		return nil, took, err
	}
	var all []theirs
	for _, list := range report.Findings {
		for _, t := range list {
			if !filepath.IsAbs(t.File) {
				t.File = filepath.Join(app, t.File)
			}
			if rel, err := filepath.Rel(root, t.File); err == nil {
				t.File = filepath.ToSlash(rel)
			}
			all = append(all, t)
		}
	}
	return all, took, nil
}

// comment is what stands above a function whose findings its author has looked at, with their types in brackets.
var comment = regexp.MustCompile(`^\s*#\s*sobelow_skip\s*\[(.*)\]`)

// skipped says whether a comment above the function of a finding takes it out.
func skipped(dir string, t theirs) bool {
	src, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(t.File)))
	if err != nil || t.Line == 0 {
		return false
	}
	lines := strings.Split(string(src), "\n")
	at := min(t.Line, len(lines)) - 1
	for at >= 0 && !strings.HasPrefix(strings.TrimSpace(lines[at]), "def") {
		at--
	}
	for at--; at >= 0; at-- {
		if m := comment.FindStringSubmatch(lines[at]); m != nil {
			for _, name := range strings.Split(m[1], ",") {
				if strings.HasPrefix(t.Type, strings.Trim(name, ` "`)) {
					return true
				}
			}
			return false
		}
		if line := strings.TrimSpace(lines[at]); !strings.HasPrefix(line, "#") && !strings.HasPrefix(line, "@") {
			return false
		}
	}
	return false
}

// severe says whether we have a finding at medium or above for one of theirs.
func severe(run *scan.Run, t theirs) bool {
	kind, _, _ := strings.Cut(t.Type, ":")
	checks := sobelow.Checks(kind)
	return slices.ContainsFunc(run.Findings, func(f scan.Finding) bool {
		return f.Severity >= scan.Medium && slices.Contains(checks, f.Check) && f.Place.File == t.File &&
			f.Place.Start.Line <= t.Line && t.Line <= max(f.Place.End.Line, f.Place.Start.Line)
	})
}

// match looks for our answer to one of their findings: a finding, a note (severity info: a value that was not followed to its
// origin, which proves nothing either way), a fact, or none. They tell the line of the call, or for what is about a whole file 0.
func match(run *scan.Run, t theirs) (how, why string) {
	kind, _, _ := strings.Cut(t.Type, ":")
	checks := sobelow.Checks(kind)
	// The severe ones first: a line may have both.
	list := slices.Clone(run.Findings)
	slices.SortStableFunc(list, func(a, b scan.Finding) int { return int(b.Severity) - int(a.Severity) })
	word := func(f scan.Finding) string {
		if f.Severity == scan.Info {
			return "note"
		}
		return "found"
	}
	off := 0
	if kind == "Config.Secrets" {
		off = 3 // they tell the line of the list that a secret is in, we its own
	}
	for _, f := range list {
		if slices.Contains(checks, f.Check) && f.Place.File == t.File && t.Line < f.Place.Start.Line && f.Place.Start.Line <= t.Line+off {
			return word(f), f.Message
		}
		if slices.Contains(checks, f.Check) && (t.Line == 0 || f.Place.File == t.File && f.Place.Start.Line <= t.Line && t.Line <= max(f.Place.End.Line, f.Place.Start.Line)) {
			return word(f), f.Message
		}
		// What reaches a template they tell at the render, we at the hole.
		for _, s := range f.Flow {
			if slices.Contains(checks, f.Check) && s.Place.File == t.File && s.Place.Start.Line <= t.Line && t.Line <= s.Place.End.Line {
				return word(f), f.Message
			}
		}
	}
	for _, o := range run.Outcomes {
		if slices.Contains(checks, o.Check) && (strings.HasPrefix(o.Where, fmt.Sprintf("%s:%d:", t.File, t.Line)) || t.Line == 0) {
			return "fact", o.Why
		}
	}
	return "missed", ""
}
