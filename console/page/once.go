package page

import (
	"sync"
	"time"
)

// Once holds what is shown to who asked for it and to nobody else: a key, a link. It is forgotten after ten minutes, so that
// a page may be loaded again while somebody copies from it.
type Once struct {
	mu   sync.Mutex
	held map[string]shown
}

type shown struct {
	session, about, secret string
	until                  time.Time
}

// How long, and how many at a time: of more, the oldest goes.
const (
	showFor  = 10 * time.Minute
	showMost = 200
)

// Keep holds a secret about something for the person of a request, under an id that leads to it.
func (o *Once) Keep(r *Request, id, about, secret string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.held == nil {
		o.held = map[string]shown{}
	}
	oldest := ""
	for k, s := range o.held {
		if !r.Now.Before(s.until) {
			delete(o.held, k)
		} else if oldest == "" || s.until.Before(o.held[oldest].until) {
			oldest = k
		}
	}
	if len(o.held) >= showMost {
		delete(o.held, oldest)
	}
	o.held[id] = shown{r.Person.Session, about, secret, r.Now.Add(showFor)}
}

// Show gives the secret back to the same session; "" where there is none.
func (o *Once) Show(r *Request, id, about string) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	s, ok := o.held[id]
	if !ok || s.session != r.Person.Session || s.about != about || !r.Now.Before(s.until) {
		return ""
	}
	return s.secret
}
