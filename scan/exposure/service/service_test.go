package service

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

func kexInit(lists ...string) string {
	b := append([]byte{20}, make([]byte, 16)...)
	for i := range 10 {
		text := ""
		if i < len(lists) {
			text = lists[i]
		}
		b = append(binary.BigEndian.AppendUint32(b, uint32(len(text))), text...)
	}
	return string(append(b, 0, 0, 0, 0, 0))
}

func TestWhatIsNoneSaysWhy(t *testing.T) {
	cases := 0
	wants := func(err error, want string) {
		t.Helper()
		cases++
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	epmd := func(text string) error { _, err := EPMD([]byte(text), 4369); return err }
	wants(epmd("HTT"), "does not begin with a port")
	wants(epmd("HTTP/1.1 400"), "does not begin with a port")
	wants(epmd("\x00\x00\x00\x50name a at port 1\n"), "it says port 80")
	wants(epmd("\x00\x00\x11\x11name a at port 70000\n"), "is no port")
	wants(epmd("\x00\x00\x11\x11name a at port 1"), "is no node")
	wants(epmd("\x00\x00\x11\x11"+strings.Repeat("name a at port 1\n", mostNodes+1)), "more than 200 nodes")
	kex := func(text string) error { _, err := KexInit([]byte(text)); return err }
	wants(kex("\x14short"), "no list of algorithms")
	wants(kex(kexInit("a,b")[:25]), "ends within its list")
	mongo := func(text string) error { _, err := Mongo([]byte(text)); return err }
	head := "\x00\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00\xdd\x07\x00\x00\x00\x00\x00\x00\x00"
	wants(mongo("HTTP/1.1 200 OK\r\n\r\nIt works on my machine"), "no answer of MongoDB")
	wants(mongo(head+"\xff\x00\x00\x00\x00"), "says 255 bytes")
	wants(mongo(head+"\x08\x00\x00\x00\x01okk"), "does not end")
	wants(mongo(head+"\x0c\x00\x00\x00\x02a\x00\xff\xff\xff\x7f\x00"), "does not fit")
	amqp := func(text string) error { _, err := AMQP([]byte(text)); return err }
	wants(amqp("AMQP\x00\x00\x09\x01"), "no Connection.Start")
	wants(amqp("\x01\x00\x00\x00\x00\x00\xff\x00\x0a\x00\x0a\x00\x09"), "says 255 bytes")
	wants(amqp("\x01\x00\x00\x00\x00\x00\x01\x00\x0a\x00\x0a\x00\x09"), "ends before its version")
	wants(amqp("\x01\x00\x00\x00\x00\x00\x0a\x00\x0a\x00\x0a\x00\x09\x00\x00\x00\x09"), "properties do not end")
	if cases < 16 {
		t.Errorf("%d cases", cases)
	}
}

func TestGreetings(t *testing.T) {
	for text, want := range map[string]string{
		"SSH-2.0-OpenSSH_9.6p1 Ubuntu-3\r\n":                      "ssh OpenSSH 9.6p1",
		"SSH-2.0-dropbear\r\n":                                    "ssh dropbear ",
		"220 mx.shop.test ESMTP Exim 4.94.2 Tue\r\n":              "smtp Exim 4.94.2",
		"220 (vsFTPd 3.0.3)\r\n":                                  "ftp vsFTPd 3.0.3",
		"220 Welcome\r\n":                                         "ftp  ",
		"* OK [CAPABILITY IMAP4rev1] Dovecot (Ubuntu) ready.\r\n": "imap Dovecot ",
		"+OK Dovecot ready.\r\n":                                  "pop3 Dovecot ",
		"RFB 003.008\n":                                           "vnc  003.008",
		"@RSYNCD: 31.0\n":                                         "rsync  31.0",
		"\x3e\x00\x00\x00\x0a5.5.5-10.6.12-MariaDB-log\x00" + strings.Repeat("\x00", 60): "mysql MariaDB 10.6.12",
		"\x10\x00\x00\x00\xffj\x04Host blocked..":                                        "mysql MySQL ",
		"hello\r\n": "  ",
		"":          "  ",
	} {
		s, _ := Greeting([]byte(text), 2000)
		if got := s.Name + " " + s.Product + " " + s.Version; got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
		if strings.ContainsAny(s.Banner, "\x00\x1b\r\n") {
			t.Errorf("%q: the banner %q is not fit to be shown", text, s.Banner)
		}
	}
}

// serve gives the way to a server of one function, and how often it was connected to.
func serve(t *testing.T, patience time.Duration, handle func(net.Conn)) (Wire, func() int) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	counted := make(chan int, 1)
	counted <- 0
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			counted <- <-counted + 1
			go func() {
				defer c.Close()
				handle(c)
			}()
		}
	}()
	return Wire{
		Host: "127.0.0.1", Port: 2000, Active: true, Patience: patience,
		Dial: func(ctx context.Context) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "tcp", l.Addr().String())
		},
	}, func() int { n := <-counted; counted <- n; return n }
}

// TestHostileServers holds that whoever answers without end, drop by drop, or with nonsense costs a bounded time and a
// bounded number of connections, and is not taken for anything.
func TestHostileServers(t *testing.T) {
	const patience = 200 * time.Millisecond
	cases := map[string]func(net.Conn){
		"endless": func(c net.Conn) {
			b := []byte(strings.Repeat("A", 32<<10))
			for {
				if _, err := c.Write(b); err != nil {
					return
				}
			}
		},
		"a drip": func(c net.Conn) {
			for range 1000 {
				if _, err := c.Write([]byte{'x'}); err != nil {
					return
				}
				if _, err := c.Read(make([]byte, 1)); err != nil { // it waits for us between drops
					return
				}
			}
		},
		"headers without end": func(c net.Conn) {
			_, _ = c.Read(make([]byte, 1))
			if _, err := io.WriteString(c, "HTTP/1.1 200 OK\r\n"); err != nil {
				return
			}
			for {
				if _, err := io.WriteString(c, "X-A: "+strings.Repeat("a", 1000)+"\r\n"); err != nil {
					return
				}
			}
		},
		"silence":      func(c net.Conn) { _, _ = io.Copy(io.Discard, c) },
		"hangs up":     func(net.Conn) {},
		"echo":         func(c net.Conn) { _, _ = io.Copy(c, c) },
		"long lengths": func(c net.Conn) { _, _ = io.WriteString(c, strings.Repeat("\xff", 64)); _, _ = io.Copy(io.Discard, c) },
	}
	for name, handle := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, connections := serve(t, patience, handle)
			began := time.Now()
			s := Recognise(t.Context(), w, "")
			if took := time.Since(began); took > 10*time.Second {
				t.Errorf("it took %s", took)
			}
			if n := connections(); n > 20 {
				t.Errorf("%d connections", n)
			}
			if s.Name != "" || s.Access != Unknown || len(s.Banner) > 4*bannerCut {
				t.Errorf("taken for %+v", s)
			}
		})
	}
	if len(cases) < 7 {
		t.Errorf("%d cases", len(cases))
	}
}

// TestPassiveGreetsNobody holds that a passive scan sends a database nothing in its own language.
func TestPassiveGreetsNobody(t *testing.T) {
	heard := make(chan string, 100)
	w, _ := serve(t, 200*time.Millisecond, func(c net.Conn) {
		b := make([]byte, 512)
		n, _ := c.Read(b)
		heard <- string(b[:n])
	})
	w.Active = false
	Recognise(t.Context(), w, "redis")
	close(heard)
	n := 0
	for q := range heard {
		n++
		if q != "" && !strings.HasPrefix(q, "GET / HTTP/1.1") && q[0] != 0x16 {
			t.Errorf("it said %q", q)
		}
	}
	if n == 0 {
		t.Error("nobody came")
	}
}
