// Package fix applies the edits of findings to text and shows them as a diff. It knows no disk: who calls it reads and
// writes the files.
package fix

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/rogpeppe/go-internal/diff"

	"palisade.dev/scan"
)

// Apply makes edits of one text. Edits that touch the same bytes are refused together: applied one behind the other
// they would make something that neither meant.
func Apply(src []byte, edits []scan.Edit) ([]byte, error) {
	edits = slices.Clone(edits)
	slices.SortStableFunc(edits, func(a, b scan.Edit) int { return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End)) })
	edits = slices.Compact(edits) // two findings may ask for the same
	var out []byte
	at := 0
	for i, e := range edits {
		switch {
		case e.Start < 0 || e.End < e.Start || e.End > len(src):
			return nil, fmt.Errorf("an edit of %s goes from byte %d to %d of %d; was the file changed meanwhile?", e.File, e.Start, e.End, len(src))
		case i > 0 && (e.Start < at || e.Start == edits[i-1].Start):
			return nil, fmt.Errorf("two edits of %s touch the same place, byte %d; apply one, scan again, apply the other", e.File, e.Start)
		}
		out = append(out, src[at:e.Start]...)
		out = append(out, e.New...)
		at = e.End
	}
	return append(out, src[at:]...), nil
}

// Diff shows a change as `git diff` would.
func Diff(file string, before, after []byte) string {
	return string(diff.Diff("a/"+file, before, "b/"+file, after))
}

// ByFile sorts edits by the file they are of.
func ByFile(edits []scan.Edit) (files []string, by map[string][]scan.Edit) {
	by = map[string][]scan.Edit{}
	for _, e := range edits {
		if by[e.File] == nil {
			files = append(files, e.File)
		}
		by[e.File] = append(by[e.File], e)
	}
	slices.Sort(files)
	return files, by
}
