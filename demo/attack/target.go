package attack

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"
)

// loopback gives the address that a host name stands for, without asking anybody: a loopback address stands for itself,
// localhost and names below it for 127.0.0.1. Every other host is refused, whatever a name server says about it.
func loopback(host string) (netip.Addr, error) {
	name := strings.ToLower(host)
	if name == "localhost" || strings.HasSuffix(name, ".localhost") {
		return netip.AddrFrom4([4]byte{127, 0, 0, 1}), nil
	}
	addr, err := netip.ParseAddr(host)
	if err != nil || !addr.IsLoopback() || addr.Zone() != "" {
		return netip.Addr{}, fmt.Errorf("the attack runs against this machine only, and %q is not a loopback address: "+
			"aim at http://127.0.0.1:PORT or http://NAME.localhost:PORT", host)
	}
	return addr.Unmap(), nil
}

// checkTarget says what is wrong with a target, or nothing.
func checkTarget(target *url.URL) error {
	switch {
	case target == nil:
		return errors.New("no target: aim at http://127.0.0.1:PORT")
	case target.Scheme != "http" && target.Scheme != "https":
		return fmt.Errorf("the target %q is not an http address: aim at http://127.0.0.1:PORT", target.Redacted())
	case target.User != nil, target.Path != "" && target.Path != "/", target.RawQuery != "", target.Fragment != "":
		return fmt.Errorf("the target %q is more than scheme, host and port: aim at http://127.0.0.1:PORT", target.Redacted())
	}
	_, err := loopback(target.Hostname())
	return err
}

// A Dial opens a connection, as net.Dialer.DialContext does.
type Dial func(ctx context.Context, network, address string) (net.Conn, error)

// pinned checks the address once more where it matters, just before the connection is opened.
func pinned(dial Dial) Dial {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		host, port, err := net.SplitHostPort(address)
		if err != nil {
			return nil, fmt.Errorf("dialling %q: %w", address, err)
		}
		addr, err := loopback(host)
		if err != nil {
			return nil, err
		}
		return dial(ctx, network, net.JoinHostPort(addr.String(), port))
	}
}
