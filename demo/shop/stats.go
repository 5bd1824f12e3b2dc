package shop

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync/atomic"
)

// Stats is what really reached the shop since it opened, told by the shop itself: the attack's report compares it with
// what the attacker saw. People and orders that the shop opened with are not in it.
type Stats struct {
	Requests  int64 `json:"requests"`   // all but /health and /demo/stats
	SignUps   int64 `json:"sign_ups"`   // forms that asked for an account
	Accounts  int64 `json:"accounts"`   // accounts that were created
	LogIns    int64 `json:"log_ins"`    // forms that tried to sign in
	LoggedIn  int64 `json:"logged_in"`  // of those, the ones that succeeded
	Resets    int64 `json:"resets"`     // forms that asked for a new password
	Payments  int64 `json:"payments"`   // cards that were tried
	Declined  int64 `json:"declined"`   // of those, the ones that were declined
	APIDenied int64 `json:"api_denied"` // API requests without a known key
}

type counters struct {
	requests, signUps, accounts, logIns, loggedIn, resets, payments, declined, apiDenied atomic.Int64
}

// Stats reads the counters. They are read one by one, so that a busy shop's numbers may be a request apart.
func (s *Shop) Stats() Stats {
	c := &s.count
	return Stats{
		Requests:  c.requests.Load(),
		SignUps:   c.signUps.Load(),
		Accounts:  c.accounts.Load(),
		LogIns:    c.logIns.Load(),
		LoggedIn:  c.loggedIn.Load(),
		Resets:    c.resets.Load(),
		Payments:  c.payments.Load(),
		Declined:  c.declined.Load(),
		APIDenied: c.apiDenied.Load(),
	}
}

func (s *Shop) showStats(w http.ResponseWriter, r *http.Request) {
	want := "Bearer " + s.statsToken
	if subtle.ConstantTimeCompare([]byte(r.Header.Get("Authorization")), []byte(want)) != 1 {
		s.notFound(w, r)
		return
	}
	writeJSON(w, http.StatusOK, s.Stats())
}

// Ask reads the Stats of a shop in another process, which was opened with the token.
func Ask(ctx context.Context, client *http.Client, shop *url.URL, token string) (Stats, error) {
	at := shop.JoinPath("/demo/stats").String()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return Stats{}, fmt.Errorf("asking the shop for its stats: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := client.Do(req)
	if err != nil {
		return Stats{}, fmt.Errorf("asking the shop for its stats: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return Stats{}, fmt.Errorf("asking the shop for its stats: %s answered %s; was the shop opened with this token?",
			at, resp.Status)
	}
	var stats Stats
	if err := json.NewDecoder(io.LimitReader(resp.Body, 4<<10)).Decode(&stats); err != nil {
		return Stats{}, fmt.Errorf("reading the shop's stats from %s: %w", at, err)
	}
	return stats, nil
}
