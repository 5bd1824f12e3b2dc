package backend

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"palisade.dev/guard"
)

const manyGuards = 20

func connected(t testing.TB, h *house) []*guard.Guard {
	var all []*guard.Guard
	for i := range manyGuards {
		all = append(all, h.guard(t, fmt.Sprintf("guard-%d", i)))
	}
	until(t, "all guards have a policy", func() bool {
		return !slices.ContainsFunc(all, func(g *guard.Guard) bool { return g.Revision() == 0 })
	})
	return all
}

// banAndWait bans an address and gives the time until every guard refuses it.
func banAndWait(t testing.TB, h *house, all []*guard.Guard, address string) time.Duration {
	at := time.Now()
	if _, err := h.Bans.Impose(context.Background(), h.site.ID, address, time.Hour, "", "test"); err != nil {
		t.Fatal(err)
	}
	until(t, "the ban of "+address, func() bool {
		for _, g := range all {
			if _, refused := refuses(g, address, "GET", "/"); !refused {
				return false
			}
		}
		return true
	})
	return time.Since(at)
}

func TestBanReachesTwentyGuards(t *testing.T) {
	h := newHouse(t)
	all := connected(t, h)
	for i := range 10 {
		banAndWait(t, h, all, fmt.Sprintf("198.51.100.%d", i))
	}
}

// BenchmarkBanToTwentyGuards measures the promise that a ban made anywhere is enforced by every connected guard within
// a second: ms until the last of twenty guards refuses, over HTTP on one machine.
func BenchmarkBanToTwentyGuards(b *testing.B) {
	h := newHouse(b)
	all := connected(b, h)
	var took []time.Duration
	for i := 0; b.Loop(); i++ {
		took = append(took, banAndWait(b, h, all, fmt.Sprintf("198.51.%d.%d", i>>8&255, i&255)))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "ms-median")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "ms-p99")
}

func TestLeverReachesGuardsAndIsConfirmed(t *testing.T) {
	h := newHouse(t)
	ctx := context.Background()
	one, two := h.guard(t, "one"), h.guard(t, "two")
	until(t, "policies", func() bool { return one.Revision() > 0 && two.Revision() > 0 })
	if _, err := h.Levers.Set(ctx, h.site.ID, "", "@signup", "closed", 15*time.Minute, "", "test"); err != nil {
		t.Fatal(err)
	}
	s, err := h.DB.SiteByID(ctx, h.site.ID)
	if err != nil {
		t.Fatal(err)
	}
	until(t, "both receipts", func() bool {
		receipts, all, err := h.Levers.Receipts(ctx, h.site.ID, s.Revision)
		return err == nil && all && len(receipts) == 2
	})
	for _, g := range []*guard.Guard{one, two} {
		if reason, refused := refuses(g, "203.0.113.9", "POST", "/users/register"); !refused || reason != "lever-closed" {
			t.Errorf("refused %v, reason %q", refused, reason)
		}
		if _, refused := refuses(g, "203.0.113.9", "GET", "/"); refused {
			t.Error("another route is closed too")
		}
	}
}

func TestABanThatOneGuardMakesHoldsAtTheOther(t *testing.T) {
	h := newHouse(t)
	one, two := h.guard(t, "one"), h.guard(t, "two")
	until(t, "policies", func() bool { return one.Revision() > 0 && two.Revision() > 0 })
	if reason, refused := refuses(one, "203.0.113.66", "GET", "/.env"); !refused || reason != "trap" {
		t.Fatalf("refused %v, reason %q", refused, reason)
	}
	until(t, "the other guard's ban", func() bool { _, refused := refuses(two, "203.0.113.66", "GET", "/"); return refused })
	bans, err := h.DB.BanHistory(context.Background(), h.site.ID, "203.0.113.66", 10)
	if err != nil || len(bans) != 1 || bans[0].Rule != "secret-files" || bans[0].Source != "trap" {
		t.Errorf("bans %+v, %v", bans, err)
	}
}

func TestAllowListAndLifting(t *testing.T) {
	h := newHouse(t)
	ctx := context.Background()
	g := h.guard(t, "g")
	until(t, "a policy", func() bool { return g.Revision() > 0 })
	if _, err := h.Bans.Impose(ctx, h.site.ID, "203.0.113.0/24", 0, "", "test"); err != nil {
		t.Fatal(err)
	}
	until(t, "the ban", func() bool { _, refused := refuses(g, "203.0.113.5", "GET", "/"); return refused })
	if _, err := h.Bans.Allow(ctx, h.site.ID, "203.0.113.5", time.Hour, "", "test"); err != nil {
		t.Fatal(err)
	}
	until(t, "the allowance", func() bool { _, refused := refuses(g, "203.0.113.5", "GET", "/"); return !refused })
	if _, refused := refuses(g, "203.0.113.6", "GET", "/"); !refused {
		t.Error("the neighbour's ban went as well")
	}
	if err := h.Bans.Lift(ctx, h.site.ID, "203.0.113.0/24", "test"); err != nil {
		t.Fatal(err)
	}
	until(t, "the lift", func() bool { _, refused := refuses(g, "203.0.113.6", "GET", "/"); return !refused })
}

func TestOperatorsCannotBeBanned(t *testing.T) {
	h := newHouse(t)
	h.operator("203.0.113.77:5000")
	for _, subject := range []string{"203.0.113.77", "203.0.113.0/24"} {
		if _, err := h.Bans.Impose(context.Background(), h.site.ID, subject, time.Hour, "", "test"); err == nil {
			t.Errorf("%s was banned", subject)
		}
	}
	if _, err := h.Bans.Impose(context.Background(), h.site.ID, "0.0.0.0/1", time.Hour, "", "test"); err == nil {
		t.Error("half the Internet was banned")
	}
	g := h.guard(t, "g")
	until(t, "a policy", func() bool { return g.Revision() > 0 })
	until(t, "the operator's address is known", func() bool {
		refuses(g, "203.0.113.77", "GET", "/.env") // would ban anybody else
		_, refused := refuses(g, "203.0.113.77", "GET", "/")
		return !refused
	})
}
