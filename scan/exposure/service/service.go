// Package service tells what listens behind an open port: by what it says of its own accord, by a TLS handshake, or by a
// harmless greeting in its own language. It signs in nowhere, writes nothing, and guesses no password; what it learns is
// a name, a version where one is told, and whether strangers are served.
package service

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strings"
	"time"
	"unicode"
)

// Access is whether strangers are served.
type Access uint8

// Guarded means that a greeting was refused for want of credentials. Unknown is everything that was not made certain.
const (
	Unknown Access = iota
	Guarded
	Open
)

// Service is what was learnt of a port.
type Service struct {
	Name    string // "redis"; empty where nothing was recognised
	Product string // as it calls itself: "OpenSSH"
	Version string
	Banner  string // the first words it said, made printable
	Access  Access
	Proof   Proof // what showed Access
	Plain   bool  // it says itself that it does not encrypt
	TLS     *TLS  // nil where it does not begin with a handshake
	SSH     *SSH
	Nodes   []Node // of Erlang's port mapper
	Web     bool   // it speaks HTTP
	Front   Page   // its answer to GET /
}

// Proof is a question and its answer, fit to be shown.
type Proof struct{ Asked, Answered string }

// Wire is the way to one port.
type Wire struct {
	Dial     func(context.Context) (net.Conn, error)
	Host     string        // as whoever asked wrote it: the name in handshakes and Host headers
	Port     int           //
	Active   bool          // greetings may be sent, not only listened to
	Patience time.Duration // for one conversation, from its first byte to its last
	secured  bool          // Dial ends in TLS
}

// Bounds of a conversation. Banners are lines, greetings a few hundred bytes; the longest that is read whole is a front page.
const (
	mostBytes = 64 << 10
	bannerCut = 200
	// silence is how long a server that speaks first may take where nothing says that it will: long enough for a slow line,
	// short enough to be spent on every silent port.
	silence = 700 * time.Millisecond
)

// greeter asks in one language. It is given a connection of its own and says whether the answer was in that language.
type greeter struct {
	name string
	ask  func(context.Context, Wire) (Service, bool)
}

// greeters in the order of how often they are met where the port's number says nothing.
func greeters() []greeter {
	return []greeter{
		{"tls", askTLS},
		{"http", askHTTP},
		{"redis", askRedis},
		{"postgresql", askPostgres},
		{"memcached", askMemcached},
		{"mongodb", askMongo},
		{"amqp", askAMQP},
		{"mqtt", askMQTT},
		{"cassandra", askCassandra},
		{"zookeeper", askZooKeeper},
		{"epmd", askEPMD},
	}
}

// passive are those that ask no more than a browser would.
var passive = map[string]bool{"tls": true, "http": true}

// Recognise finds out what listens. The hint is the language that is usual at this port, or none; "greets" is that of
// servers that speak first.
func Recognise(ctx context.Context, w Wire, hint string) Service {
	var unknown Service
	tried := map[string]bool{}
	try := func(g greeter) (Service, bool) {
		if tried[g.name] || ctx.Err() != nil || g.name == "tls" && w.secured || !w.Active && !passive[g.name] {
			return Service{}, false
		}
		tried[g.name] = true
		return g.ask(ctx, w)
	}
	for _, g := range greeters() {
		if g.name == hint {
			if s, ok := try(g); ok {
				return s
			}
		}
	}
	wait := silence
	if hint == "greets" {
		wait = w.Patience
	}
	if s, ok := listen(ctx, w, wait); ok {
		return s
	} else if s.Banner != "" {
		unknown = s // it spoke, in a language that we do not know; the others would only confuse it
		return unknown
	}
	for _, g := range greeters() {
		if s, ok := try(g); ok {
			return s
		}
	}
	return unknown
}

// line is a connection with bounds on bytes and on the time of the whole conversation, so that neither an endless answer
// nor one byte a second costs more than they do.
type line struct {
	net.Conn
	left int
	end  time.Time
}

var errLong = errors.New("the answer is longer than what is read")

func (w Wire) open(ctx context.Context, patience time.Duration) (*line, error) {
	conn, err := w.Dial(ctx)
	if err != nil {
		return nil, err
	}
	end := time.Now().Add(patience) // the wire knows no clock but this one
	_ = conn.SetDeadline(end)
	return &line{conn, mostBytes, end}, nil
}

func (l *line) Read(p []byte) (int, error) {
	if l.left <= 0 {
		return 0, errLong
	}
	n, err := l.Conn.Read(p[:min(len(p), l.left)])
	l.left -= n
	return n, err
}

// say sends bytes on a connection of their own and gives what comes first.
func (w Wire) say(ctx context.Context, question []byte) []byte {
	l, err := w.open(ctx, w.Patience)
	if err != nil {
		return nil
	}
	defer l.Close()
	if _, err := l.Write(question); err != nil {
		return nil
	}
	return first(l)
}

// pause is how long an answer may stop in its middle. Greetings come in one packet, or in two that follow each other.
const pause = 150 * time.Millisecond

// first reads what arrives first, up to a pause.
func first(l *line) []byte {
	b, n := make([]byte, 16<<10), 0
	for n < len(b) {
		got, err := l.Read(b[n:])
		n += got
		if err != nil || got == 0 {
			break
		}
		if next := time.Now().Add(pause); next.Before(l.end) {
			_ = l.SetReadDeadline(next)
		}
	}
	return b[:n]
}

// printable makes a stranger's bytes fit for one line of a report.
func printable(b []byte) string {
	s := strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\r' || r == '\t':
			return ' '
		case unicode.IsPrint(r) && r != unicode.ReplacementChar:
			return r
		}
		return '.'
	}, string(b[:min(len(b), bannerCut)]))
	return strings.TrimSpace(s)
}

// word takes out of a stranger's text a version or a name: what follows a prefix, up to a blank.
func word(s string) string {
	s, _, _ = strings.Cut(strings.TrimSpace(s), " ")
	if len(s) > 60 {
		s = s[:60]
	}
	return printable([]byte(s))
}

// inside is the way to the port through TLS.
func (w Wire) inside() Wire {
	in := w
	in.secured = true
	in.Dial = func(ctx context.Context) (net.Conn, error) {
		conn, err := w.Dial(ctx)
		if err != nil {
			return nil, err
		}
		_ = conn.SetDeadline(time.Now().Add(w.Patience))
		c := tls.Client(conn, &tls.Config{ServerName: w.Host, MinVersion: tls.VersionTLS10, InsecureSkipVerify: true, NextProtos: []string{"http/1.1"}, CipherSuites: everySuite}) //nolint:gosec // exposure/tls judges it
		if err := c.HandshakeContext(ctx); err != nil {
			_ = conn.Close()
			return nil, err
		}
		return c, nil
	}
	return in
}
