package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"palisade.dev/backend/access"
	"palisade.dev/backend/client"
	"palisade.dev/backend/event"
)

// Filter is what events can be looked for by.
type Filter struct {
	Address     string `query:"address" doc:"or a pseudonym, such as ~203.0.113.9"`
	Network     string `query:"network" doc:"a network list, a prefix, or a network of pseudonyms such as ~203.0.113.0/24"`
	Account     string `query:"account"`
	Key         string `query:"api_key"`
	Certificate string `query:"certificate"`
	Fingerprint string `query:"fingerprint"`
	Session     string `query:"session"`
	Host        string `query:"host"`
	Route       string `query:"route"`
	Status      string `query:"status" doc:"404 or 4xx"`
	Action      string `query:"action"`
	Rule        string `query:"rule"`
	Reason      string `query:"reason"`
	Kind        string `query:"kind"`
	Outcome     string `query:"outcome" doc:"such as login.failed"`
	Text        string `query:"text" doc:"within path, agent, account, host or address"`
	Since       string `query:"since" doc:"how far back, such as 1h"`
	Limit       int    `query:"limit" default:"100" minimum:"1" maximum:"1000"`
	Cursor      string `query:"cursor"`
}

func (f Filter) query(site string, now time.Time) (event.Query, error) {
	q := event.Query{
		Site: site, Address: f.Address, Network: f.Network, Account: f.Account, Key: f.Key, Certificate: f.Certificate,
		Fingerprint: f.Fingerprint, Session: f.Session, Host: f.Host, Route: f.Route, Status: f.Status, Action: f.Action,
		Rule: f.Rule, Reason: f.Reason, Kind: f.Kind, Outcome: f.Outcome, Text: f.Text, Limit: f.Limit, Cursor: f.Cursor,
	}
	if f.Since != "" {
		back, err := duration(f.Since)
		if err != nil {
			return q, err
		}
		q.From = now.Add(-back)
	}
	return q, nil
}

// EventPage is some events, newest first.
type EventPage struct {
	Events []event.Shown `json:"events"`
	Next   string        `json:"next,omitempty" doc:"cursor of the next page"`
}

// SummaryState is what happened in a time.
type SummaryState struct {
	From     int64                       `json:"from"`
	To       int64                       `json:"to"`
	StepMS   int64                       `json:"step_ms"`
	Requests uint64                      `json:"requests"`
	Clients  uint64                      `json:"clients" doc:"distinct addresses, within a few percent"`
	Actions  map[string]uint64           `json:"actions"`
	Outcomes map[string]uint64           `json:"outcomes"`
	Points   []Point                     `json:"points"`
	Top      map[string][]client.Counted `json:"top"`
}

// Point is one step of it.
type Point struct {
	Start    int64             `json:"start"`
	Requests uint64            `json:"requests"`
	Clients  uint64            `json:"clients"`
	Actions  map[string]uint64 `json:"actions"`
}

func (a *api) events() {
	op(a, on(access.See), "GET", "/sites/{site}/events", "find-events", "Events, newest first", func(ctx context.Context, in *struct {
		On
		Filter
	},
	) (EventPage, error) {
		s, err := a.site(ctx, in.Site)
		if err != nil {
			return EventPage{}, err
		}
		q, err := in.query(s.ID, a.Now())
		if err != nil {
			return EventPage{}, err
		}
		p, err := a.Search.Find(ctx, q)
		return EventPage{event.ShowAll(p.Events), p.Next}, err
	})
	op(a, on(access.Respond), "POST", "/sites/{site}/challenges", "challenge-client", "Challenge an address or prefix on every route, or no longer", func(ctx context.Context, in *struct {
		On
		Body struct {
			Subject string `json:"subject" maxLength:"100" doc:"an address or prefix"`
			Off     bool   `json:"off,omitempty" doc:"no longer"`
		}
	},
	) (done, error) {
		s, err := a.site(ctx, in.Site)
		if err != nil {
			return done{}, err
		}
		told := in.Body.Subject + " is challenged on every route"
		if in.Body.Off {
			told = in.Body.Subject + " is challenged no longer"
		}
		return done{told}, a.Desk.Challenge(ctx, s, in.Body.Subject, in.Body.Off)
	})
	op(a, on(access.See), "GET", "/sites/{site}/clients/{subject}", "get-client", "Everything about one client", func(ctx context.Context, in *struct {
		On
		Subject string `path:"subject" maxLength:"300"`
	},
	) (client.State, error) {
		s, err := a.site(ctx, in.Site)
		if err != nil {
			return client.State{}, err
		}
		return a.Clients.Show(ctx, s, in.Subject)
	})
	op(a, on(access.Respond), "POST", "/sites/{site}/reveal", "reveal-address", "The address behind an encrypted pseudonym; the audit log keeps who asked and why", func(ctx context.Context, in *struct {
		On
		Body struct {
			Pseudonym string `json:"pseudonym" minLength:"1" maxLength:"100" doc:"such as ~203.0.113.9"`
			Reason    string `json:"reason" maxLength:"1200" doc:"8 to 300 characters"`
		}
	},
	) (client.Revealed, error) {
		s, err := a.site(ctx, in.Site)
		if err != nil {
			return client.Revealed{}, err
		}
		return a.Clients.Reveal(ctx, s, in.Body.Pseudonym, in.Body.Reason)
	})
	op(a, on(access.See), "GET", "/sites/{site}/summary", "get-summary", "What happened in a time, with top lists", func(ctx context.Context, in *struct {
		On
		Since string `query:"since" default:"24h"`
		Step  string `query:"step" default:"1h"`
	},
	) (SummaryState, error) {
		s, err := a.site(ctx, in.Site)
		if err != nil {
			return SummaryState{}, err
		}
		back, err := duration(in.Since)
		if err != nil {
			return SummaryState{}, err
		}
		step, err := duration(in.Step)
		if err != nil {
			return SummaryState{}, err
		}
		now := a.Now()
		sum, err := a.Search.Summary(ctx, s.ID, now.Add(-back), now, step)
		if err != nil {
			return SummaryState{}, err
		}
		return summaryState(sum), nil
	})
}

func summaryState(s event.Summary) SummaryState {
	out := SummaryState{
		From: s.From.UnixMilli(), To: s.To.UnixMilli(), StepMS: s.Step.Milliseconds(), Points: []Point{}, Top: map[string][]client.Counted{},
		Requests: s.Total.Requests, Clients: s.Total.Clients(), Actions: s.Total.Actions, Outcomes: s.Total.Outcomes,
	}
	for _, p := range s.Points {
		out.Points = append(out.Points, Point{p.Start.UnixMilli(), p.Requests, p.Clients, p.Actions})
	}
	for name, d := range map[string]event.Dimension{
		"addresses": event.Addresses, "accounts": event.Accounts, "routes": event.Routes, "networks": event.Networks,
		"rules": event.Rules, "marks": event.Marks, "agents": event.Agents,
	} {
		out.Top[name] = client.Count(s.Total.Top(d, 10))
	}
	return out
}

// heartbeat keeps a quiet tail's connection from being taken for dead.
const heartbeat = 15 * time.Second

// tail streams a site's events as server-sent events: `event` for each one, `lost` where the reader was too slow.
func (a *api) tail(w http.ResponseWriter, r *http.Request) {
	s, err := a.site(r.Context(), r.PathValue("site"))
	if err != nil {
		http.Error(w, "there is no such site", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no")
	c := http.NewResponseController(w)
	live := a.Events.Tail(r.Context(), s.ID)
	if _, err := fmt.Fprint(w, ": tailing\n\n"); err != nil || c.Flush() != nil {
		return
	}
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		var b strings.Builder
		select {
		case l, ok := <-live:
			if !ok {
				return
			}
			if l.Lost > 0 {
				fmt.Fprintf(&b, "event: lost\ndata: %d\n\n", l.Lost)
			}
			for i := range l.Events {
				text, err := json.Marshal(event.Show(&l.Events[i]))
				if err != nil {
					continue
				}
				fmt.Fprintf(&b, "event: event\ndata: %s\n\n", text)
			}
		case <-beat.C:
			b.WriteString(": still here\n\n")
		case <-r.Context().Done():
			return
		}
		_ = c.SetWriteDeadline(time.Now().Add(10 * time.Second))
		if _, err := w.Write([]byte(b.String())); err != nil || c.Flush() != nil {
			return
		}
	}
}
