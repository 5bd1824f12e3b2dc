package service

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
)

// SSH is what a server offers before anybody has signed in.
type SSH struct {
	Protocol string   // "2.0"; "1.99" speaks the first version too
	Offer    *Offer   // nil where it was not read
	Methods  []string // with which one may sign in; nil where they were not told
	NoneOK   bool     // it lets in without any
	Fault    string   // why something of the above is missing
}

// Offer is a server's list of algorithms, SSH_MSG_KEXINIT.
type Offer struct {
	Kex, HostKeys, Ciphers, MACs []string
}

// askSSH reads the offer on one connection, and on another asks to be let in without credentials, which the protocol
// answers with the methods that would do.
func askSSH(ctx context.Context, w Wire) *SSH {
	s := &SSH{}
	s.offer(ctx, w)
	s.methods(ctx, w)
	return s
}

const sshVersion = "SSH-2.0-palisade-scan"

func (s *SSH) offer(ctx context.Context, w Wire) {
	l, err := w.open(ctx, w.Patience)
	if err != nil {
		s.Fault = err.Error()
		return
	}
	defer l.Close()
	if _, err := io.WriteString(l, sshVersion+"\r\n"); err != nil {
		s.Fault = err.Error()
		return
	}
	r := bufio.NewReader(l)
	for range 20 { // a server may say other lines first, RFC 4253 section 4.2
		text, err := r.ReadSlice('\n')
		if err != nil {
			s.Fault = "the version's line: " + err.Error()
			return
		}
		if rest, ok := strings.CutPrefix(string(text), "SSH-"); ok {
			s.Protocol, _, _ = strings.Cut(rest, "-")
			s.Protocol = word(s.Protocol)
			break
		}
	}
	head := make([]byte, 5)
	if _, err := io.ReadFull(r, head); err != nil {
		s.Fault = "the list of algorithms: " + err.Error()
		return
	}
	size := binary.BigEndian.Uint32(head)
	if size < 2 || size > 35000 || uint32(head[4]) > size-1 { // the most a packet may have, section 6.1
		s.Fault = fmt.Sprintf("the list of algorithms says that it has %d bytes", size)
		return
	}
	body := make([]byte, size-1)
	if _, err := io.ReadFull(r, body); err != nil {
		s.Fault = "the list of algorithms: " + err.Error()
		return
	}
	if s.Offer, err = KexInit(body[:len(body)-int(head[4])]); err != nil {
		s.Fault = err.Error()
	}
}

// KexInit reads the payload of SSH_MSG_KEXINIT, RFC 4253 section 7.1.
func KexInit(b []byte) (*Offer, error) {
	if len(b) < 17 || b[0] != 20 {
		return nil, errors.New("this is no list of algorithms of SSH")
	}
	b = b[17:] // kind and cookie
	var lists [10][]string
	for i := range lists {
		value, rest, ok := long(b)
		if !ok {
			return nil, fmt.Errorf("the list of algorithms ends within its list %d", i+1)
		}
		if len(value) > 0 {
			lists[i] = strings.Split(printableList(value), ",")
		}
		b = rest
	}
	// Each direction has lists of its own; what either allows is allowed.
	both := func(a, b []string) []string {
		out := slices.Clone(a)
		for _, x := range b {
			if !slices.Contains(out, x) {
				out = append(out, x)
			}
		}
		return out
	}
	return &Offer{Kex: lists[0], HostKeys: lists[1], Ciphers: both(lists[2], lists[3]), MACs: both(lists[4], lists[5])}, nil
}

// printableList keeps what names of algorithms are made of.
func printableList(b []byte) string {
	return strings.Map(func(r rune) rune {
		if r > ' ' && r < 0x7f {
			return r
		}
		return '.'
	}, string(b))
}

var errEnough = errors.New("that was all we wanted to know")

func (s *SSH) methods(ctx context.Context, w Wire) {
	l, err := w.open(ctx, w.Patience)
	if err != nil {
		s.Fault = err.Error()
		return
	}
	defer l.Close()
	conf := &ssh.ClientConfig{
		User: "palisade-scan", ClientVersion: sshVersion, HostKeyCallback: ssh.InsecureIgnoreHostKey(), //nolint:gosec // nothing is told to it
		AuthCallback: func(c *ssh.ClientAuthContext) (ssh.AuthMethod, error) {
			s.Methods = c.AllowedMethods
			return nil, errEnough
		},
	}
	// With all that was ever usual, as it is old servers that matter.
	ok, old := ssh.SupportedAlgorithms(), ssh.InsecureAlgorithms()
	conf.KeyExchanges = append(ok.KeyExchanges, old.KeyExchanges...)
	conf.Ciphers = append(ok.Ciphers, old.Ciphers...)
	conf.MACs = append(ok.MACs, old.MACs...)
	conf.HostKeyAlgorithms = append(ok.HostKeys, old.HostKeys...)
	conn, channels, requests, err := ssh.NewClientConn(l, w.Host, conf)
	switch {
	case err == nil:
		s.NoneOK = true
		go ssh.DiscardRequests(requests)
		go func() {
			for c := range channels {
				_ = c.Reject(ssh.Prohibited, "")
			}
		}()
		_ = conn.Close()
		_ = conn.Wait()
	case s.Methods == nil && s.Fault == "":
		s.Fault = err.Error()
	}
}
