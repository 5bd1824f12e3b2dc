package sqlite

import (
	"context"
	"path/filepath"
	"testing"

	"palisade.dev/store"
)

func TestOpen(t *testing.T) {
	db, err := Open(context.Background(), filepath.Join(t.TempDir(), "x.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	ctx := context.Background()
	if err := db.CreateSite(ctx, store.Site{ID: "a", Name: "shop", Secret: []byte("x"), Settings: "{}"}); err != nil {
		t.Fatal(err)
	}
	b, err := db.ImposeBan(ctx, store.Ban{ID: "1", Site: "a", Subject: "1.2.3.4", Created: 5}, func(int) int64 { return 100 })
	if err != nil || b.Until != 100 {
		t.Fatal(b, err)
	}
	w := store.EventWrite{Site: "a", Segments: []store.Segment{{Site: "a", Day: 3, ID: 1, First: 3 * 86_400_000_000, Last: 3*86_400_000_000 + 5, Body: []byte("x")}}, Postings: []store.Posting{{Day: 3, Segment: 1, Term: 2}}}
	if err := db.AppendEvents(ctx, []store.EventWrite{w}); err != nil {
		t.Fatal(err)
	}
	if s, err := db.SegmentsWith(ctx, "a", 2, 0, 9*86_400_000_000, 0, 0, 5); err != nil || len(s) != 1 {
		t.Fatal(s, err)
	}
}
