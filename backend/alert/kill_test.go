package alert_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"palisade.dev/backend/alert"
	"palisade.dev/backend/alert/post"
	"palisade.dev/backend/alert/webhook"
	"palisade.dev/store"
	"palisade.dev/store/sqlite"
)

// killedPath names the database that this test's own program, started again, works on until it is killed.
const killedPath = "PALISADE_TEST_ALERT_KILLED"

func TestMain(m *testing.M) {
	if path := os.Getenv(killedPath); path != "" {
		fmt.Fprintln(os.Stderr, tellForever(path))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// backEnd is alerts as in the product, with a clock that may be ahead.
func backEnd(db *store.DB, ahead time.Duration) (*alert.Alerts, error) {
	now := func() time.Time { return time.Now().Add(ahead) }
	client := post.NewClient(post.Options{Loopback: true})
	return alert.New(alert.Options{
		DB: db, Sinks: map[string]alert.Sink{"webhook": webhook.New(client, now)}, Now: now, Chance: func() float64 { return 0.5 },
		ID: func() string {
			return store.NewID(now(), func() uint64 { return uint64(os.Getpid())<<32 | uint64(serial.Add(1)) })
		},
	})
}

// tellForever tells and delivers, and says each alert that was confirmed.
func tellForever(path string) error {
	db, err := sqlite.Open(context.Background(), path)
	if err != nil {
		return err
	}
	a, err := backEnd(db, 0)
	if err != nil {
		return err
	}
	go a.Run(context.Background())
	for i := 0; ; i++ {
		group := fmt.Sprintf("%d-%d", os.Getpid(), i/3) // three alerts each
		if err := a.Tell(context.Background(), one(group)); err != nil {
			return err
		}
		fmt.Println(group)
	}
}

// receiver notes what it is posted, by id.
type receiver struct {
	mu     sync.Mutex
	bodies map[string]string
	counts map[string]int64 // by the alert's group, the highest
	opened map[string]map[string]bool
	faults []string
}

func (r *receiver) ServeHTTP(_ http.ResponseWriter, q *http.Request) {
	body, err := io.ReadAll(q.Body)
	var b webhook.Body
	if err != nil || json.Unmarshal(body, &b) != nil {
		return // who was killed in the middle of a request
	}
	id := q.Header.Get("Webhook-Id")
	r.mu.Lock()
	defer r.mu.Unlock()
	if had, ok := r.bodies[id]; ok && had != string(body) {
		r.faults = append(r.faults, id+" came with another body")
	}
	r.bodies[id] = string(body)
	group := strings.TrimPrefix(b.Data.Alert.Title, "a ban of ")
	r.counts[group] = max(r.counts[group], b.Data.Count)
	if b.Data.Sequence == 0 {
		if r.opened[group] == nil {
			r.opened[group] = map[string]bool{}
		}
		r.opened[group][id] = true
	}
}

func TestKilledAtAnyMomentNothingToldIsLostAndNothingIsToldUnderTwoIDs(t *testing.T) {
	r := &receiver{bodies: map[string]string{}, counts: map[string]int64{}, opened: map[string]map[string]bool{}}
	server := httptest.NewServer(r)
	defer server.Close()
	path := filepath.Join(t.TempDir(), "palisade.db")
	db := openDB(t, path)
	a, err := backEnd(db, 0)
	if err != nil {
		t.Fatal(err)
	}
	settings := `{"url":"` + server.URL + `","secret":"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}`
	if _, err := a.AddChannel(t.Context(), alert.Draft{Kind: "webhook", Name: "one", Settings: json.RawMessage(settings)}); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	confirmed := map[string]int64{}
	for round := range 5 {
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), killedPath+"="+path)
		child.Stderr = os.Stderr
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewReader(out)
		for n := 0; ; n++ {
			line, err := lines.ReadString('\n')
			if err != nil {
				break
			}
			confirmed[strings.TrimSpace(line)]++
			if n == 40+13*round {
				if err := child.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		_ = child.Wait()
	}
	before := len(r.bodies)
	// The leases of the dead have ended, and every group has closed.
	db = openDB(t, path)
	for _, ahead := range []time.Duration{3 * time.Minute, 20 * time.Minute, 40 * time.Minute} {
		if a, err = backEnd(db, ahead); err != nil {
			t.Fatal(err)
		}
		if err := a.Deliver(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for group, n := range confirmed {
		if r.counts[group] < n || r.counts[group] > 3 {
			t.Errorf("%d of %d alerts of %s arrived", r.counts[group], n, group)
		}
	}
	for group, ids := range r.opened {
		if len(ids) != 1 {
			t.Errorf("%s was opened as %v", group, ids)
		}
	}
	for _, f := range r.faults {
		t.Error(f)
	}
	if len(confirmed) < 80 || before < 20 {
		t.Errorf("only %d groups were told, and %d messages sent before the end", len(confirmed), before)
	}
}
