package rate

import (
	"time"

	"palisade.dev/scan/api/answer"
	"palisade.dev/scan/api/client"
)

// Difference is how the answers to two kinds of wrong requests differ, where within each kind they are alike.
type Difference struct {
	Status [2]int
	Words  bool // they have one status, and the bodies differ
}

// Apart tells two kinds of answers apart, by what somebody could see of a single one. Bare is a body without what the request
// itself put into it. False is no difference, or none that holds within both kinds.
func Apart(a, b []*client.Exchange, bare func(*client.Exchange) []byte) (Difference, bool) {
	for i := range a {
		if a[i].Status != a[0].Status || b[i].Status != b[0].Status {
			return Difference{}, false
		}
	}
	if a[0].Status != b[0].Status {
		return Difference{Status: [2]int{a[0].Status, b[0].Status}}, true
	}
	v := answer.Learn(a[0].Answer, a[1].Answer)
	first := *a[0].Answer
	first.Body = bare(a[0])
	for i := range a {
		same, other := *a[i].Answer, *b[i].Answer
		same.Body, other.Body = bare(a[i]), bare(b[i])
		if answer.Likeness(&first, &same, v) < 0.99 || answer.Likeness(&first, &other, v) >= 0.99 {
			return Difference{}, false
		}
	}
	return Difference{Status: [2]int{a[0].Status, a[0].Status}, Words: true}, true
}

// gap is the least difference of medians that means something: what a network's own wobble leaves.
const gap = 5 * time.Millisecond

// Slower reports whether every answer of one kind took longer than every one of the other, and by enough to be told from
// afar.
func Slower(slow, fast []*client.Exchange) bool {
	least, most := slow[0].Took, fast[0].Took
	for i := range slow {
		least, most = min(least, slow[i].Took), max(most, fast[i].Took)
	}
	return least > most && Median(Times(slow))-Median(Times(fast)) > gap
}

// Times are what answers took.
func Times(xs []*client.Exchange) []time.Duration {
	out := make([]time.Duration, 0, len(xs))
	for _, x := range xs {
		out = append(out, x.Took)
	}
	return out
}
