package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"palisade.dev/scan/api/probes"
)

// TestTables holds the tables to checks that exist: a renamed check would otherwise be missed for ever.
func TestTables(t *testing.T) {
	checks := map[string]bool{}
	for _, e := range probes.Entries {
		checks[e.ID] = true
	}
	tables, err := filepath.Glob("../../scan/api/testdata/field/*.txt")
	if err != nil || len(tables) < 3 {
		t.Fatalf("%d tables: %v", len(tables), err)
	}
	for _, file := range tables {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		stages, err := read(data)
		if err != nil {
			t.Errorf("%s: %v", file, err)
		}
		for _, s := range stages {
			for _, r := range append(s.found, s.allowed...) {
				if !checks[r.check] {
					t.Errorf("%s: %s: there is no check %s", file, s.name, r.check)
				}
			}
			for _, i := range s.identities {
				at := strings.TrimPrefix(beside("|", i)[strings.Index(beside("|", i), "|"):], "|")
				if _, err := os.Stat(filepath.Join(filepath.Dir(file), at)); err != nil {
					t.Errorf("%s: %v", file, err)
				}
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(file), s.spec)); err != nil {
				t.Errorf("%s: %v", file, err)
			}
		}
	}
}

func TestReadSaysWhatIsWrong(t *testing.T) {
	for text, want := range map[string]string{
		"found a | b | c":       `line 1: "found" stands before the first run`,
		"run x active\nfind y":  `line 2: "find" is none of run, spec, checks, parallel, identity, found, allowed, left, quiet`,
		"run x active\nfound y": "line 2: it needs CHECK | WHERE | why",
		"run x lively":          `line 1: "lively" is no mode: it is one of passive, active, intrusive`,
	} {
		if _, err := read([]byte(text)); err == nil || err.Error() != want {
			t.Errorf("%q: %v", text, err)
		}
	}
}
