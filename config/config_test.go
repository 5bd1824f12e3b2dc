package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func none(string) (string, bool) { return "", false }

func read(t *testing.T, text string, check Check) (*Config, error) {
	t.Helper()
	c := &Config{Console: DefaultConsole}
	return c, Read(c, "palisade.yml", []byte(text), none, check)
}

const broken = `data: 7
console: nowhere
retention: soon
colour: red
gateway:
  listen:
    - address: 8080
      proxy_protocol: 10.0.0.0/8
      tls: yes
  limits:
    header: 12 apples
    connections: many
sites:
  - name: Shop!
    hosts: shop.example
    max_body: -5
    web_facing: perhaps
    rules:
      - name: a
        match: {rout: POST /x}
        limit: [5]
      - name: b
        match: POST /y
        limt: 5 per 1m
  - name: shop
    name: shop
    identity: {token: {key: "${MISSING_SECRET}"}}
  - name: shop
    routes: yes
networks:
  own:
    - name: office
`

// TestAllFaultsAtOnceWithTheirLines: whoever mends a file wants to mend it once.
func TestAllFaultsAtOnceWithTheirLines(t *testing.T) {
	_, err := read(t, broken, func(*Config) map[string]error {
		return map[string]error{"sites[0].rules[1]": errors.Join(errors.New("limit: missing"), errors.New("match: odd"))}
	})
	var faults Faults
	if !errors.As(err, &faults) {
		t.Fatalf("%v", err)
	}
	want := []struct {
		line int
		says string
	}{
		{2, `"nowhere": want an address`},
		{3, `"soon" is no time`},
		{4, `unknown field "colour"`},
		{7, `"8080": want an address such as :443`},
		{9, `unknown field "tls" in gateway.listen[0]`},
		{11, `"12 apples" is no size`},
		{12, `"many": want a whole number`},
		{14, `"Shop!": want 1 to 40`},
		{16, `"-5" is no size`},
		{17, `"perhaps": want true or false`},
		{20, `unknown field "rout"`},
		{21, `limit: want one value`},
		{22, `limit: missing`},
		{22, `match: odd`},
		{24, `unknown field "limt" in sites[0].rules[1]`},
		{26, `field "name" in sites[1] is given twice`},
		{27, `MISSING_SECRET is not set in the environment`},
		{28, `there is a site shop above`},
		{29, `want a list`},
		{32, `want one of file, url and prefixes`},
	}
	last := 0
	for _, w := range want {
		found := false
		for _, f := range faults {
			found = found || f.Line == w.line && strings.Contains(f.Text, w.says)
		}
		if !found {
			t.Errorf("no fault at line %d with %q", w.line, w.says)
		}
	}
	for _, f := range faults {
		if f.Line < last {
			t.Errorf("line %d comes after line %d", f.Line, last)
		}
		last = f.Line
	}
	if t.Failed() || len(faults) != len(want) {
		t.Errorf("%d faults, want %d:\n%v", len(faults), len(want), err)
	}
}

func TestSyntax(t *testing.T) {
	cases := []struct{ text, says string }{
		{"data: [", "not YAML"},
		{"data: a\n\tconsole: b", "not YAML"},
		{"a: &x 1\nb: *x", ""},
		{"data: &x here", "anchors, aliases and tags are not used"},
		{"data: here\n---\ndata: there", "a second document"},
		{"- a", "want fields"},
		{strings.Repeat("x", maxFile+1), "at most 1048576"},
		{"sites: " + strings.Repeat("[", 200) + strings.Repeat("]", 200), "want fields"},
	}
	for i, c := range cases {
		_, err := read(t, c.text, nil)
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("case %d: %v, want %q", i, err, c.says)
		}
		if err != nil && !strings.HasPrefix(err.Error(), "palisade.yml") {
			t.Errorf("case %d: %v does not begin with the file", i, err)
		}
	}
}

func TestValuesAsPeopleWriteThem(t *testing.T) {
	c := &Config{Console: DefaultConsole}
	env := func(name string) (string, bool) { return "s3cret", name == "TOKEN_KEY" }
	err := Read(c, "f", []byte(`
retention: 7d
console_proxies: [loopback, 10.0.0.0/8]
gateway: {limits: {header: 64KiB, body_timeout: 90s}}
sites:
  - name: shop
    hosts: shop.example
    upstreams: [http://127.0.0.1:4000]
    max_body: 10MiB
    identity:
      token: {from: "header:Authorization", algorithm: HS256, key: "a-${TOKEN_KEY}-b"}
      outcomes:
        - {route: POST /in, kind: login, failure: {status: [401]}}
    rules:
      - {name: a, match: POST /x, by: address, limit: 5 per 1m, then: throttle}
      - name: b
        match: {route: GET /y, network: cloud, header: {User-Agent: "*bot*"}}
        by: [address, account]
        limit: 1 per 1s
`), env, nil)
	if err != nil {
		t.Fatal(err)
	}
	s := c.Sites[0]
	got := fmt.Sprint(c.ConsoleProxies, c.Retention.Std(), c.Gateway.Limits.Header, c.Gateway.Limits.BodyTimeout.Std(), s.Hosts, s.MaxBody, s.Identity.Token.Key,
		s.Identity.Outcomes[0].Failure[0].Status, s.Rules[0].Match.Route, s.Rules[0].By, s.Rules[1].Match.Network, s.Rules[1].Match.Header, s.Rules[1].By)
	want := "[loopback 10.0.0.0/8] 168h0m0s 65536 1m30s [shop.example] 10485760a-s3cret-b[401]POST /x[address] [cloud] map[User-Agent:*bot*] [address account]"
	if got != want {
		t.Errorf("read\n%s\nwant\n%s", got, want)
	}
}

func TestMissingFileSaysWhatToDo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "none.yml")
	if _, err := Load(path, none, nil); err == nil || !strings.Contains(err.Error(), "palisade config example > "+path) {
		t.Errorf("%v", err)
	}
	if c, err := Load("", none, nil); err != nil || c.Console != DefaultConsole || c.Retention != DefaultKeep {
		t.Errorf("%+v, %v", c, err)
	}
	if err := os.WriteFile(path, []byte("# nothing\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(path, none, nil); err != nil {
		t.Errorf("a file of comments: %v", err)
	}
}

func FuzzRead(f *testing.F) {
	seeds := []string{broken, "", "a", "- b", "sites: [{name: x}]", "data: |\n  x\n", "sites:\n  - rules: [{match: 5}]", "{", "? x\n: y", "data: \"${A}\"", "x: !!binary aGk="}
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	if len(seeds) < 11 {
		f.Fatal("seeds are missing")
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		c := &Config{Console: DefaultConsole}
		err := Read(c, "f", text, none, nil)
		var faults Faults
		if err != nil && (!errors.As(err, &faults) || len(faults) > maxFaults) {
			t.Fatalf("%v", err)
		}
	})
}
