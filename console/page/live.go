package page

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"palisade.dev/backend/access"
)

// Part is one piece of a page that changed. How is replace, prepend or gone.
type Part struct {
	ID   string `json:"id"`
	HTML string `json:"html"`
	How  string `json:"how"`
}

// Stream sends parts of a page as server-sent events while somebody looks at it.
type Stream struct {
	r *Request
	c *http.ResponseController
}

// Heartbeat keeps a quiet stream's connection from being taken for dead; between two, a stream that is no longer allowed
// must end: see Still.
const Heartbeat = 15 * time.Second

// Live begins a stream.
func (r *Request) Live() (*Stream, error) {
	h := r.W.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("X-Accel-Buffering", "no") // nginx would keep it back
	s := &Stream{r, http.NewResponseController(r.W)}
	return s, s.write(": live\n\n")
}

// Send sends a part.
func (s *Stream) Send(p Part) error {
	text, err := json.Marshal(p)
	if err != nil {
		return err
	}
	return s.write(fmt.Sprintf("event: part\ndata: %s\n\n", text))
}

// Still keeps the stream alive, and ends it once the person is signed out, or may no longer.
func (s *Stream) Still() error {
	now, ok, err := s.r.Frame.Who(s.r.Request)
	if err != nil {
		return err
	}
	if !ok || s.r.Here.ID != "" && !now.Actor.May(s.r.Here.ID, access.See) {
		return Refuse(http.StatusUnauthorized, "signed out")
	}
	return s.write(": still here\n\n")
}

func (s *Stream) write(text string) error {
	_ = s.c.SetWriteDeadline(time.Now().Add(10 * time.Second))
	if _, err := s.r.W.Write([]byte(text)); err != nil {
		return err
	}
	return s.c.Flush()
}

// Keep sends one part of a page whenever it has changed, looking at it every so often, until whoever looks is gone or may no
// longer. Draw says what the part is now; where it fails, the stream ends and the browser asks again.
func (r *Request) Keep(id string, every time.Duration, now func() time.Time, draw func() (html string, err error)) error {
	s, err := r.Live()
	if err != nil {
		return nil
	}
	tick, beat := time.NewTicker(every), time.NewTicker(Heartbeat)
	defer tick.Stop()
	defer beat.Stop()
	last := ""
	for {
		r.Now = now()
		html, err := draw()
		if err != nil {
			return nil
		}
		if html != last && s.Send(Part{ID: id, HTML: html, How: "replace"}) != nil {
			return nil
		}
		last = html
		select {
		case <-tick.C:
		case <-beat.C:
			if s.Still() != nil {
				return nil
			}
		case <-r.Context().Done():
			return nil
		}
	}
}
