package gateway

import (
	"io"
	"net/http"
	"time"
)

// slowBody bounds the time that may pass without a byte of a request's body, and asks for a least rate on the whole. A
// client that sends a byte now and then holds a place of ours and of the app's for nothing.
type slowBody struct {
	io.ReadCloser
	c     *http.ResponseController
	every time.Duration
	rate  int
	began time.Time
	read  int64
}

// slowBody also holds for what net/http reads of a body after the answer.
func (g *Gateway) slowBody(w http.ResponseWriter, r *http.Request) io.ReadCloser {
	b := &slowBody{ReadCloser: r.Body, c: http.NewResponseController(w), every: g.limits.BodyTimeout, rate: g.limits.BodyRate, began: time.Now()}
	_ = b.c.SetReadDeadline(b.began.Add(b.every))
	return b
}

func (b *slowBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.read += int64(n)
	if err != nil {
		if err == io.EOF {
			_ = b.c.SetReadDeadline(time.Time{})
		}
		return n, err
	}
	until := time.Now().Add(b.every)
	if b.rate > 0 {
		if due := b.began.Add(b.every + time.Duration(b.read)*time.Second/time.Duration(b.rate)); due.Before(until) {
			until = due
		}
	}
	_ = b.c.SetReadDeadline(until)
	return n, nil
}
