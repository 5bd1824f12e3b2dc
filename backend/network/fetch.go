package network

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"time"

	"palisade.dev/backend/outside"
)

// Bounds of a download.
const (
	MaxBytes = 32 << 20 // after decompression; the largest known list has 14 MB
	Timeout  = time.Minute
	hops     = 5
)

// Getter is the part of an http.Client that a refresh needs. It must bound where it connects to: see NewClient.
type Getter interface {
	Do(*http.Request) (*http.Response, error)
}

// NewClient makes a client that may connect to the addresses that allowed does not refuse. It follows redirects from https to
// https only. Further roots may be nil.
func NewClient(allowed func(netip.Addr) error, roots *x509.CertPool) *http.Client {
	return outside.Client(outside.Options{
		Allowed: allowed, Roots: roots, Connect: 10 * time.Second, Header: 30 * time.Second, Whole: Timeout, MaxHeader: 64 << 10, Idle: 4,
		Redirect: func(r *http.Request, via []*http.Request) error {
			if len(via) >= hops {
				return fmt.Errorf("more than %d redirects", hops)
			}
			if from := via[len(via)-1].URL; r.URL.Scheme != "https" && from.Scheme == "https" {
				return errors.New("a redirect led away from https and was not followed")
			}
			r.Header.Del("Referer") // the client puts the whole address there, and its query may hold a key
			return nil
		},
	})
}

// PublicOnly refuses addresses that lead anywhere but into the public internet.
func PublicOnly(a netip.Addr) error {
	if err := outside.Public(a); err != nil {
		return fmt.Errorf("%w, and only an own list that says so may be fetched from there", err)
	}
	return nil
}

// Anywhere is for own lists whose operator said that they are in a private network.
func Anywhere(netip.Addr) error { return nil }

// Validator is what a server gave us to ask next time whether anything changed.
type Validator struct {
	ETag     string `json:"etag,omitempty"`
	Modified string `json:"modified,omitempty"`
}

// A server's word is kept in the store and sent back: not more than this of it.
const maxValidator = 256

type download struct {
	client    Getter
	userAgent string
	maxBytes  int64
	timeout   time.Duration
}

var errUnchanged = errors.New("unchanged")

// get fetches one address. With a validator that still holds it answers errUnchanged.
func (d download) get(ctx context.Context, address string, v Validator) ([]byte, Validator, error) {
	ctx, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, Validator{}, errors.New("the address is not one")
	}
	r.Header.Set("User-Agent", d.userAgent)
	r.Header.Set("Accept", "application/json, text/csv, text/plain, */*;q=0.1")
	if v.ETag != "" {
		r.Header.Set("If-None-Match", v.ETag)
	}
	if v.Modified != "" {
		r.Header.Set("If-Modified-Since", v.Modified)
	}
	answer, err := d.client.Do(r)
	if err != nil {
		return nil, Validator{}, d.fault(address, err)
	}
	defer answer.Body.Close()
	if answer.StatusCode == http.StatusNotModified && v != (Validator{}) {
		return nil, v, errUnchanged
	}
	if answer.StatusCode != http.StatusOK {
		return nil, Validator{}, fmt.Errorf("%s answered %d %s", shown(address), answer.StatusCode, http.StatusText(answer.StatusCode))
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, d.maxBytes+1))
	if err == nil {
		// A server that notices us hanging up may end its answer properly, and we may yet read that end: half a list
		// would pass for a whole one.
		err = ctx.Err()
	}
	if err != nil {
		return nil, Validator{}, d.fault(address, err)
	}
	if int64(len(body)) > d.maxBytes {
		return nil, Validator{}, fmt.Errorf("%s sent more than %s bytes", shown(address), thousands(uint64(d.maxBytes)))
	}
	fresh := Validator{ETag: answer.Header.Get("ETag"), Modified: answer.Header.Get("Last-Modified")}
	if len(fresh.ETag)+len(fresh.Modified) > maxValidator {
		fresh = Validator{}
	}
	return body, fresh, nil
}

// fault is what a client's error says about an address, without the address as the client knows it: a query may hold
// a secret.
func (d download) fault(address string, err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%s did not answer within %s", shown(address), d.timeout)
	}
	return fmt.Errorf("fetching %s: %w", shown(address), err)
}

// shown is an address without user and query.
func shown(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "the address"
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}

// Azure's document has a new address each week, and a page for people on which it stands.
const azurePage = "azure-page"

var azureLink = regexp.MustCompile(`https://download\.microsoft\.com/download/[A-Za-z0-9/_-]{1,120}/ServiceTags_Public_[0-9]{8}\.json`)

// list fetches all addresses of a list and reads them together. It answers errUnchanged when none of them has changed.
func (d download) list(ctx context.Context, addresses []string, format string, known map[string]Validator) ([]netip.Prefix, map[string]Validator, error) {
	if format == azurePage {
		page, _, err := d.get(ctx, addresses[0], Validator{})
		if err != nil {
			return nil, nil, err
		}
		link := azureLink.Find(page)
		if link == nil {
			return nil, nil, fmt.Errorf("%s names no ServiceTags_Public document", shown(addresses[0]))
		}
		addresses, format = []string{string(link)}, "azure"
	}
	validators := map[string]Validator{}
	var all []netip.Prefix
	same := 0
	for _, a := range addresses {
		// A part that has not changed is of use only if all others have not either, so a part that follows a changed one
		// is asked for in full.
		v := Validator{}
		if same == len(validators) {
			v = known[shown(a)]
		}
		body, fresh, err := d.get(ctx, a, v)
		if errors.Is(err, errUnchanged) {
			same++
			validators[shown(a)] = fresh
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		if same > 0 && same == len(validators) {
			return d.list(ctx, addresses, format, nil)
		}
		part, err := Read(format, bytes.NewReader(body))
		if err != nil {
			return nil, nil, fmt.Errorf("reading the answer of %s: %w", shown(a), err)
		}
		validators[shown(a)] = fresh
		all = append(all, part...)
	}
	if same == len(addresses) {
		return nil, validators, errUnchanged
	}
	return all, validators, nil
}
