package osv

import (
	"bufio"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The slow twin: it reads the data sets anew, as maps, with an order of versions of its own, and asks each range by
// itself. It shares nothing with the database but the files.

type slow struct{ by map[string][]slowRange }

type slowRange struct {
	pkg, id       string
	low, high     string // low "" is from the beginning, high "" without end
	closed, exact bool   // high itself is in; low is the only one
}

func (s *slow) add(r slowRange) { s.by[r.pkg] = append(s.by[r.pkg], r) }

func lines(t *testing.T, file string, f func(map[string]any)) {
	t.Helper()
	in, err := os.Open("snapshot/" + file)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	r := bufio.NewScanner(in)
	r.Buffer(nil, 8<<20)
	for r.Scan() {
		var m map[string]any
		if err := json.Unmarshal(r.Bytes(), &m); err != nil {
			t.Fatal(err)
		}
		f(m)
	}
}

func twin(t *testing.T) *slow {
	t.Helper()
	s := &slow{by: map[string][]slowRange{}}
	lines(t, "hex-eef-osv.jsonl", func(m map[string]any) {
		for _, a := range m["affected"].([]any) {
			a := a.(map[string]any)
			pkg, _ := a["package"].(map[string]any)
			if pkg == nil || pkg["ecosystem"] != "Hex" {
				continue
			}
			name := strings.ToLower(pkg["name"].(string))
			if list, ok := a["versions"].([]any); ok {
				for _, v := range list {
					s.add(slowRange{pkg: name, id: m["id"].(string), low: v.(string), exact: true})
				}
			}
			for _, r := range a["ranges"].([]any) {
				r := r.(map[string]any)
				if r["type"] == "GIT" {
					continue
				}
				// The records list events in order: each "introduced" goes with the "fixed" behind it.
				open := ""
				started := false
				for _, e := range r["events"].([]any) {
					for kind, v := range e.(map[string]any) {
						switch kind {
						case "introduced":
							open, started = v.(string), true
							if open == "0" {
								open = ""
							}
						case "fixed", "last_affected":
							if !started {
								t.Fatalf("%s: %s before introduced", m["id"], kind)
							}
							s.add(slowRange{pkg: name, id: m["id"].(string), low: open, high: v.(string), closed: kind == "last_affected"})
							started = false
						}
					}
				}
				if started {
					s.add(slowRange{pkg: name, id: m["id"].(string), low: open})
				}
			}
		}
	})
	lines(t, "hex-ghsa.jsonl", func(m map[string]any) {
		name := strings.ToLower(m["package"].(string))
		for _, text := range m["vulnerable_version_ranges"].([]any) {
			r := slowRange{pkg: name, id: m["id"].(string)}
			for _, bound := range strings.Split(text.(string), ", ") {
				sign, v, _ := strings.Cut(bound, " ")
				switch sign {
				case ">=":
					r.low = v
				case "<":
					r.high = v
				case "<=":
					r.high, r.closed = v, true
				case "=":
					r.low, r.exact = v, true
				}
			}
			s.add(r)
		}
	})
	return s
}

// before orders two versions the plain way.
func before(a, b string) bool {
	if a == b {
		return false
	}
	a, _, _ = strings.Cut(a, "+")
	b, _, _ = strings.Cut(b, "+")
	coreA, preA, _ := strings.Cut(a, "-")
	coreB, preB, _ := strings.Cut(b, "-")
	na, nb := strings.Split(coreA, "."), strings.Split(coreB, ".")
	for i := range 3 {
		x, _ := strconv.Atoi(na[i])
		y, _ := strconv.Atoi(nb[i])
		if x != y {
			return x < y
		}
	}
	switch {
	case preA == preB:
		return false
	case preA == "":
		return false
	case preB == "":
		return true
	}
	pa, pb := strings.Split(preA, "."), strings.Split(preB, ".")
	for i := range min(len(pa), len(pb)) {
		x, errX := strconv.Atoi(pa[i])
		y, errY := strconv.Atoi(pb[i])
		switch {
		case pa[i] == pb[i]:
			continue
		case errX == nil && errY == nil:
			return x < y
		case errX == nil:
			return true
		case errY == nil:
			return false
		}
		return pa[i] < pb[i]
	}
	return len(pa) < len(pb)
}

func (s *slow) match(pkg, v string) []string {
	var ids []string
	plain, _, _ := strings.Cut(v, "+")
	for _, r := range s.by[pkg] {
		if r.exact {
			if plain == r.low {
				ids = append(ids, r.id)
			}
			continue
		}
		in := (r.low == "" || !before(v, r.low)) && (r.high == "" || before(v, r.high) || r.closed && !before(r.high, v))
		if in {
			ids = append(ids, r.id)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// around gives versions at and beside a border: what comes right before and behind, with and without a pre-release.
func around(v string) []string {
	core, pre, _ := strings.Cut(v, "-")
	n := strings.Split(core, ".")
	if len(n) != 3 {
		return nil
	}
	patch, _ := strconv.Atoi(n[2])
	minor, _ := strconv.Atoi(n[1])
	list := []string{v, core, core + "-rc.0", core + "-0", fmt.Sprintf("%s.%s.%d", n[0], n[1], patch+1), fmt.Sprintf("%s.%d.0", n[0], minor+1), v + "+build.1"}
	if patch > 0 {
		list = append(list, fmt.Sprintf("%s.%s.%d", n[0], n[1], patch-1), fmt.Sprintf("%s.%s.%d-dev", n[0], n[1], patch-1))
	}
	if pre != "" {
		list = append(list, v+".1", core+"-zzz")
	}
	return list
}

// TestPairsAreTheUnion holds the database to the twin: on versions at and around every border of every range of both
// data sets, and on as many that chance chose, the pairs of package and advisory are the same.
func TestPairsAreTheUnion(t *testing.T) {
	db, _, err := Bundled("Hex")
	if err != nil {
		t.Fatal(err)
	}
	s := twin(t)
	chance := rand.New(rand.NewPCG(7, 9))
	asked, pairs := 0, 0
	ids := map[string]bool{}
	ask := func(pkg, v string) {
		asked++
		want := s.match(pkg, v)
		found, err := db.Match("Hex", pkg, v)
		if err != nil {
			t.Fatalf("%s %s: %v", pkg, v, err)
		}
		var got []string
		for _, m := range found {
			got = append(got, m.ID)
			ids[m.ID] = true
		}
		pairs += len(got)
		if !slices.Equal(got, want) {
			t.Fatalf("%s %s falls under %v, and the twin says %v", pkg, v, got, want)
		}
	}
	done := map[string]bool{}
	packages := slices.Sorted(maps.Keys(s.by))
	for _, pkg := range packages {
		for _, r := range s.by[pkg] {
			for _, v := range slices.Concat(around(r.low), around(r.high)) {
				if !done[pkg+v] {
					done[pkg+v] = true
					ask(pkg, v)
				}
			}
		}
	}
	for range 3_000 {
		v := fmt.Sprintf("%d.%d.%d", chance.IntN(6), chance.IntN(30), chance.IntN(30))
		if chance.IntN(4) == 0 {
			v += []string{"-rc.0", "-beta.2", "-dev", "-pre.1"}[chance.IntN(4)]
		}
		ask(packages[chance.IntN(len(packages))], v)
	}
	if len(packages) < 60 || asked < 15_000 || pairs < 20_000 || len(ids) < 200 {
		t.Errorf("only %d packages, %d questions, %d pairs and %d advisories were looked at", len(packages), asked, pairs, len(ids))
	}
	t.Logf("%d packages, %d questions, %d pairs, %d advisories", len(packages), asked, pairs, len(ids))
}
