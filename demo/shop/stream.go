package shop

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/coder/websocket"
)

const (
	maxStreams = 256     // sockets and event streams open at once
	maxSaid    = 4 << 10 // bytes of one message on the socket
	bigSize    = 10 << 20
	tick       = time.Second
)

// enter takes one of the places for streams; without one it answers 503.
func (s *Shop) enter(w http.ResponseWriter) (leave func(), ok bool) {
	select {
	case s.streams <- struct{}{}:
		return func() { <-s.streams }, true
	default:
		w.Header().Set("Retry-After", "10")
		http.Error(w, "Too many visitors watch the workshop.", http.StatusServiceUnavailable)
		return nil, false
	}
}

// events tells the time as server-sent events, at once and then every second, until the visitor leaves.
func (s *Shop) events(w http.ResponseWriter, r *http.Request) {
	leave, ok := s.enter(w)
	if !ok {
		return
	}
	defer leave()
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	out := http.NewResponseController(w)
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for n := 1; ; n++ {
		_, err := fmt.Fprintf(w, "id: %d\nevent: clock\ndata: %s\n\n", n, s.now().UTC().Format(time.RFC3339))
		if err != nil || out.Flush() != nil {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-ticker.C:
		}
	}
}

// live is a WebSocket that repeats each text message as "echo: …" and says "time: …" at once and then every second. It
// stays open for as long as the visitor does.
func (s *Shop) live(w http.ResponseWriter, r *http.Request) {
	leave, ok := s.enter(w)
	if !ok {
		return
	}
	defer leave()
	socket, err := websocket.Accept(w, r, nil)
	if err != nil {
		return // Accept has answered
	}
	defer socket.CloseNow()
	socket.SetReadLimit(maxSaid)

	ctx, stop := context.WithCancel(r.Context())
	var clock sync.WaitGroup
	clock.Go(func() {
		defer stop()
		ticker := time.NewTicker(tick)
		defer ticker.Stop()
		for {
			said := "time: " + s.now().UTC().Format(time.RFC3339)
			if socket.Write(ctx, websocket.MessageText, []byte(said)) != nil {
				return
			}
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
		}
	})
	defer clock.Wait()
	defer stop()
	for {
		kind, said, err := socket.Read(ctx)
		if err != nil {
			return
		}
		if kind != websocket.MessageText {
			socket.Close(websocket.StatusUnsupportedData, "text only")
			return
		}
		if socket.Write(ctx, kind, append([]byte("echo: "), said...)) != nil {
			return
		}
	}
}

// big sends 10 MiB of lines, to see that a proxy streams what it need not hold.
func (s *Shop) big(w http.ResponseWriter, _ *http.Request) {
	block := bytes.Repeat([]byte("Small Kiln: 63 sorts of clay.\n\n\n"), 1<<10)
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(bigSize))
	for sent := 0; sent < bigSize; sent += len(block) {
		if _, err := w.Write(block); err != nil {
			return
		}
	}
}
