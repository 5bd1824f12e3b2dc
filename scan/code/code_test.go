package code

import (
	"bytes"
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"palisade.dev/scan"
	"palisade.dev/scan/baseline"
	"palisade.dev/scan/suppress/sobelow"
	"palisade.dev/scan/tree"
)

var clock = func() time.Time { return time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC) }

// words is a scanner that finds a word, and cannot read files called torn.
type words struct{ err error }

func (words) Name() string { return "words" }

func (words) Checks() []scan.Check {
	return []scan.Check{{ID: "test/bad", Title: "Bad", Severity: scan.High}, {ID: "test/worse", Title: "Worse", Severity: scan.Critical}}
}

func (w words) Scan(ctx context.Context, t *tree.Tree, _ func(string) bool) (scan.Part, error) {
	part, err := tree.Each(ctx, t.Files, func(f tree.File) string { return f.Path }, func(_ context.Context, f tree.File) scan.Part {
		data, err := t.Text(f.Path)
		if err != nil || strings.Contains(f.Path, "torn") {
			return scan.Part{Gaps: []scan.Gap{{Where: f.Path, Why: "torn"}}}
		}
		if f.Ext() != ".ex" {
			return scan.Part{}
		}
		p := scan.Part{Read: 1}
		lines := scan.NewLines(data)
		for _, c := range []string{"bad", "worse"} {
			word := []byte(strings.ToUpper(c))
			for at := 0; ; {
				i := bytes.Index(data[at:], word)
				if i < 0 {
					break
				}
				p.Findings = append(p.Findings, scan.Finding{Check: "test/" + c, Title: c, Place: lines.Span(f.Path, at+i, at+i+len(c)), Key: c})
				at += i + len(c)
			}
		}
		return p
	})
	return part, errors.Join(err, w.err)
}

func run(t *testing.T, files map[string]string, o Options, s ...Scanner) *scan.Run {
	t.Helper()
	root := fstest.MapFS{}
	for name, text := range files {
		root[name] = &fstest.MapFile{Data: []byte(text)}
	}
	o.Now = clock
	r, err := Scan(context.Background(), root, s, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestSteps(t *testing.T) {
	files := map[string]string{
		"a.ex": "one\nBAD \xff\n# palisade:ignore test/bad -- we know\nBAD\nWORSE\n",
		"b.ex": "# palisade:ignore test/worse -- nothing is here\nfine\n",
	}
	r := run(t, files, Options{Target: ".", Tool: "t"}, words{})
	var got []string
	for _, f := range r.Findings {
		word := f.Check + " " + f.Place.Where() + " " + f.Excerpt
		if f.Suppressed != nil {
			word += " accepted"
		}
		got = append(got, word)
	}
	want := "test/bad a.ex:2:1 BAD \ufffd|test/bad a.ex:4:1 BAD accepted|test/worse a.ex:5:1 WORSE|suppress/stale b.ex:1:1 # palisade:ignore test/worse -- nothing is here"
	if strings.Join(got, "|") != want || r.Read != 2 || len(r.Gaps) != 0 {
		t.Errorf("found %q, %d read, gaps %v", got, r.Read, r.Gaps)
	}
	// What was there before is known, also when lines move.
	base, err := baseline.Read(baseline.Of(r).Bytes())
	if err != nil {
		t.Fatal(err)
	}
	files["a.ex"] = "\n\n" + files["a.ex"] + "WORSE\n"
	r = run(t, files, Options{Baseline: base}, words{})
	if open := r.Open(true); len(open) != 1 || open[0].Place.Start.Line != 8 {
		t.Errorf("new are %+v", open)
	}
	r = run(t, files, Options{Checks: []string{"test/*"}, Skip: []string{"test/bad"}}, words{})
	if len(r.Findings) != 2 || len(r.Checks) != 1 {
		t.Errorf("with a choice %d findings of %d checks", len(r.Findings), len(r.Checks))
	}
}

func TestNothingIsNeverClean(t *testing.T) {
	for name, c := range map[string]struct {
		files map[string]string
		s     Scanner
		want  string
	}{
		"an empty folder":      {nil, words{}, "nothing here could be scanned: the folder holds no files"},
		"files of other kinds": {map[string]string{"x.txt": "x"}, words{}, "nothing here could be scanned: none of its 1 files is of a kind that is read"},
		"a file that is torn":  {map[string]string{"torn.ex": "x", "a.ex": "x"}, words{}, "torn"},
		"a scanner that fails": {map[string]string{"a.ex": "x"}, words{errors.New("out of memory")}, "the scanner did not finish: out of memory"},
	} {
		r := run(t, c.files, Options{}, c.s)
		if len(r.Gaps) == 0 || !strings.HasPrefix(r.Gaps[0].Why, c.want) {
			t.Errorf("%s leaves the gaps %v", name, r.Gaps)
		}
	}
}

// TestSameBytes: the order of work and the number of cores leave no trace.
func TestSameBytes(t *testing.T) {
	files := map[string]string{}
	for i := range 200 {
		files[strings.Repeat("d/", i%7)+string(rune('a'+i%26))+".ex"] = strings.Repeat("BAD WORSE\n", i%5)
	}
	var first []byte
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, cores := range []int{1, 2, 8, 3} {
		runtime.GOMAXPROCS(cores)
		data, err := run(t, files, Options{}, words{}).JSON()
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = data
		}
		if !bytes.Equal(first, data) {
			t.Fatalf("on %d cores the report is another", cores)
		}
	}
}

func TestStopped(t *testing.T) {
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Scan(gone, fstest.MapFS{"a.ex": {}}, []Scanner{words{}}, Options{Now: clock}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestScanners holds the list to what every check owes.
func TestScanners(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range Scanners(Settings{}) {
		for _, c := range s.Checks() {
			switch {
			case seen[c.ID]:
				t.Errorf("%s is there twice", c.ID)
			case strings.Count(c.ID, "/") != 1 || c.Title == "" || c.Severity == scan.None || c.Doc == "":
				t.Errorf("%s lacks something: %+v", c.ID, c)
			}
			seen[c.ID] = true
		}
	}
	if len(seen) < 7 {
		t.Errorf("only %d checks", len(seen))
	}
}

// TestSobelowsKindsHaveOurs: what a team told Sobelow to skip has to mean a check that is there.
func TestSobelowsKindsHaveOurs(t *testing.T) {
	ids := map[string]bool{}
	for _, s := range Scanners(Settings{}) {
		for _, c := range s.Checks() {
			ids[c.ID] = true
		}
	}
	for _, k := range sobelow.Kinds {
		for _, c := range k.Checks {
			if !ids[c] {
				t.Errorf("%s is said to be %s, which is no check", k.Name, c)
			}
		}
	}
}
