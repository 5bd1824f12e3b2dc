// Package retention says for how many days events are kept: as the configuration file has it, until an owner says otherwise.
// What a shorter time would forget is counted before it is done, and done only for who confirms that count.
package retention

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"palisade.dev/backend/access"
	"palisade.dev/backend/event"
	"palisade.dev/store"
)

// Bounds of what a person may say.
const (
	Least = 1    // rehearsals and the overview look back 24 hours, and days are forgotten whole
	Most  = 3650 // ten years: who must keep more keeps it outside, exported, where no program's fault can lose it
)

// What a caller can decide on.
var (
	ErrInvalid     = fmt.Errorf("invalid: days: want %d to %d: pages look back a day, and what must be kept longer than ten years belongs into an export", Least, Most)
	ErrUnconfirmed = errors.New("not confirmed")
	ErrDamaged     = errors.New("the setting that says how long events are kept cannot be read; nothing is forgotten until an owner sets it anew")
)

// Retention is the room.
type Retention struct {
	DB   *store.DB
	File int // days as the configuration file, or its default, has it; 0 is for ever
	Now  func() time.Time
	// Changed, if given, hears of another number of days once it is kept; it must not wait.
	Changed func(days int)
}

// Kept says for how long events are kept, and who said so.
type Kept struct {
	Days    int    `json:"days" doc:"0 is for ever"`
	File    int    `json:"file" doc:"what the configuration file says, or its default; 0 is for ever"`
	Own     bool   `json:"own,omitempty" doc:"a person said it, and the file's does not hold"`
	Author  string `json:"author,omitempty"`
	Updated int64  `json:"updated,omitempty" doc:"unix milliseconds"`
}

// Loss is what is forgotten where events are kept for so many days.
type Loss struct {
	Days   int   `json:"days" doc:"that are forgotten"`
	Events int64 `json:"events"`
	Bytes  int64 `json:"bytes" doc:"that are free for new events; the database keeps its size"`
	Since  int64 `json:"since,omitempty" doc:"unix milliseconds: when the oldest of those days began"`
}

// Unconfirmed says what a change would forget, to somebody who has confirmed less.
type Unconfirmed struct {
	Loss Loss
	Days int // that would be kept
}

func (u *Unconfirmed) Error() string {
	return fmt.Sprintf("keeping events for %s forgets %s: nothing was changed; confirm it by saying that %d may be forgotten", days(u.Days), u.Loss, u.Loss.Days)
}

// Is makes it ErrUnconfirmed.
func (u *Unconfirmed) Is(target error) bool { return target == ErrUnconfirmed }

// String is a loss in words: "12 days, about 3.1 million events".
func (l Loss) String() string {
	if l.Days == 0 {
		return "nothing"
	}
	return days(l.Days) + ", " + about(l.Events)
}

func days(n int) string {
	switch n {
	case 0:
		return "ever"
	case 1:
		return "1 day"
	}
	return fmt.Sprintf("%d days", n)
}

// about is a number of events as people say it.
func about(n int64) string {
	if n == 1 {
		return "1 event"
	}
	if n < 10_000 {
		return fmt.Sprintf("%d events", n)
	}
	for _, unit := range []struct {
		size int64
		name string
	}{{1e9, "billion"}, {1e6, "million"}, {1e3, "thousand"}} {
		switch x := float64(n) / float64(unit.size); {
		case x >= 9.95:
			return fmt.Sprintf("about %.0f %s events", x, unit.name)
		case x >= 1:
			return fmt.Sprintf("about %.1f %s events", x, unit.name)
		}
	}
	return fmt.Sprintf("%d events", n)
}

const setting = "retention"

type said struct {
	Days   int    `json:"days"`
	Author string `json:"author"`
	At     int64  `json:"at"`
}

// Get says for how long events are kept; with ErrDamaged, what the file says beside it.
func (r *Retention) Get(ctx context.Context) (Kept, error) {
	k := Kept{Days: r.File, File: r.File}
	body, err := r.DB.Setting(ctx, setting)
	if errors.Is(err, store.ErrNotFound) {
		return k, nil
	}
	if err != nil {
		return k, err
	}
	var s said
	if err := json.Unmarshal(body, &s); err != nil || s.Days < Least || s.Days > Most {
		return k, ErrDamaged
	}
	k.Days, k.Own, k.Author, k.Updated = s.Days, true, s.Author, s.At
	return k, nil
}

// Preview counts what is forgotten where events are kept for so many days.
func (r *Retention) Preview(ctx context.Context, keep int) (Loss, error) {
	if keep <= 0 {
		return Loss{}, nil
	}
	s, err := r.DB.EventsBefore(ctx, event.FirstKept(r.Now(), keep))
	l := Loss{Days: s.Days, Events: s.Events, Bytes: s.Bytes}
	if s.Days > 0 {
		l.Since = int64(s.First) * (24 * time.Hour).Milliseconds()
	}
	return l, err
}

// Set keeps events for so many days from now on. It forgets no more days than were confirmed.
func (r *Retention) Set(ctx context.Context, keep, confirmed int) (Kept, error) {
	if keep < Least || keep > Most {
		return Kept{}, ErrInvalid
	}
	return r.change(ctx, keep, confirmed, &said{Days: keep})
}

// Reset goes back to what the configuration file says, as Set would.
func (r *Retention) Reset(ctx context.Context, confirmed int) (Kept, error) {
	return r.change(ctx, r.File, confirmed, nil)
}

func (r *Retention) change(ctx context.Context, to, confirmed int, next *said) (Kept, error) {
	if err := access.Check(ctx, access.Everywhere, access.Own); err != nil {
		return Kept{}, err
	}
	loss, err := r.Preview(ctx, to)
	if err != nil {
		return Kept{}, err
	}
	if loss.Days > confirmed {
		return Kept{}, &Unconfirmed{loss, to}
	}
	earlier := ""
	if before, err := r.Get(ctx); err == nil { // one that cannot be read is set anew
		earlier = before.words()
	}
	now, author := r.Now().UnixMilli(), access.Of(ctx).Name
	action := "keeping events for " + days(to)
	if loss.Days > 0 {
		action += ", which forgets " + loss.String()
	}
	after := Kept{Days: to, File: r.File}
	var body []byte
	if next != nil {
		next.Author, next.At = author, now
		after.Own, after.Author, after.Updated = true, author, now
		if body, err = json.Marshal(next); err != nil {
			return Kept{}, err
		}
	}
	if err := r.DB.ChangeSetting(ctx, setting, body, store.Audited{At: now, Author: author, Action: action, Subject: setting, Earlier: earlier, Later: after.words()}); err != nil {
		return Kept{}, err
	}
	if r.Changed != nil {
		r.Changed(to)
	}
	return after, nil
}

// String is for how long, in words: "18 days", "ever".
func (k Kept) String() string { return days(k.Days) }

// Default is what the configuration file says, in words.
func (k Kept) Default() string { return days(k.File) }

// words are what the audit log keeps.
func (k Kept) words() string {
	if !k.Own {
		return days(k.Days) + " (configuration file)"
	}
	return days(k.Days)
}
