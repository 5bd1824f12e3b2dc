// Command field-trial scans an intentionally vulnerable API that somebody has started on this machine, and compares what is
// found with a table of what is known to be wrong with it. It starts and fetches nothing itself.
//
//	go run ./scripts/field-trial scan/api/testdata/field/vampi.txt http://127.0.0.1:5000
package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"palisade.dev/scan"
	"palisade.dev/scan/api"
	"palisade.dev/scan/api/identity"
	"palisade.dev/scan/api/listener"
	"palisade.dev/scan/api/probes"
	"palisade.dev/scan/api/spec"
	"palisade.dev/scan/suppress"
)

// row is something the table says of a run.
type row struct{ check, where, why string }

// stage is one scan and what is known of its result.
type stage struct {
	name           string
	mode           api.Mode
	identities     []string
	spec           string // a document beside the table; "": the target's own
	found, allowed []row
	left           []string
	checks         []string // patterns; none: all
	parallel       int      // requests at once; 0: as many as the mode has
	quiet          bool     // nothing of medium or more but what is found or allowed
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: field-trial TABLE URL, as scan/api/testdata/field/vampi.txt http://127.0.0.1:5000")
		os.Exit(2)
	}
	missed, err := trial(os.Args[1], os.Args[2])
	if err != nil {
		fmt.Fprintln(os.Stderr, "field-trial:", err)
		os.Exit(2)
	}
	if missed > 0 {
		fmt.Printf("%d rows do not hold\n", missed)
		os.Exit(1)
	}
}

func trial(table, target string) (missed int, err error) {
	u, err := url.Parse(target)
	if err != nil {
		return 0, fmt.Errorf("the target %q cannot be read: %w", target, err)
	}
	if a, err := netip.ParseAddr(u.Hostname()); err != nil || !a.IsLoopback() {
		return 0, fmt.Errorf("%s is no loopback address; such APIs belong on no other", u.Hostname())
	}
	data, err := os.ReadFile(table)
	if err != nil {
		return 0, fmt.Errorf("the table: %w", err)
	}
	stages, err := read(data)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", table, err)
	}
	for _, s := range stages {
		began := time.Now()
		run, err := s.scan(target, filepath.Dir(table))
		if err != nil {
			return missed, fmt.Errorf("%s: %w", s.name, err)
		}
		fmt.Printf("%s: %d findings in %v\n", s.name, len(run.Findings), time.Since(began).Round(time.Millisecond))
		missed += s.judge(run)
	}
	return missed, nil
}

func (s *stage) scan(target, folder string) (*scan.Run, error) {
	o := api.Options{URL: target, Probes: probes.All(), Mode: s.mode, Seed: 1, Tool: "palisade field-trial"}
	o.Budget.Parallel = s.parallel
	if len(s.checks) > 0 {
		o.Probes = slices.DeleteFunc(o.Probes, func(p api.Probe) bool {
			return !slices.ContainsFunc(s.checks, func(c string) bool { return suppress.Matches(c, p.ID) })
		})
	}
	if s.spec != "" {
		data, err := os.ReadFile(filepath.Join(folder, s.spec))
		if err != nil {
			return nil, fmt.Errorf("the specification: %w", err)
		}
		if o.Document, err = spec.Read(context.Background(), data, s.spec, nil); err != nil {
			return nil, err
		}
	}
	for _, text := range s.identities {
		i, err := identity.Parse(beside(folder, text), identity.Sources{Env: os.LookupEnv})
		if err != nil {
			return nil, err
		}
		o.Identities = append(o.Identities, i)
	}
	l, err := listener.Start("127.0.0.1:0", 2*time.Second)
	if err != nil {
		return nil, err
	}
	defer l.Close()
	o.Listener = l
	return api.Scan(context.Background(), o)
}

// beside makes the file that an identity names one beside the table.
func beside(folder, text string) string {
	for _, before := range []string{"=login:", ":file:"} {
		if who, how, ok := strings.Cut(text, before); ok {
			return who + before + filepath.Join(folder, how)
		}
	}
	return text
}

func (s *stage) judge(run *scan.Run) int {
	missed := 0
	is := func(r row, f scan.Finding) bool {
		return r.check == f.Check && (r.where == "*" || r.where == strings.TrimSpace(f.Place.Method+" "+f.Place.URL))
	}
	any := func(rows []row, f scan.Finding) bool {
		for _, r := range rows {
			if is(r, f) {
				return true
			}
		}
		return false
	}
	for _, r := range s.found {
		there := false
		for _, f := range run.Findings {
			there = there || is(r, f)
		}
		if !there {
			missed++
			fmt.Printf("  MISSED  %s at %s: %s\n", r.check, r.where, r.why)
			continue
		}
		fmt.Printf("  found   %s at %s: %s\n", r.check, r.where, r.why)
	}
	for _, f := range run.Findings {
		if f.Severity < scan.Medium || any(s.found, f) || any(s.allowed, f) {
			continue
		}
		word := "more   "
		if s.quiet {
			word, missed = "ALARM  ", missed+1
		}
		fmt.Printf("  %s %s (%s) at %s: %s\n", word, f.Check, f.Severity, f.Place.Where(), f.Message)
	}
	for _, why := range s.left {
		fmt.Printf("  left    %s\n", why)
	}
	return missed
}

// read reads a table. Its lines: run NAME MODE; spec FILE; checks PATTERN…; parallel N; identity NAME[:ROLE]=login:FILE or …:file:FILE; found or allowed
// CHECK | WHERE | why; left why; quiet.
func read(data []byte) ([]*stage, error) {
	var stages []*stage
	lines := bufio.NewScanner(bytes.NewReader(data))
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		word, rest, _ := strings.Cut(line, " ")
		rest = strings.TrimSpace(rest)
		if word == "run" {
			name, mode, _ := strings.Cut(rest, " ")
			m, err := api.ParseMode(mode)
			if err != nil {
				return nil, fmt.Errorf("line %d: %w", n, err)
			}
			stages = append(stages, &stage{name: name, mode: m})
			continue
		}
		if len(stages) == 0 {
			return nil, fmt.Errorf("line %d: %q stands before the first run", n, word)
		}
		s := stages[len(stages)-1]
		switch word {
		case "identity":
			s.identities = append(s.identities, rest)
		case "found", "allowed":
			f := strings.SplitN(rest, "|", 3)
			if len(f) != 3 {
				return nil, fmt.Errorf("line %d: it needs CHECK | WHERE | why", n)
			}
			r := row{strings.TrimSpace(f[0]), strings.TrimSpace(f[1]), strings.TrimSpace(f[2])}
			if word == "found" {
				s.found = append(s.found, r)
			} else {
				s.allowed = append(s.allowed, r)
			}
		case "checks":
			s.checks = append(s.checks, strings.Fields(rest)...)
		case "parallel":
			many, err := strconv.Atoi(rest)
			if err != nil || many < 1 {
				return nil, fmt.Errorf("line %d: %q is no number of requests at once", n, rest)
			}
			s.parallel = many
		case "spec":
			s.spec = rest
		case "left":
			s.left = append(s.left, rest)
		case "quiet":
			s.quiet = true
		default:
			return nil, fmt.Errorf("line %d: %q is none of run, spec, checks, parallel, identity, found, allowed, left, quiet", n, word)
		}
	}
	return stages, lines.Err()
}
