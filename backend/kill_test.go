package backend

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"palisade.dev/backend/event"
	"palisade.dev/backend/feed"
	"palisade.dev/backend/site"
	"palisade.dev/guard/wire"
)

func readFile(dir, name string) (string, error) {
	b, err := os.ReadFile(filepath.Join(dir, name))
	return strings.TrimSpace(string(b)), err
}

const killedDir = "PALISADE_TEST_KILLED"

// TestMain lets the test binary play the process that is killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv(killedDir); dir != "" {
		acknowledge(dir)
		return
	}
	os.Exit(m.Run())
}

// acknowledge writes bans, rules and events until it is killed, and says so after each.
func acknowledge(dir string) {
	t := &quiet{}
	ctx := context.Background()
	b := open(t, dir)
	s, err := b.DB.SiteByName(ctx, "shop")
	if err != nil {
		if s, err = b.Sites.Create(ctx, site.Facts{Name: "shop"}, feed.Settings{Defaults: true}, "test"); err != nil {
			panic(err)
		}
	}
	back := b.Local(s)
	boot := fmt.Sprint("boot-", os.Getpid())
	for i := uint64(1); ; i++ {
		subject := fmt.Sprintf("account:%d-%d", os.Getpid(), i)
		if _, err := b.Bans.Impose(ctx, s.ID, subject, 0, "", "test"); err != nil {
			panic(err)
		}
		fmt.Println("ban", subject)
		path := fmt.Sprintf("/%d-%d", os.Getpid(), i)
		e := wire.Event{Seq: i, At: time.Now().UnixMicro(), Method: "GET", Path: path, Action: "allow", Account: subject}
		if err := back.Events(ctx, wire.Batch{Guard: "g", Boot: boot, Events: []wire.Event{e}}); err != nil {
			panic(err)
		}
		fmt.Println("event", subject)
	}
}

type quiet struct{ testing.TB }

func (*quiet) Helper()           {}
func (*quiet) Fatal(args ...any) { panic(fmt.Sprint(args...)) }
func (*quiet) Cleanup(func())    {}

func TestKilledAtAnyMomentNothingAcknowledgedIsLost(t *testing.T) {
	dir := t.TempDir()
	acknowledged := map[string][]string{}
	for round := range 5 {
		c := exec.Command(os.Args[0])
		c.Env = append(os.Environ(), killedDir+"="+dir)
		c.Stderr = os.Stderr
		out, err := c.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		sc := bufio.NewScanner(out)
		for n := 0; sc.Scan(); n++ {
			kind, what, _ := strings.Cut(sc.Text(), " ")
			acknowledged[kind] = append(acknowledged[kind], what)
			if n == 20+7*round {
				if err := c.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		_ = c.Wait()
	}
	b := open(t, dir)
	ctx := context.Background()
	s, err := b.DB.SiteByName(ctx, "shop")
	if err != nil {
		t.Fatal(err)
	}
	for _, subject := range acknowledged["ban"] {
		if h, err := b.DB.BanHistory(ctx, s.ID, subject, 1); err != nil || len(h) != 1 {
			t.Errorf("the ban of %s: %v, %v", subject, h, err)
		}
	}
	for _, subject := range acknowledged["event"] {
		p, err := b.Search.Find(ctx, event.Query{Site: s.ID, Account: subject})
		if err != nil || len(p.Events) != 1 {
			t.Errorf("the event of %s: %d, %v", subject, len(p.Events), err)
		}
	}
	if len(acknowledged["ban"]) < 50 || len(acknowledged["event"]) < 50 {
		t.Errorf("only %d bans and %d events were acknowledged", len(acknowledged["ban"]), len(acknowledged["event"]))
	}
}
