package database_test

import (
	"encoding/binary"
	"math"
	"net/http"
	"strings"
	"testing"

	"palisade.dev/scan"
	"palisade.dev/scan/exposure/database"
	"palisade.dev/scan/exposure/exposuretest"
)

// redis answers as one does that lets in or not.
func redis(open bool) func(string) string {
	return func(q string) string {
		switch {
		case !open:
			return "-NOAUTH Authentication required.\r\n"
		case strings.Contains(q, "PING"):
			return "+PONG\r\n"
		case strings.Contains(q, "INFO"):
			return "$43\r\n# Server\r\nredis_version:7.2.4\r\nredis_mode:x\r\n\r\n"
		}
		return "-ERR unknown command\r\n"
	}
}

// postgres answers TLS with a letter, and a start-up with a message.
func postgres(tls, start string) func(string) string {
	return func(q string) string {
		switch {
		case q == "\x00\x00\x00\x08\x04\xd2\x16\x2f":
			return tls
		case strings.Contains(q, "user\x00postgres"):
			return start
		}
		return ""
	}
}

func mongo(open bool) func(string) string {
	reply := func(fields ...[]byte) string {
		doc := make([]byte, 4)
		for _, f := range fields {
			doc = append(doc, f...)
		}
		doc = append(doc, 0)
		binary.LittleEndian.PutUint32(doc, uint32(len(doc)))
		m := binary.LittleEndian.AppendUint32(nil, uint32(21+len(doc)))
		m = append(m, 1, 0, 0, 0, 1, 0, 0, 0, 0xdd, 7, 0, 0, 0, 0, 0, 0, 0)
		return string(append(m, doc...))
	}
	ok := func(v float64) []byte {
		return binary.LittleEndian.AppendUint64([]byte("\x01ok\x00"), math.Float64bits(v))
	}
	return func(q string) string {
		switch {
		case strings.Contains(q, "buildInfo"):
			return reply([]byte("\x02version\x00\x06\x00\x00\x007.0.5\x00"), ok(1))
		case strings.Contains(q, "listDatabases") && open:
			return reply([]byte("\x04databases\x00\x05\x00\x00\x00\x00"), ok(1))
		case strings.Contains(q, "listDatabases"):
			return reply(ok(0), []byte("\x10code\x00\x0d\x00\x00\x00"))
		}
		return ""
	}
}

// mysql is a greeting with the capabilities of TLS or without.
func mysql(tls byte) string {
	body := "\x0a8.0.36\x00\x01\x00\x00\x00abcdefgh\x00\xff" + string([]byte{0xf7 | tls}) + "\xff\x02\x00\xff\xdf\x15" + strings.Repeat("\x00", 10) + "abcdefghijkl\x00caching_sha2_password\x00"
	return string([]byte{byte(len(body)), 0, 0, 0}) + body
}

func elastic(open bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !open:
			w.WriteHeader(401)
			_, _ = w.Write([]byte(`{"error":{"root_cause":[{"type":"security_exception"}]},"status":401}`))
		case r.URL.Path == "/":
			_, _ = w.Write([]byte(`{"cluster_name":"shop","version":{"number":"8.1.0"},"tagline":"You Know, for Search"}`))
		case r.URL.Path == "/_cat/indices":
			_, _ = w.Write([]byte(`[{"health":"green","index":"orders"}]`))
		default:
			http.NotFound(w, r)
		}
	})
}

func etcd(open bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/version":
			_, _ = w.Write([]byte(`{"etcdserver":"3.5.99","etcdcluster":"3.5.0"}`))
		case r.URL.Path == "/v3/kv/range" && open:
			_, _ = w.Write([]byte(`{"header":{"cluster_id":"1","member_id":"2","revision":"3"}}`))
		case r.URL.Path == "/v3/kv/range":
			w.WriteHeader(401)
		default:
			http.NotFound(w, r)
		}
	})
}

func amqp(mechanisms string) func(string) string {
	long := func(s string) string { return string(binary.BigEndian.AppendUint32(nil, uint32(len(s)))) + s }
	body := "\x00\x0a\x00\x0a\x00\x09" + long("\x07productS"+long("RabbitMQ")+"\x07versionS"+long("3.13.0")) + long(mechanisms) + long("en_US")
	frame := "\x01\x00\x00" + long(body) + "\xce"
	return func(q string) string {
		if strings.HasPrefix(q, "AMQP") {
			return frame
		}
		return ""
	}
}

func cassandra(open bool) func(string) string {
	return func(q string) string {
		switch {
		case strings.HasPrefix(q, "\x04\x00\x00\x00\x05"):
			return "\x84\x00\x00\x00\x06\x00\x00\x00\x02\x00\x00"
		case strings.HasPrefix(q, "\x04\x00\x00\x00\x01") && open:
			return "\x84\x00\x00\x00\x02\x00\x00\x00\x00"
		case strings.HasPrefix(q, "\x04\x00\x00\x00\x01"):
			return "\x84\x00\x00\x00\x03\x00\x00\x00\x02\x00\x00"
		}
		return ""
	}
}

func mqtt(code byte) func(string) string {
	return func(q string) string {
		if strings.HasPrefix(q, "\x10\x0c\x00\x04MQTT") {
			return string([]byte{0x20, 2, 0, code})
		}
		return ""
	}
}

func answers(port int, answer func(string) string) func(*exposuretest.Host) {
	return func(h *exposuretest.Host) {
		h.Answers(port, answer)
		h.Expect()
	}
}

func says(greeting string) func(*exposuretest.Host) {
	return func(h *exposuretest.Host) {
		h.Says(0, greeting)
		h.Expect()
	}
}

func web(port int, handler http.Handler) func(*exposuretest.Host) {
	return func(h *exposuretest.Host) {
		h.Web(port, handler)
		h.Expect()
	}
}

const (
	trust    = "R\x00\x00\x00\x08\x00\x00\x00\x00S\x00\x00\x00\x18server_version\x0016.2\x00"
	scram    = "R\x00\x00\x00\x17\x00\x00\x00\x0aSCRAM-SHA-256\x00\x00"
	stranger = "E\x00\x00\x00\x2aSFATAL\x00VFATAL\x00C28000\x00Mno pg_hba.conf entry\x00\x00"
)

func TestSamples(t *testing.T) {
	v, s, n := exposuretest.Vulnerable, exposuretest.Sound, exposuretest.Noisy
	exposuretest.Run(t, database.Check, []exposuretest.Sample{
		{Name: "redis", Kind: v, Least: scan.Critical, Serve: answers(0, redis(true))},
		{Name: "memcached", Kind: v, Least: scan.Critical, Serve: answers(11211, func(q string) string {
			if q == "version\r\n" {
				return "VERSION 1.6.21\r\n"
			}
			return "ERROR\r\n"
		})},
		{Name: "postgresql with trust", Kind: v, Least: scan.Critical, Serve: answers(5432, postgres("S", trust))},
		{Name: "postgresql without TLS", Kind: v, Serve: answers(0, postgres("N", scram))},
		{Name: "mongodb", Kind: v, Least: scan.Critical, Serve: answers(27017, mongo(true))},
		{Name: "elasticsearch", Kind: v, Least: scan.Critical, Serve: web(9200, elastic(true))},
		{Name: "etcd", Kind: v, Least: scan.Critical, Serve: web(2379, etcd(true))},
		{Name: "nats", Kind: v, Least: scan.Critical, Serve: says("INFO {\"server_id\":\"x\",\"version\":\"2.99.0\"} \r\n")},
		{Name: "cassandra", Kind: v, Least: scan.Critical, Serve: answers(9042, cassandra(true))},
		{Name: "mqtt", Kind: v, Least: scan.Critical, Serve: answers(1883, mqtt(0))},
		{Name: "amqp for the anonymous", Kind: v, Least: scan.Critical, Serve: answers(5672, amqp("PLAIN ANONYMOUS"))},
		{Name: "mysql without TLS", Kind: v, Serve: says(mysql(0x00))},

		{Name: "redis", Kind: s, Serve: answers(0, redis(false))},
		{Name: "postgresql", Kind: s, Serve: answers(5432, postgres("S", scram))},
		{Name: "postgresql that knows no stranger", Kind: s, Serve: answers(0, postgres("S", stranger))},
		{Name: "mongodb", Kind: s, Serve: answers(27017, mongo(false))},
		{Name: "elasticsearch", Kind: s, Serve: web(9200, elastic(false))},
		{Name: "etcd", Kind: s, Serve: web(2379, etcd(false))},
		{Name: "nats", Kind: s, Serve: says("INFO {\"server_id\":\"x\",\"version\":\"2.99.0\",\"auth_required\":true} \r\n")},
		{Name: "cassandra", Kind: s, Serve: answers(9042, cassandra(false))},
		{Name: "mqtt", Kind: s, Serve: answers(1883, mqtt(5))},
		{Name: "amqp", Kind: s, Serve: answers(5672, amqp("PLAIN AMQPLAIN"))},
		{Name: "mysql", Kind: s, Serve: says(mysql(0x08))},

		{Name: "a web server where elasticsearch is usual", Kind: n, Serve: web(9200, exposuretest.Anything(func(string) string { return "You Know, for Search" }))},
		{Name: "everything is PONG", Kind: n, Serve: web(6379, exposuretest.Anything(func(string) string { return "+PONG\r\n" }))},
		{Name: "an echo", Kind: n, Serve: answers(5432, func(q string) string { return q })},
		{Name: "every page is a version", Kind: n, Serve: web(2379, exposuretest.Anything(func(string) string {
			return `{"etcdserver":"3.5.99","etcdcluster":"3.5.0","cluster_id":"1","revision":"2"}`
		}))},
	})
}
