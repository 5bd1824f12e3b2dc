package prefix

import (
	"math/bits"
	"slices"
)

// trie maps each 64-bit key to a leaf, in a few dependent loads from little memory. It is made once, from the keys at
// which the answer turns. A block of keys with at most a few turns is compared with them (a band); another one is
// cut into up to 65,536 equal slots, and a run of slots with the same answer keeps it once: a bitmap marks where runs
// begin, so counting its bits finds the answer's place. How finely a block is cut follows from what is in it.
type trie struct {
	words []word
	refs  []ref
	bands []band
}

// word says for 64 slots where runs begin. The first run may have begun in an earlier word.
type word struct {
	begins uint64
	before uint32 // place of the run that comes before the first bit set
}

// band sends first to first+width one way and all other keys another.
type band struct {
	first, width uint64
	in, out      ref
}

// ref is a leaf's class, or where to look on:
//
//	bits 0-1   kind
//	bit  2     the key is from here on the second word of the address
//	bits 3-8   shift of the key to get the slot, for slots
//	bits 9-13  log2 of the number of slots
//	bits 32-63 the class, or the place of the band or first word
type ref uint64

const (
	leaf ref = iota
	inBand
	inSlots
	kinds  ref = 3
	second ref = 4
)

// maxStride bounds a cut to 16 KiB of bitmap.
const maxStride = 16

// find looks up hi, then lo where longer prefixes than 64 bits are. Each step goes at least one bit down or is one of
// the last two of a word, which bounds the steps on any table, for misses too; 15 is the most met on
// a table of public lists.
func (t *trie) find(r ref, hi, lo uint64) Class {
	key := hi
	for r&kinds != leaf {
		if r&second != 0 {
			key = lo
		}
		if r&kinds == inSlots {
			slot := key >> (r >> 3 & 63) & (1<<(r>>9&31) - 1)
			w := &t.words[uint64(r>>32)+slot>>6]
			r = t.refs[w.before+uint32(bits.OnesCount64(w.begins&(2<<(slot&63)-1)))]
			continue
		}
		b := &t.bands[r>>32]
		in, out := b.in, b.out // loaded both, so that no branch has to be guessed
		if key-b.first <= b.width {
			out = in
		}
		r = out
	}
	return Class(r >> 32)
}

// turn says that from a key on, up to the next turn, the answer is another.
type turn struct {
	from uint64
	to   ref
}

// root makes the table of a whole word of the address. With many turns it is cut at once: then most addresses that no
// list covers leave after the same one step, which the processor learns to expect.
func (t *trie) root(first ref, turns []turn) ref {
	if len(turns) > 1000 {
		return t.slots(first, turns, 64)
	}
	return t.add(first, turns, 64)
}

// add puts the block of keys that share the bits above the low size bits into the trie. Turns are ascending, each to
// another answer than the one before, all within the block and none at its start; before them the answer is first.
func (t *trie) add(first ref, turns []turn, size uint) ref {
	n := len(turns)
	if n == 0 {
		return first
	}
	last := turns[n-1]
	if n == 1 {
		return t.band(last.from, ^uint64(0), last.to, first)
	}
	if last.to == first {
		if n == 2 {
			return t.band(turns[0].from, last.from-1, turns[0].to, first)
		}
		if n == 4 && turns[1].to == first {
			return t.band(turns[0].from, turns[1].from-1, turns[0].to, t.add(first, turns[2:], size))
		}
		// All that is not first may sit deep in one corner of the block: go there in one step.
		corner := uint(bits.Len64(turns[0].from ^ (last.from - 1)))
		if n == 3 || size >= corner+skip {
			return t.band(turns[0].from, last.from-1, t.add(turns[0].to, turns[1:n-1], corner), first)
		}
	}
	return t.slots(first, turns, size)
}

// slots cuts a block as cut advises.
func (t *trie) slots(first ref, turns []turn, size uint) ref {
	n := len(turns)
	stride := cut(turns, size)
	shift := size - stride
	count := max(1, 1<<stride>>6)
	at := uint64(len(t.words))
	t.words = append(t.words, make([]word, count)...)
	// The runs of one cut lie together, so they are collected before deeper blocks add theirs.
	runs := make([]ref, 0, n+1)
	now := first
	put := func(slot uint64, r ref) {
		if len(runs) > 0 && runs[len(runs)-1] == r {
			return
		}
		runs = append(runs, r)
		if slot > 0 || len(runs) > 1 {
			t.words[at+slot>>6].begins |= 1 << (slot & 63)
		}
	}
	top := uint64(1)<<stride - 1
	if turns[0].from>>shift&top > 0 {
		put(0, first)
	}
	for i := 0; i < n; {
		slot := turns[i].from >> shift & top
		if turns[i].from<<(64-shift) == 0 { // at the start of the slot
			now = turns[i].to
			i++
		}
		j := i
		for j < n && turns[j].from>>shift&top == slot {
			j++
		}
		if j > i {
			put(slot, t.add(now, turns[i:j], shift))
			now = turns[j-1].to
			if slot < top && (j == n || turns[j].from>>shift&top != slot+1) { // else the next turn says what is there
				put(slot+1, now)
			}
		} else {
			put(slot, now)
		}
		i = j
	}
	before := uint32(len(t.refs))
	t.refs = append(t.refs, runs...)
	for i := range count {
		w := &t.words[at+uint64(i)]
		w.before = before
		before += uint32(bits.OnesCount64(w.begins))
	}
	return inSlots | ref(shift)<<3 | ref(stride)<<9 | ref(at)<<32
}

// skip is how many bits a band must spare to be better than a cut.
const skip = 4

func (t *trie) band(first, last uint64, in, out ref) ref {
	t.bands = append(t.bands, band{first, last - first, in, out})
	return inBand | ref(len(t.bands)-1)<<32
}

// Prices in bytes. With these the table of 63,000 IPv4 and 25,000 IPv6 prefixes of public lists takes 2.2 MiB and an
// address of it 2.1 and 4.3 steps. Without costBit it takes 2.1 MiB and 5.9 steps for IPv6: a sparse corner is then
// reached in many small cuts.
const (
	costStep = 64
	costBit  = 4
)

// cut chooses log2 of the number of slots for a block, so that memory and steps together cost least: a turn inside a
// slot needs at least one more step, and more the more bits it still has below the slot's size.
func cut(turns []turn, size uint) uint {
	var depths [65]uint64 // turns by the number of bits of the block that tell them apart
	for _, t := range turns {
		depths[size-min(size, uint(bits.TrailingZeros64(t.from)))]++
	}
	var inside, below uint64 // turns with more than s bits, and how many more in all
	best, least := uint(0), ^uint64(0)
	for s := size; s > 0; s-- {
		if s <= maxStride {
			words := max(1, uint64(1)<<s>>6)
			if cost := words*16 + (uint64(len(turns))-inside)*8 + inside*costStep + below*costBit; cost < least {
				best, least = s, cost
			}
		}
		inside += depths[s]
		below += inside
	}
	return best
}

// clip gives back what growing left over.
func (t *trie) clip() {
	t.words, t.refs, t.bands = slices.Clone(t.words), slices.Clone(t.refs), slices.Clone(t.bands)
}
