package service

import (
	"strings"
	"testing"
)

// seeds counts what a target begins with: one that lost its seeds would look at nothing and be green.
func seeds(f *testing.F, least int, all ...string) {
	f.Helper()
	if len(all) < least {
		f.Fatalf("%d seeds", len(all))
	}
	for _, s := range all {
		f.Add([]byte(s))
	}
}

func FuzzGreeting(f *testing.F) {
	seeds(f, 9, "SSH-2.0-OpenSSH_9.6\r\n", "220 mx ESMTP Postfix\r\n", "220 (vsFTPd 3.0.3)\r\n", "* OK Dovecot\r\n", "+OK\r\n", "RFB 003.008\n", "@RSYNCD: 31.0\n",
		"INFO {\"version\":\"2.1\",\"auth_required\":true}\r\n", "\x3e\x00\x00\x00\x0a8.0.36\x00"+strings.Repeat("\x08", 60), "\xff\xfd\x18")
	f.Fuzz(func(t *testing.T, b []byte) {
		s, ok := Greeting(b, 25)
		if ok == (s.Name == "") {
			t.Errorf("%q: recognised %v as %q", b, ok, s.Name)
		}
		if s.Access == Open && s.Proof.Answered == "" {
			t.Errorf("%q: open without a proof", b)
		}
		for _, text := range []string{s.Banner, s.Product, s.Version} {
			if strings.ContainsAny(text, "\x00\x1b\r\n") || len(text) > 4*bannerCut {
				t.Errorf("%q: %q is not fit to be shown", b, text)
			}
		}
	})
}

func FuzzStores(f *testing.F) {
	seeds(f, 9, "+PONG\r\n", "-NOAUTH x\r\n", "-DENIED x\r\n", "VERSION 1.6\r\n", "R\x00\x00\x00\x08\x00\x00\x00\x00", "R\x00\x00\x00\x17\x00\x00\x00\x0aSCRAM-SHA-256\x00\x00",
		"E\x00\x00\x00\x2aSFATAL\x00VFATAL\x00C28000\x00Mno entry\x00\x00", "\x84\x00\x00\x00\x06\x00\x00\x00\x00", "Zookeeper version: 3.8.1-x", " \x02\x00\x05", "$9\r\nredis_version:7\r\n")
	f.Fuzz(func(t *testing.T, b []byte) {
		names := 0
		for _, read := range []func([]byte) (Service, bool){Redis, Memcached, Postgres, ZooKeeper, MQTT} {
			s, ok := read(b)
			if ok {
				names++
			}
			if ok && s.Access == Open && s.Proof.Answered == "" {
				t.Errorf("%q: %s is open without a proof", b, s.Name)
			}
		}
		if names > 1 {
			t.Errorf("%q is taken for %d things", b, names)
		}
		_, _ = Cassandra(b)
		if v := redisVersion(b); strings.ContainsAny(v, " \r\n\x1b") {
			t.Errorf("%q: version %q", b, v)
		}
	})
}

func FuzzEPMD(f *testing.F) {
	seeds(f, 4, "\x00\x00\x11\x11", "\x00\x00\x11\x11name shop at port 40123\n", "\x00\x00\x11\x11name a at port 1\nname b at port 2\n", "\x00\x00\x11\x11name  at port 1\n")
	f.Fuzz(func(t *testing.T, b []byte) {
		nodes, err := EPMD(b, 4369)
		if err != nil && nodes != nil {
			t.Errorf("%q: nodes and an error", b)
		}
		for _, n := range nodes {
			if n.Port < 1 || n.Port > 65535 || strings.ContainsAny(n.Name, "\x00\x1b\r\n") {
				t.Errorf("%q: %+v", b, n)
			}
		}
	})
}

func FuzzKexInit(f *testing.F) {
	seeds(f, 3, kexInit("curve25519-sha256", "ssh-ed25519", "aes128-ctr", "aes128-ctr,aes256-ctr", "hmac-sha2-256"), kexInit(), kexInit("a,\x1b,b"))
	f.Fuzz(func(t *testing.T, b []byte) {
		o, err := KexInit(b)
		if (o == nil) == (err == nil) {
			t.Errorf("%q: %v %v", b, o, err)
		}
		if o != nil && strings.ContainsAny(strings.Join(o.Kex, ",")+strings.Join(o.Ciphers, ","), "\x00\x1b\r\n ") {
			t.Errorf("%q: %+v", b, o)
		}
	})
}

func FuzzMongo(f *testing.F) {
	head := "\x00\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00\xdd\x07\x00\x00\x00\x00\x00\x00\x00"
	seeds(f, 3, head+"\x05\x00\x00\x00\x00", head+"\x11\x00\x00\x00\x01ok\x00\x00\x00\x00\x00\x00\x00\xf0\x3f\x00", string(mongoCommand("listDatabases")))
	f.Fuzz(func(t *testing.T, b []byte) {
		if m, err := Mongo(b); err != nil && m != nil {
			t.Errorf("%q: fields and an error", b)
		}
	})
}

func FuzzAMQP(f *testing.F) {
	seeds(f, 2, "\x01\x00\x00\x00\x00\x00\x1d\x00\x0a\x00\x0a\x00\x09\x00\x00\x00\x00\x00\x00\x00\x05PLAIN\x00\x00\x00\x05en_US\xce", "\x01\x00\x00\x00\x00\x00\x17\x00\x0a\x00\x0a\x00\x09\x00\x00\x00\x09\x01aS\x00\x00\x00\x02bb\x00\x00\x00\x00\xce")
	f.Fuzz(func(t *testing.T, b []byte) {
		if s, err := AMQP(b); err == nil && len(s.Mechanisms) > 1024 {
			t.Errorf("%q: %d mechanisms", b, len(s.Mechanisms))
		}
	})
}
