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
	if err := db.AppendEvents(ctx, store.EventWrite{Site: "a", Guard: "g", Seq: 3, Segments: []store.Segment{{ID: 1, Body: []byte("x")}}, Postings: []store.Posting{{1, 2, 1}}}); err != nil {
		t.Fatal(err)
	}
	if s, err := db.SegmentsWith(ctx, "a", 2, 0, 9, 0, 5); err != nil || len(s) != 1 {
		t.Fatal(s, err)
	}
}
