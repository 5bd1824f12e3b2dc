// Package email sends alerts by mail, text and HTML side by side, through the operator's own mail server. The messages of a
// group are one conversation in the reader's mail program; each recipient gets a mail of their own, so that an address that
// is refused keeps none from the others.
package email

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"net"
	netmail "net/mail"
	"slices"
	"strings"
	texttemplate "text/template"
	"time"

	"github.com/wneessen/go-mail"

	"palisade.dev/backend/alert"
)

// How the connection to the mail server is protected.
const (
	StartTLS = "starttls" // the connection begins in the open and must become TLS before anything is said
	TLS      = "tls"      // from the first byte on
	None     = "none"     // for a server on this machine
)

// Server is the operator's mail server, from the configuration.
type Server struct {
	Host     string
	Port     int // 587 for starttls, 465 for tls and 25 for none unless given
	Username string
	Password string
	From     string         // such as "Palisade <palisade@example.com>"
	TLS      string         // starttls unless given
	Roots    *x509.CertPool // of a private authority; nil is the system's
	HELO     string         // this machine's name; go-mail asks the system unless given
}

// Sink is mail.
type Sink struct {
	server Server
	from   *netmail.Address
	domain string
	now    func() time.Time
}

// New checks the server's settings and makes the sink. It connects nowhere.
func New(s Server, now func() time.Time) (*Sink, error) {
	var faults []error
	if s.Host == "" || strings.ContainsAny(s.Host, "\r\n \t/") {
		faults = append(faults, errors.New("host: want the mail server's name, such as smtp.example.com"))
	}
	if s.TLS == "" {
		s.TLS = StartTLS
	}
	ports := map[string]int{StartTLS: 587, TLS: 465, None: 25}
	if ports[s.TLS] == 0 {
		faults = append(faults, fmt.Errorf("tls: %.20q: want %s, %s or %s", s.TLS, StartTLS, TLS, None))
	}
	if s.Port == 0 {
		s.Port = ports[s.TLS]
	}
	if s.Port < 0 || s.Port > 65535 {
		faults = append(faults, fmt.Errorf("port: %d: want 1 to 65535", s.Port))
	}
	if s.TLS == None && s.Username != "" && !loopback(s.Host) {
		faults = append(faults, errors.New("tls: none: the password would be sent in the open; want starttls or tls, or no username"))
	}
	if (s.Username == "") != (s.Password == "") {
		faults = append(faults, errors.New("username and password: want both or neither"))
	}
	from, err := netmail.ParseAddress(s.From)
	if err != nil {
		faults = append(faults, errors.New(`from: want an address such as "Palisade <palisade@example.com>"`))
	}
	if err := errors.Join(faults...); err != nil {
		return nil, fmt.Errorf("the mail server: %w", err)
	}
	return &Sink{server: s, from: from, domain: from.Address[strings.LastIndexByte(from.Address, '@')+1:], now: now}, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// settings of a channel.
type settings struct {
	To []string `json:"to"`
}

// maxTo is how many recipients a channel has at most. For more there are mailing lists.
const maxTo = 20

// Pace is sparing.
func (*Sink) Pace() alert.Pace { return alert.Sparing }

// Read checks settings.
func (*Sink) Read(given, kept json.RawMessage) (json.RawMessage, error) {
	v, err := alert.Settings[settings](given)
	if err != nil {
		return nil, err
	}
	if len(v.To) == 0 && len(kept) > 0 {
		return kept, nil
	}
	if len(v.To) == 0 || len(v.To) > maxTo {
		return nil, fmt.Errorf("to: want 1 to %d addresses", maxTo)
	}
	var faults []error
	var plain []string
	for _, to := range v.To {
		a, err := netmail.ParseAddress(to)
		if err == nil { // what would need quotes is an address in theory only
			_, err = netmail.ParseAddress(a.Address)
		}
		if err != nil || len(to) > 320 || alert.Clean(a.Address, 320) != a.Address {
			faults = append(faults, fmt.Errorf("to: %q: want an address such as ada@example.com", alert.Clean(to, 80)))
		} else if !slices.Contains(plain, a.Address) {
			plain = append(plain, a.Address)
		}
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	return json.Marshal(settings{plain})
}

// Show gives them as they are: nothing in them is secret.
func (*Sink) Show(kept json.RawMessage) json.RawMessage { return kept }

// state is what is remembered of a group.
type state struct {
	First   string   `json:"first,omitempty"`   // id of the mail that began the conversation
	Subject string   `json:"subject,omitempty"` // and its subject: mail programs want the same
	Message string   `json:"message,omitempty"` // that is under way
	Had     []string `json:"had,omitempty"`     // who has it already, or will not have it
	Took    int      `json:"took,omitempty"`    // how many of them have it
}

// Send sends a mail to each recipient over one connection. Where some did not take it for now, the others are not sent it
// again.
func (s *Sink) Send(ctx context.Context, kept json.RawMessage, m *alert.Message) (alert.Answer, error) {
	v, err := alert.Settings[settings](kept)
	if err != nil || len(v.To) == 0 {
		return alert.Answer{State: m.State}, &alert.Failure{Said: "the channel's settings are damaged; enter them again", Never: true}
	}
	var st state
	if m.State != "" {
		if err := json.Unmarshal([]byte(m.State), &st); err != nil {
			st = state{} // a conversation that cannot be continued is begun anew
		}
	}
	if st.Message != m.ID {
		st.Message, st.Had, st.Took = m.ID, nil, 0
	}
	said, err := s.deliver(ctx, v.To, &st, m)
	if st.First == "" && st.Took > 0 {
		st.First, st.Subject = s.messageID(m), subject(m)
	}
	text, jerr := json.Marshal(st)
	if jerr != nil {
		return alert.Answer{State: m.State}, fmt.Errorf("keeping a conversation: %w", jerr)
	}
	return alert.Answer{Said: said, State: string(text)}, err
}

// deliver sends to all who have not had the message, and notes who has.
func (s *Sink) deliver(ctx context.Context, to []string, st *state, m *alert.Message) (string, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	client, err := s.client(ctx)
	if err != nil {
		return "", fmt.Errorf("preparing mail: %w", err)
	}
	conn, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return "", fmt.Errorf("connecting to the mail server %s: %w", s.server.Host, err)
	}
	// The goodbye may fail when everything was taken: nothing follows from it.
	defer func() { _ = client.CloseWithSMTPClient(conn) }()
	var said string
	var refused, later []string
	for _, rcpt := range to {
		if slices.Contains(st.Had, rcpt) {
			continue
		}
		msg, err := s.Compose(m, rcpt, st.First, st.Subject)
		if err != nil {
			return "", err
		}
		err = client.SendWithSMTPClient(conn, msg)
		var fault *mail.SendError
		switch {
		case msg.IsDelivered(): // an error after that is of cleaning up
			said = strings.TrimSpace(msg.ServerResponse())
			st.Had, st.Took = append(st.Had, rcpt), st.Took+1
		case errors.As(err, &fault) && fault.ErrorCode() >= 500:
			refused = append(refused, rcpt+": "+plainly(fault))
			st.Had = append(st.Had, rcpt)
		default:
			later = append(later, rcpt+": "+plainly(err))
		}
	}
	all := strings.Join(append(later, refused...), "; ")
	switch {
	case len(later) > 0:
		return "", &alert.Failure{Said: all}
	case st.Took == 0:
		return "", &alert.Failure{Said: all, Never: true}
	case len(refused) > 0:
		said = fmt.Sprintf("taken for %d of %d; refused: %s", st.Took, len(to), all)
	}
	return said, nil
}

// plainly is what the server said, without go-mail's account of which mail that was.
func plainly(err error) string {
	text := err.Error()
	if before, _, ok := strings.Cut(text, ", affected recipient(s)"); ok {
		text = before
	}
	if before, _, ok := strings.Cut(text, ", affected message ID"); ok {
		text = before
	}
	return text
}

// client makes a connection's settings. The password is in no error and no log of go-mail unless asked for, which is never.
func (s *Sink) client(ctx context.Context) (*mail.Client, error) {
	config := &tls.Config{ServerName: s.server.Host, RootCAs: s.server.Roots, MinVersion: tls.VersionTLS12}
	// go-mail heeds the context while it connects and counts anew for each command after that. The connection ends with
	// the context, so that a server which takes its time over every word ends in time as well.
	dial := func(dialing context.Context, network, address string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(dialing, network, address)
		if err != nil {
			return nil, err
		}
		context.AfterFunc(ctx, func() { _ = conn.Close() })
		if s.server.TLS == TLS {
			return tls.Client(conn, config), nil
		}
		return conn, nil
	}
	o := []mail.Option{mail.WithPort(s.server.Port), mail.WithTimeout(20 * time.Second), mail.WithTLSConfig(config), mail.WithDialContextFunc(dial)}
	switch s.server.TLS {
	case TLS:
		o = append(o, mail.WithSSL())
	case None:
		o = append(o, mail.WithTLSPolicy(mail.NoTLS))
	default:
		o = append(o, mail.WithTLSPolicy(mail.TLSMandatory))
	}
	if s.server.HELO != "" {
		o = append(o, mail.WithHELO(s.server.HELO))
	}
	if s.server.Username != "" {
		// Named, as go-mail's own search takes our connection for one in the open. That may be one to this machine only.
		auth := []mail.SMTPAuthType{mail.SMTPAuthSCRAMSHA256, mail.SMTPAuthSCRAMSHA1, mail.SMTPAuthPlain, mail.SMTPAuthLogin, mail.SMTPAuthCramMD5}
		if s.server.TLS == None {
			auth[2], auth[3] = mail.SMTPAuthPlainNoEnc, mail.SMTPAuthLoginNoEnc
		}
		o = append(o, mail.WithOpportunisticSMTPAuth(auth...), mail.WithUsername(s.server.Username), mail.WithPassword(s.server.Password))
	}
	return mail.NewClient(s.server.Host, o...)
}

//go:embed mail.txt
var textMail string

//go:embed mail.html
var htmlMail string

var (
	textTemplate = texttemplate.Must(texttemplate.New("mail.txt").Parse(textMail))
	htmlTemplate = htmltemplate.Must(htmltemplate.New("mail.html").Parse(htmlMail))
)

// view is what the templates are given: all of it is clean, and the HTML template escapes it for where it stands.
type view struct {
	Headline, Severity, Site, At, Link string
	Facts                              []alert.Fact
	Over                               bool
}

func (s *Sink) messageID(m *alert.Message) string { return m.ID + "@" + s.domain }

// maxSubject is what mail programs show of a subject, and more.
const maxSubject = 150

// subject is a mail's subject.
func subject(m *alert.Message) string {
	prefix := "[Palisade] "
	if m.Newest.Severity >= alert.High {
		prefix = "[Palisade: " + m.Newest.Severity.String() + "] "
	}
	return alert.Clean(prefix+m.Headline(), maxSubject)
}

// Compose makes the mail of a message to one recipient, as part of a conversation that began with another, if any.
func (s *Sink) Compose(m *alert.Message, to, first, firstSubject string) (*mail.Msg, error) {
	v := view{
		Headline: alert.Clean(m.Headline(), 1000), Severity: m.Newest.Severity.String(), Site: alert.Clean(m.Newest.Site.Name, 80),
		At: m.Newest.At.UTC().Format("2006-01-02 15:04:05 UTC"), Link: m.Link, Over: m.Over && m.Count > 1,
	}
	for _, f := range m.Facts() {
		v.Facts = append(v.Facts, alert.Fact{Label: alert.Clean(f.Label, 80), Value: alert.Clean(f.Value, 1000)})
	}
	var text, html bytes.Buffer
	if err := textTemplate.Execute(&text, v); err != nil {
		return nil, fmt.Errorf("writing a mail: %w", err)
	}
	if err := htmlTemplate.Execute(&html, v); err != nil {
		return nil, fmt.Errorf("writing a mail: %w", err)
	}
	// No text can hold the boundary, which is made of all of it.
	sum := sha256.Sum256(append([]byte(m.ID+"\n"+text.String()+"\n"), html.Bytes()...))
	msg := mail.NewMsg(mail.WithNoDefaultUserAgent(), mail.WithBoundary(hex.EncodeToString(sum[:20])))
	msg.FromMailAddress(s.from)
	if err := msg.To(to); err != nil {
		return nil, fmt.Errorf("writing a mail: the recipient %q: %w", alert.Clean(to, 80), err)
	}
	msg.SetMessageIDWithValue(s.messageID(m))
	msg.SetDateWithValue(s.now().UTC())
	title := subject(m)
	if first != "" {
		msg.SetGenHeader(mail.HeaderInReplyTo, "<"+first+">")
		msg.SetGenHeader(mail.HeaderReferences, "<"+first+">")
		title = "Re: " + firstSubject
	}
	msg.Subject(title)
	// So that no absence notice comes back, and no loop of them.
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetGenHeader(mail.HeaderXAutoResponseSuppress, "All")
	msg.SetBodyString(mail.TypeTextPlain, text.String())
	msg.AddAlternativeString(mail.TypeTextHTML, html.String())
	return msg, nil
}
