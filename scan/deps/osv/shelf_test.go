package osv

import (
	"flag"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the indices anew")

// TestShelvesAreAsReadWhole holds the indices to their texts, and what is taken from a shelf to what a database has that was
// given the whole text.
func TestShelvesAreAsReadWhole(t *testing.T) {
	for _, part := range []struct {
		file        string
		text, index string
	}{{"hex-eef-osv", eefText, eefIndex}, {"hex-ghsa", ghsaText, ghsaIndex}} {
		index, err := indexOf(part.text)
		if err != nil {
			t.Fatal(err)
		}
		if *update {
			if err := os.WriteFile("snapshot/"+part.file+".index", []byte(index), 0o600); err != nil {
				t.Fatal(err)
			}
			part.index = index
		}
		if index != part.index {
			t.Fatalf("%s.index is not of %s.jsonl: go test -update ./scan/deps/osv", part.file, part.file)
		}
		whole := New()
		if err := whole.ReadLines(strings.NewReader(part.text)); err != nil {
			t.Fatal(err)
		}
		s, err := open(part.text, part.index)
		if err != nil {
			t.Fatal(err)
		}
		d := New()
		d.shelves = []*shelf{s}
		if d.Len() != whole.Len() || !d.Has("Hex") || d.Has("Go") || !s.changed.Equal(newest(whole.records)) {
			t.Errorf("%s: %d advisories, %v", part.file, d.Len(), s.changed)
		}
		ids := func(entries []entry) (list []string) {
			for _, e := range entries {
				list = append(list, e.record.ID+" "+e.affected.Package.Name)
			}
			return list
		}
		for k, entries := range whole.by {
			if got, want := ids(d.about(k)), ids(entries); !slices.Equal(got, want) {
				t.Errorf("%q: %v rather than %v", k, got, want)
			}
		}
		if d.Knows("Hex", "no_such_package") {
			t.Error("it knows what nobody wrote about")
		}
		for i, r := range d.Records() {
			if r.ID != whole.records[i].ID {
				t.Errorf("advisory %d is %s rather than %s", i, r.ID, whole.records[i].ID)
			}
		}
	}
}

func TestOpenTellsWhatIsWrong(t *testing.T) {
	day := time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC).Format(time.RFC3339)
	for index, want := range map[string]string{
		"1\n": "line 1: 1 fields", "one\t" + day + "\n": `line 1: strconv.Atoi: parsing "one"`, "1\tyesterday\n": "line 1: parsing time",
		"1\t" + day + "\nHex\tplug\t0\n":     "line 2: 3 fields",
		"1\t" + day + "\nHex\tplug\t0\t99\n": "line 2: 0 to 99 is not in the text",
		"1\t" + day + "\nHex\tplug\t2\t1\n":  "line 2: 2 to 1 is not in the text",
	} {
		if _, err := open("{}", index); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v rather than %s", index, err, want)
		}
	}
}
