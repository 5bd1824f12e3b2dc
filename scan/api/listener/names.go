package listener

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"palisade.dev/scan/api"
)

// The limits of a name server that strangers may ask: it answers with little more than it was asked, so it is of no use to
// whoever would flood others through it.
const (
	maxQuery  = 512 // bytes, what UDP carries without extensions
	maxTalks  = 16  // TCP connections at once
	maxAsked  = 8   // questions over one of them
	namesTime = 5 * time.Second
)

// names is a name server for one zone, over UDP and TCP on one port.
type names struct {
	zone string // with a dot at its end, in lower case
	here netip.Addr
	l    *Listener
	udp  net.PacketConn
	tcp  net.Listener
	wait sync.WaitGroup
}

// ServeNames answers for a zone at host:port, so that a look-up is seen where no call follows. The zone must be delegated
// to this address by whoever owns it: an NS record that leads here. Names lead to where the listener listens.
func (l *Listener) ServeNames(zone, at string) error {
	zone = strings.ToLower(strings.Trim(zone, "."))
	if _, err := dnsmessage.NewName(strings.Repeat("x", 24) + "." + zone + "."); err != nil || !strings.Contains(zone, ".") || strings.ContainsAny(zone, " /:_@") {
		return fmt.Errorf("%q is no zone: give a domain of yours that is delegated to this machine, as oob.example.com", zone)
	}
	host, _, err := net.SplitHostPort(strings.TrimPrefix(l.plain.base, "http://"))
	if err != nil {
		return fmt.Errorf("reading the listener's own address: %w", err)
	}
	n := &names{zone: zone + ".", l: l}
	if n.here, err = netip.ParseAddr(host); err != nil {
		return fmt.Errorf("names need a listener at an address, not at %s: %w", host, err)
	}
	// With port 0 the system picks one for UDP that TCP may not have free.
	for range 5 {
		if n.udp, err = net.ListenPacket("udp", at); err != nil {
			return fmt.Errorf("answering names at %s: %w. Port 53 needs rights: give another with --listener-dns and forward 53 to it", at, err)
		}
		if n.tcp, err = net.Listen("tcp", n.udp.LocalAddr().String()); err == nil {
			break
		}
		_ = n.udp.Close()
	}
	if err != nil {
		return fmt.Errorf("answering names by TCP at %s: %w", at, err)
	}
	l.names = n
	n.wait.Go(n.serveUDP)
	n.wait.Go(n.serveTCP)
	return nil
}

// NamesAt is where names are answered, "" where they are not.
func (l *Listener) NamesAt() string {
	if l.names == nil {
		return ""
	}
	return l.names.udp.LocalAddr().String()
}

// Named gives an address like Address, with a name of the zone in it; "" where there is no zone.
func (l *Listener) Named(token string) string {
	if l.names == nil {
		return ""
	}
	_, port, _ := net.SplitHostPort(strings.TrimPrefix(l.plain.base, "http://"))
	w := l.word(token)
	return "http://" + w + "." + strings.TrimSuffix(l.names.zone, ".") + ":" + port + "/" + w
}

// Lookups tells who asked for a token's name, waiting as Calls does.
func (l *Listener) Lookups(ctx context.Context, name string) []api.Call {
	t := l.token(name)
	if t == nil {
		return nil
	}
	l.await(ctx, t, t.asked)
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(t.lookups)
}

func (n *names) close() {
	_ = n.udp.Close()
	_ = n.tcp.Close()
	n.wait.Wait()
}

func (n *names) serveUDP() {
	buf := make([]byte, maxQuery)
	for {
		size, from, err := n.udp.ReadFrom(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue
		}
		if reply := n.answer(buf[:size], host(from)); reply != nil {
			_, _ = n.udp.WriteTo(reply, from)
		}
	}
}

func (n *names) serveTCP() {
	var talks sync.WaitGroup
	defer talks.Wait()
	free := make(chan struct{}, maxTalks)
	for {
		conn, err := n.tcp.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue
		}
		select {
		case free <- struct{}{}:
		default:
			_ = conn.Close() // full: a resolver comes again
			continue
		}
		talks.Go(func() {
			defer func() { _ = conn.Close(); <-free }()
			_ = conn.SetDeadline(time.Now().Add(namesTime))
			n.talk(conn)
		})
	}
}

func (n *names) talk(conn net.Conn) {
	for range maxAsked {
		var length [2]byte
		if _, err := io.ReadFull(conn, length[:]); err != nil {
			return
		}
		size := binary.BigEndian.Uint16(length[:])
		if size > maxQuery {
			return
		}
		query := make([]byte, size)
		if _, err := io.ReadFull(conn, query); err != nil {
			return
		}
		reply := n.answer(query, host(conn.RemoteAddr()))
		if reply == nil {
			return
		}
		if _, err := conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(reply))), reply...)); err != nil { //nolint:gosec // a reply is a few hundred bytes
			return
		}
	}
}

func host(a net.Addr) string {
	h, _, err := net.SplitHostPort(a.String())
	if err != nil {
		return a.String()
	}
	return h
}

// answer reads a question and gives the reply, nil for what is none. It notes who asks for a name that was given out;
// others are told that there is nothing.
func (n *names) answer(query []byte, from string) []byte {
	var p dnsmessage.Parser
	h, err := p.Start(query)
	if err != nil || h.Response || h.OpCode != 0 {
		return nil
	}
	q, err := p.Question()
	if err != nil {
		return nil
	}
	name := strings.ToLower(q.Name.String()) // resolvers mix capitals in, to know their answers again
	reply := dnsmessage.Header{ID: h.ID, Response: true, Authoritative: true, RecursionDesired: h.RecursionDesired}
	below, ours := strings.CutSuffix(name, n.zone)
	ours = ours && (below == "" || strings.HasSuffix(below, ".")) && q.Class == dnsmessage.ClassINET
	known := false
	switch {
	case !ours:
		reply.Authoritative, reply.RCode = false, dnsmessage.RCodeRefused
	case below != "":
		labels := strings.Split(strings.TrimSuffix(below, "."), ".")
		if known = n.note(labels[len(labels)-1], from, q, name); !known {
			reply.RCode = dnsmessage.RCodeNameError
		}
	}
	b := dnsmessage.NewBuilder(nil, reply)
	if b.StartQuestions() != nil || b.Question(q) != nil {
		return nil
	}
	rh := dnsmessage.ResourceHeader{Name: q.Name, Class: dnsmessage.ClassINET, TTL: 1}
	if ours {
		if err := n.records(&b, rh, q, known); err != nil {
			return nil
		}
	}
	out, err := b.Finish()
	if err != nil {
		return nil
	}
	return out
}

// records writes the address of a known name, and the zone's own record where there is nothing else to say.
func (n *names) records(b *dnsmessage.Builder, rh dnsmessage.ResourceHeader, q dnsmessage.Question, known bool) error {
	if err := b.StartAnswers(); err != nil {
		return err
	}
	switch {
	case known && q.Type == dnsmessage.TypeA && n.here.Is4():
		return b.AResource(rh, dnsmessage.AResource{A: n.here.As4()})
	case known && q.Type == dnsmessage.TypeAAAA && n.here.Is6():
		return b.AAAAResource(rh, dnsmessage.AAAAResource{AAAA: n.here.As16()})
	}
	if err := b.StartAuthorities(); err != nil {
		return err
	}
	zone, err := dnsmessage.NewName(n.zone)
	if err != nil {
		return err
	}
	rh.Name = zone
	return b.SOAResource(rh, dnsmessage.SOAResource{NS: zone, MBox: zone, Serial: 1, Refresh: 60, Retry: 60, Expire: 60, MinTTL: 1})
}

// note says whether a name was given out, and notes who asks for it.
func (n *names) note(word, from string, q dnsmessage.Question, name string) bool {
	n.l.mu.Lock()
	defer n.l.mu.Unlock()
	t := n.l.tokens[word]
	if t == nil {
		return false
	}
	if len(t.lookups) < maxCalls {
		t.lookups = append(t.lookups, api.Call{From: from, Method: strings.TrimPrefix(q.Type.String(), "Type"), Path: clip(strings.TrimSuffix(name, "."))})
		if len(t.lookups) == 1 {
			close(t.asked)
		}
	}
	return true
}
