package alert

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"palisade.dev/store"
)

// Outcomes of an attempt.
const (
	Delivered = "delivered"
	Retry     = "retry"   // it is tried again
	Refused   = "refused" // the other side will not have it, whatever we do
	GaveUp    = "gave up" // it was tried for patience
)

// How a message is delivered. The lease is longer than an attempt, so that nobody else takes up what is under way; where a
// process dies in the middle, it is how long the message waits.
const (
	attempt  = 30 * time.Second
	lease    = 2 * time.Minute
	patience = 24 * time.Hour
	firstTry = 5 * time.Second // until the second attempt; doubled for each
	lastTry  = time.Hour
	maxSaid  = 300
	poll     = time.Second // what another process told is found by looking
)

// Run delivers until the context ends, and then waits for what is under way, for half a minute at most.
func (s *Alerts) Run(ctx context.Context) {
	tick := time.NewTicker(poll)
	defer tick.Stop()
	defer s.workers.Wait()
	var forgot time.Time
	for {
		err := s.serveAll(ctx)
		s.note(ctx, "looking for alerts to deliver", err)
		if err != nil { // a database that is away is not asked, nor written of, every second
			tick.Reset(10 * poll)
		} else {
			tick.Reset(poll)
		}
		s.note(ctx, "looking for lost guards", s.LookForGuards(ctx))
		if now := s.o.Now(); now.Sub(forgot) >= time.Hour {
			forgot = now
			s.note(ctx, "forgetting old alerts", s.o.DB.ForgetAlerts(ctx, now.Add(-Keep).UnixMilli(), now.Add(-keepTold).UnixMilli()))
		}
		select {
		case <-ctx.Done():
			return
		case <-s.nudge:
		case <-tick.C:
		}
	}
}

// note logs a fault, unless it is that we are stopping.
func (s *Alerts) note(ctx context.Context, what string, err error) {
	if err != nil && ctx.Err() == nil {
		s.o.Log.Error(what, "err", err)
	}
}

// Deliver delivers what is due now and returns when it is done: a step of Run, for those who hold the clock.
func (s *Alerts) Deliver(ctx context.Context) error {
	err := s.serveAll(ctx)
	s.workers.Wait()
	return err
}

// serveAll starts a worker for each channel that has something due. A channel whose other side hangs delays no other.
func (s *Alerts) serveAll(ctx context.Context) error {
	due, err := s.o.DB.AlertsDue(ctx, s.o.Now().UnixMilli())
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range due {
		if s.busy[c] {
			continue
		}
		s.busy[c] = true
		s.workers.Go(func() {
			defer func() {
				s.mu.Lock()
				defer s.mu.Unlock()
				delete(s.busy, c)
			}()
			for ctx.Err() == nil && s.serve(ctx, c) {
			}
		})
	}
	return nil
}

// serve delivers what is longest due in a channel, and reports whether there may be more.
func (s *Alerts) serve(ctx context.Context, channel string) bool {
	now := s.o.Now()
	t, g, err := s.o.DB.ClaimAlert(ctx, channel, s.o.ID(), now.UnixMilli(), now.Add(lease).UnixMilli())
	if errors.Is(err, store.ErrNotFound) {
		return false
	}
	if err == nil {
		// From here on it is seen through, also when we are stopping: what was sent must be noted as sent.
		err = s.deliver(context.WithoutCancel(ctx), t, g, now)
	}
	s.note(ctx, "delivering to channel "+channel, err)
	return err == nil
}

// frozen is what a message says of a group, kept from its first attempt on.
type frozen struct {
	Phase  Phase           `json:"phase"`
	Count  int64           `json:"count"`
	Last   int64           `json:"last"`
	Over   bool            `json:"over"`
	Newest json.RawMessage `json:"newest"`
}

// deliver does with a claimed thread what is to be done now.
func (s *Alerts) deliver(ctx context.Context, t store.AlertThread, g store.AlertGroup, now time.Time) error {
	c, err := s.o.DB.AlertChannel(ctx, t.Channel)
	if errors.Is(err, store.ErrNotFound) {
		return nil // deleted meanwhile, and the thread with it
	}
	if err != nil {
		return err
	}
	pace := Sparing
	if sink, err := s.sink(c.Kind); err == nil {
		pace = sink.Pace()
	}
	if t.Frozen == "" {
		phase, look := plan(t, g, pace, now)
		if phase == "" {
			t.Attempts, t.Due = 0, look.UnixMilli()
			return s.o.DB.SettleAlert(ctx, store.AlertSettled{Thread: t, Finished: look.IsZero()})
		}
		body, err := json.Marshal(frozen{phase, g.Count, g.Last, g.Ended > 0, json.RawMessage(g.Newest)})
		if err != nil {
			return fmt.Errorf("keeping what an alert says: %w", err)
		}
		t.Frozen, t.Began = string(body), now.UnixMilli()
		if err := s.o.DB.FreezeAlert(ctx, t); err != nil {
			return err
		}
	}
	m, err := s.message(t, g)
	if err != nil {
		return err
	}
	answer, err := s.send(ctx, c, m)
	return s.settle(ctx, t, g, m, pace, answer, err)
}

// plan says which phase of a group a channel is to be told of now; or, where there is nothing to tell, when to look again,
// which is never at the zero time.
func plan(t store.AlertThread, g store.AlertGroup, p Pace, now time.Time) (Phase, time.Time) {
	opened, last := time.UnixMilli(g.Opened), time.UnixMilli(t.Began)
	switch {
	case t.Told == 0: // nothing has arrived so far
		return Opened, now
	case g.Ended > 0 && (g.Count > 1 || p.Ends):
		return Ended, now
	case g.Ended > 0:
		return "", time.Time{}
	case g.Count > t.Told && !now.Before(p.next(opened, last)):
		return Updated, now
	}
	return "", look(g, p, now)
}

// look is when a thread of an open group is to be looked at again: at its next step, or when the group may have closed.
func look(g store.AlertGroup, p Pace, now time.Time) time.Time {
	step, closes := p.next(time.UnixMilli(g.Opened), now), time.UnixMilli(g.Closes)
	if closes.Before(step) && closes.After(now) {
		return closes
	}
	return step
}

// message is what a thread's frozen state says.
func (s *Alerts) message(t store.AlertThread, g store.AlertGroup) (*Message, error) {
	var f frozen
	if err := json.Unmarshal([]byte(t.Frozen), &f); err != nil {
		return nil, fmt.Errorf("reading what an alert says: %w", err)
	}
	m := &Message{
		ID: fmt.Sprintf("%s-%s-%d", t.Group, t.Channel, t.Sequence), Group: t.Group, Sequence: t.Sequence, Phase: f.Phase, Count: f.Count,
		Opened: time.UnixMilli(g.Opened).UTC(), Last: time.UnixMilli(f.Last).UTC(), Over: f.Over, State: t.State,
	}
	var err error
	if m.First, err = read(g.First); err != nil {
		return nil, err
	}
	if m.Newest, err = read(string(f.Newest)); err != nil {
		return nil, err
	}
	m.Link = s.link(m.Newest)
	return m, nil
}

// send gives a message to the sink of a channel.
func (s *Alerts) send(ctx context.Context, c store.AlertChannel, m *Message) (answer Answer, err error) {
	sink, err := s.sink(c.Kind)
	if err != nil {
		return Answer{State: m.State}, err
	}
	ctx, cancel := context.WithTimeout(ctx, attempt)
	defer cancel()
	if e, ok := sink.(Editor); ok && m.State != "" && m.Phase != Opened {
		return e.Edit(ctx, json.RawMessage(c.Settings), m)
	}
	return sink.Send(ctx, json.RawMessage(c.Settings), m)
}

// settle keeps what came of an attempt, and when the next is.
func (s *Alerts) settle(ctx context.Context, t store.AlertThread, g store.AlertGroup, m *Message, p Pace, answer Answer, err error) error {
	now := s.o.Now()
	d := store.AlertDelivery{
		ID: s.o.ID(), Channel: t.Channel, Group: t.Group, Message: m.ID, Title: Clean(m.Headline(), maxTitle), Attempt: t.Attempts, At: now.UnixMilli(), Outcome: Delivered,
		Said: Clean(answer.Said, maxSaid),
	}
	out := store.AlertSettled{Thread: t, Delivery: &d}
	n := &out.Thread
	n.State = answer.State
	if err != nil {
		d.Said = Clean(err.Error(), maxSaid)
		var f *Failure
		if !errors.As(err, &f) {
			f = &Failure{}
		}
		switch {
		case f.Never:
			d.Outcome = Refused
		case now.Sub(time.UnixMilli(t.Began)) >= patience:
			d.Outcome = GaveUp
		default:
			next := now.Add(backOff(t.Attempts, s.o.Chance()))
			if f.Wait > 0 {
				next = now.Add(min(f.Wait, lastTry))
				out.Hold = next.UnixMilli()
			}
			d.Outcome, d.Next, n.Due = Retry, next.UnixMilli(), next.UnixMilli()
			return s.o.DB.SettleAlert(ctx, out)
		}
		s.o.Log.Warn("an alert was not delivered", "channel", t.Channel, "outcome", d.Outcome, "said", d.Said)
	} else {
		n.Told = m.Count
	}
	// The message is behind us: the next has a number of its own.
	n.Sequence, n.Frozen, n.Began, n.Attempts = t.Sequence+1, "", now.UnixMilli(), 0
	n.Due = look(g, p, now).UnixMilli()
	if g.Ended > 0 {
		n.Due = now.UnixMilli()
		out.Finished = m.Phase == Ended || err != nil || m.Over && !p.Ends
	}
	return s.o.DB.SettleAlert(ctx, out)
}

// backOff is how long to wait after some attempts. Chance spreads it by a fifth each way, so that what failed together does
// not come again together.
func backOff(attempts int64, chance float64) time.Duration {
	d := min(firstTry<<min(attempts-1, 20), lastTry)
	return time.Duration(float64(d) * (0.8 + 0.4*chance))
}
