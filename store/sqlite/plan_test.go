package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"palisade.dev/store"
	"palisade.dev/store/storetest"
)

// tape is a connector that remembers which statements ran over it.
type tape struct {
	dsn    string
	driver driver.Driver

	mu   sync.Mutex
	said map[string][]driver.NamedValue // the arguments of the last time
}

func (r *tape) Driver() driver.Driver { return r.driver }

func (r *tape) Connect(context.Context) (driver.Conn, error) {
	c, err := r.driver.Open(r.dsn)
	return &taped{c.(fullConn), r}, err
}

// fullConn is what database/sql asks of a connection when it need not prepare statements.
type fullConn interface {
	driver.Conn
	driver.ExecerContext
	driver.QueryerContext
	driver.ConnBeginTx
}

type taped struct {
	fullConn
	tape *tape
}

func (c *taped) note(statement string, args []driver.NamedValue) {
	c.tape.mu.Lock()
	defer c.tape.mu.Unlock()
	c.tape.said[statement] = args
}

func (c *taped) ExecContext(ctx context.Context, statement string, args []driver.NamedValue) (driver.Result, error) {
	c.note(statement, args)
	return c.fullConn.ExecContext(ctx, statement, args)
}

func (c *taped) QueryContext(ctx context.Context, statement string, args []driver.NamedValue) (driver.Rows, error) {
	c.note(statement, args)
	return c.fullConn.QueryContext(ctx, statement, args)
}

// openTaped opens a store over one connection, with what it says.
func openTaped(t *testing.T) (*store.DB, *tape, *sql.DB) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "palisade.db")
	plain, err := sql.Open("sqlite", path)
	must(t, err)
	t.Cleanup(func() { _ = plain.Close() })
	r := &tape{dsn: path + "?_pragma=foreign_keys(1)&_pragma=journal_mode(WAL)&_txlock=immediate&_pragma=busy_timeout(5000)", driver: plain.Driver(), said: map[string][]driver.NamedValue{}}
	write, read := sql.OpenDB(r), sql.OpenDB(r)
	write.SetMaxOpenConns(1)
	db, err := store.New(t.Context(), store.Driver{
		Dialect: store.SQLite, Read: read, Write: write,
		Check: func(context.Context) error { return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	return db, r, plain
}

// explained asks SQLite how it goes about a statement. A test that is cleaning up asks too, so not with its context.
func explained(t *testing.T, db *sql.DB, statement string, args []driver.NamedValue) []string {
	t.Helper()
	values := make([]any, len(args))
	for i, a := range args {
		values[i] = a.Value
	}
	rows, err := db.QueryContext(context.Background(), "EXPLAIN QUERY PLAN "+statement, values...)
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	defer rows.Close()
	var steps []string
	for rows.Next() {
		var id, parent, unused int
		var step string
		if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
			t.Fatal(err)
		}
		steps = append(steps, step)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return steps
}

// What is asked for often must be looked up, in just the words of the store, and come out of the index in order.
func TestLooksUpWhatIsAskedOften(t *testing.T) {
	db, r, plain := openTaped(t)
	defer db.Close()
	ctx, at := t.Context(), int64(5)
	site := storetest.Site(t, db, "shop")
	cases := []struct {
		name string
		ask  func() error
		want []string // each a step of some statement
	}{
		{"imposing a ban", func() error {
			_, err := db.ImposeBan(ctx, store.Ban{ID: "b", Site: site, Subject: "192.0.2.1", Created: at}, func(int) int64 { return 0 })
			return err
		}, []string{
			"SEARCH ban USING INDEX ban_one (site=? AND subject=?)",
			"SEARCH ban USING COVERING INDEX ban_subject (site=? AND subject=?)",
		}},
		{"lifting a ban", func() error { return db.LiftBan(ctx, site, "192.0.2.1", "me", at) }, []string{"SEARCH ban USING INDEX ban_one (site=? AND subject=?)"}},
		{"a standing ban", func() error { _, err := db.StandingBan(ctx, site, "x", at); return ignoreMissing(err) }, []string{"SEARCH ban USING INDEX ban_one (site=? AND subject=?)"}},
		{"the bans of some subjects", func() error { _, err := db.BansOf(ctx, site, []string{"x", "y"}, at); return err }, []string{"SEARCH ban USING INDEX ban_one (site=? AND subject=?)"}},
		{"the first page of bans", func() error { _, err := db.StandingBans(ctx, site, at, "", 10); return err }, []string{"SEARCH ban USING INDEX ban_standing (site=?)"}},
		{"a page far down", func() error { _, err := db.StandingBans(ctx, site, at, "zz", 10); return err }, []string{"SEARCH ban USING INDEX ban_standing (site=? AND id<?)"}},
		{"counting bans", func() error { _, err := db.CountBans(ctx, site, at); return err }, []string{"SEARCH ban USING COVERING INDEX ban_standing (site=?)"}},
		{"a ban history", func() error { _, err := db.BanHistory(ctx, site, "x", 10); return err }, []string{"SEARCH ban USING INDEX ban_subject (site=? AND subject=?)"}},
		{"putting bans away", func() error { _, err := db.ExpireBans(ctx, at); return err }, []string{"SEARCH ban USING INDEX ban_until (until>? AND until<?)"}},
		{"rollups", func() error { _, err := db.Rollups(ctx, site, "minute", 0, 9); return err }, []string{"SEARCH rollup USING INDEX sqlite_autoindex_rollup_1 (site=? AND span=? AND start>? AND start<?)"}},
		{"changes", func() error { _, err := db.Changes(ctx, site, 0, 9); return err }, []string{"SEARCH change USING INDEX sqlite_autoindex_change_1 (site=? AND revision>?)"}},
		{"forgetting changes", func() error { return db.PruneChanges(ctx, at) }, []string{"SEARCH change USING INDEX change_at (at<?)"}},
		{"whose key", func() error { _, _, err := db.SiteByKeyHash(ctx, []byte("x")); return ignoreMissing(err) }, []string{"SEARCH site_key USING INDEX sqlite_autoindex_site_key_2 (hash=?)"}},
		{"what was seen", func() error { _, err := db.EventsSeen(ctx, site, "g", "b"); return err }, []string{"SEARCH seen USING INDEX sqlite_autoindex_seen_1 (site=? AND guard=? AND boot=?)"}},
		{"dropping a day", func() error { return db.DropEventDay(ctx, 5) }, []string{
			"SEARCH segment USING INDEX segment_day (day=?)",
			"SEARCH rollup USING INDEX rollup_start (start>? AND start<?)",
		}},
	}
	for _, c := range cases {
		r.said = map[string][]driver.NamedValue{}
		if err := c.ask(); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		var plans []string
		for statement, args := range r.said {
			if !planned(statement) {
				continue
			}
			steps := explained(t, plain, statement, args)
			plans = append(plans, steps...)
			if all := strings.Join(steps, "; "); strings.Contains(all, "TEMP B-TREE FOR ORDER BY") && !strings.Contains(all, "CO-ROUTINE d") { // days are few
				t.Errorf("%s sorts: %s: %s", c.name, statement, all)
			}
		}
		for _, want := range c.want {
			found := false
			for _, step := range plans {
				found = found || step == want
			}
			if !found {
				t.Errorf("%s does not %s, but:\n  %s", c.name, want, strings.Join(plans, "\n  "))
			}
		}
	}
	if len(cases) < 14 {
		t.Fatalf("only %d cases", len(cases))
	}
}

// Nothing the store ever says walks all of a table, but for what is small, or must.
func TestWalksNoTable(t *testing.T) {
	small := regexp.MustCompile(`^SCAN (site|network_list|own_list|setting|alert_channel|scanned|goose_db_version|CONSTANT ROW|\d+ CONSTANT ROWS?)\b`)
	must := map[string]string{
		"SCAN segment USING COVERING INDEX segment_day": "lists the days there are, once a day",
		"SCAN guard": "forgets guards, once a day",
		"SCAN finding USING COVERING INDEX finding_open": "counts the open findings of all sites, which are what scans found and nobody mended",
		"SCAN seen": "forgets boots of guards, once a day",
		"SCAN alert_delivery USING INDEX sqlite_autoindex_alert_delivery_1": "reads the newest page, in the order of the index",
		"SCAN t USING INDEX alert_thread_channel":                           "asks which channels have something due: a group of alerts a channel, not one an alert",
	}
	var mu sync.Mutex
	statements := 0
	faults := map[string]bool{}
	storetest.Run(t, func(t *testing.T) *store.DB {
		db, r, plain := openTaped(t)
		t.Cleanup(func() {
			mu.Lock()
			defer mu.Unlock()
			for statement, args := range r.said {
				if !planned(statement) {
					continue
				}
				statements++
				for _, step := range explained(t, plain, statement, args) {
					if strings.HasPrefix(step, "SCAN") && !small.MatchString(step) && must[step] == "" {
						faults[fmt.Sprintf("%s: %s", step, statement)] = true
					}
				}
			}
		})
		return db
	})
	for f := range faults {
		t.Error(f)
	}
	if statements < 500 {
		t.Errorf("only %d statements were looked at", statements)
	}
}

func planned(statement string) bool {
	verb, _, _ := strings.Cut(strings.TrimSpace(statement), " ")
	switch strings.ToUpper(verb) {
	case "SELECT", "INSERT", "UPDATE", "DELETE", "WITH":
		return true
	}
	return false
}

func ignoreMissing(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
