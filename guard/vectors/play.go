package vectors

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"time"

	"palisade.dev/guard"
	"palisade.dev/guard/engine"
	"palisade.dev/guard/wire"
)

// Play runs a scene against this module's guard and tells every way in which it differs.
func Play(s Scene, base func() (*wire.Policy, error)) []string {
	p, lists, err := Build(s.Policy, base)
	if err != nil {
		return []string{err.Error()}
	}
	now, away := Day, false
	var last wire.Event
	g := guard.New(guard.Options{
		Now: func() time.Time { return now }, Rand: rand.New(rand.NewPCG(1, 2)),
		Record: func(e *wire.Event) { last = *e },
		Away:   func(time.Time) bool { return away },

		Abilities: Abilities(s.Policy),
		Size:      engine.Size{Clients: 1 << 10, Keys: 1 << 10, Distinct: 1 << 8, Bans: 1 << 10},
	})
	if len(s.Policy) > 0 {
		if err := g.Install(p, lists); err != nil {
			return []string{err.Error()}
		}
	}
	var faults []string
	cookies := map[string]string{}
	for _, step := range s.Steps {
		switch step.Directive {
		case "away", "back":
			away = step.Directive == "away"
			continue
		case "known":
			cookies[step.Address] = Cookie(step.Known, step.At)
			continue
		}
		now = step.At
		for n := range step.Times {
			for _, f := range play(g, step, cookies[step.Address], &last) {
				faults = append(faults, fmt.Sprintf("line %d (%d): %s", step.Line, n+1, f))
			}
		}
	}
	return faults
}

func play(g *guard.Guard, step Step, cookie string, last *wire.Event) []string {
	r, err := request(step, cookie)
	if err != nil {
		return []string{err.Error()}
	}
	peer, err := Address(step.Address)
	if err != nil {
		return []string{err.Error()}
	}
	v := g.Begin(r, guard.Facts{Peer: peer})
	verdict := v.Verdict
	header := http.Header{}
	status := step.Status
	if v.Refused() {
		w := &discard{header: header}
		v.Refuse(w, r)
		status = w.status
	} else {
		if step.Location != "" {
			header.Set("Location", step.Location)
		}
		if step.Type != "" {
			header.Set("Content-Type", step.Type)
		}
		for _, t := range step.Tells {
			header.Add("Palisade-Outcome", t[0]+"; subject="+t[1])
		}
		v.Responding(status, header)
	}
	v.End(status, 0)
	return compare(step.Expect, verdict.Action.String(), verdict, status, header, last)
}

func request(step Step, cookie string) (*http.Request, error) {
	u, err := url.ParseRequestURI(step.Target)
	if err != nil {
		// A target that Go's parser refuses is one its server refuses before any guard sees it; the rest of a path
		// goes as opaque bytes.
		path, query, _ := strings.Cut(step.Target, "?")
		u = &url.URL{Path: path, RawPath: path, RawQuery: query}
	}
	r := &http.Request{Method: step.Method, URL: u, Host: "shop.example", Header: http.Header{}, Body: http.NoBody}
	for _, h := range step.Headers {
		if strings.EqualFold(h[0], "Host") {
			r.Host = h[1]
			continue
		}
		r.Header.Add(h[0], h[1])
	}
	if cookie != "" {
		r.Header.Add("Cookie", cookie)
	}
	if step.Body != "" {
		r.Body = io.NopCloser(strings.NewReader(step.Body))
		r.ContentLength = int64(len(step.Body))
		if r.Header.Get("Content-Type") == "" {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
	}
	return r, nil
}

type discard struct {
	header http.Header
	status int
}

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) WriteHeader(status int)      { d.status = status }
func (d *discard) Write(b []byte) (int, error) { return len(b), nil }
