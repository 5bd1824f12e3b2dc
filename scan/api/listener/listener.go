// Package listener is where a target calls when it can be made to call: a small web server on an address of this machine,
// with addresses that nobody can guess, and a name server for a zone that leads there. It notes who came, serves a mark
// that only its readers know, and plays the upstream that misbehaves where a probe asks it to. It reads little, keeps little
// and trusts nothing it is sent.
package listener

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"palisade.dev/scan/api"
)

// The limits. A target that calls in a loop is noted forty times for one address and answered no more.
const (
	maxTokens = 20_000
	maxCalls  = 40 // for each token
	maxHeader = 16 << 10
)

// Listener listens.
type Listener struct {
	plain, secure *server
	names         *names // nil: no zone is answered for
	key           []byte // of the marks and of the addresses
	patience      time.Duration

	mu     sync.Mutex
	tokens map[string]*token // by the word in the address
}

type server struct {
	base string
	stop func()
}

type token struct {
	mark    string
	since   time.Time
	calls   []api.Call
	came    chan struct{} // closed by the first call
	lookups []api.Call
	asked   chan struct{} // closed by the first look-up
	handler http.Handler
}

// Start listens at host:port, and by TLS with a certificate that nobody trusts at a free port beside it. A call is waited
// for so long after an address was given.
func Start(at string, patience time.Duration) (*Listener, error) {
	l := &Listener{key: make([]byte, 32), patience: patience, tokens: map[string]*token{}}
	if _, err := rand.Read(l.key); err != nil {
		return nil, fmt.Errorf("drawing the listener's key: %w", err)
	}
	host, _, err := net.SplitHostPort(at)
	if err != nil || host == "" {
		return nil, fmt.Errorf("the listener's address %q must be host:port, as 10.0.0.5:8999", at)
	}
	if l.plain, err = l.serve(at, false); err != nil {
		return nil, err
	}
	if l.secure, err = l.serve(net.JoinHostPort(host, "0"), true); err != nil {
		l.plain.stop()
		return nil, err
	}
	return l, nil
}

func (l *Listener) serve(at string, secure bool) (*server, error) {
	in, err := net.Listen("tcp", at)
	if err != nil {
		return nil, fmt.Errorf("listening at %s: %w. Give an address of this machine and a free port", at, err)
	}
	s := &server{base: "http://" + in.Addr().String()}
	srv := &http.Server{
		Handler: l, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: time.Minute, MaxHeaderBytes: maxHeader,
		ErrorLog: log.New(io.Discard, "", 0),
	}
	if secure {
		s.base = "https://" + in.Addr().String()
		cert, err := selfMade(in.Addr())
		if err != nil {
			_ = in.Close()
			return nil, err
		}
		in = tls.NewListener(in, &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12})
	}
	done := make(chan struct{})
	go func() { defer close(done); _ = srv.Serve(in) }()
	s.stop = func() { _ = srv.Close(); <-done }
	return s, nil
}

// Close stops listening.
func (l *Listener) Close() {
	if l.names != nil {
		l.names.close()
	}
	l.plain.stop()
	l.secure.stop()
}

// Address gives an address to be put into a request. The same token gives the same.
func (l *Listener) Address(token string) string { return l.plain.base + "/" + l.word(token) }

// Secure gives an address whose certificate no careful client accepts.
func (l *Listener) Secure(token string) string { return l.secure.base + "/" + l.word(token) }

// Mark is what a token's address serves. It cannot be had from the address, so whoever repeats it has read it.
func (l *Listener) Mark(token string) string { return "mark" + l.sum("mark " + token)[:24] }

// Answer lets a handler answer a token's address instead.
func (l *Listener) Answer(token string, h http.Handler) {
	w := l.word(token)
	l.mu.Lock()
	defer l.mu.Unlock()
	if t := l.tokens[w]; t != nil {
		t.handler = h
	}
}

// word registers a token and gives what stands for it in an address.
func (l *Listener) word(name string) string {
	w := l.sum("address " + name)[:24]
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.tokens[w] == nil && len(l.tokens) < maxTokens {
		l.tokens[w] = &token{mark: l.Mark(name), since: time.Now(), came: make(chan struct{}), asked: make(chan struct{})}
	}
	return w
}

func (l *Listener) sum(text string) string {
	m := hmac.New(sha256.New, l.key)
	m.Write([]byte(text))
	return hex.EncodeToString(m.Sum(nil))
}

// Calls tells who came. Where nobody has, it waits until patience is over, counted from when the address was given, so
// asking for a hundred tokens waits once.
func (l *Listener) Calls(ctx context.Context, name string) []api.Call {
	t := l.token(name)
	if t == nil {
		return nil
	}
	l.await(ctx, t, t.came)
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(t.calls)
}

func (l *Listener) token(name string) *token {
	w := l.word(name)
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.tokens[w]
}

func (l *Listener) await(ctx context.Context, t *token, first <-chan struct{}) {
	timer := time.NewTimer(time.Until(t.since.Add(l.patience)))
	defer timer.Stop()
	select {
	case <-first:
	case <-timer.C:
	case <-ctx.Done():
	}
}

// ServeHTTP answers whoever comes. Addresses that were never given out are not noted: somebody scans us.
func (l *Listener) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	l.mu.Lock()
	t := l.tokens[name]
	if t == nil || len(t.calls) >= maxCalls {
		l.mu.Unlock()
		http.NotFound(w, r)
		return
	}
	from, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		from = r.RemoteAddr
	}
	t.calls = append(t.calls, api.Call{From: from, Method: clip(r.Method), Path: clip(r.URL.Path), Agent: clip(r.UserAgent())})
	if len(t.calls) == 1 {
		close(t.came)
	}
	h := t.handler
	l.mu.Unlock()
	if h != nil {
		h.ServeHTTP(w, r)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte(t.mark + "\n"))
}

func clip(s string) string { return strings.ToValidUTF8(s[:min(len(s), 200)], "·") }

// selfMade is a certificate for one address that ends tomorrow.
func selfMade(at net.Addr) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("drawing the listener's certificate: %w", err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "trusted by nobody"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
	}
	if a, ok := at.(*net.TCPAddr); ok {
		c.IPAddresses = []net.IP{a.IP}
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("making the listener's certificate: %w", err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}
