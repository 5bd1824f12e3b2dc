package forwardauth

import (
	"bytes"
	"container/list"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"palisade.dev/guard"
	"palisade.dev/guard/outcome"
	"palisade.dev/guard/wire"
)

// patience is how long an app has to say what came of a request. Slow password hashes take a second or two; a request's
// event is not seen before, so longer would show them late.
const patience = 10 * time.Second

// most bounds the memory of requests that wait for a word. Where it is full the oldest goes unreported: whoever wants to
// be forgotten has to have ten thousand others let pass in the time that the app takes to answer, or five hundred with
// the greatest headers that there may be.
const most = 32 << 20

// maxReport is how much of a report is read: a subject has 128 bytes.
const maxReport = 4 << 10

// pending are visits that the proxy was told yes about, whose app has not spoken yet. Their references hold 130 bits of
// chance, so that only the app that was given one can use it.
type pending struct {
	mu    sync.Mutex
	by    map[string]*list.Element
	order *list.List // of *waiting, the oldest first
	size  int
}

type waiting struct {
	reference string
	visit     *guard.Visit
	until     time.Time
	size      int
}

func newPending() *pending { return &pending{by: map[string]*list.Element{}, order: list.New()} }

// hold takes a visit over until it is taken or has waited long enough.
func (p *pending) hold(v *guard.Visit, size int, now time.Time) (reference string) {
	w := &waiting{rand.Text(), v, now.Add(patience), size}
	p.mu.Lock()
	p.by[w.reference] = p.order.PushBack(w)
	p.size += size
	p.mu.Unlock()
	p.sweep(now)
	return w.reference
}

// take gives a visit back, nil where none waits under a reference.
func (p *pending) take(reference string, now time.Time) *guard.Visit {
	p.sweep(now)
	p.mu.Lock()
	defer p.mu.Unlock()
	if e := p.by[reference]; e != nil {
		return p.remove(e).visit
	}
	return nil
}

func (p *pending) remove(e *list.Element) *waiting {
	w := p.order.Remove(e).(*waiting)
	delete(p.by, w.reference)
	p.size -= w.size
	return w
}

// sweep ends the visits that nobody spoke about in time, and those there is no room for.
func (p *pending) sweep(now time.Time) {
	for {
		p.mu.Lock()
		e := p.order.Front()
		if e == nil || p.size <= most && now.Before(e.Value.(*waiting).until) {
			p.mu.Unlock()
			return
		}
		w := p.remove(e)
		p.mu.Unlock()
		w.visit.End(http.StatusNoContent, 0) // records an event, which is not to be done under the lock
	}
}

// changes reports whether a request may have an outcome: those that only read have none to wait for.
func changes(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return false
	}
	return true
}

// weight is about what a visit keeps in memory: its request's header and itself.
func weight(r *http.Request) int {
	n := 2<<10 + len(r.RequestURI)
	for name, values := range r.Header {
		n += len(name)
		for _, v := range values {
			n += len(v) + 16
		}
	}
	return n
}

// Run ends visits that nobody speaks about while no request comes by to do it, until the context ends; then it ends all.
func (e *Endpoint) Run(ctx context.Context) {
	t := time.NewTicker(patience / 10)
	defer t.Stop()
	for {
		select {
		case <-t.C:
			e.pending.sweep(e.c.Now())
		case <-ctx.Done():
			e.pending.sweep(e.c.Now().Add(2 * patience))
			return
		}
	}
}

// outcome takes an app's word on what came of a request.
func (e *Endpoint) outcome(w http.ResponseWriter, r *http.Request) {
	if !e.trusts(r) {
		e.warn("a stranger reported an outcome; if it is your app, add it to the proxies that may ask", "peer", r.RemoteAddr)
		http.Error(w, "not from here", http.StatusForbidden)
		return
	}
	references := r.Header[referenceField]
	if len(references) != 1 || references[0] == "" {
		http.Error(w, "want "+referenceField+" once, as the proxy passed it to the app", http.StatusBadRequest)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxReport))
	if err != nil {
		http.Error(w, fmt.Sprintf("reading the report: %v; it may have %d bytes", err, maxReport), http.StatusBadRequest)
		return
	}
	o, err := parseReport(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	v := e.pending.take(references[0], e.c.Now())
	if v == nil {
		http.Error(w, fmt.Sprintf("no request waits under this reference: report once, within %s of it, a request that is no GET, and have the proxy ask with ?report", patience), http.StatusNotFound)
		return
	}
	if o.Result == "ok" && o.Kind == "login" {
		v.Account(o.Subject)
	}
	v.Outcome(o)
	v.End(http.StatusNoContent, 0)
	w.WriteHeader(http.StatusNoContent)
}

// errReport says what a report looks like.
var errReport = errors.New(`the report is not of its form: want {"outcome": "login", "result": "failed", "account": "alice@example.com"}, where result is failed, succeeded or another word of your rules`)

// parseReport reads a report. An app says succeeded where rules say ok.
func parseReport(body []byte) (wire.Outcome, error) {
	var told struct {
		Outcome string `json:"outcome"`
		Result  string `json:"result"`
		Account string `json:"account"`
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields() // a misspelt account would be nobody's
	if err := d.Decode(&told); err != nil {
		return wire.Outcome{}, fmt.Errorf("%w (%w)", errReport, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return wire.Outcome{}, fmt.Errorf("%w (something follows it)", errReport)
	}
	if told.Result == "succeeded" {
		told.Result = "ok"
	}
	o, err := outcome.ParseHeader(told.Outcome + "." + told.Result)
	if err != nil || o.Kind != told.Outcome || o.Result != told.Result {
		return wire.Outcome{}, errReport
	}
	o.Subject = outcome.Clean(told.Account)
	return o, nil
}
