package rules

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"palisade.dev/backend/rule"
	"palisade.dev/backend/template"
	"palisade.dev/guard/wire"
)

// seeds are texts as people type them, and as nobody does.
var seeds = []string{
	"name: a\nmatch: \"@login\"\nby: [address, account]\nlimit: 5 per 1m\nthen: [ban 10m, alert]\n",
	"name: a\nmatch: {route: GET /x, host: [a, b], header: {User-Agent: \"*: bot\"}, network: tor, kind: script}\nlimit: 5 per 1m\n",
	"then: [throttle, block, ban, ban 1h, alert, alert, someday]\n", "then: [\"a,b\", \" \", \"ban\\tx\"]\n", "match: {header: {A: \"x\\ny\"}}\n", "by: [\"a b\", \"c,d\"]\n",
	"then: bank\n", "name: \" a \"\nlimit: \"\\r\\n\"\n",
}

// FuzzForm: what a form has made of a rule stays so: filled in with it and sent again, it makes the same, so that nobody
// finds a rule another for having looked at it. What no guard could tell apart (a host with a space in it) may be lost once.
func FuzzForm(f *testing.F) {
	for _, s := range seeds {
		f.Add(s)
	}
	if len(seeds) < 8 {
		f.Fatalf("%d seeds", len(seeds))
	}
	f.Fuzz(func(t *testing.T, text string) {
		w, faults := rule.Parse(text)
		if len(faults) > 0 {
			return
		}
		split := through(formOf(w.Rule)).rule() // words that have a comma in them are several from now on
		once := through(formOf(split)).rule()
		twice := through(formOf(once)).rule()
		for _, r := range []*wire.Rule{&once, &twice} { // what is done has no order, and twice is once
			slices.Sort(r.Then)
			r.Then = slices.Compact(r.Then)
		}
		if rule.YAML(once) != rule.YAML(twice) {
			t.Errorf("%q:\n%s becomes\n%s", text, rule.YAML(once), rule.YAML(twice))
		}
	})
}

// through is a form sent by a browser and read.
func through(f form) form {
	yes := ""
	if f.Alert {
		yes = "yes"
	}
	sent := map[string]string{
		"name": f.Name, "route": f.Route, "host": f.Host, "headers": strings.ReplaceAll(f.Headers, "\n", "\r\n"), "network": f.Network, "kind": f.Kind, "count": f.Count,
		"distinct": f.Distinct, "by": f.By, "limit": f.Limit, "answer": f.Answer, "ban": f.Ban, "alert": yes, "other": f.Other, "spare": f.Spare,
	}
	return read(func(name string) string { // a field of one line cannot hold more
		if name == "headers" {
			return sent[name]
		}
		return strings.NewReplacer("\r", "", "\n", "").Replace(sent[name])
	})
}

// TestFormKeepsRules: of every rule that we offer, the form loses nothing.
func TestFormKeepsRules(t *testing.T) {
	cards, err := template.Cards()
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, c := range cards {
		for _, x := range c.Rules {
			x.Mode = ""
			got := through(formOf(x)).rule()
			sort := func(w wire.Words) wire.Words { w = slices.Clone(w); slices.Sort(w); return w }
			if a, b := fmt.Sprint(sort(x.Then)), fmt.Sprint(sort(got.Then)); a != b {
				t.Errorf("%s: %s became %s", x.Name, a, b)
			}
			x.Then, got.Then = nil, nil
			if rule.YAML(x) != rule.YAML(got) {
				t.Errorf("%s became %s", rule.YAML(x), rule.YAML(got))
			}
			n++
		}
	}
	if n < 16 {
		t.Errorf("%d rules", n)
	}
}

// TestDiff: taken back and applied, a difference gives both texts again; and it is no longer than it has to be.
func TestDiff(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	text := func() (s string) {
		for range random.IntN(12) {
			s += string(rune('a'+random.IntN(4))) + "\n"
		}
		return s
	}
	for range 2000 {
		before, after := text(), text()
		var was, is string
		kept := 0
		for _, c := range diff(before, after) {
			switch c.Sign {
			case " ":
				was, is, kept = was+c.Text+"\n", is+c.Text+"\n", kept+1
			case "−":
				was += c.Text + "\n"
			case "+":
				is += c.Text + "\n"
			}
		}
		if was != before || is != after || kept != longest(lines(before), lines(after)) {
			t.Fatalf("%q to %q: %v", before, after, diff(before, after))
		}
	}
	if got := diff(strings.Repeat("a\n", maxDiff+1), "b\n"); len(got) != maxDiff+2 {
		t.Errorf("%d lines", len(got))
	}
}

// longest is the obvious way to find how many lines two texts have in common, in order.
func longest(a, b []string) int {
	memo := map[[2]int]int{}
	var from func(i, j int) int
	from = func(i, j int) int {
		if i == len(a) || j == len(b) {
			return 0
		}
		if n, ok := memo[[2]int{i, j}]; ok {
			return n
		}
		n := max(from(i+1, j), from(i, j+1))
		if a[i] == b[j] {
			n = max(n, 1+from(i+1, j+1))
		}
		memo[[2]int{i, j}] = n
		return n
	}
	return from(0, 0)
}
