package sketch

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestDistinctAreEstimated(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{0, 1, 10, 500, 5_000, 20_000, 200_000} {
		var a, b, both Sketch
		for i := range n {
			h := rng.Uint64()
			both.Add(h)
			if i%2 == 0 {
				a.Add(h)
			} else {
				b.Add(h)
			}
		}
		a.Merge(&b)
		if a != both {
			t.Errorf("%d: merged halves differ from the whole", n)
		}
		if e := math.Abs(float64(both.Estimate())-float64(n)) / float64(max(n, 1)); e > 0.08 {
			t.Errorf("%d distinct are estimated as %d", n, both.Estimate())
		}
	}
}
