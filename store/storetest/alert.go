package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"palisade.dev/store"
)

const (
	quiet = 100 // a group's, in the promises below
	most  = 1000
)

func channel(t testing.TB, db *store.DB, name string) string {
	t.Helper()
	must(t, db.PutAlertChannel(t.Context(), store.AlertChannel{ID: "channel-" + name, Kind: "webhook", Name: name, Settings: "{}", Hears: "{}", Created: 1, Updated: 1}))
	return "channel-" + name
}

// tell tells one alert.
func tell(t testing.TB, db *store.DB, key, told, body string, at int64, channels ...string) {
	t.Helper()
	e := store.AlertEntry{Key: key, Told: []string{told}, Body: body, Group: id(), Channels: channels}
	must(t, db.TellAlerts(t.Context(), []store.AlertEntry{e}, at, quiet, most))
}

// claimed is a claim that must succeed.
func claimed(t testing.TB, db *store.DB, channel, holder string, at, lease int64) (store.AlertThread, store.AlertGroup) {
	t.Helper()
	thread, group, err := db.ClaimAlert(t.Context(), channel, holder, at, lease)
	must(t, err)
	return thread, group
}

func nothing(t testing.TB, db *store.DB, channel string, at int64) {
	t.Helper()
	_, _, err := db.ClaimAlert(t.Context(), channel, "x", at, at+50)
	refused(t, err, store.ErrNotFound, "claiming an alert")
}

func due(t testing.TB, db *store.DB, at int64) string {
	t.Helper()
	return fmt.Sprint(got[[]string](t)(db.AlertsDue(t.Context(), at)))
}

func delivery(channel string, at int64) store.AlertDelivery {
	return store.AlertDelivery{ID: id(), Channel: channel, Group: "g", Message: "m", Title: "näh", Attempt: 2, At: at, Outcome: "delivered", Said: "200 OK", Next: 7}
}

var alertPromises = []promise{
	{"a channel comes back as it went in, and is changed by its id", func(ctx context.Context, t *testing.T, db *store.DB) {
		c := store.AlertChannel{ID: "c1", Kind: "slack", Name: "Ops", Settings: `{"url":"x"}`, Hears: `{"kinds":["ban"]}`, Muted: 5, Created: 1, Updated: 2}
		must(t, db.PutAlertChannel(ctx, c))
		equal(t, "channel", got[store.AlertChannel](t)(db.AlertChannel(ctx, "c1")), c)
		c.Name, c.Settings, c.Hears, c.Muted, c.Updated = "Night", "{}", "[]", 9, 3
		must(t, db.PutAlertChannel(ctx, c))
		must(t, db.PutAlertChannel(ctx, store.AlertChannel{ID: "c2", Kind: "email", Name: "A", Settings: "{}", Hears: "{}"}))
		all := got[[]store.AlertChannel](t)(db.AlertChannels(ctx))
		equal(t, "channels", len(all), 2)
		equal(t, "by name", all[1], c)
		refused(t, db.PutAlertChannel(ctx, store.AlertChannel{ID: "c3", Name: "A"}), store.ErrConflict, "keeping channel A")
		must(t, db.DeleteAlertChannel(ctx, "c1"))
		refused(t, db.DeleteAlertChannel(ctx, "c1"), store.ErrNotFound, "no channel c1")
		_, err := db.AlertChannel(ctx, "c1")
		refused(t, err, store.ErrNotFound, "channel c1")
	}},
	{"alerts of one key are one group while they keep coming", func(_ context.Context, t *testing.T, db *store.DB) {
		c := channel(t, db, "a")
		tell(t, db, "k", "", `1`, 1000, c)
		first, g := claimed(t, db, c, "h", 1000, 1050)
		equal(t, "group", g, store.AlertGroup{ID: first.Group, Key: "k", First: "1", Newest: "1", Count: 1, Opened: 1000, Last: 1000, Closes: 1100})
		tell(t, db, "k", "", `2`, 1099, c)
		_, g = claimed(t, db, c, "h", 1060, 1061)
		equal(t, "same group", g, store.AlertGroup{ID: first.Group, Key: "k", First: "1", Newest: "2", Count: 2, Opened: 1000, Last: 1099, Closes: 1199})
		tell(t, db, "other", "", `3`, 1099, c)
		tell(t, db, "k", "", `4`, 1199, c)
		g = got[store.AlertGroup](t)(db.AlertGroup(t.Context(), first.Group))
		equal(t, "ended at its close", g.Ended, 1199)
		equal(t, "not counted in", g.Count, 2)
	}},
	{"a group closes in the end, however long alerts keep coming", func(_ context.Context, t *testing.T, db *store.DB) {
		c := channel(t, db, "a")
		for at := int64(0); at < 2000; at += 90 {
			tell(t, db, "k", "", `1`, 1000+at, c)
		}
		_, g := claimed(t, db, c, "h", 3100, 3200)
		equal(t, "opened", g.Opened, 1000)
		equal(t, "closed", g.Ended, 2000)
		equal(t, "alerts", g.Count, 12)
		must(t, db.SettleAlert(t.Context(), store.AlertSettled{Thread: store.AlertThread{Group: g.ID, Channel: c, Holder: "h"}, Finished: true}))
		_, g = claimed(t, db, c, "h", 3100, 3200)
		equal(t, "the next one's", g.Count, 11)
	}},
	{"an alert told twice counts once, in whatever company", func(ctx context.Context, t *testing.T, db *store.DB) {
		c := channel(t, db, "a")
		e := store.AlertEntry{Key: "k", Told: []string{"a", "b", "a", ""}, Body: "1", Group: id(), Channels: []string{c}}
		must(t, db.TellAlerts(ctx, []store.AlertEntry{e}, 1000, quiet, most))
		must(t, db.TellAlerts(ctx, []store.AlertEntry{{Key: "k", Told: []string{"b", "c"}, Body: "2", Group: id()}, {Key: "l", Told: []string{"c"}, Body: "2", Group: id(), Channels: []string{c}}}, 1010, quiet, most))
		_, g := claimed(t, db, c, "h", 1010, 1050)
		equal(t, "alerts", g.Count, 4)
		nothing(t, db, c, 1010)
		must(t, db.ForgetAlerts(ctx, 0, 1005))
		tell(t, db, "k", "a", "3", 1020, c)
		equal(t, "forgotten and told again", got[store.AlertGroup](t)(db.AlertGroup(ctx, g.ID)).Count, 5)
	}},
	{"a channel deleted meanwhile disturbs no alert", func(ctx context.Context, t *testing.T, db *store.DB) {
		a, b := channel(t, db, "a"), channel(t, db, "b")
		must(t, db.DeleteAlertChannel(ctx, a))
		tell(t, db, "k", "", "1", 1000, a, b)
		equal(t, "due", due(t, db, 1000), "[channel-b]")
		must(t, db.DeleteAlertChannel(ctx, b))
		equal(t, "due", due(t, db, 1000), "[]")
	}},
	{"one alert is claimed by one holder until the lease ends", func(_ context.Context, t *testing.T, db *store.DB) {
		c := channel(t, db, "a")
		tell(t, db, "k", "", "1", 1000, c)
		nothing(t, db, c, 999)
		equal(t, "due", due(t, db, 999), "[]")
		first, _ := claimed(t, db, c, "one", 1000, 1050)
		equal(t, "attempts", first.Attempts, 1)
		equal(t, "due", due(t, db, 1049), "[]")
		nothing(t, db, c, 1049)
		second, _ := claimed(t, db, c, "two", 1050, 1100)
		equal(t, "attempts", second.Attempts, 2)
		first.Frozen = "x"
		refused(t, db.FreezeAlert(t.Context(), first), store.ErrConflict, "the lease")
		d := delivery(c, 1060)
		refused(t, db.SettleAlert(t.Context(), store.AlertSettled{Thread: first, Delivery: &d}), store.ErrConflict, "the lease")
		equal(t, "noted all the same", got[[]store.AlertDelivery](t)(db.AlertDeliveries(t.Context(), c, "", 10))[0], d)
		second.Frozen, second.Began = "y", 1060
		must(t, db.FreezeAlert(t.Context(), second))
		third, _ := claimed(t, db, c, "three", 1100, 1150)
		equal(t, "frozen", fmt.Sprintln(third.Frozen, third.Began), "y 1060\n")
	}},
	{"many who claim at once get one each", func(ctx context.Context, t *testing.T, db *store.DB) {
		c := channel(t, db, "a")
		for i := range 10 {
			tell(t, db, fmt.Sprint("k", i), "", "1", 1000, c)
		}
		var mu sync.Mutex
		groups := map[string]int{}
		errs := atOnce(12, func(i int) error {
			for {
				th, _, err := db.ClaimAlert(ctx, c, fmt.Sprint("h", i), 1000, 2000)
				if errors.Is(err, store.ErrNotFound) && due(t, db, 1000) != "[]" {
					continue // another was quicker
				}
				if err != nil {
					return err
				}
				mu.Lock()
				groups[th.Group]++
				mu.Unlock()
			}
		})
		equal(t, "ended by want of more", count(errs, store.ErrNotFound), 12)
		equal(t, "groups", len(groups), 10)
		for g, n := range groups {
			equal(t, "holders of "+g, n, 1)
		}
	}},
	{"many who tell at once lose no alert and open one group", func(ctx context.Context, t *testing.T, db *store.DB) {
		c := channel(t, db, "a")
		errs := atOnce(24, func(i int) error {
			var all []store.AlertEntry
			for k := range 3 {
				all = append(all, store.AlertEntry{Key: fmt.Sprint("k", k), Told: []string{"", fmt.Sprint(k, i/2)}, Body: "1", Group: fmt.Sprint("g", k, "-", i), Channels: []string{c}})
			}
			return db.TellAlerts(ctx, all, 1000, quiet, most)
		})
		equal(t, "failures", len(errs)-count(errs, nil), 0)
		for range 3 {
			_, g := claimed(t, db, c, "h", 1000, 1050)
			equal(t, "alerts", g.Count, 24+12)
		}
		nothing(t, db, c, 1000)
	}},
	{"what is settled is due again when it says, or never", func(ctx context.Context, t *testing.T, db *store.DB) {
		c := channel(t, db, "a")
		tell(t, db, "k", "", "1", 1000, c)
		th, g := claimed(t, db, c, "h", 1000, 1050)
		equal(t, "waiting", got[int](t)(db.AlertsWaiting(ctx, c)), 1)
		th.Sequence, th.Told, th.State, th.Frozen, th.Began, th.Attempts, th.Due = 1, 1, "s", "f", 3, 0, 1030
		d := delivery(c, 1001)
		must(t, db.SettleAlert(ctx, store.AlertSettled{Thread: th, Delivery: &d}))
		equal(t, "waiting", got[int](t)(db.AlertsWaiting(ctx, c)), 0)
		nothing(t, db, c, 1029)
		again, _ := claimed(t, db, c, "h2", 1030, 1080)
		th.Attempts, th.Holder = 1, "h2"
		equal(t, "thread", again, th)
		must(t, db.SettleAlert(ctx, store.AlertSettled{Thread: again, Finished: true}))
		nothing(t, db, c, 5000)
		tell(t, db, "k", "", "2", 1031, c)
		_, same := claimed(t, db, c, "h", 1031, 1080)
		equal(t, "who finished and hears more begins anew", same.ID, g.ID)
	}},
	{"a muted channel is not due, and one that must wait holds all of its alerts", func(ctx context.Context, t *testing.T, db *store.DB) {
		a, b := channel(t, db, "a"), channel(t, db, "b")
		tell(t, db, "k", "", "1", 1000, a, b)
		tell(t, db, "l", "", "1", 1000, a, b)
		th, _ := claimed(t, db, b, "h", 1000, 1050)
		th.Due = 1010
		must(t, db.SettleAlert(ctx, store.AlertSettled{Thread: th, Hold: 1500}))
		equal(t, "due", due(t, db, 1400), "[channel-a]")
		equal(t, "due", due(t, db, 1500), "[channel-a channel-b]")
		c := got[store.AlertChannel](t)(db.AlertChannel(ctx, a))
		c.Muted = 1600
		must(t, db.PutAlertChannel(ctx, c))
		equal(t, "due", due(t, db, 1599), "[channel-b]")
		equal(t, "due", due(t, db, 1600), "[channel-a channel-b]")
	}},
	{"the log of deliveries is read newest first and outlives its channel", func(ctx context.Context, t *testing.T, db *store.DB) {
		a := channel(t, db, "a")
		var all []store.AlertDelivery
		for i := range 5 {
			d := delivery([]string{a, "channel-b"}[i%2], int64(i))
			all = append(all, d)
			must(t, db.NoteAlertDelivery(ctx, d))
		}
		must(t, db.DeleteAlertChannel(ctx, a))
		page := got[[]store.AlertDelivery](t)(db.AlertDeliveries(ctx, "", "", 2))
		equal(t, "page", len(page), 2)
		equal(t, "newest", page[0], all[4])
		page = got[[]store.AlertDelivery](t)(db.AlertDeliveries(ctx, a, page[1].ID, 10))
		equal(t, "page of one channel", len(page), 2)
		equal(t, "its newest", page[0], all[2])
		must(t, db.ForgetAlerts(ctx, 3, 0))
		equal(t, "left", len(got[[]store.AlertDelivery](t)(db.AlertDeliveries(ctx, "", "", 10))), 2)
	}},
	{"old groups are forgotten when nobody is to hear of them", func(ctx context.Context, t *testing.T, db *store.DB) {
		c := channel(t, db, "a")
		tell(t, db, "k", "", "1", 1000, c)
		tell(t, db, "l", "", "1", 1000)
		th, g := claimed(t, db, c, "h", 5000, 5050)
		must(t, db.ForgetAlerts(ctx, 4000, 0))
		got[store.AlertGroup](t)(db.AlertGroup(ctx, g.ID))
		must(t, db.SettleAlert(ctx, store.AlertSettled{Thread: th, Finished: true}))
		must(t, db.ForgetAlerts(ctx, 4000, 0))
		_, err := db.AlertGroup(ctx, g.ID)
		refused(t, err, store.ErrNotFound, "group of alerts")
	}},
	{"known losses of guards go with their site", func(ctx context.Context, t *testing.T, db *store.DB) {
		a, b := Site(t, db, "a"), Site(t, db, "b")
		for _, l := range []store.AlertAbsence{{Site: a, Guard: "g2", LastSeen: 5}, {Site: a, Guard: "g1", LastSeen: 6}, {Site: b, Guard: "g1", LastSeen: 7}, {Site: a, Guard: "g1", LastSeen: 8}} {
			must(t, db.PutAlertAbsence(ctx, l))
		}
		all := got[[]store.AlertAbsence](t)(db.AlertAbsences(ctx, a))
		equal(t, "absences", len(all), 2)
		equal(t, "first", all[0], store.AlertAbsence{Site: a, Guard: "g1", LastSeen: 8})
		must(t, db.DeleteAlertAbsence(ctx, a, "g1"))
		equal(t, "absences", len(got[[]store.AlertAbsence](t)(db.AlertAbsences(ctx, a))), 1)
		must(t, db.DeleteSite(ctx, a, "me", 9))
		equal(t, "absences", len(got[[]store.AlertAbsence](t)(db.AlertAbsences(ctx, a))), 0)
		refused(t, db.PutAlertAbsence(ctx, store.AlertAbsence{Site: "none", Guard: "g"}), store.ErrNotFound, "guard g")
	}},
}
