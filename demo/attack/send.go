package attack

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

const (
	maxFlying = 256              // connections, and requests without an answer
	patience  = 10 * time.Second // for one answer
	maxBody   = 64 << 10         // of an answer, to recognise a refusal by
)

const (
	browserAgent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36"
	scriptAgent  = "python-requests/2.32.3"
	scannerAgent = "Mozilla/5.0 zgrab/0.x"
)

// A shot is one request to be sent.
type shot struct {
	method string
	path   string // sent exactly so, with its query
	form   url.Values
	from   netip.Addr
	agent  string
	cookie string // the whole header
}

type answer struct {
	status  int
	refused bool
	cookies []*http.Cookie
	took    time.Duration
	err     error
}

// A sender sends shots at one target. It follows no redirect, keeps no cookie and uses no proxy.
type sender struct {
	target    string // scheme, host and port
	header    string
	refused   func(*http.Response, []byte) bool
	clock     Clock
	transport *http.Transport
}

func newSender(o Options) *sender {
	return &sender{
		target:  o.Target.Scheme + "://" + o.Target.Host,
		header:  o.Header,
		refused: o.Refused,
		clock:   o.Clock,
		transport: &http.Transport{
			DialContext:         pinned(o.Dial),
			MaxConnsPerHost:     maxFlying,
			MaxIdleConnsPerHost: maxFlying,
			MaxIdleConns:        maxFlying,
			DisableCompression:  true,
		},
	}
}

func (s *sender) close() { s.transport.CloseIdleConnections() }

func (s *sender) send(ctx context.Context, what shot) answer {
	ctx, stop := context.WithTimeout(ctx, patience)
	defer stop()
	var form io.Reader
	if what.form != nil {
		form = strings.NewReader(what.form.Encode())
	}
	req, err := http.NewRequestWithContext(ctx, what.method, s.target+what.path, form)
	if err != nil {
		return answer{err: err}
	}
	req.Header.Set(s.header, what.from.String())
	req.Header.Set("User-Agent", what.agent)
	req.Header.Set("Accept", "text/html, application/json;q=0.9, */*;q=0.5")
	if what.cookie != "" {
		req.Header.Set("Cookie", what.cookie)
	}
	if what.form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}

	began := s.clock.Now()
	resp, err := s.transport.RoundTrip(req)
	if err != nil {
		return answer{err: err}
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	if err != nil {
		return answer{err: err}
	}
	return answer{
		status:  resp.StatusCode,
		refused: s.refused(resp, body),
		cookies: resp.Cookies(),
		took:    s.clock.Now().Sub(began),
	}
}

// Refused recognises an answer of the gateway's own: an error status with its JSON body, whose error code is "refused",
// or with its error page, whose generator is Palisade. The app behind it says neither.
func Refused(resp *http.Response, body []byte) bool {
	if resp.StatusCode < 400 {
		return false
	}
	kind, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if err != nil {
		return false
	}
	switch kind {
	case "application/json":
		var fault struct {
			Error struct {
				Code string `json:"code"`
			} `json:"error"`
		}
		return json.Unmarshal(body, &fault) == nil && fault.Error.Code == "refused"
	case "text/html":
		return bytes.Contains(body, []byte(`<meta name="generator" content="Palisade">`))
	default:
		return false
	}
}
