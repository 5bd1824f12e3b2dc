package storetest

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"palisade.dev/store"
)

// writerEnv names the database that a test's own program, started again as a child, writes to until it is killed.
const writerEnv = "PALISADE_STORETEST_WRITE_TO"

// Main is the TestMain of a driver's test: it runs the tests or, in the child of Crash, writes.
func Main(m *testing.M, open func(ctx context.Context, address string) (*store.DB, error)) {
	address := os.Getenv(writerEnv)
	if address == "" {
		os.Exit(m.Run())
	}
	db, err := open(context.Background(), address)
	if err == nil {
		err = writeForever(context.Background(), db, os.Stdout)
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// crashSite is written to by the child.
const crashSite = "site-crash"

// writeForever writes from several goroutines and says each write that was confirmed.
func writeForever(ctx context.Context, db *store.DB, out io.Writer) error {
	var mu sync.Mutex
	say := func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintf(out, format+"\n", args...)
	}
	begun, err := db.CountBans(ctx, crashSite, 2) // by those that were killed before
	if err != nil {
		return err
	}
	failed := make(chan error)
	for w := range 4 {
		go func() {
			for i := 0; ; i++ {
				n := begun + i*4 + w
				subject := fmt.Sprintf("account:%d", n)
				_, err := db.ImposeBan(ctx, store.Ban{ID: fmt.Sprintf("ban-%09d", n), Site: crashSite, Subject: subject, Created: 1}, func(int) int64 { return 0 })
				if err != nil {
					failed <- err
					return
				}
				say("ban %s", subject)
				err = db.AppendEvents(ctx, []store.EventWrite{{
					Site: crashSite, Segments: []store.Segment{segment(5, int64(n+1), 1)},
					Seen: []store.Seen{{Guard: fmt.Sprint("guard-", n), Boot: "b", Body: []byte("x")}},
				}})
				if err != nil {
					failed <- err
					return
				}
				say("event %d", n)
			}
		}()
	}
	return <-failed
}

// Crash kills processes with SIGKILL while they write to a store, one after the other at moments of chance, and checks that
// the store holds all that was confirmed, and nothing by half.
func Crash(t *testing.T, address string, open func(t testing.TB) *store.DB) {
	db := open(t)
	Site(t, db, "crash")
	must(t, db.Close())
	var confirmed []string
	for range 4 {
		confirmed = append(confirmed, untilKilled(t, address, 30+rand.IntN(150))...)
	}
	db = open(t)
	defer db.Close()
	ctx := t.Context()
	bans, events, last := 0, 0, int64(0)
	for _, line := range confirmed {
		what, which, _ := strings.Cut(line, " ")
		switch what {
		case "ban":
			bans++
			got[store.Ban](t)(db.StandingBan(ctx, crashSite, which, 2))
		case "event":
			events++
			var n int64
			_, err := fmt.Sscan(which, &n)
			must(t, err)
			whole(t, db, n)
			last = max(last, n)
		default:
			t.Fatalf("the child said %q", line)
		}
	}
	if bans < 50 || events < 50 {
		t.Fatalf("only %d bans and %d events were confirmed", bans, events)
	}
	for n := range last + 64 { // those that were kept, though the child did not live to say so
		if b := got[[]byte](t)(db.SegmentBody(ctx, crashSite, 5, n+1)); b != nil {
			whole(t, db, n)
		}
	}
	at := revision(t, db, crashSite)
	changes := got[[]store.Change](t)(db.Changes(ctx, crashSite, 0, 1<<20))
	equal(t, "changes", uint64(len(changes)), at-1)
	equal(t, "standing bans", uint64(got[int](t)(db.CountBans(ctx, crashSite, 2))), at-1)
	must(t, db.Check(ctx))
}

// untilKilled starts a writer, kills it when it has confirmed enough, and gives what it had confirmed by then.
func untilKilled(t *testing.T, address string, enough int) (confirmed []string) {
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), writerEnv+"="+address)
	var complaint strings.Builder
	child.Stderr = &complaint
	out, err := child.StdoutPipe()
	must(t, err)
	must(t, child.Start())
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadString('\n')
		if err != nil { // a line cut short was not said
			break
		}
		if confirmed = append(confirmed, strings.TrimSpace(line)); len(confirmed) == enough {
			must(t, child.Process.Kill())
		}
	}
	_ = child.Wait()
	if len(confirmed) < enough {
		t.Fatalf("the child confirmed %d writes only: %s", len(confirmed), complaint.String())
	}
	return confirmed
}

// whole checks that all of an ingest of the child is there.
func whole(t *testing.T, db *store.DB, n int64) {
	t.Helper()
	equal(t, "body", string(got[[]byte](t)(db.SegmentBody(t.Context(), crashSite, 5, n+1))), fmt.Sprint("body 5 ", n+1))
	equal(t, "seen", string(got[[]byte](t)(db.EventsSeen(t.Context(), crashSite, fmt.Sprint("guard-", n), "b"))), "x")
}
