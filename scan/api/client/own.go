package client

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// Proof is how a public host is known to be the caller's own. Hosts of this machine and of private networks need none.
type Proof struct {
	Token     string // expected in the TXT record or the file
	Statement bool   // --i-own-this; it is written into the report
	Public    bool   // targets within the own network are refused, for scans that somebody elsewhere asks for
	LookupTXT func(ctx context.Context, name string) ([]string, error)
	Get       func(ctx context.Context, url string) ([]byte, error)
}

// The places where a token may stand.
const (
	ProofRecord = "_palisade."
	ProofFile   = "/.well-known/palisade-owner.txt"
)

// Permit says whether a host may be scanned, and if not, how to prove that it may.
func (p Proof) Permit(ctx context.Context, host string, addrs []netip.Addr) error {
	if p.Public && slices.ContainsFunc(addrs, Near) {
		return fmt.Errorf("%w: %s is within the own network, where this scan may not go", ErrScope, host)
	}
	if p.Statement || !slices.ContainsFunc(addrs, func(a netip.Addr) bool { return !Near(a) }) {
		return nil
	}
	if p.Token != "" {
		lookup, get := p.LookupTXT, p.Get
		if lookup == nil {
			lookup = net.DefaultResolver.LookupTXT
		}
		if get == nil {
			get = getProof
		}
		if records, err := lookup(ctx, ProofRecord+host); err == nil && slices.Contains(records, "palisade-owner="+p.Token) {
			return nil
		}
		if body, err := get(ctx, "https://"+host+ProofFile); err == nil && strings.TrimSpace(string(body)) == p.Token {
			return nil
		}
	}
	token := p.Token
	if token == "" {
		token = "TOKEN"
	}
	return fmt.Errorf("%w: %s is a public host, and nothing shows that it is yours. Either add the DNS record\n"+
		"  %s%s TXT \"palisade-owner=%s\"\nor serve the token at https://%s%s, or say --i-own-this, which the report will repeat",
		ErrScope, host, ProofRecord, host, token, host, ProofFile)
}

// Near says that an address is this machine's or of a private network.
func Near(a netip.Addr) bool {
	a = a.Unmap()
	return a.IsLoopback() || a.IsPrivate() || a.IsLinkLocalUnicast()
}

func getProof(ctx context.Context, at string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return nil, err
	}
	// A redirect could lead to somebody else's file, so none is followed.
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answered %d", at, resp.StatusCode)
	}
	return io.ReadAll(io.LimitReader(resp.Body, 1024))
}
