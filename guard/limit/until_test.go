package limit

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

func TestEscalate(t *testing.T) {
	for _, c := range []struct {
		base    time.Duration
		strikes int
		want    time.Duration
	}{
		{10 * time.Minute, 0, 10 * time.Minute},
		{10 * time.Minute, 1, 40 * time.Minute},
		{10 * time.Minute, 2, 160 * time.Minute},
		{10 * time.Minute, 4, 2560 * time.Minute},
		{10 * time.Minute, 5, MaxBan},
		{10 * time.Minute, 1 << 30, MaxBan},
		{30 * day, 0, 30 * day},
		{30 * day, 3, 30 * day},
		{math.MaxInt64, 15, math.MaxInt64},
	} {
		if got := Escalate(c.base, c.strikes); got != c.want {
			t.Errorf("%v after %d: %v, want %v", c.base, c.strikes, got, c.want)
		}
	}
}

func TestUntilAgainstMap(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	key := NewKey([16]byte{1})
	type mark struct {
		until   int64
		strikes int
	}
	table, twin := NewUntil(1000), map[uint64]mark{}
	if table.Len() != 0 {
		t.Error("not empty at first")
	}
	held := 0
	for now, step := noon, 0; step < 100_000; step++ {
		h := key.Addr(0, r.Uint64N(300), 0)
		now += r.Int64N(60e9)
		m := twin[h]
		switch r.IntN(8) {
		case 0, 1:
			m.until = (now + r.Int64N(int64(day))) &^ 15
			table.Set(h, m.until)
			twin[h] = m
		case 2:
			if m.strikes > 0 && now-m.until > int64(MaxBan) || m.until == 0 {
				m = mark{until: now &^ 15}
			}
			if got := table.Strike(h, now); got != m.strikes {
				t.Fatalf("%d strikes, want %d", got, m.strikes)
			}
			m.strikes = min(m.strikes+1, 15)
			twin[h] = m
		case 3:
			if r.IntN(3) == 0 {
				table.Clear(h)
				delete(twin, h)
			}
		default:
			until, ok := table.Get(h, now)
			if ok != (m.until > now) || until != m.until {
				t.Fatalf("until %d, %v; want %d", until, ok, m.until)
			}
			if ok {
				held++
			}
		}
	}
	if held < 5000 || table.Evicted() != 0 || table.Len() < 300 {
		t.Errorf("held %d times, %d evicted", held, table.Evicted())
	}
	table.Set(5, math.MaxInt64)
	if until, ok := table.Get(5, noon); !ok || until < doomsday {
		t.Errorf("for ever is until %d", until)
	}
	table.Set(5, -1)
	if _, ok := table.Get(5, noon); ok {
		t.Error("held until before time began")
	}
}

func TestStrikesAreForgotten(t *testing.T) {
	table := NewUntil(8)
	table.Strike(3, noon)
	table.Set(3, noon+600e9)
	if n := table.Strike(3, noon+600e9+int64(MaxBan)); n != 1 {
		t.Errorf("a week after its ban it had %d strikes", n)
	}
	table.Set(3, noon)
	if n := table.Strike(3, noon+int64(MaxBan)+16); n != 0 {
		t.Errorf("more than a week after its ban it had %d strikes", n)
	}
}

// TestLongBansSurviveAFlood fills a table with short bans: the long ones stay.
func TestLongBansSurviveAFlood(t *testing.T) {
	key, table := NewKey([16]byte{2}), NewUntil(1<<10)
	for i := range uint64(200) {
		table.Set(key.Addr(1, i, 0), noon+int64(day))
	}
	for i := range uint64(20 << 11) {
		table.Set(key.Addr(2, i, 0), noon+600e9)
	}
	kept := 0
	for i := range uint64(200) {
		if _, ok := table.Get(key.Addr(1, i, 0), noon); ok {
			kept++
		}
	}
	if kept != 200 || table.Evicted() == 0 {
		t.Errorf("%d of 200 kept, %d evicted", kept, table.Evicted())
	}
}
