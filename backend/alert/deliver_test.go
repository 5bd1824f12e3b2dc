package alert_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"palisade.dev/backend/alert"
	"palisade.dev/backend/alert/alerttest"
	"palisade.dev/store/postgres"
	"palisade.dev/store/storetest"
)

func TestASingleAlertIsOneMessageAtOnce(t *testing.T) {
	h := newHouse(t)
	c := h.channel("phone", alert.Hears{})
	h.channel("program", alert.Hears{})
	h.tell(one("a"))
	h.deliver()
	h.expect("phone", "opened 1 a")
	h.live(3*time.Hour, time.Minute)
	h.expect("phone", "opened 1 a")
	h.expect("program", "opened 1 a, ended 1 a")
	m := h.spies["phone"].Sent()[0]
	if m.Link != "https://palisade.example.com/s/shop/bans" || m.Headline() != "a ban of a" || m.Over || !m.Opened.Equal(alerttest.Noon) {
		t.Errorf("%+v", m)
	}
	if end := h.spies["program"].Sent()[1]; end.Headline() != "Over: a ban of a" || !end.Over || end.Group != m.Group || end.Sequence != 1 {
		t.Errorf("%+v", end)
	}
	if got := h.log(c); got != `delivered 1 "taken"` {
		t.Errorf("log: %s", got)
	}
}

// An attack, second by second: the messages are few and the last one has the whole count.
func TestAThousandBansInAMinuteAreThreeMessages(t *testing.T) {
	h := newHouse(t)
	h.channel("phone", alert.Hears{})
	h.channel("program", alert.Hears{})
	for i := range 1000 {
		a := one("rule login")
		a.ID, a.Title = fmt.Sprint("ban ", i), fmt.Sprintf("ban %d", i)
		h.tell(a)
		h.clock.pass(59 * time.Millisecond)
		if i%20 == 0 {
			h.deliver()
		}
	}
	h.live(2*time.Hour, 10*time.Second)
	h.expect("phone", "opened 1 rule login, updated 1000 rule login, ended 1000 rule login")
	h.expect("program", "opened 1 rule login, updated 1000 rule login, ended 1000 rule login")
	all := h.spies["phone"].Sent()
	if got := all[1].Headline(); got != "1,000 bans of rule login so far" || all[1].Newest.Title != "ban 999" || all[1].First.Title != "ban 0" {
		t.Errorf("%q, newest %q", got, all[1].Newest.Title)
	}
	if got := all[2].Headline(); got != "Over: 1,000 bans of rule login, 12:00 to 12:00 UTC" {
		t.Errorf("%q", got)
	}
}

// The bounds that the comment of Sparing states, and what a program gets.
func TestLongAttacksAreToldHourly(t *testing.T) {
	cases := []struct {
		kind         string
		lasts, every time.Duration
		messages     []int // of each group
	}{
		{"phone", time.Hour, 30 * time.Second, []int{5}},
		// The second day is a message of its own. After the first minute there was nothing new, so it is one less than the bound.
		{"phone", 25 * time.Hour, 5 * time.Minute, []int{26, 4}},
		{"program", time.Hour, 30 * time.Second, []int{62}},
	}
	for _, c := range cases {
		h := newHouse(t)
		h.channel(c.kind, alert.Hears{})
		n := int64(0)
		for ; n < int64(c.lasts/c.every); n++ {
			h.tell(one("a"))
			h.deliver()
			h.live(c.every, min(c.every, time.Minute))
		}
		h.live(time.Hour, time.Minute)
		var messages []int
		counts := map[string]int64{}
		for _, m := range h.spies[c.kind].Sent() {
			if m.Sequence == 0 {
				messages = append(messages, 0)
			}
			messages[len(messages)-1]++
			counts[m.Group] = m.Count
		}
		sum := int64(0)
		for _, count := range counts {
			sum += count
		}
		if fmt.Sprint(messages) != fmt.Sprint(c.messages) || sum != n {
			t.Errorf("%s of %s: messages %d, want %d; %d of %d alerts", c.kind, c.lasts, messages, c.messages, sum, n)
		}
	}
}

func TestWhoHearsWhat(t *testing.T) {
	h := newHouse(t)
	muted := h.channel("phone", alert.Hears{})
	if _, err := h.MuteChannel(t.Context(), muted, h.clock.now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	h.channel("program", alert.Hears{Kinds: []alert.Kind{alert.Ban, alert.GuardGone}, Severity: alert.High, Sites: []string{"s1"}})
	alerts := map[string]func(*alert.Alert){
		"heard":         func(a *alert.Alert) { a.Severity = alert.High },
		"too mild":      func(*alert.Alert) {},
		"other kind":    func(a *alert.Alert) { a.Severity, a.Kind = alert.High, alert.Trap },
		"other site":    func(a *alert.Alert) { a.Severity, a.Site.ID = alert.High, "s2" },
		"of the house":  func(a *alert.Alert) { a.Severity, a.Site.ID = alert.Critical, "" },
		"grows serious": func(*alert.Alert) {},
	}
	for group, change := range alerts {
		a := one(group)
		change(&a)
		h.tell(a)
	}
	a := one("grows serious")
	a.Severity = alert.High
	h.tell(a)
	h.deliver()
	heard := map[string]bool{}
	for _, m := range h.spies["program"].Sent() {
		heard[m.Newest.Group] = true
	}
	if len(heard) != 3 || !heard["heard"] || !heard["of the house"] || !heard["grows serious"] {
		t.Errorf("heard %v", heard)
	}
	h.expect("phone", "")
	// What happened in the meantime is not told afterwards.
	h.live(2*time.Hour, time.Minute)
	h.expect("phone", "")
	h.tell(one("later"))
	h.deliver()
	h.expect("phone", "opened 1 later")
}

func TestAMuteHoldsWhatIsUnderWay(t *testing.T) {
	h := newHouse(t)
	c := h.channel("phone", alert.Hears{})
	h.tell(one("a"))
	if _, err := h.MuteChannel(t.Context(), c, h.clock.now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	h.live(30*time.Minute, time.Minute)
	h.expect("phone", "")
	if _, err := h.MuteChannel(t.Context(), c, time.Time{}); err != nil {
		t.Fatal(err)
	}
	h.deliver()
	h.expect("phone", "opened 1 a")
}

func TestTellingTwiceCountsOnce(t *testing.T) {
	h := newHouse(t)
	h.channel("phone", alert.Hears{})
	a := one("a")
	a.ID = "ban 1"
	h.tell(a, a)
	h.restart()
	h.tell(a, one("a"))
	h.deliver()
	h.expect("phone", "opened 2 a")
}

func TestTryingAgainSaysTheSameUnderTheSameID(t *testing.T) {
	h := newHouse(t)
	c := h.channel("program", alert.Hears{})
	away := true
	h.spies["program"].Answer = func(*alert.Message) (alert.Answer, error) {
		if away {
			return alert.Answer{}, errAway
		}
		return alert.Answer{Said: "204"}, nil
	}
	h.tell(one("a"))
	h.deliver()
	h.tell(one("a"), one("a"))
	h.restart() // nothing that makes it the same is in memory
	h.live(30*time.Second, time.Second)
	away = false
	h.live(time.Hour, time.Second)
	all := h.spies["program"].Sent()
	if got := told(all); got != "opened 1 a, opened 1 a, opened 1 a, opened 1 a, updated 3 a, ended 3 a" {
		t.Fatal(got)
	}
	for _, m := range all[1:4] {
		if m.ID != all[0].ID || m.Newest.Title != all[0].Newest.Title || m.Count != 1 {
			t.Errorf("%+v", m)
		}
	}
	for i, m := range all[4:] {
		if m.Sequence != int64(i+1) || !strings.HasSuffix(m.ID, fmt.Sprint("-", i+1)) {
			t.Errorf("%+v", m)
		}
	}
	if got := h.log(c); !strings.HasPrefix(got, `retry 1 "connection refused", retry 2 "connection refused", retry 3 "connection refused", delivered 4 "204", delivered 1 "204"`) {
		t.Errorf("log: %s", got)
	}
}

func TestItGivesUpAfterADayAndSaysSo(t *testing.T) {
	h := newHouse(t)
	c := h.channel("phone", alert.Hears{})
	h.spies["phone"].Answer = func(*alert.Message) (alert.Answer, error) { return alert.Answer{}, errAway }
	h.tell(one("a"))
	h.live(30*time.Hour, time.Minute)
	all, err := h.Log(t.Context(), c, "", 1000)
	if err != nil {
		t.Fatal(err)
	}
	last := all[0]
	if last.Outcome != alert.GaveUp || last.Next != 0 || len(all) < 30 || len(all) > 40 {
		t.Errorf("%d attempts, the last %+v", len(all), last)
	}
	if lasted := time.Duration(last.At-all[len(all)-1].At) * time.Millisecond; lasted < 24*time.Hour || lasted > 25*time.Hour+time.Minute {
		t.Errorf("tried for %s", lasted)
	}
	for i := len(all) - 2; i >= 0; i-- { // each attempt was at the time that the one before announced, as near as we looked
		if early := all[i+1].Next - all[i].At; early > 0 || early < -60_000 {
			t.Errorf("attempt %d came %d ms early", all[i].Attempt, early)
		}
	}
	if got, err := h.Channel(t.Context(), c); err != nil || got.Waiting != 0 {
		t.Errorf("%d wait, %v", got.Waiting, err)
	}
}

func TestWhatIsRefusedForGoodIsNotRepeatedForADay(t *testing.T) {
	h := newHouse(t)
	c := h.channel("phone", alert.Hears{})
	gone := true
	h.spies["phone"].Answer = func(*alert.Message) (alert.Answer, error) {
		if gone {
			return alert.Answer{}, &alert.Failure{Said: "404 no_service\x1b[2J" + strings.Repeat("x", 1000), Never: true}
		}
		return alert.Answer{Said: "ok"}, nil
	}
	h.tell(one("a"))
	h.live(30*time.Second, time.Second)
	if got := h.log(c); !strings.HasPrefix(got, `refused 1 "404 no_service␛[2Jxxx`) || strings.Count(got, "refused") != 1 || len(got) > 340 {
		t.Errorf("log: %s", got)
	}
	gone = false // somebody mended the channel: who comes next is told in full
	h.tell(one("a"))
	h.live(time.Hour, time.Second)
	h.expect("phone", "opened 1 a, opened 2 a, ended 2 a")
}

func TestAChannelThatAsksForPatienceIsLeftAlone(t *testing.T) {
	h := newHouse(t)
	h.channel("phone", alert.Hears{})
	h.spies["phone"].Answer = func(*alert.Message) (alert.Answer, error) {
		if h.clock.now().Before(alerttest.Noon.Add(30 * time.Second)) {
			return alert.Answer{}, &alert.Failure{Said: "429", Wait: 30 * time.Second}
		}
		return alert.Answer{}, nil
	}
	h.tell(one("a"))
	h.deliver()
	h.tell(one("b"), one("c"))
	h.live(29*time.Second, time.Second)
	if n := len(h.spies["phone"].Sent()); n > 3 { // the two that came later ask once
		t.Errorf("asked %d times", n)
	}
	h.live(31*time.Second, time.Second)
	delivered := map[string]bool{}
	for _, m := range h.spies["phone"].Sent()[2:] {
		delivered[m.Newest.Group] = true
	}
	if len(delivered) != 3 {
		t.Errorf("delivered %v", delivered)
	}
}

// editor keeps one message for each group, as the coming Slack app will.
type editor struct {
	alerttest.Spy
	edits []alert.Message
}

func (e *editor) Edit(_ context.Context, _ json.RawMessage, m *alert.Message) (alert.Answer, error) {
	e.edits = append(e.edits, *m)
	return alert.Answer{State: m.State}, nil
}

func TestASinkThatCanEditSendsOneMessage(t *testing.T) {
	h := newHouse(t)
	e := &editor{Spy: alerttest.Spy{Tempo: alert.Steady, Answer: func(*alert.Message) (alert.Answer, error) { return alert.Answer{State: "message 7"}, nil }}}
	h.more = map[string]alert.Sink{"app": e}
	h.Alerts = h.another(h.db)
	h.channel("app", alert.Hears{})
	for range 10 {
		h.tell(one("a"))
		h.live(30*time.Second, time.Second)
	}
	h.live(time.Hour, time.Minute)
	if got := told(e.Sent()); got != "opened 1 a" {
		t.Error(got)
	}
	if got := told(e.edits); !strings.HasPrefix(got, "updated 2 a, updated 4 a") || !strings.HasSuffix(got, "ended 10 a") || e.edits[0].State != "message 7" {
		t.Error(got)
	}
}

func TestTheStateOfASinkIsKept(t *testing.T) {
	h := newHouse(t)
	h.channel("phone", alert.Hears{})
	fails := 1
	h.spies["phone"].Answer = func(m *alert.Message) (alert.Answer, error) {
		state := m.State + "x"
		if fails--; fails >= 0 {
			return alert.Answer{State: state}, errAway
		}
		return alert.Answer{State: state}, nil
	}
	h.tell(one("a"))
	h.live(time.Minute, time.Second)
	h.restart()
	h.tell(one("a"))
	h.live(time.Hour, time.Second)
	var states []string
	for _, m := range h.spies["phone"].Sent() {
		states = append(states, m.State)
	}
	if got := strings.Join(states, ","); got != ",x,xx,xxx" {
		t.Errorf("states %s", got)
	}
}

func TestAHangingChannelDelaysNoOther(t *testing.T) {
	h := newHouse(t)
	h.channel("phone", alert.Hears{})
	h.channel("program", alert.Hears{})
	release, reached := make(chan struct{}), make(chan struct{})
	h.spies["phone"].Answer = func(*alert.Message) (alert.Answer, error) { close(reached); <-release; return alert.Answer{}, nil }
	arrived := make(chan struct{}, 1)
	h.spies["program"].Answer = func(*alert.Message) (alert.Answer, error) { arrived <- struct{}{}; return alert.Answer{}, nil }
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { h.Run(ctx); close(done) }()
	h.tell(one("a"))
	<-reached
	<-arrived
	h.tell(one("b"))
	<-arrived
	// Stopping waits for what hangs, and notes what came of it.
	stop()
	select {
	case <-done:
		t.Error("stopped in the middle of a delivery")
	default:
	}
	close(release)
	<-done
	h.restart()
	h.spies["phone"].Answer = nil
	h.live(time.Minute, time.Second)
	h.expect("phone", "opened 1 a, opened 1 b")
}

// A process that died between sending and noting leaves a lease: after it the same message goes out again, under its id.
func TestAfterACrashWhileSendingTheSameMessageIsSentAgain(t *testing.T) {
	h := newHouse(t)
	c := h.channel("program", alert.Hears{})
	h.tell(one("a"))
	now := h.clock.now()
	lost, g, err := h.db.ClaimAlert(t.Context(), c, "the dead", now.UnixMilli(), now.Add(2*time.Minute).UnixMilli())
	if err != nil {
		t.Fatal(err)
	}
	lost.Frozen, lost.Began = `{"phase":"opened","count":1,"last":5,"over":false,"newest":`+g.Newest+`}`, now.UnixMilli()
	if err := h.db.FreezeAlert(t.Context(), lost); err != nil {
		t.Fatal(err)
	}
	h.tell(one("a"))
	h.restart()
	h.live(119*time.Second, time.Second)
	h.expect("program", "")
	h.live(time.Second, time.Second)
	if all := h.spies["program"].Sent(); len(all) < 1 || all[0].Count != 1 || all[0].ID != lost.Group+"-"+c+"-0" {
		t.Fatalf("%+v", all)
	}
}

func TestTwoBackEndsOnOnePostgreSQLTellEachMessageOnce(t *testing.T) {
	dsn := storetest.Database(t, storetest.Postgres(t))
	h := newHouse(t)
	var ends []*alert.Alerts
	for range 2 {
		db, err := postgres.Open(t.Context(), dsn)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		ends = append(ends, h.another(db))
	}
	h.Alerts = ends[0]
	for range 3 {
		h.channel("program", alert.Hears{})
	}
	var all sync.WaitGroup
	for i := range 40 {
		for _, e := range ends { // each hears the same from a guard that sends again
			all.Go(func() {
				a, b := one(fmt.Sprint("g", i%20)), one(fmt.Sprint("g", 19-i%20))
				a.ID, b.ID = fmt.Sprint("a", i), fmt.Sprint("b", i)
				if err := e.Tell(t.Context(), a, b); err != nil {
					t.Error(err)
				}
			})
		}
	}
	all.Wait()
	for range 30 {
		for _, e := range ends {
			all.Go(func() {
				if err := e.Deliver(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
	}
	ids := map[string]int64{}
	for _, m := range h.spies["program"].Sent() {
		if _, twice := ids[m.ID]; twice {
			t.Errorf("%s was sent twice", m.ID)
		}
		ids[m.ID] = m.Count
	}
	if len(ids) != 60 {
		t.Errorf("%d messages", len(ids))
	}
	for id, n := range ids {
		if n != 4 {
			t.Errorf("%s counts %d", id, n)
		}
	}
}

func BenchmarkTell(b *testing.B) {
	h := newHouse(b)
	for range 3 {
		h.channel("phone", alert.Hears{})
	}
	for _, size := range []int{1, 500} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			n := 0
			for b.Loop() {
				batch := make([]alert.Alert, size)
				for i := range batch {
					n++
					batch[i] = one("a")
					batch[i].ID = fmt.Sprint(size, " ", n)
				}
				h.tell(batch...)
			}
		})
	}
	b.Run("unheard", func(b *testing.B) {
		quiet := newHouse(b)
		for b.Loop() {
			quiet.tell(one("a"))
		}
	})
}
