package email

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"errors"
	"io"
	"math/big"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	netmail "net/mail"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"palisade.dev/backend/alert"
	"palisade.dev/backend/alert/alerttest"
)

func now() time.Time { return alerttest.Noon }

func compose(t *testing.T, m *alert.Message, first, subject string) []byte {
	t.Helper()
	s, err := New(Server{Host: "smtp.example.com", From: "Palisade <palisade@example.com>"}, now)
	if err != nil {
		t.Fatal(err)
	}
	msg, err := s.Compose(m, "ada@example.com", first, subject)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if _, err := msg.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return bytes.ReplaceAll(b.Bytes(), []byte("\r\n"), []byte("\n"))
}

func TestGolden(t *testing.T) {
	const first, subject = "g1-c1-0@example.com", "[Palisade] 203.0.113.7 is kept out of shop-prod until 2026-11-24 13:00 UTC"
	alerttest.Golden(t, "plain.eml", compose(t, alerttest.Plain(), "", ""))
	alerttest.Golden(t, "attack.eml", compose(t, alerttest.Attack(), first, subject))
	alerttest.Golden(t, "over.eml", compose(t, alerttest.Over(), first, subject))
	alerttest.Golden(t, "hostile.eml", compose(t, alerttest.Hostile(), "", ""))
}

// What a mail program makes of it: the headers are ours alone, and no part has a control character or another's markup.
func TestAHostileMailReadsAsOneMail(t *testing.T) {
	m, err := netmail.ReadMessage(bytes.NewReader(compose(t, alerttest.Hostile(), "", "")))
	if err != nil {
		t.Fatal(err)
	}
	known := []string{"Auto-Submitted", "Content-Type", "Date", "From", "Message-Id", "Mime-Version", "Subject", "To", "X-Auto-Response-Suppress"}
	for h, v := range m.Header {
		if !slices.Contains(known, h) || len(v) != 1 {
			t.Errorf("header %s: %q", h, v)
		}
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil || strings.ContainsAny(subject, "\r\n\x1b\u202e") || !strings.HasPrefix(subject, "[Palisade: critical] 1,312 bans") {
		t.Errorf("subject %q, %v", subject, err)
	}
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	parts := multipart.NewReader(m.Body, params["boundary"])
	var types []string
	for {
		p, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(quotedprintable.NewReader(p))
		if err != nil {
			t.Fatal(err)
		}
		text := string(body)
		types = append(types, p.Header.Get("Content-Type"))
		if strings.ContainsAny(text, "\x00\x1b\x07\u202e\u2028\u200b\ufeff\u0085") || strings.Contains(text, strings.Repeat("A", 1001)) {
			t.Errorf("%s holds what it must not", p.Header)
		}
		if strings.HasPrefix(p.Header.Get("Content-Type"), "text/html") {
			for _, bad := range []string{"<script", "<img", "<b>", "onerror=alert(1)>"} {
				if strings.Contains(text, bad) {
					t.Errorf("the HTML holds %q", bad)
				}
			}
			if !strings.Contains(text, `href="https://palisade.example.com/s/shop/client?subject=%3Cx%3E&amp;a=b%7cc%3cd%3e%22e"`) {
				t.Error("the link is not whole")
			}
		}
	}
	if len(types) != 2 || !strings.HasPrefix(types[0], "text/plain") || !strings.HasPrefix(types[1], "text/html") {
		t.Errorf("parts %q", types)
	}
}

// server is a mail server of this test's own. Its behaviour is in functions of the recipient.
type server struct {
	mu       sync.Mutex
	rcpt     func(to string) error
	data     func(to string) error
	username string
	password string
	got      []letter
	auths    int
}

type letter struct {
	to        string
	id        string
	inReplyTo string
	subject   string
	encrypted bool
}

func (s *server) NewSession(c *smtp.Conn) (smtp.Session, error) {
	return &session{server: s, conn: c}, nil
}

type session struct {
	server *server
	conn   *smtp.Conn
	to     string
	known  bool
}

func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, username, password string) error {
		s.server.mu.Lock()
		defer s.server.mu.Unlock()
		s.server.auths++
		if username != s.server.username || password != s.server.password {
			return &smtp.SMTPError{Code: 535, EnhancedCode: smtp.EnhancedCode{5, 7, 8}, Message: "who are you?"}
		}
		s.known = true
		return nil
	}), nil
}

func (s *session) Mail(string, *smtp.MailOptions) error {
	if s.server.username != "" && !s.known {
		return smtp.ErrAuthRequired
	}
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = to
	if s.server.rcpt != nil {
		return s.server.rcpt(to)
	}
	return nil
}

func (s *session) Data(r io.Reader) error {
	m, err := netmail.ReadMessage(r)
	if err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, m.Body); err != nil {
		return err
	}
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	if s.server.data != nil {
		if err := s.server.data(s.to); err != nil {
			return err
		}
	}
	_, encrypted := s.conn.TLSConnectionState()
	s.server.got = append(s.server.got, letter{s.to, m.Header.Get("Message-Id"), m.Header.Get("In-Reply-To"), m.Header.Get("Subject"), encrypted})
	return nil
}

func (s *session) Reset()        {}
func (s *session) Logout() error { return nil }

func (s *server) letters() []letter {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.got)
}

// authority signs for localhost, and who trusts it.
func authority(t *testing.T) (*tls.Config, *x509.CertPool) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &k.PublicKey, k)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: k}}}, pool
}

// start runs a server and gives a sink for it, with starttls unless change says otherwise.
func start(t *testing.T, s *server, change func(*Server)) *Sink {
	t.Helper()
	config, pool := authority(t)
	settings := Server{Host: "127.0.0.1", From: "Palisade <palisade@example.com>", Roots: pool, HELO: "palisade.example.com"}
	if change != nil {
		change(&settings)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	settings.Port = l.Addr().(*net.TCPAddr).Port
	srv := smtp.NewServer(s)
	srv.Domain, srv.AllowInsecureAuth, srv.ErrorLog = "localhost", settings.TLS == None, quiet{}
	if settings.TLS != None {
		srv.TLSConfig = config
	}
	if settings.TLS == TLS {
		l = tls.NewListener(l, config)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = srv.Serve(l)
	}()
	t.Cleanup(func() {
		_ = srv.Close()
		<-done
	})
	sink, err := New(settings, now)
	if err != nil {
		t.Fatal(err)
	}
	return sink
}

type quiet struct{}

func (quiet) Printf(string, ...any) {}
func (quiet) Println(...any)        {}

const three = `{"to":["ada@example.com","bob@example.com","eve@example.com"]}`

func failure(t *testing.T, err error) *alert.Failure {
	t.Helper()
	var f *alert.Failure
	if !errors.As(err, &f) {
		t.Fatalf("got %v", err)
	}
	return f
}

func TestEachWayOfConnecting(t *testing.T) {
	ran := 0
	for _, way := range []string{StartTLS, TLS, None} {
		for _, user := range []string{"", "ada"} {
			ran++
			srv := &server{username: user, password: map[string]string{"ada": "hunter2"}[user]}
			sink := start(t, srv, func(s *Server) { s.TLS, s.Username, s.Password = way, user, srv.password })
			a, err := sink.Send(t.Context(), json.RawMessage(three), alerttest.Plain())
			if err != nil || !strings.Contains(a.Said, "250") && !strings.Contains(a.Said, "OK") {
				t.Errorf("%s as %q: %q, %v", way, user, a.Said, err)
				continue
			}
			got := srv.letters()
			if len(got) != 3 || got[2].to != "eve@example.com" || got[0].id != "<g1-c1-0@example.com>" || got[0].encrypted != (way != None) || user != "" && srv.auths != 1 {
				t.Errorf("%s as %q: %+v", way, user, got)
			}
		}
	}
	if ran != 6 {
		t.Fatalf("%d ways", ran)
	}
}

func TestAWrongPasswordIsSaidAndNotShown(t *testing.T) {
	srv := &server{username: "ada", password: "lovelace"}
	sink := start(t, srv, func(s *Server) { s.Username, s.Password = "ada", "hunter2" })
	_, err := sink.Send(t.Context(), json.RawMessage(three), alerttest.Plain())
	if err == nil || !strings.Contains(err.Error(), "who are you?") || strings.Contains(err.Error(), "hunter2") || len(srv.letters()) != 0 {
		t.Fatalf("got %v", err)
	}
}

// Somebody on the way who strips STARTTLS, or stands in for the server, gets neither mail nor password.
func TestNothingIsSentInTheOpenOrToAStranger(t *testing.T) {
	open := &server{username: "ada", password: "hunter2"}
	sink := start(t, open, func(s *Server) { s.TLS = None; s.Username, s.Password = "ada", "hunter2" })
	sink.server.TLS = StartTLS
	if _, err := sink.Send(t.Context(), json.RawMessage(three), alerttest.Plain()); err == nil || open.auths != 0 {
		t.Errorf("without STARTTLS: %v, %d passwords", err, open.auths)
	}
	stranger := &server{username: "ada", password: "hunter2"}
	sink = start(t, stranger, func(s *Server) { s.Username, s.Password, s.Roots = "ada", "hunter2", x509.NewCertPool() })
	if _, err := sink.Send(t.Context(), json.RawMessage(three), alerttest.Plain()); err == nil || !strings.Contains(err.Error(), "certificate") || stranger.auths != 0 {
		t.Errorf("to a stranger: %v, %d passwords", err, stranger.auths)
	}
}

func TestARefusedRecipientKeepsNoneFromTheOthers(t *testing.T) {
	srv := &server{rcpt: func(to string) error {
		if to == "bob@example.com" {
			return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user"}
		}
		return nil
	}}
	a, err := start(t, srv, nil).Send(t.Context(), json.RawMessage(three), alerttest.Plain())
	if err != nil || !strings.HasPrefix(a.Said, "taken for 2 of 3; refused: bob@example.com") || !strings.Contains(a.Said, "no such user") || len(srv.letters()) != 2 {
		t.Fatalf("%q, %v, %d letters", a.Said, err, len(srv.letters()))
	}
	srv = &server{rcpt: func(string) error { return &smtp.SMTPError{Code: 550, Message: "no such user"} }}
	_, err = start(t, srv, nil).Send(t.Context(), json.RawMessage(three), alerttest.Plain())
	if f := failure(t, err); !f.Never || strings.Count(f.Said, "no such user") != 3 {
		t.Fatalf("%+v", f)
	}
}

// Greylisting: a server that says "later" to strangers, at either of the places where servers do.
func TestGreylistingIsOutwaitedAndNobodyGetsAMailTwice(t *testing.T) {
	later := &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "greylisted, come back"}
	for place, set := range map[string]func(*server, func(string) error){
		"recipient": func(s *server, f func(string) error) { s.rcpt = f },
		"content":   func(s *server, f func(string) error) { s.data = f },
	} {
		tries := map[string]int{}
		srv := &server{}
		set(srv, func(to string) error {
			if tries[to]++; to == "bob@example.com" && tries[to] < 3 {
				return later
			}
			return nil
		})
		sink := start(t, srv, nil)
		m := alerttest.Plain()
		for range 2 {
			a, err := sink.Send(t.Context(), json.RawMessage(three), m)
			if f := failure(t, err); f.Never || !strings.Contains(f.Said, "greylisted") || strings.Contains(f.Said, "affected") {
				t.Fatalf("%s: %+v", place, f)
			}
			m.State = a.State
		}
		a, err := sink.Send(t.Context(), json.RawMessage(three), m)
		if err != nil {
			t.Fatalf("%s: %v", place, err)
		}
		if got := srv.letters(); len(got) != 3 || tries["ada@example.com"] != 1 || got[2].to != "bob@example.com" {
			t.Fatalf("%s: %+v", place, got)
		}
		// The next message goes to all again, as an answer to the first.
		next := alerttest.Attack()
		next.State = a.State
		if a, err = sink.Send(t.Context(), json.RawMessage(three), next); err != nil {
			t.Fatal(err)
		}
		got := srv.letters()
		if len(got) != 6 || got[5].inReplyTo != "<g1-c1-0@example.com>" || got[5].id != "<g1-c1-1@example.com>" || got[5].subject != "Re: "+got[0].subject {
			t.Fatalf("%s: %+v", place, got)
		}
		last := alerttest.Over()
		last.State = a.State
		if _, err = sink.Send(t.Context(), json.RawMessage(three), last); err != nil {
			t.Fatal(err)
		}
		if got := srv.letters(); len(got) != 9 || got[8].inReplyTo != "<g1-c1-0@example.com>" || got[8].subject != "Re: "+got[0].subject {
			t.Fatalf("%s: %+v", place, got)
		}
	}
}

func TestAServerThatIsAwayOrHangs(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() // it takes connections and never says a word
	hangs, err := New(Server{Host: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port, From: "p@example.com"}, now)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	m := alerttest.Plain()
	m.State = `{"first":"x@y"}`
	a, err := hangs.Send(ctx, json.RawMessage(three), m)
	var f *alert.Failure
	if err == nil || errors.As(err, &f) || !strings.Contains(err.Error(), "connecting to the mail server 127.0.0.1") || !strings.Contains(a.State, "x@y") {
		t.Fatalf("%v, %s", err, a.State)
	}
}

func TestSettings(t *testing.T) {
	s, err := New(Server{Host: "smtp.example.com", From: "p@example.com"}, now)
	if err != nil {
		t.Fatal(err)
	}
	kept, err := s.Read(json.RawMessage(`{"to":["Ada <ada@example.com>","ada@example.com","bob@example.com"]}`), nil)
	if err != nil || string(kept) != `{"to":["ada@example.com","bob@example.com"]}` || string(s.Show(kept)) != string(kept) {
		t.Errorf("%s, %v", kept, err)
	}
	if same, err := s.Read(json.RawMessage(`{}`), kept); err != nil || string(same) != string(kept) {
		t.Errorf("%s, %v", same, err)
	}
	for given, want := range map[string][]string{
		`{}`: {"want 1 to 20"}, `{"to":["x","y@"]}`: {`"x": want an address`, `"y@": want an address`}, `{"cc":[]}`: {"unknown field"},
		`{"to":["a@example.com\r\nBcc: b@example.com"]}`:                         {"want an address"},
		`{"to":[` + strings.Repeat(`"a@example.com",`, 20) + `"b@example.com"]}`: {"want 1 to 20"},
	} {
		_, err := s.Read(json.RawMessage(given), nil)
		for _, w := range want {
			if err == nil || !strings.Contains(err.Error(), w) {
				t.Errorf("%s: got %v, want %q", given, err, w)
			}
		}
	}
	if _, err := s.Send(t.Context(), json.RawMessage(`broken`), alerttest.Plain()); err == nil || !strings.Contains(err.Error(), "enter them again") {
		t.Errorf("got %v", err)
	}
}

func TestServersAllFaultsAtOnce(t *testing.T) {
	_, err := New(Server{Host: "a b", Port: 70000, TLS: "maybe", Username: "ada", From: "nobody"}, now)
	for _, want := range []string{"host: want", "port: 70000", `tls: "maybe"`, "both or neither", "from: want"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %q", err, want)
		}
	}
	_, err = New(Server{Host: "smtp.example.com", TLS: None, Username: "ada", Password: "hunter2", From: "p@example.com"}, now)
	if err == nil || !strings.Contains(err.Error(), "sent in the open") || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %v", err)
	}
}

func FuzzSettings(f *testing.F) {
	seeds := []string{`{}`, three, `{"to":["Ada <ada@example.com>"]}`, `{"to":[7]}`, `{"to":["\"a b\"@example.com"]}`, `{"to":["a@[127.0.0.1]"]}`, `{"to":["ä@ö.example"]}`, `{"to":["a@b\u0000"]}`, `{"to":["=?utf-8?q?x?= <a@b>"]}`, `[`, ``}
	for _, s := range seeds {
		f.Add(s)
	}
	if len(seeds) < 10 {
		f.Fatal("seeds are missing")
	}
	s, err := New(Server{Host: "smtp.example.com", From: "p@example.com"}, now)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, given string) {
		kept, err := s.Read(json.RawMessage(given), nil)
		if err != nil {
			return
		}
		v, err := alert.Settings[settings](kept)
		if err != nil {
			t.Fatal(err)
		}
		for _, to := range v.To {
			if strings.ContainsAny(to, "\r\n\x00") {
				t.Fatalf("address %q", to)
			}
			if _, err := s.Compose(alerttest.Plain(), to, "", ""); err != nil {
				t.Fatalf("%q was taken, and no mail can be written to it: %v", to, err)
			}
		}
	})
}
