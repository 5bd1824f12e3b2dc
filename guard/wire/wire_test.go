package wire

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
)

var key = ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))

func TestSealAndOpen(t *testing.T) {
	public := key.Public().(ed25519.PublicKey)
	e, err := Seal(KindPolicy, &Policy{Version: 1, Site: "shop", Revision: 7}, key)
	if err != nil {
		t.Fatal(err)
	}
	p, err := e.Policy(public)
	if err != nil || p.Revision != 7 {
		t.Fatalf("%+v, %v", p, err)
	}
	other := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{1}, ed25519.SeedSize)).Public().(ed25519.PublicKey)
	if _, err := e.Policy(other); !errors.Is(err, ErrSignature) {
		t.Errorf("another key: %v", err)
	}
	if _, err := e.Delta(public); err == nil || !strings.Contains(err.Error(), `holds a "policy"`) {
		t.Errorf("as a delta: %v", err)
	}
	swapped := e
	swapped.Kind = KindDelta // the kind is part of what is signed
	if _, err := swapped.Delta(public); !errors.Is(err, ErrSignature) {
		t.Errorf("another kind: %v", err)
	}
	for i := range e.Payload {
		changed := Envelope{e.Kind, append([]byte{}, e.Payload...), e.Signature}
		changed.Payload[i] ^= 1
		if _, err := changed.Policy(public); !errors.Is(err, ErrSignature) {
			t.Fatalf("byte %d changed: %v", i, err)
		}
	}
	if _, err := e.Policy(nil); !errors.Is(err, ErrSignature) {
		t.Errorf("no key: %v", err)
	}
}

func TestSiteKey(t *testing.T) {
	k := SiteKey{Public: key.Public().(ed25519.PublicKey)}
	copy(k.Secret[:], "0123456789abcdef0123456789abcdef")
	got, err := ParseSiteKey(" " + k.String() + "\n")
	if err != nil || !reflect.DeepEqual(got, k) {
		t.Fatalf("%v, %v", got, err)
	}
	text := k.String()
	for _, bad := range []string{"", "psk_", text[:80], text + "a", "pak_" + text[4:], strings.ToUpper(text), strings.Replace(text, text[10:12], "!!", 1)} {
		_, err := ParseSiteKey(bad)
		if err == nil || !strings.Contains(err.Error(), "palisade site key add") {
			t.Errorf("%q: %v", bad, err)
		}
		if err != nil && len(bad) > 8 && strings.Contains(err.Error(), bad[4:20]) {
			t.Errorf("the error shows the key: %v", err)
		}
	}
}

func TestReadIsBounded(t *testing.T) {
	var v map[string]int
	cases := []struct{ in, says string }{
		{`{"a":1}`, ""},
		{`{"a":1} {"b":2}`, "something after"},
		{`{"a":`, "not the JSON expected"},
		{``, "not the JSON expected"},
		{`{"a":"` + strings.Repeat("x", 100) + `"}`, "over 64 bytes"},
	}
	for _, c := range cases {
		err := Read(strings.NewReader(c.in), 64, &v)
		if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", c.in, err, c.says)
		}
	}
	if len(cases) < 5 {
		t.Error("cases are missing")
	}
}

func TestShortForms(t *testing.T) {
	cases := []struct {
		in   string
		want Rule
		out  string
	}{
		{`{"name":"a","match":"POST /x","by":"address","limit":"5 per 1m","then":"throttle"}`, Rule{Name: "a", Match: Match{Route: "POST /x"}, By: Words{"address"}, Limit: "5 per 1m", Then: Words{"throttle"}}, ""},
		{
			`{"name":"a","match":{"route":"@login","host":"a.example","network":["cloud","tor"]},"by":["address","account"],"limit":"1 per 1s"}`,
			Rule{Name: "a", Match: Match{Route: "@login", Host: Words{"a.example"}, Network: Words{"cloud", "tor"}}, By: Words{"address", "account"}, Limit: "1 per 1s"},
			"",
		},
	}
	for _, c := range cases {
		var r Rule
		if err := json.Unmarshal([]byte(c.in), &r); err != nil {
			t.Fatalf("%s: %v", c.in, err)
		}
		if !reflect.DeepEqual(r, c.want) {
			t.Errorf("%s:\n%+v\nwant\n%+v", c.in, r, c.want)
		}
		b, err := json.Marshal(r)
		if err != nil || string(b) != c.in {
			t.Errorf("%s\nprints back to\n%s (%v)", c.in, b, err)
		}
	}
	var r Rule
	err := json.Unmarshal([]byte(`{"name":"a","match":{"rout":"POST /x"}}`), &r)
	if err == nil || !strings.Contains(err.Error(), `unknown field "rout"`) || !strings.Contains(err.Error(), "route, host, header, network, kind") {
		t.Errorf("an unknown field in match: %v", err)
	}
}

func FuzzRule(f *testing.F) {
	seeds := []string{
		`{"name":"a","match":"POST /x","by":"address","limit":"5 per 1m","then":["ban 10m","alert"]}`,
		`{"match":{"route":"@login","header":{"A":"b*"}},"by":["address"]}`, `{"match":[]}`, `{"by":{}}`, `{"then":null}`, `null`, `{"match":""}`,
	}
	for _, s := range seeds {
		f.Add(s)
	}
	if len(seeds) < 7 {
		f.Fatal("seeds are missing")
	}
	f.Fuzz(func(t *testing.T, in string) {
		var r, again Rule
		if json.Unmarshal([]byte(in), &r) != nil {
			return
		}
		b, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(b, &again); err != nil {
			t.Fatalf("%s: what was read prints as %s, which cannot be read: %v", in, b, err)
		}
		c, err := json.Marshal(again)
		if err != nil || !bytes.Equal(b, c) {
			t.Fatalf("%s and %s, %v", b, c, err)
		}
	})
}

func FuzzEnvelope(f *testing.F) {
	e, err := Seal(KindPolicy, &Policy{Version: 1, Site: "shop", Bans: []Ban{{ID: "1", Subject: "203.0.113.7"}}}, key)
	if err != nil {
		f.Fatal(err)
	}
	b, err := json.Marshal(e)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte(`{}`))
	f.Add([]byte(`{"kind":"policy","payload":"e30="}`))
	public := key.Public().(ed25519.PublicKey)
	f.Fuzz(func(t *testing.T, in []byte) {
		var got Envelope
		if Read(bytes.NewReader(in), MaxEnvelopes, &got) != nil {
			return
		}
		if _, err := got.Policy(public); err == nil && !bytes.Equal(got.Payload, e.Payload) {
			t.Fatalf("a policy that nobody signed: %s", got.Payload)
		}
	})
}

func FuzzBatch(f *testing.F) {
	f.Add([]byte(`{"guard":"g","boot":"b","events":[{"seq":1,"at":5,"method":"GET","path":"/","address":"203.0.113.7","action":"allow"}]}`))
	f.Add([]byte(`{"events":[{"address":"::ffff:1.2.3.4%eth0"}]}`))
	f.Add([]byte(`{"events":[{"outcomes":[{"kind":"login"}],"ban":{"subject":"x","seconds":-1}}]}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		var b, again Batch
		if Read(bytes.NewReader(in), MaxBatch, &b) != nil {
			return
		}
		out, err := json.Marshal(b)
		if err != nil {
			t.Fatal(err)
		}
		if err := Read(bytes.NewReader(out), MaxBatch*2, &again); err != nil {
			t.Fatalf("%s cannot be read again: %v", out, err)
		}
	})
}

func FuzzParseSiteKey(f *testing.F) {
	f.Add(SiteKey{Public: key.Public().(ed25519.PublicKey)}.String())
	f.Add("psk_")
	f.Add("")
	f.Fuzz(func(t *testing.T, in string) {
		if k, err := ParseSiteKey(in); err == nil {
			if again, err := ParseSiteKey(k.String()); err != nil || !reflect.DeepEqual(again, k) {
				t.Fatalf("%q: %v", in, err)
			}
		}
	})
}
