package link

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"palisade.dev/guard/prefix"
	"palisade.dev/guard/wire"
)

// HTTP is a back end reached over the network.
type HTTP struct {
	base   *url.URL
	key    string
	client *http.Client
}

// NewHTTP makes the client side of /guard/v1. A redirect is an error: the site key goes to the address it was given
// for and nowhere else.
func NewHTTP(base *url.URL, key wire.SiteKey, client *http.Client) *HTTP {
	if client == nil {
		t := http.DefaultTransport.(*http.Transport).Clone()
		t.MaxIdleConnsPerHost = 4
		t.ResponseHeaderTimeout = pollWait + callLimit
		client = &http.Client{Transport: t}
	}
	c := *client
	c.CheckRedirect = func(*http.Request, []*http.Request) error {
		return errors.New("the back end answered with a redirect: give the guard its final address")
	}
	return &HTTP{base.JoinPath("/guard/v1"), key.String(), &c}
}

// Answer is the body of GET policy.
type Answer struct {
	Envelopes []wire.Envelope `json:"envelopes"`
}

// ErrUnauthorized says that the back end does not know the site key.
var ErrUnauthorized = errors.New("the back end does not know this site key: was it revoked? Make one with: palisade site key add SITE")

func (h *HTTP) call(ctx context.Context, method, path string, body any) (*http.Response, error) {
	var r io.Reader
	if body != nil {
		var b bytes.Buffer
		z, _ := gzip.NewWriterLevel(&b, gzip.BestSpeed)
		if err := json.NewEncoder(z).Encode(body); err != nil {
			return nil, err
		}
		if err := z.Close(); err != nil {
			return nil, err
		}
		r = &b
	}
	u := *h.base
	p, query, _ := strings.Cut(path, "?")
	u.Path += "/" + p
	u.RawQuery = query
	req, err := http.NewRequestWithContext(ctx, method, u.String(), r)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+h.key)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Content-Encoding", "gzip")
	}
	res, err := h.client.Do(req)
	if err != nil {
		return nil, err
	}
	if res.StatusCode >= 300 {
		defer res.Body.Close()
		if res.StatusCode == http.StatusUnauthorized {
			return nil, ErrUnauthorized
		}
		rejected := error(nil)
		switch res.StatusCode {
		case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
			rejected = ErrRejected
		}
		text, _ := io.ReadAll(io.LimitReader(res.Body, 200))
		return nil, errors.Join(rejected, fmt.Errorf("%s %s: the back end answered %s: %s", method, p, res.Status, strings.TrimSpace(string(text))))
	}
	return res, nil
}

// Policy asks for what is newer than a revision.
func (h *HTTP) Policy(ctx context.Context, after uint64, wait time.Duration) ([]wire.Envelope, error) {
	res, err := h.call(ctx, http.MethodGet, "policy?after="+strconv.FormatUint(after, 10)+"&wait="+wait.String(), nil)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode == http.StatusNoContent {
		return nil, nil
	}
	var a Answer
	if err := wire.Read(res.Body, wire.MaxEnvelopes, &a); err != nil {
		return nil, fmt.Errorf("the policy from the back end: %w", err)
	}
	return a.Envelopes, nil
}

// Network asks for a list.
func (h *HTTP) Network(ctx context.Context, checksum string) ([]netip.Prefix, error) {
	res, err := h.call(ctx, http.MethodGet, "networks/"+url.PathEscape(checksum), nil)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	return prefix.Parse(io.LimitReader(res.Body, wire.MaxEnvelopes))
}

func (h *HTTP) post(ctx context.Context, path string, body any) error {
	res, err := h.call(ctx, http.MethodPost, path, body)
	if err != nil {
		return err
	}
	_, _ = io.CopyN(io.Discard, res.Body, 4096)
	return res.Body.Close()
}

// Events sends a batch.
func (h *HTTP) Events(ctx context.Context, b wire.Batch) error { return h.post(ctx, "events", b) }

// Receipt sends a receipt.
func (h *HTTP) Receipt(ctx context.Context, r wire.Receipt) error { return h.post(ctx, "receipts", r) }

// Inventory sends the inventory.
func (h *HTTP) Inventory(ctx context.Context, i wire.Inventory) error {
	return h.post(ctx, "inventory", i)
}
