package guard

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"time"

	"palisade.dev/guard/engine"
	"palisade.dev/guard/wire"
)

// Middleware protects a handler. What it refuses never reaches next.
func (g *Guard) Middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := g.Begin(r, Facts{})
		rec := &recorder{ResponseWriter: w, visit: v}
		// A handler that panics has answered 500 as far as anybody counts.
		done := false
		defer func() {
			if !done {
				v.End(http.StatusInternalServerError, rec.bytes)
			}
		}()
		if v.Hold(r.Context()); v.Refused() {
			v.Refuse(w, r)
			rec.status = v.Refusal().Status
		} else {
			next.ServeHTTP(rec, r.WithContext(context.WithValue(r.Context(), visitKey{}, v)))
			if rec.status == 0 {
				rec.WriteHeader(http.StatusOK)
			}
		}
		done = true
		v.End(rec.status, rec.bytes)
	})
}

type visitKey struct{}

// Report notes an outcome of the request whose context this is; the rules that count it act on the next request.
// Where no guard stands in front it does nothing.
//
//	guard.Report(r.Context(), "login", "failed", email)
func Report(ctx context.Context, kind, result, subject string) {
	if v, ok := ctx.Value(visitKey{}).(*Visit); ok {
		v.Outcome(wire.Outcome{Kind: kind, Result: result, Subject: subject})
	}
}

// SetAccount says who is signed in on the request whose context this is.
func SetAccount(ctx context.Context, account string) {
	if v, ok := ctx.Value(visitKey{}).(*Visit); ok {
		v.Account(account)
	}
}

// delay is how long the rung `delay` holds a request: enough to spoil a guesser's pace, not a person's day.
const delay = 2 * time.Second

// Hold makes a request wait where its verdict says so. Only so many wait at once; the others are throttled.
func (v *Visit) Hold(ctx context.Context) {
	if v.Verdict.Action != engine.Delay {
		return
	}
	select {
	case v.guard.delays <- struct{}{}:
	default:
		v.Verdict.Action, v.Verdict.Reason = engine.Throttle, engine.TooManyDelayed
		v.Verdict.Status, v.Verdict.RetryAfter = http.StatusTooManyRequests, delay
		return
	}
	t := time.NewTimer(delay)
	select {
	case <-t.C:
	case <-ctx.Done():
	}
	t.Stop()
	<-v.guard.delays
}

// recorder notes status and size, and lets the visit read the response before it goes out.
type recorder struct {
	http.ResponseWriter
	visit  *Visit
	status int
	bytes  int64
}

func (w *recorder) WriteHeader(status int) {
	if w.status == 0 && (status >= 200 || status == http.StatusSwitchingProtocols) {
		w.status = status
		w.visit.Responding(status, w.Header())
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *recorder) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	n, err := w.ResponseWriter.Write(b)
	w.bytes += int64(n)
	return n, err
}

// ReadFrom keeps sendfile working.
func (w *recorder) ReadFrom(r io.Reader) (int64, error) {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	n, err := io.Copy(w.ResponseWriter, r)
	w.bytes += n
	return n, err
}

// Flush, Hijack and Unwrap keep streams and WebSockets working for handlers of both styles.
func (w *recorder) Flush() {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	_ = http.NewResponseController(w.ResponseWriter).Flush()
}

func (w *recorder) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	if w.status == 0 {
		w.status = http.StatusSwitchingProtocols
	}
	return http.NewResponseController(w.ResponseWriter).Hijack()
}

func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }
