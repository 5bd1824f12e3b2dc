package service

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// askRedis asks PING, and who answers, what version it is.
func askRedis(ctx context.Context, w Wire) (Service, bool) {
	s, ok := Redis(w.say(ctx, []byte("*1\r\n$4\r\nPING\r\n")))
	if ok && s.Access == Open {
		s.Version = redisVersion(w.say(ctx, []byte("*2\r\n$4\r\nINFO\r\n$6\r\nserver\r\n")))
	}
	return s, ok
}

// Redis reads the answer to PING.
func Redis(b []byte) (Service, bool) {
	s := Service{Name: "redis", Product: "Redis"}
	answer, _, ended := strings.Cut(string(b[:min(len(b), 512)]), "\r\n")
	switch {
	case !ended:
		return Service{}, false
	case answer == "+PONG":
		s.Access, s.Proof = Open, Proof{"PING", "+PONG"}
	case strings.HasPrefix(answer, "-NOAUTH"), strings.HasPrefix(answer, "-DENIED"), strings.HasPrefix(answer, "-NOPERM"):
		s.Access, s.Banner = Guarded, printable([]byte(answer))
	case strings.HasPrefix(answer, "-LOADING"), strings.HasPrefix(answer, "-MASTERDOWN"):
		s.Banner = printable([]byte(answer))
	default:
		return Service{}, false
	}
	return s, true
}

// redisVersion reads INFO's bulk string, which need not be there whole.
func redisVersion(b []byte) string {
	if len(b) == 0 || b[0] != '$' {
		return ""
	}
	_, rest, ok := strings.Cut(string(b), "redis_version:")
	if !ok {
		return ""
	}
	v, _, _ := strings.Cut(rest, "\r\n")
	return word(v)
}

// askMemcached asks for the version; a server that tells strangers has no way to ask them who they are.
func askMemcached(ctx context.Context, w Wire) (Service, bool) {
	return Memcached(w.say(ctx, []byte("version\r\n")))
}

// Memcached reads the answer to version.
func Memcached(b []byte) (Service, bool) {
	v, ok := strings.CutPrefix(string(b[:min(len(b), 128)]), "VERSION ")
	if !ok || !strings.Contains(v, "\r\n") {
		return Service{}, false
	}
	v = word(v)
	return Service{Name: "memcached", Product: "memcached", Version: v, Access: Open, Proof: Proof{"version", "VERSION " + v}}, true
}

// askPostgres asks whether TLS is spoken, and who we would have to be: a start-up message with a name and no password.
func askPostgres(ctx context.Context, w Wire) (Service, bool) {
	tls := w.say(ctx, []byte{0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f})
	if len(tls) == 0 || len(tls) > 1 && tls[0] != 'E' || tls[0] != 'S' && tls[0] != 'N' && tls[0] != 'E' {
		return Service{}, false
	}
	params := []byte("user\x00postgres\x00database\x00postgres\x00application_name\x00palisade-scan\x00\x00")
	start := binary.BigEndian.AppendUint32(nil, uint32(8+len(params)))
	start = binary.BigEndian.AppendUint32(start, 3<<16)
	s, ok := Postgres(w.say(ctx, append(start, params...)))
	s.Plain = tls[0] == 'N'
	if !ok && tls[0] == 'S' && len(tls) == 1 {
		// It offers TLS as PostgreSQL does and answers nothing in the clear.
		return Service{Name: "postgresql", Product: "PostgreSQL"}, true
	}
	return s, ok
}

// Postgres reads the answer to a start-up message.
func Postgres(b []byte) (Service, bool) {
	s := Service{Name: "postgresql", Product: "PostgreSQL"}
	if len(b) < 9 {
		return Service{}, false
	}
	size := binary.BigEndian.Uint32(b[1:])
	switch {
	case b[0] == 'R' && size >= 8 && size < 4096:
		s.Access = Guarded
		switch kind := binary.BigEndian.Uint32(b[5:]); kind {
		case 0:
			s.Access, s.Proof = Open, Proof{"start-up message of the user postgres, without a password", "AuthenticationOk"}
			s.Version = pgVersion(b)
		case 3:
			s.Banner = "asks for a password in the clear"
		case 5:
			s.Banner = "asks for a password with MD5"
		case 2, 7, 9, 10:
		default:
			return Service{}, false
		}
		return s, true
	case b[0] == 'E' && size >= 8 && size < 16<<10 && b[5] == 'S':
		// pg_hba.conf has no entry for us, or the role does not exist: both are said before anybody is let in.
		s.Access, s.Banner = Guarded, pgMessage(b[5:])
		return s, true
	}
	return Service{}, false
}

func pgMessage(fields []byte) string {
	for len(fields) > 1 {
		end := bytes.IndexByte(fields, 0)
		if end < 1 {
			return ""
		}
		if fields[0] == 'M' {
			return printable(fields[1:end])
		}
		fields = fields[end+1:]
	}
	return ""
}

func pgVersion(b []byte) string {
	_, v, ok := bytes.Cut(b, []byte("server_version\x00"))
	if !ok {
		return ""
	}
	v, _, _ = bytes.Cut(v, []byte{0})
	return word(string(v))
}

// askMongo asks for the version, which everybody is told, and for the names of databases, which are not for everybody.
func askMongo(ctx context.Context, w Wire) (Service, bool) {
	about, err := Mongo(w.say(ctx, mongoCommand("buildInfo")))
	if err != nil {
		return Service{}, false
	}
	s := Service{Name: "mongodb", Product: "MongoDB"}
	if v, ok := about["version"].(string); ok {
		s.Version = word(v)
	}
	names, err := Mongo(w.say(ctx, mongoCommand("listDatabases")))
	switch {
	case err != nil:
	case names["ok"] == 1.0:
		s.Access, s.Proof = Open, Proof{"{listDatabases: 1, nameOnly: true}", "{databases: […], ok: 1}"}
	case names["code"] == int64(13) || names["code"] == int64(18): // Unauthorized, AuthenticationFailed
		s.Access = Guarded
	}
	return s, true
}

func mongoCommand(name string) []byte {
	doc := []byte{0, 0, 0, 0}
	doc = append(append(append(doc, 0x10), name...), 0, 1, 0, 0, 0)
	if name == "listDatabases" {
		doc = append(doc, "\x08nameOnly\x00\x01"...)
	}
	doc = append(doc, "\x02$db\x00\x06\x00\x00\x00admin\x00\x00"...)
	binary.LittleEndian.PutUint32(doc, uint32(len(doc)))
	m := binary.LittleEndian.AppendUint32(nil, uint32(16+5+len(doc)))
	m = append(m, 1, 0, 0, 0, 0, 0, 0, 0)
	m = binary.LittleEndian.AppendUint32(m, 2013) // OP_MSG
	return append(append(m, 0, 0, 0, 0, 0), doc...)
}

var errMongo = errors.New("this is no answer of MongoDB")

// Mongo reads the plain fields of an answer: numbers as float64 or int64, and strings.
func Mongo(b []byte) (map[string]any, error) {
	// It answers our first message: an echo answers none.
	if len(b) < 26 || binary.LittleEndian.Uint32(b[8:]) != 1 || binary.LittleEndian.Uint32(b[12:]) != 2013 || b[20] != 0 {
		return nil, errMongo
	}
	doc := b[21:]
	size := binary.LittleEndian.Uint32(doc)
	if size < 5 || size > uint32(len(doc)) {
		return nil, fmt.Errorf("%w: its document says %d bytes and %d are here", errMongo, size, len(doc))
	}
	doc = doc[4 : size-1]
	out := map[string]any{}
	for len(doc) > 0 {
		kind := doc[0]
		end := bytes.IndexByte(doc[1:], 0)
		if end < 0 {
			return nil, fmt.Errorf("%w: the name of a field does not end", errMongo)
		}
		name := string(doc[1 : 1+end])
		doc = doc[2+end:]
		n, err := bsonSize(kind, doc)
		if err != nil {
			return nil, err
		}
		switch kind {
		case 0x01:
			out[name] = double(doc)
		case 0x02:
			out[name] = string(doc[4 : n-1])
		case 0x10:
			out[name] = int64(int32(binary.LittleEndian.Uint32(doc)))
		case 0x12:
			out[name] = int64(binary.LittleEndian.Uint64(doc))
		}
		doc = doc[n:]
	}
	return out, nil
}

// bsonSize is how many bytes a value takes; an error where they are not all here.
func bsonSize(kind byte, b []byte) (int, error) {
	n := -1
	switch kind {
	case 0x06, 0x0a, 0x7f, 0xff: // undefined, null, the ends of the order
		n = 0
	case 0x08:
		n = 1
	case 0x10:
		n = 4
	case 0x01, 0x09, 0x11, 0x12:
		n = 8
	case 0x07:
		n = 12
	case 0x13:
		n = 16
	case 0x02, 0x03, 0x04, 0x05:
		if len(b) < 4 {
			break
		}
		size := binary.LittleEndian.Uint32(b)
		if size > mostBytes {
			break
		}
		n = int(size)
		switch kind {
		case 0x02:
			if size < 1 {
				return 0, fmt.Errorf("%w: a string of no bytes", errMongo)
			}
			n += 4
		case 0x05:
			n += 5
		default:
			if size < 5 {
				return 0, fmt.Errorf("%w: a document of %d bytes", errMongo, size)
			}
		}
	}
	if n < 0 || n > len(b) {
		return 0, fmt.Errorf("%w: a value of type %d does not fit", errMongo, kind)
	}
	return n, nil
}

// askCassandra asks what is supported, and to begin.
func askCassandra(ctx context.Context, w Wire) (Service, bool) {
	if op, _ := Cassandra(w.say(ctx, []byte{4, 0, 0, 0, 5, 0, 0, 0, 0})); op != 6 { // OPTIONS, SUPPORTED
		return Service{}, false
	}
	s := Service{Name: "cassandra", Product: "Cassandra"}
	start := append([]byte{4, 0, 0, 0, 1, 0, 0, 0, 22, 0, 1, 0, 11}, "CQL_VERSION\x00\x053.0.0"...)
	switch op, _ := Cassandra(w.say(ctx, start)); op {
	case 2:
		s.Access, s.Proof = Open, Proof{"STARTUP", "READY, without asking who we are"}
	case 3:
		s.Access = Guarded
	}
	return s, true
}

// Cassandra reads the head of an answer's frame: what it is, and how long.
func Cassandra(b []byte) (opcode byte, size uint32) {
	if len(b) < 9 || b[0]&0x80 == 0 || b[0]&0x7f < 3 || b[0]&0x7f > 5 {
		return 0, 0
	}
	size = binary.BigEndian.Uint32(b[5:])
	if size > 256<<20 {
		return 0, 0
	}
	return b[4], size
}

func askZooKeeper(ctx context.Context, w Wire) (Service, bool) {
	return ZooKeeper(w.say(ctx, []byte("srvr")))
}

// ZooKeeper reads the answer to srvr.
func ZooKeeper(b []byte) (Service, bool) {
	text := string(b[:min(len(b), 2048)])
	s := Service{Name: "zookeeper", Product: "ZooKeeper"}
	if v, ok := strings.CutPrefix(text, "Zookeeper version: "); ok {
		v, _, _ = strings.Cut(v, "-")
		s.Version = word(v)
		return s, true
	}
	return s, strings.HasPrefix(text, "srvr is not executed because it is not in the whitelist")
}

// Node is an Erlang node and the port of its distribution.
type Node struct {
	Name string
	Port int
}

func askEPMD(ctx context.Context, w Wire) (Service, bool) {
	l, err := w.open(ctx, w.Patience)
	if err != nil {
		return Service{}, false
	}
	defer l.Close()
	if _, err := l.Write([]byte{0, 1, 'n'}); err != nil {
		return Service{}, false
	}
	b, _ := io.ReadAll(l) // the mapper closes when all is said; what was read before a fault still counts
	nodes, err := EPMD(b, w.Port)
	if err != nil {
		return Service{}, false
	}
	names := make([]string, len(nodes))
	for i, n := range nodes {
		names[i] = fmt.Sprintf("name %s at port %d", n.Name, n.Port)
	}
	return Service{
		Name: "epmd", Product: "Erlang port mapper", Nodes: nodes, Access: Open,
		Proof: Proof{"NAMES_REQ", strings.Join(append([]string{fmt.Sprintf("port %d", w.Port)}, names...), "\n")},
	}, true
}

// mostNodes are more than any machine runs.
const mostNodes = 200

// EPMD reads the answer of Erlang's port mapper: its own port, then a line a node.
func EPMD(b []byte, port int) ([]Node, error) {
	if len(b) < 4 || binary.BigEndian.Uint32(b) > 65535 {
		return nil, errors.New("this is no answer of epmd: it does not begin with a port")
	}
	if said := binary.BigEndian.Uint32(b); int(said) != port && said != 4369 {
		return nil, fmt.Errorf("this is no answer of epmd: it says port %d and was asked at %d", said, port)
	}
	var nodes []Node
	for text := range strings.Lines(string(b[4:])) {
		text, whole := strings.CutSuffix(text, "\n")
		f := strings.Fields(text)
		if !whole || len(f) != 5 || f[0] != "name" || f[2] != "at" || f[3] != "port" {
			return nil, fmt.Errorf("this is no answer of epmd: %.40q is no node", text)
		}
		n, err := strconv.Atoi(f[4])
		if err != nil || n < 1 || n > 65535 || len(f[1]) > 255 {
			return nil, fmt.Errorf("this is no answer of epmd: %.40q is no port", f[4])
		}
		if len(nodes) == mostNodes {
			return nil, fmt.Errorf("this is no answer of epmd: more than %d nodes", mostNodes)
		}
		nodes = append(nodes, Node{printable([]byte(f[1])), n})
	}
	return nodes, nil
}
