package event

import (
	"cmp"
	"context"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"palisade.dev/store"
	"palisade.dev/store/sqlite"
)

// memory is a Store that forgets nothing and can be told to fail.
type memory struct {
	sync.Mutex
	seen     map[string][]byte
	segments map[string]store.Segment
	rollups  map[string]store.Rollup
	bodies   int // read so far
	fail     func() error
	after    bool // fail only after it was written: the answer is lost, not the write
}

func newMemory() *memory {
	return &memory{seen: map[string][]byte{}, segments: map[string]store.Segment{}, rollups: map[string]store.Rollup{}}
}

func key(parts ...any) string {
	b := ""
	for _, p := range parts {
		switch v := p.(type) {
		case string:
			b += v + "\x00"
		case int64:
			b += string(rune(v>>40)) + string(rune(v>>20&0xfffff)) + string(rune(v&0xfffff)) + "\x00"
		}
	}
	return b
}

func (m *memory) AppendEvents(_ context.Context, writes []store.EventWrite) error {
	m.Lock()
	defer m.Unlock()
	if m.fail != nil && !m.after {
		if err := m.fail(); err != nil {
			return err
		}
	}
	for _, w := range writes {
		for _, s := range w.Seen {
			m.seen[key(w.Site, s.Guard, s.Boot)] = slices.Clone(s.Body)
		}
		for _, s := range w.Segments {
			if s.Count == 0 || len(s.Body) == 0 {
				panic("an empty segment was written")
			}
			s.Site, s.Body = w.Site, slices.Clone(s.Body)
			m.segments[key(w.Site, int64(s.Day), s.ID)] = s
		}
		for _, r := range w.Rollups {
			r.Body = slices.Clone(r.Body)
			m.rollups[key(w.Site, r.Span, r.Start)] = r
		}
	}
	if m.fail != nil && m.after {
		return m.fail()
	}
	return nil
}

func (m *memory) EventsSeen(_ context.Context, site, guard, boot string) ([]byte, error) {
	m.Lock()
	defer m.Unlock()
	return m.seen[key(site, guard, boot)], nil
}

func (m *memory) SegmentBody(_ context.Context, site string, day int32, id int64) ([]byte, error) {
	m.Lock()
	defer m.Unlock()
	m.bodies++
	return m.segments[key(site, int64(day), id)].Body, nil
}

func (m *memory) Rollups(_ context.Context, site, span string, from, to int64) ([]store.Rollup, error) {
	m.Lock()
	defer m.Unlock()
	var list []store.Rollup
	for k, r := range m.rollups {
		if r.Span == span && r.Start >= from && r.Start < to && k == key(site, span, r.Start) {
			list = append(list, r)
		}
	}
	slices.SortFunc(list, func(a, b store.Rollup) int { return cmp.Compare(a.Start, b.Start) })
	return list, nil
}

func (m *memory) EventDays(context.Context) ([]int32, error) {
	m.Lock()
	defer m.Unlock()
	set := map[int32]bool{}
	for _, s := range m.segments {
		set[s.Day] = true
	}
	var days []int32
	for day := range set {
		days = append(days, day)
	}
	slices.Sort(days)
	return days, nil
}

func (m *memory) DropEventDay(_ context.Context, day int32) error {
	m.Lock()
	defer m.Unlock()
	for k, s := range m.segments {
		if s.Day == day {
			delete(m.segments, k)
		}
	}
	for k, r := range m.rollups {
		if Day(r.Start) == day {
			delete(m.rollups, k)
		}
	}
	return nil
}

// onDisk opens a SQLite store with some sites.
func onDisk(t testing.TB, path string, sites ...string) *store.DB {
	t.Helper()
	db, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	for _, site := range sites {
		if err := db.CreateSite(t.Context(), store.Site{ID: site, Name: site, Environment: "test", Zone: "UTC", Secret: make([]byte, 32), Created: 1}); err != nil {
			t.Fatal(err)
		}
	}
	return db
}

// stores gives each kind of store anew.
func stores(t *testing.T, test func(t *testing.T, s Store)) {
	t.Run("memory", func(t *testing.T) { test(t, newMemory()) })
	t.Run("sqlite", func(t *testing.T) {
		test(t, onDisk(t, filepath.Join(t.TempDir(), "palisade.db"), "shop", "blog"))
	})
}
