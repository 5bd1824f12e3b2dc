package event

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"palisade.dev/guard/wire"
	"palisade.dev/store"
	"palisade.dev/store/postgres"
	"palisade.dev/store/storetest"
)

// What the other tests promise over memory and SQLite, in one walk over PostgreSQL, as a server takes seconds to start.
func TestAWalkOverPostgreSQL(t *testing.T) {
	db, err := postgres.Open(t.Context(), storetest.Database(t, storetest.Postgres(t)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if err := db.CreateSite(t.Context(), store.Site{ID: "shop", Name: "shop", Environment: "test", Zone: "UTC", Secret: make([]byte, 32), Created: 1}); err != nil {
		t.Fatal(err)
	}
	b := newBench(t, db)
	events := newTraffic(1, 100*time.Millisecond).take(700)
	for i, part := range slices.Collect(slices.Chunk(events, 35)) {
		b.small(t, "g", slices.Clone(part))
		b.take(t, "g", slices.Clone(part)) // again
		if i == 11 {
			b = newBench(t, db)
		}
	}
	if got := b.stored(t, "shop"); !reflect.DeepEqual(byTime(got), byTime(events)) {
		t.Errorf("%d events are stored, %d were sent", len(got), len(events))
	}
	p, err := b.Find(t.Context(), Query{Site: "shop", Address: events[3].Address.String(), Limit: 1000})
	want := 0
	for _, e := range events {
		if e.Address == events[3].Address {
			want++
		}
	}
	if err != nil || len(p.Events) != want {
		t.Errorf("found %d events of an address, %v; want %d", len(p.Events), err, want)
	}
	if err := b.Rebuild(t.Context(), "shop", Day(noon.UnixMicro())); err != nil {
		t.Fatal(err)
	}
	if n := b.total(t, "shop").Requests; n != 700 {
		t.Errorf("%d are counted after a rebuild", n)
	}
	late := newTraffic(2, time.Millisecond).take(5)
	for i := range late {
		late[i].At -= 5 * dayMicros
	}
	if err := b.Append(t.Context(), "shop", "h", wire.Batch{Boot: "b", Events: late}); err != nil {
		t.Fatal(err)
	}
	if n, err := b.Retain(t.Context(), b.now, 3); err != nil || n != 1 || len(b.stored(t, "shop")) != 700 {
		t.Errorf("%d days dropped, %v", n, err)
	}
}
