package limit

import (
	"math"
	"math/bits"
	"sync"
	"unsafe"
)

const (
	exact     = 64  // distinct subjects told apart one by one
	registers = 256 // of the sketch beyond: a standard error of 1.04/√256 = 6.5 %
	distShard = 64
)

// seen is one key's subjects: an exact list, then a sketch of two half-windows.
type seen struct {
	hash    uint64
	n       int
	subject [exact]uint32
	at      [exact]uint32 // seconds since the table began
	sketch  *[2][registers]uint8
	half    int64 // which half-window sketch[0] is of
}

type distinctShard struct {
	mu   sync.Mutex
	keys []seen
}

// Distinct counts different subjects per key within a window: exactly to 64, beyond that by a HyperLogLog with an
// error of 6.5 % over the last half to whole window. Its memory is fixed; the key with fewest subjects makes room.
// Looking costs a short lock on one of 64 shards and a scan of four keys.
type Distinct struct {
	mask    uint64
	shards  [distShard]distinctShard
	begin   int64
	once    sync.Once
	mu      sync.Mutex
	evicted uint64
}

// NewDistinct makes a table for n keys, about 600 bytes each.
func NewDistinct(n int) *Distinct {
	each := 1 << bits.Len(uint(max(n/distShard, 4)-1))
	t := &Distinct{mask: uint64(each-1) &^ 3}
	for i := range t.shards {
		t.shards[i].keys = make([]seen, each)
	}
	return t
}

func (t *Distinct) seconds(now int64) uint32 {
	t.once.Do(func() { t.begin = now - 400*24*3600*1e9 })
	return uint32(min(max((now-t.begin)/1e9, 1), math.MaxUint32))
}

// Add counts a subject and gives how many different ones the key had in the window.
func (t *Distinct) Add(h, subject uint64, window, now int64) int {
	at := t.seconds(now)
	tag, sh := tagOf(h), &t.shards[h>>58]
	base := h >> 20 & t.mask
	sh.mu.Lock()
	defer sh.mu.Unlock()
	k := (*seen)(nil)
	for i := range uint64(4) {
		s := &sh.keys[base+i]
		if s.hash == tag {
			k = s
			break
		}
		if k == nil || s.hash == 0 && k.hash != 0 || k.hash != 0 && s.n < k.n {
			k = s
		}
	}
	if k.hash != tag {
		if k.hash != 0 && k.live(at, window) > 0 {
			t.mu.Lock()
			t.evicted++
			t.mu.Unlock()
		}
		*k = seen{hash: tag}
	}
	k.add(subject, at, window, now)
	return k.count(at, window, now)
}

// Count gives how many different subjects a key had in the window.
func (t *Distinct) Count(h uint64, window, now int64) int {
	at := t.seconds(now)
	tag, sh := tagOf(h), &t.shards[h>>58]
	base := h >> 20 & t.mask
	sh.mu.Lock()
	defer sh.mu.Unlock()
	for i := range uint64(4) {
		if k := &sh.keys[base+i]; k.hash == tag {
			return k.count(at, window, now)
		}
	}
	return 0
}

// start is the first second that is inside the window.
func start(at uint32, window int64) uint32 {
	w := uint32(min((window+1e9-1)/1e9, 1<<31))
	if at < w {
		return 0
	}
	return at - w + 1
}

func (k *seen) live(at uint32, window int64) int {
	from, n := start(at, window), 0
	for i := range k.n {
		if k.at[i] >= from {
			n++
		}
	}
	return n
}

func (k *seen) add(subject uint64, at uint32, window, now int64) {
	short := uint32(subject >> 32)
	oldest := 0
	for i := range k.n {
		if k.subject[i] == short {
			k.at[i] = max(k.at[i], at)
			if k.sketch != nil {
				k.mark(subject, window, now)
			}
			return
		}
		if k.at[i] < k.at[oldest] {
			oldest = i
		}
	}
	switch {
	case k.n < exact:
		k.subject[k.n], k.at[k.n] = short, at
		k.n++
	case k.at[oldest] < start(at, window):
		k.subject[oldest], k.at[oldest] = short, at
	default:
		if k.sketch == nil {
			k.sketch = new([2][registers]uint8)
			k.half = now / max(window/2, 1)
			for i := range k.n {
				k.mark(uint64(k.subject[i])<<32, window, now)
			}
		}
		k.mark(subject, window, now)
		return
	}
	if k.sketch != nil {
		k.mark(subject, window, now)
	}
}

func (k *seen) turn(window, now int64) {
	half := now / max(window/2, 1)
	switch {
	case half <= k.half:
	case half == k.half+1:
		k.sketch[1], k.sketch[0] = k.sketch[0], [registers]uint8{}
		k.half = half
	default:
		*k.sketch = [2][registers]uint8{}
		k.half = half
	}
}

func (k *seen) mark(subject uint64, window, now int64) {
	k.turn(window, now)
	subject = mix(subject>>32|1, 0x9E3779B97F4A7C15) // the high half is all the list keeps, so the sketch uses no more
	r, rank := subject>>56, uint8(bits.LeadingZeros64(subject<<8|1<<7)+1)
	k.sketch[0][r] = max(k.sketch[0][r], rank)
}

func (k *seen) count(at uint32, window, now int64) int {
	n := k.live(at, window)
	if k.sketch == nil || n < exact {
		return n
	}
	k.turn(window, now)
	sum, zeros := 0.0, 0
	for i := range registers {
		r := max(k.sketch[0][i], k.sketch[1][i])
		if r == 0 {
			zeros++
		}
		sum += math.Ldexp(1, -int(r))
	}
	const alpha = 0.7213 / (1 + 1.079/registers)
	e := alpha * registers * registers / sum
	if e <= 2.5*registers && zeros > 0 {
		e = registers * math.Log(registers/float64(zeros))
	}
	return max(n, int(e+0.5))
}

// Evicted is how many keys with live subjects were dropped.
func (t *Distinct) Evicted() uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.evicted
}

// Bytes is the table's size without the sketches, of which only keys beyond 64 subjects have one (512 bytes).
func (t *Distinct) Bytes() int {
	return distShard * len(t.shards[0].keys) * int(unsafe.Sizeof(seen{}))
}
