package api

import (
	"bytes"

	"palisade.dev/scan/api/client"
)

// What is kept of answers until the scan ends, and what is searched by one look. A sound API of fifty operations needs
// two megabytes; only one that floods meets the bounds. With the first, ten thousand answers of a hostile target fit
// beside everything else into 200 MB; with the second, forty patterns are done in a few seconds.
const (
	mostKept     = 48 << 20
	leastKept    = 4 << 10 // of one answer, however much is kept
	mostSearched = 8 << 20
	mostOfOne    = 256 << 10
)

// Keep makes an exchange small enough to be kept: none takes more than a sixteenth of what room there is left.
func (t *Target) Keep(x *client.Exchange) *client.Exchange {
	t.mu.Lock()
	most := max((mostKept-t.kept)/16, leastKept)
	t.kept += min(len(x.Body), most)
	t.mu.Unlock()
	if len(x.Body) > most {
		x.Body, x.Truncated = bytes.Clone(x.Body[:most]), true
	}
	return x
}

// Search gives as much of a body as may be searched for patterns, which is all of it unless somebody floods the scan.
func (l *Look) Search(body []byte) []byte {
	n := min(len(body), mostOfOne, mostSearched-l.searched)
	l.searched += n
	l.unsearched += len(body) - n
	return body[:n]
}

// Unsearched says how many bytes were passed over, where that could hide what is looked for.
func (l *Look) Unsearched() int { return l.unsearched }
