package baseline

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"palisade.dev/scan"
)

func finding(check, file, key string) scan.Finding {
	return scan.Finding{Check: check, Key: key, Place: scan.Place{File: file, Start: scan.Position{Line: 3}}}
}

func TestWhatWasThereIsKnown(t *testing.T) {
	accepted := finding("a/b", "lib/c.ex", "accepted")
	accepted.Suppressed = &scan.Suppressed{Reason: "fine"}
	then := &scan.Run{Findings: scan.Stamp([]scan.Finding{finding("a/b", "lib/b.ex", "x"), finding("a/a", "lib/a.ex", "y"), accepted})}
	data := Of(then).Bytes()
	file, err := Read(data)
	if err != nil {
		t.Fatal(err)
	}
	if len(file.Known) != 2 || file.Known[0].Where != "lib/a.ex" {
		t.Errorf("the baseline holds %v, want the two that were not accepted, by file", file.Known)
	}
	if !bytes.Equal(file.Bytes(), data) {
		t.Error("what is read is not written as the same")
	}
	now := &scan.Run{Findings: scan.Stamp([]scan.Finding{finding("a/b", "lib/b.ex", "x"), finding("a/b", "lib/b.ex", "new")})}
	file.Mark(now.Findings)
	for _, f := range now.Findings {
		if f.Known != (f.Key == "x") {
			t.Errorf("%s is known: %v", f.Key, f.Known)
		}
	}
	if len(now.Open(true)) != 1 || file.Gone(now) != 1 {
		t.Errorf("%d are new and %d gone, want 1 and 1", len(now.Open(true)), file.Gone(now))
	}
	var none *File
	none.Mark(now.Findings)
}

func TestWhatIsNoBaseline(t *testing.T) {
	for data, want := range map[string]string{
		"":                                      "this is no baseline of ours: EOF; write one with --write-baseline FILE",
		`{"version":2,"known":[]}`:              "the baseline is of version 2, and 1 is what is read here",
		`{"version":1,"known":[{"check":"a"}]}`: "entry 1 of the baseline has no fingerprint",
		`{"runs":[]}`:                           `unknown field "runs"`,
	} {
		if _, err := Read([]byte(data)); !strings.Contains(fmt.Sprint(err), want) {
			t.Errorf("%s gives %v, want %s", data, err, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, s := range []string{`{"version": 1, "known": []}`, `{"version":1,"known":[{"fingerprint":"a","check":"b","where":"c"}]}`, `[]`, `{"version":1e9}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := Read(data)
		if err != nil {
			return
		}
		if _, err := Read(file.Bytes()); err != nil {
			t.Fatalf("what was written is not read: %v", err)
		}
	})
}
