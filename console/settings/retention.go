package settings

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"palisade.dev/backend/retention"
	"palisade.dev/console/page"
)

// forgetting is what a change of the retention would forget, to be confirmed.
type forgetting struct {
	retention.Loss
	Keep   string // for how long, in words
	Oldest string // day that goes
	Days   string // as it was typed
	Way    string
	Change string // what the button says
}

// retain keeps events for another number of days, or as long as the configuration file says. What that forgets is counted
// and shown first; the form comes back with the count.
func (s *Settings) retain(r *page.Request) error {
	f := typed("retention", r)
	confirmed, err := strconv.Atoi(f.Value("forget"))
	if err != nil {
		confirmed = 0 // what is no number confirms nothing
	}
	var kept retention.Kept
	if f.Value("way") == "file" {
		kept, err = s.Retention.Reset(r.Context(), confirmed)
	} else {
		days, bad := strconv.Atoi(strings.TrimSpace(f.Value("days")))
		if bad != nil {
			days = 0
		}
		kept, err = s.Retention.Set(r.Context(), days, confirmed)
	}
	var u *retention.Unconfirmed
	switch {
	case errors.As(err, &u):
		ask := forgetting{
			Loss: u.Loss, Keep: retention.Kept{Days: u.Days}.String(), Oldest: time.UnixMilli(u.Loss.Since).UTC().Format("2 January 2006"),
			Days: f.Value("days"), Way: f.Value("way"), Change: "Forget " + page.Plural(u.Loss.Days, "day"),
		}
		return r.Render(http.StatusOK, pages, "retention.html", "Keep events for "+ask.Keep+"?", ask)
	case errors.Is(err, retention.ErrInvalid):
		return s.whole(r, unprocessable, f.wrong("days", strings.TrimPrefix(err.Error(), "invalid: days: ")))
	case err != nil:
		return err
	case confirmed > 0:
		return r.Done("/settings#retention", "Events are kept for %s from now on. Older ones are being forgotten.", kept)
	}
	return r.Done("/settings#retention", "Events are kept for %s from now on. Nothing had to be forgotten.", kept)
}
