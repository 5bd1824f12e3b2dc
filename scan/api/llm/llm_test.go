package llm

import (
	"math/rand/v2"
	"testing"
	"unicode/utf8"

	"palisade.dev/scan/api"
	"palisade.dev/scan/api/spec"
)

var saids = []struct{ media, body, want string }{
	{"application/json", `{"id":"1","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"hello"}}],"usage":{}}`, "hello"},
	{"application/json", `{"choices":[{"text":"hello"}]}`, "hello"},
	{"application/json", `{"content":[{"type":"text","text":"hel"},{"type":"text","text":"lo"}],"role":"assistant"}`, "hello"},
	{"application/json", `{"candidates":[{"content":{"parts":[{"text":"hello"}],"role":"model"}}]}`, "hello"},
	{"application/json", `{"output":[{"type":"message","content":[{"type":"output_text","text":"hello"}]}]}`, "hello"},
	{"application/json", `{"data":{"answer":"hello"}}`, "hello"},
	{"application/json", `{"messages":[{"role":"user","content":"my own"},{"role":"assistant","content":"hello"}]}`, "hello"},
	{"application/json", `"hello"`, "hello"},
	{"application/json", `{"id":7,"status":"ok"}`, ""},
	{"text/event-stream", "data: {\"choices\":[{\"delta\":{\"content\":\"hel\"}}]}\n\ndata: {\"choices\":[{\"delta\":{\"content\":\"lo\"}}]}\n\ndata: [DONE]\n", "hello"},
	{"application/x-ndjson", "{\"message\":{\"role\":\"assistant\",\"content\":\"hel\"}}\n{\"message\":{\"content\":\"lo\"}}\n", "hello"},
	{"text/plain", "hello", "hello"},
	{"image/png", "hello", ""},
	{"application/json", `{`, ""},
}

func TestSaid(t *testing.T) {
	for i, c := range saids {
		if got := Said(c.media, []byte(c.body)); got != c.want {
			t.Errorf("case %d: %q, not %q", i, got, c.want)
		}
	}
}

func FuzzSaid(f *testing.F) {
	for _, c := range saids {
		f.Add(c.media, []byte(c.body))
	}
	f.Fuzz(func(t *testing.T, media string, body []byte) {
		if s := Said(media, body); len(s) > maxSaid || (utf8.Valid(body) && !utf8.ValidString(s)) {
			t.Errorf("%d bytes, valid %v", len(s), utf8.ValidString(s))
		}
	})
}

func TestPuzzle(t *testing.T) {
	p := NewPuzzle(rand.New(rand.NewPCG(1, 1)))
	if p.SolvedBy(p.Text) || p.SolvedBy("you said: "+p.Text) || p.SolvedBy(p.A+"+"+p.B) {
		t.Error("an echo solves it")
	}
	for _, s := range []string{p.B + "+" + p.A, "Sure! " + p.B + " + " + p.A + ".", "**" + p.B + "+" + p.A + "**"} {
		if !p.SolvedBy(s) {
			t.Errorf("%q does not", s)
		}
	}
}

// TestFits keeps questions from people: what is sent to a chat of theirs is read.
func TestFits(t *testing.T) {
	text := func(name string) *spec.Body {
		return &spec.Body{Media: "application/json", Schema: &spec.Schema{Types: []string{"object"}, Properties: map[string]*spec.Schema{name: {Types: []string{"string"}}}}}
	}
	roles := &spec.Body{Media: "application/json", Example: map[string]any{"messages": []any{map[string]any{"role": "user", "content": "x"}}}}
	for i, c := range []struct {
		op   spec.Operation
		mode api.Mode
		want bool
	}{
		{spec.Operation{Method: "POST", Path: "/v1/chat/completions", Body: roles}, api.Active, true},
		{spec.Operation{Method: "POST", Path: "/v1/chat/completions", Body: roles}, api.Passive, false},
		{spec.Operation{Method: "POST", Path: "/summary", Body: text("prompt")}, api.Active, true},
		{spec.Operation{Method: "POST", Path: "/assistant", Body: text("message")}, api.Active, true},
		{spec.Operation{Method: "POST", Path: "/help", Tags: []string{"language model"}, Body: text("question")}, api.Active, true},
		{spec.Operation{Method: "POST", Path: "/rooms/7/chat", Body: text("message")}, api.Active, false},
		{spec.Operation{Method: "POST", Path: "/rooms/7/chat", Body: text("message")}, api.Intrusive, true},
		{spec.Operation{Method: "POST", Path: "/emails", Body: text("content")}, api.Intrusive, false},
		{spec.Operation{Method: "POST", Path: "/tasks", Body: text("text")}, api.Active, false},
		{spec.Operation{Method: "GET", Path: "/ai", Body: text("prompt")}, api.Active, false},
	} {
		if got := Fits(&api.Target{Mode: c.mode}, &c.op); got != c.want {
			t.Errorf("case %d: %s %s in mode %s: %v", i, c.op.Method, c.op.Path, c.mode, got)
		}
	}
}
