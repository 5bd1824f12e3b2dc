package rule

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"palisade.dev/backend/alert/alerttest"
	"palisade.dev/backend/template"
	"palisade.dev/guard/wire"
)

// TestEveryDefaultIsWrittenAndRead: what the editor shows of a rule is that rule; and each can be said in words, which are
// kept to be looked at.
func TestEveryDefaultIsWrittenAndRead(t *testing.T) {
	set, err := template.Default()
	if err != nil {
		t.Fatal(err)
	}
	more := []wire.Rule{
		{
			Name: "narrow", Match: wire.Match{Route: "GET /a/*", Host: wire.Words{"a.example", "b.example"}, Header: map[string]string{"User-Agent": `*"bot"*`, "X-A": "${HOME}"}, Network: wire.Words{"cloud/aws", "tor"}, Kind: wire.Words{"script"}},
			By: wire.Words{"header:X-Team", "host"}, Limit: "1 per d", Then: wire.Words{"delay", "alert"}, Spare: "shared-address", Mode: "off",
		},
		{Name: "odd", Match: wire.Match{Route: "*"}, Count: "status.5xx", Distinct: "agent", By: wire.Words{"network"}, Limit: "1 per 90s", Then: wire.Words{"observe"}},
		{Name: "odder", Match: wire.Match{Route: "*"}, Count: "send.ok", By: wire.Words{"session"}, Limit: "3 per 36h", Then: wire.Words{"block", "ban", "someday"}},
	}
	var out strings.Builder
	rules := append(set.Rules, more...)
	for _, r := range rules {
		r.Source = ""
		text := YAML(r)
		out.WriteString(Sentence(r) + "\n" + text + "\n")
		got, faults := Parse(text)
		if r.Name == "narrow" { // a variable is written, and not read
			if len(faults) != 1 || !strings.Contains(faults[0].Text, "environment") {
				t.Errorf("faults %v", faults)
			}
			continue
		}
		if len(faults) > 0 || version(got.Rule) != version(r) {
			t.Errorf("%s\nreads as %+v, %v", text, got.Rule, faults)
		}
	}
	if len(rules) < 16 {
		t.Errorf("%d rules", len(rules))
	}
	alerttest.Golden(t, "written.txt", []byte(out.String()))
}

// TestFaultsHaveTheirFieldAndLine: of what cannot be read.
func TestFaultsHaveTheirFieldAndLine(t *testing.T) {
	cases := []struct {
		text, field string
		line        int
		says        string
	}{
		{"name: a\nlimt: 5 per 1m\n", "", 2, `unknown field "limt"`},
		{"name: a\nlimit: [5, 6]\n", "limit", 2, "want one value"},
		{"name: a\nmatch:\n  rout: /x\n", "", 3, `unknown field "rout"`},
		{"name: a\nname: b\n", "", 2, "given twice"},
		{"name: a\nby: {a: b}\n", "by", 2, "want a list"},
		{"name: [\n", "", 1, "not YAML"},
		{"name: &x a\n", "name", 1, "anchors"},
		{"name: a\n---\nname: b\n", "", 3, "second document"},
		{"name: a\nlimit: ${HOME}\n", "", 2, "environment"},
		{"name: a\nlimit: \"\\x24{HOME}\"\n", "", 2, "environment"},
		{"name: a\nmatch: {header: {X-A: \"\\u0024{HOME}\"}}\n", "", 2, "environment"},
		{strings.Repeat("#", maxText+1), "", 0, "at most 16384"},
		{"- a\n", "", 1, "want fields"},
	}
	for _, c := range cases {
		_, faults := Parse(c.text)
		if !slices.ContainsFunc(faults, func(f Fault) bool { return f.Field == c.field && f.Line == c.line && strings.Contains(f.Text, c.says) }) {
			t.Errorf("%.60q: %+v", c.text, faults)
		}
		if strings.Contains(faults.Error(), "/root") || strings.Contains(faults.Error(), "/home") {
			t.Errorf("%q told of the server's environment: %v", c.text, faults)
		}
	}
	if len(cases) < 13 {
		t.Errorf("%d cases", len(cases))
	}
	w, faults := Parse("# mine\nname: a\nmatch:\n  route: /x\n  network: tor\nlimit: much\n")
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	for _, f := range w.At(Faults{{Field: "limit"}, {Field: "network"}, {Field: "match"}, {Field: "by"}}) {
		if want := map[string]int{"limit": 6, "network": 5, "match": 3, "by": 0}[f.Field]; f.Line != want {
			t.Errorf("%s stands on line %d, not %d", f.Field, want, f.Line)
		}
	}
}

// seeds are counted, so that an empty corpus does not look like a pass.
var seeds = []string{
	"name: a\nmatch: \"@login\"\nby: [address, account]\nlimit: 5 per 1m\nthen: throttle\n",
	"name: a\nmatch:\n  route: GET /x\n  header:\n    User-Agent: \"*bot*\"\nlimit: 5 per 1m\nmode: off\n",
	"name: \"\\u202e\"\nlimit: '5'\n", "{name: a, limit: \"x\"}", "name: |\n  a\n  b\n", "name: >-\n  a\n", "? a\n: b\n", "name: a # b\r\nlimit: c\r\n",
	"by: []\n", "by: [[[[]]]]\n", "name: !!str a\n", "name: on\nspare: yes\ncount: 0x1\ndistinct: 1e3\n", "a: *a\n", "\xff\xfe", "match: {header: {a: b}}", "match:\n  <<: {}\n",
}

// FuzzYAML: whatever is read is written such that it is read the same again, and no text makes it fall over.
func FuzzYAML(f *testing.F) {
	for _, s := range seeds {
		f.Add(s)
	}
	if len(seeds) < 16 {
		f.Fatalf("%d seeds", len(seeds))
	}
	f.Fuzz(func(t *testing.T, text string) {
		w, faults := Parse(text)
		if len(faults) > 0 || !utf8.ValidString(text) {
			return
		}
		for name := range w.Rule.Match.Header {
			if !token.MatchString(name) {
				return // refused by Check
			}
		}
		written := YAML(w.Rule)
		again, faults := Parse(written)
		if len(written) > maxText {
			return
		}
		if len(faults) > 0 || body(t, again.Rule) != body(t, w.Rule) {
			t.Errorf("%q is read as\n%s\nand written as\n%s\nwhich is read as\n%s, %v", text, body(t, w.Rule), written, body(t, again.Rule), faults)
		}
		Sentence(w.Rule)
	})
}

func body(t *testing.T, r wire.Rule) string {
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
