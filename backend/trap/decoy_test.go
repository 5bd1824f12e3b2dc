package trap

import (
	"crypto/rand"
	"regexp"
	"strings"
	"testing"

	"palisade.dev/guard/engine"
	"palisade.dev/guard/wire"
	"palisade.dev/store"
)

var decoySite = store.Site{ID: "s1", Name: "demo-shop", Secret: []byte("a secret of thirty-two bytes long"), Settings: `{}`}

// What is made up is nobody's, and never the same twice.
func TestWords(t *testing.T) {
	tr := &Traps{Rand: rand.Reader}
	seen := map[string]bool{}
	for range 50 {
		for kind, form := range map[Kind]string{Key: `^demo_shop_live_[0-9A-Za-z]{32}$`, Account: `^[a-z]+\.[a-z]+\.[0-9]+@example\.org$`} {
			word, err := tr.Word(decoySite, kind)
			if err != nil || !regexp.MustCompile(form).MatchString(word) || seen[word] {
				t.Fatalf("%s: %q, %v", kind, word, err)
			}
			seen[word] = true
		}
	}
	for _, kind := range []Kind{Form, "mine", ""} {
		if _, err := tr.Word(decoySite, kind); err == nil {
			t.Errorf("%q is of a word", kind)
		}
	}
	for _, kind := range []Kind{Key, Account} {
		if _, err := (&Traps{Rand: strings.NewReader("")}).Word(decoySite, kind); err == nil {
			t.Errorf("%s without chance", kind)
		}
		x, err := tr.Invent(kind)
		if err != nil || !named(x.Name) {
			t.Errorf("%+v, %v", x, err)
		}
	}
	site := decoySite
	site.Settings = `{"identity":{"api_key":{"from":["header:X-Key"],"prefix":"k","max_length":5}}}`
	if _, err := tr.Word(site, Key); err == nil || !strings.Contains(err.Error(), "could be guessed") {
		t.Errorf("a format of short keys: %v", err)
	}
}

// Each snippet holds the word once it is pasted, and one that means something where it would stand is only shown.
func TestDecoySnippets(t *testing.T) {
	const key = "demo_shop_live_0123456789abcdef"
	site := decoySite
	site.Settings = `{"identity":{"api_key":{"from":["query:k","header:Authorization"],"scheme":"Token"}}}`
	for s, field := range map[*store.Site]string{&decoySite: `{ "Authorization": "Bearer ` + key + `" }`, &site: `{ "Authorization": "Token ` + key + `" }`} {
		all, err := KeySnippets(*s, key)
		if err != nil || len(all) != 5 || !strings.Contains(all[1].Text, field) || !strings.Contains(all[2].Text, "DEMO_SHOP_API_KEY="+key) {
			t.Errorf("%+v, %v", all, err)
		}
		for _, x := range all {
			if !strings.Contains(x.Text, key) || x.How == "" || x.Title == "" {
				t.Errorf("%+v", x)
			}
		}
	}
	all := Snippets(wire.Trap{Name: "x", Accounts: []string{"marta.lund.7@shop.example"}}, Account)
	if len(all) != 4 {
		t.Fatalf("%+v", all)
	}
	for _, x := range all {
		if !strings.Contains(x.Text, "marta.lund.7@shop.example") || x.How == "" || x.Title == "" {
			t.Errorf("%+v", x)
		}
	}
	if !regexp.MustCompile(`'\$2b\$12\$[./A-Za-z0-9]{53}'`).MatchString(all[2].Text) {
		t.Errorf("not of bcrypt's form: %s", all[2].Text)
	}
	tried := 0
	for _, bad := range []string{`a'; DROP TABLE users;--`, `"#{System.halt()}"`, "$(reboot)", "`id`", "a b", "é@x", "<script>", "a\nb", `\`} {
		tried++
		if got, err := KeySnippets(decoySite, bad); err != nil || len(got) != 1 || got[0].Text != bad {
			t.Errorf("%q: %+v, %v", bad, got, err)
		}
		if got := Snippets(wire.Trap{Name: "x", Accounts: []string{bad}}, Account); len(got) > 0 {
			t.Errorf("%q: %+v", bad, got)
		}
	}
	if tried < 9 || len(Snippets(wire.Trap{Keys: []string{"ab"}}, Key)) > 0 {
		t.Error("a key that is kept as a hash has bait")
	}
}

// What is borne is a trap that a guard takes.
func TestDecoyKinds(t *testing.T) {
	hash, err := hashKey(decoySite, "nobodys-key")
	if err != nil {
		t.Fatal(err)
	}
	for want, x := range map[Kind]wire.Trap{Key: {Name: "a", Keys: []string{hash}}, Account: {Name: "b", Accounts: []string{"marta"}}} {
		if got := kindOf(x); got != want {
			t.Errorf("%+v is of kind %s", x, got)
		}
		if _, err := engine.Compile(&wire.Policy{Version: wire.Version, Traps: []wire.Trap{x}}, nil, engine.Abilities{}); err != nil {
			t.Error(err)
		}
	}
	if got := (State{Trap: wire.Trap{Keys: []string{hash, "ab"}}}).Hashes(); len(got) != 2 || got[0] != hash[:12] || got[1] != "ab" {
		t.Errorf("%q", got)
	}
}
