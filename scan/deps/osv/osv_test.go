package osv

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"palisade.dev/scan"
)

func TestRanges(t *testing.T) {
	d := New()
	for _, line := range []string{
		`{"id":"A","affected":[{"package":{"ecosystem":"Hex","name":"one"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"1.2.0"},{"introduced":"2.0.0"},{"last_affected":"2.1.0"}]}]}]}`,
		`{"id":"B","affected":[{"package":{"ecosystem":"Hex","name":"one"},"versions":["1.5.0"]}]}`,
		`{"id":"C","withdrawn":"2026-01-01T00:00:00Z","affected":[{"package":{"ecosystem":"Hex","name":"one"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"}]}]}]}`,
		`{"id":"D","affected":[{"package":{"ecosystem":"Hex","name":"One"},"ranges":[{"type":"GIT","repo":"x","events":[{"introduced":"0"}]}]}]}`,
		`{"id":"E","package":"one","severity":"high","title":"t","vulnerable_version_ranges":[">= 3.0.0, < 3.1.0","= 4.0.0","<= 0.1.0"],"first_patched_versions":["3.1.0","0.2.0"]}`,
	} {
		if err := d.Read([]byte(line)); err != nil {
			t.Fatal(err)
		}
	}
	for v, want := range map[string]string{
		"0.1.0": "A[1.2.0] E[0.2.0 3.1.0]", "0.1.1": "A[1.2.0]", "1.2.0": "", "1.2.0-rc.1": "A[1.2.0]", "1.5.0": "B[]", "2.0.0": "A[]", "2.1.0": "A[]", "2.1.1": "",
		"3.0.5": "E[3.1.0]", "3.1.0": "", "4.0.0": "E[]",
	} {
		found, err := d.Match("Hex", "one", v)
		var got []string
		for _, m := range found {
			got = append(got, m.ID+fmt.Sprint(m.Fixed))
		}
		if err != nil || strings.Join(got, " ") != want {
			t.Errorf("%s falls under %v, %v, want %s", v, got, err, want)
		}
	}
	if _, err := d.Match("Hex", "one", "main"); fmt.Sprint(err) != `"main" is no version` {
		t.Error(err)
	}
	if found, err := d.Match("npm", "one", "1.0.0"); found != nil || err != nil {
		t.Errorf("another ecosystem's package of that name falls under %v, %v", found, err)
	}
}

func TestLevels(t *testing.T) {
	for score, want := range map[string]scan.Severity{
		"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H":                        scan.Critical, // 9.8
		"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H":                        scan.High,     // 7.5
		"CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N":                        scan.Medium,   // 6.1
		"CVSS:3.0/AV:L/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N":                        scan.Low,      // 1.8
		"CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N":     scan.Critical, // 9.3
		"CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:H/SC:N/SI:N/SA:N":     scan.High,     // 8.7
		"CVSS:4.0/AV:N/AC:L/AT:P/PR:N/UI:N/VC:L/VI:L/VA:N/SC:N/SI:N/SA:N":     scan.Medium,   // 6.3
		"CVSS:4.0/AV:L/AC:L/AT:N/PR:N/UI:P/VC:N/VI:L/VA:L/SC:L/SI:N/SA:L/E:U": scan.Medium,
	} {
		r := &Record{Severity: []Score{{Score: score}}}
		if got, ok := r.Level(nil); !ok || got != want {
			t.Errorf("%s is %s, want %s", score, got, want)
		}
	}
	for _, score := range []string{"", "CVSS:3.1/AV:N", "CVSS:4.0/AV:N/AC:L", "AV:N/AC:L/Au:N/C:N/I:N/A:C"} {
		r := &Record{Severity: []Score{{Score: score}}}
		if got, ok := r.Level(nil); ok {
			t.Errorf("%q is %s, and says nothing", score, got)
		}
	}
}

// TestLevelsAgree compares what we make of vectors with the words that GitHub gave the same faults.
func TestLevelsAgree(t *testing.T) {
	d, _, err := Bundled("Hex")
	if err != nil {
		t.Fatal(err)
	}
	words := map[string]*Record{}
	for _, r := range d.Records() {
		if r.DatabaseSpecific.Severity != "" {
			words[r.ID] = r
		}
	}
	agree, both := 0, 0
	for _, r := range d.Records() {
		for _, a := range r.Aliases {
			if w := words[a]; w != nil && r.DatabaseSpecific.Severity == "" {
				both++
				x, _ := r.Level(nil)
				if y, _ := w.Level(nil); x == y {
					agree++
				}
			}
		}
	}
	if both < 40 || agree*20 < both*19 {
		t.Errorf("%d of %d agree", agree, both)
	}
}

func TestFolder(t *testing.T) {
	one := `{"id":"A","modified":"2026-03-04T00:00:00Z","affected":[{"package":{"ecosystem":"npm","name":"x"},"versions":["1.0.0"]}]}`
	d, sources, err := Folder(fstest.MapFS{"a/A.json": {Data: []byte(one)}, "list.jsonl": {Data: []byte(one + "\n\n" + strings.Replace(one, `"A"`, `"B"`, 1))}, "README.md": {Data: []byte("x")}}, "dir")
	if err != nil || d.Len() != 3 || sources[0].String() != "3 of dir, newest of 2026-03-04" || !d.Has("npm") || d.Has("Hex") {
		t.Errorf("%v %v %v", d, sources, err)
	}
	for file, c := range map[string][2]string{
		"A.json":     {"<html>", "A.json: this is no advisory: invalid character '<' looking for beginning of value"},
		"B.json":     {"{}", "B.json: this is no advisory: it has no id"},
		"C.jsonl":    {one + "\n{}", "C.jsonl: line 2: this is no advisory: it has no id"},
		"D.json":     {`{"id":"G","vulnerable_version_ranges":["~> 1.0"]}`, `D.json: advisory G: "~> 1.0" is no range of versions`},
		"E.jsonl.gz": {"x", "E.jsonl.gz: unexpected EOF"},
		"none.txt":   {"x", "it holds no advisories: files of OSV end in .json, lists of them in .jsonl"},
	} {
		if _, _, err := Folder(fstest.MapFS{file: {Data: []byte(c[0])}}, "dir"); fmt.Sprint(err) != c[1] {
			t.Errorf("%s gives %v, want %s", file, err, c[1])
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, s := range []string{
		`{"id":"A","affected":[{"package":{"ecosystem":"Hex","name":"one"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"1.2.0"}]}]}]}`,
		`{"id":"E","package":"one","vulnerable_version_ranges":["<= 1.0.0"],"first_patched_versions":["1.0.1"]}`,
		`[{"id":"A"}]`, `{"id":"A","severity":[{"score":"CVSS:4.0/AV:N"}]}`, `null`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(_ *testing.T, data []byte) {
		d := New()
		if d.Read(data) == nil {
			_, _ = d.Match("Hex", "one", "1.0.0")
			for _, r := range d.Records() {
				r.Level(nil)
			}
		}
	})
}

func TestTheNoticeSaysWhatIsBuiltIn(t *testing.T) {
	notice, err := os.ReadFile("snapshot/NOTICE.md")
	if err != nil || !strings.Contains(string(notice), BuiltOn.Format(time.DateOnly)) {
		t.Errorf("the notice does not say %s: %v", BuiltOn.Format(time.DateOnly), err)
	}
	files, err := os.ReadDir("snapshot")
	if err != nil || len(files) != 6 {
		t.Fatalf("%d files: %v", len(files), err)
	}
	for _, f := range files {
		if name, _, _ := strings.Cut(f.Name(), "."); f.Name() != "NOTICE.md" && !strings.Contains(string(notice), "`"+name+".jsonl") {
			t.Errorf("the notice says nothing of %s", f.Name())
		}
	}
	if newest := newestBuilt(t); newest.After(BuiltOn) {
		t.Errorf("an advisory is of %s, after the day that is said: move BuiltOn", newest.Format(time.DateOnly))
	}
}

func newestBuilt(t *testing.T) (newest time.Time) {
	for _, ecosystem := range []string{"Hex", "Go"} {
		_, sources, err := Bundled(ecosystem)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range sources {
			if s.Newest.After(newest) {
				newest = s.Newest
			}
		}
	}
	return newest
}
