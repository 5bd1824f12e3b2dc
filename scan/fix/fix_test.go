package fix

import (
	"fmt"
	"strings"
	"testing"

	"palisade.dev/scan"
)

func TestApply(t *testing.T) {
	src := []byte("one two three")
	got, err := Apply(src, []scan.Edit{{Start: 8, End: 13, New: "3"}, {Start: 0, End: 3, New: "1"}, {Start: 0, End: 3, New: "1"}})
	if err != nil || string(got) != "1 two 3" {
		t.Errorf("%q, %v", got, err)
	}
	for want, edits := range map[string][]scan.Edit{
		"two edits of a.ex touch the same place, byte 2":     {{File: "a.ex", Start: 0, End: 3, New: "1"}, {File: "a.ex", Start: 2, End: 4}},
		"two edits of a.ex touch the same place, byte 4":     {{File: "a.ex", Start: 4, End: 4, New: "1"}, {File: "a.ex", Start: 4, End: 4, New: "2"}},
		"an edit of a.ex goes from byte 9 to 40 of 13":       {{File: "a.ex", Start: 9, End: 40}},
		"an edit of a.ex goes from byte 9 to 4 of 13; was":   {{File: "a.ex", Start: 9, End: 4}},
		"an edit of a.ex goes from byte -1 to 4 of 13; was ": {{File: "a.ex", Start: -1, End: 4}},
	} {
		if _, err := Apply(src, edits); !strings.HasPrefix(fmt.Sprint(err), want) {
			t.Errorf("%v gives %v, want %s", edits, err, want)
		}
	}
}

func TestDiff(t *testing.T) {
	want := "--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n"
	if got := Diff("x", []byte("a\nb\n"), []byte("a\nc\n")); !strings.HasSuffix(got, want) {
		t.Errorf("%s", got)
	}
}
