// Package llm is what the probes for language models share: which operations a model may stand behind, how to ask it, how
// to read what it says whatever service it imitates, and puzzles whose answer no echo can give. Asking costs the target's
// owner money, so all probes together ask one operation no more than a few dozen times, and short.
package llm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"palisade.dev/scan/api"
	"palisade.dev/scan/api/answer"
	"palisade.dev/scan/api/client"
	"palisade.dev/scan/api/identity"
	"palisade.dev/scan/api/spec"
	"palisade.dev/scan/late"
)

// Bounds of what is asked: sixty short questions are a few cents with any service; half a second between two is the pace
// of somebody who types fast.
const (
	most   = 60
	pause  = 500 * time.Millisecond
	models = 3 // operations that are looked at; behind more of them is usually the same model
)

// Sureness is why we think that a model answers.
type Sureness uint8

// The reasons, weakest first.
const (
	Talks  Sureness = iota // something answers with words
	Shaped                 // the answer has the fields that services of models answer with
	Proven                 // it solved a puzzle that takes reading
)

// Chat is an operation behind which a language model answers.
type Chat struct {
	Op    *spec.Operation
	Sure  Sureness
	First *client.Exchange // the first puzzle and its answer
	Texts []string         // what it said to the puzzles

	field string // that takes the question
	list  bool   // as a list of messages
	base  map[string]any

	mu    sync.Mutex
	asked int
}

// names of fields that take a question, the surest first.
var names = []string{"messages", "prompt", "question", "query", "input", "message", "text", "content"}

// speaks are words of paths, tags and summaries that speak of a model. Chat is none of them: people chat too, and what is
// sent there is read by somebody.
var speaks = late.Pattern(`(?i)assistant|copilot|\bllm|gpt|complet|generat|(?:^|[/_\s-])ai(?:$|[/_\s-])|chatbot|language model|(?:^|/)ask(?:$|/)|prompt`)

// Fits says that an operation may be asked as a model: it takes a prompt or messages with roles, or a question at an
// address that speaks of a model.
func Fits(t *api.Target, op *spec.Operation) bool {
	return t.Mode >= api.Active && newChat(op, t.Mode) != nil
}

func newChat(op *spec.Operation, mode api.Mode) *Chat {
	if op.Method != "POST" || op.Body == nil || op.Source == "graphql" || !strings.Contains(op.Body.Media, "json") {
		return nil
	}
	base, ok := api.BodyValue(op, rand.New(rand.NewPCG(1, 1))).(map[string]any)
	if !ok {
		return nil
	}
	told := speaks.MatchString(op.Path) || speaks.MatchString(op.Summary) || speaks.MatchString(strings.Join(op.Tags, " ")) || speaks.MatchString(op.ID)
	for _, name := range names {
		v, there := base[name]
		if !there {
			continue
		}
		c := &Chat{Op: op, field: name, base: base}
		switch v := v.(type) {
		case []any:
			if name != "messages" && name != "input" || len(v) == 0 {
				continue
			}
			item, _ := v[0].(map[string]any)
			if _, role := item["role"]; !role {
				continue
			}
			c.list = true
			return c
		case string:
			if name == "prompt" || told || mode >= api.Intrusive && strings.Contains(strings.ToLower(op.Path), "chat") {
				return c
			}
		}
	}
	return nil
}

// Message is one turn of a conversation.
type Message struct{ Role, Text string }

// body puts a conversation where the operation wants it.
func (c *Chat) body(turns []Message) map[string]any {
	b := maps.Clone(c.base)
	if !c.list {
		var texts []string
		for _, t := range turns {
			texts = append(texts, t.Text)
		}
		b[c.field] = strings.Join(texts, "\n\n")
	} else {
		list := []any{}
		for _, t := range turns {
			list = append(list, map[string]any{"role": t.Role, "content": t.Text})
		}
		b[c.field] = list
	}
	if _, ok := b["stream"]; ok {
		b["stream"] = false
	}
	return b
}

// List says that the operation takes a list of messages with roles, so a client can send turns of its own making.
func (c *Chat) List() bool { return c.list }

// ErrAsked is why a question was not sent.
var ErrAsked = fmt.Errorf("%w: the model was asked %d times, which is enough", client.ErrSpent, most)

// Ask asks as somebody, or as nobody, and gives what was said.
func (c *Chat) Ask(ctx context.Context, l *api.Look, who *identity.Identity, title string, turns ...Message) (*client.Exchange, string) {
	r := l.Request(c.Op, who).By(who)
	r.Body = api.Encode(c.Op.Body, c.body(turns))
	c.mu.Lock()
	c.asked++
	enough := c.asked > most
	c.mu.Unlock()
	if enough {
		return unsent(title, r, ErrAsked), ""
	}
	if err := l.Client.Clock().Sleep(ctx, pause); err != nil {
		return unsent(title, r, err), ""
	}
	x := l.Ask(ctx, title, r)
	if !x.OK() {
		return x, ""
	}
	return x, Said(x.Media(), x.Body)
}

func unsent(title string, r client.Request, err error) *client.Exchange {
	return &client.Exchange{Title: title, Request: r, Answer: &answer.Answer{Err: err, Header: http.Header{}}}
}

// User is a question as a user asks it.
func User(text string) Message { return Message{"user", text} }

// Learn finds out whether a model answers at the looked-at operation, once for all probes. Nil where nothing talks there;
// the look has then been told why.
func Learn(ctx context.Context, l *api.Look) *Chat {
	type learnt struct {
		chat *Chat
		last *client.Exchange
		over bool
	}
	got := l.Once("llm "+l.Op.Name(), func() any {
		c := newChat(l.Op, l.Mode)
		if c == nil {
			return learnt{}
		}
		if l.Once("llm models", func() any { return new(atomic.Int32) }).(*atomic.Int32).Add(1) > models {
			return learnt{over: true}
		}
		chance := rand.New(rand.NewPCG(l.Seed, 11))
		solved := 0
		var last *client.Exchange
		for i := range 3 {
			p := NewPuzzle(chance)
			x, said := c.Ask(ctx, l, l.First(), fmt.Sprintf("control: puzzle %d", i+1), User(p.Text))
			last = x
			if !x.OK() {
				continue
			}
			if p.SolvedBy(said) {
				solved++
				c.First = x
			}
			if said != "" {
				c.Texts = append(c.Texts, said)
			}
			if c.First == nil {
				c.First = x
			}
			if shaped(x.JSON()) {
				c.Sure = max(c.Sure, Shaped)
			}
		}
		if solved >= 2 {
			c.Sure = Proven
		}
		if len(c.Texts) < 2 {
			return learnt{last: last}
		}
		return learnt{chat: c, last: last}
	}).(learnt)
	if got.chat == nil {
		switch {
		case got.over:
			l.CannotTell(fmt.Sprintf("%d operations with models were looked at before, and asking costs money", models), "scan with a specification that holds this one only")
		case got.last == nil || l.Silent(got.last):
		case !got.last.OK():
			l.CannotTell(fmt.Sprintf("a question was answered with %d", got.last.Status), "give an identity that may ask, or an example of the body in the specification")
		default:
			l.Clear("nothing that talks answers here")
		}
		if !l.Told() {
			l.CannotTell("nothing was answered", "")
		}
		return nil
	}
	return got.chat
}

// Clear says that an attack failed, as far as that can be said of something that may be no model.
func (c *Chat) Clear(l *api.Look, why string) {
	if c.Sure == Talks {
		l.CannotTell("something talks here, and whether it is a model could not be seen", "name the operation in the specification for what it is, as a tag \"language model\"")
		return
	}
	l.Clear(why)
}

// shaped says that an answer has the fields of a service of models.
func shaped(v any) bool {
	m, ok := v.(map[string]any)
	if !ok {
		return false
	}
	n := 0
	for _, name := range []string{"choices", "usage", "model", "candidates", "finish_reason", "stop_reason", "usageMetadata", "eval_count"} {
		if _, ok := m[name]; ok {
			n++
		}
	}
	return n >= 2
}

// Puzzle is a question whose answer is not in it.
type Puzzle struct{ Text, Want, A, B string }

// NewPuzzle draws one.
func NewPuzzle(chance *rand.Rand) Puzzle {
	p := Puzzle{A: api.Word(chance, 7), B: api.Word(chance, 7)}
	p.Text = fmt.Sprintf(`Swap the words "%s" and "%s" and write them joined by a plus sign, without blanks and without anything else.`, p.A, p.B)
	p.Want = p.B + "+" + p.A
	return p
}

// ROT13 turns letters by half the alphabet, and back.
func ROT13(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return 'a' + (r-'a'+13)%26
		case r >= 'A' && r <= 'Z':
			return 'A' + (r-'A'+13)%26
		}
		return r
	}, text)
}

// SolvedBy says that a text holds the answer.
func (p Puzzle) SolvedBy(said string) bool {
	return strings.Contains(strings.NewReplacer(" ", "", "`", "", "*", "", `"`, "").Replace(strings.ToLower(said)), p.Want)
}

// Tries gives an attack three tries with puzzles of its own and says whether two were solved.
func (c *Chat) Tries(ctx context.Context, l *api.Look, title string, attack func(Puzzle) []Message) (solved int, last *client.Exchange) {
	for i := range 3 {
		p := NewPuzzle(l.Chance)
		x, said := c.Ask(ctx, l, l.First(), fmt.Sprintf("%s, try %d", title, i+1), attack(p)...)
		if p.SolvedBy(said) {
			solved++
			last = x
		}
		if errors.Is(x.Err, client.ErrSpent) || (i == 1 && solved == 0) || solved == 2 {
			break // no third try can turn it
		}
	}
	return solved, last
}

// maxSaid is how much of what a model says is read: ten times what one screen holds.
const maxSaid = 64 << 10

// Said reads what a model said out of an answer: JSON of the usual services, events of a stream, lines of JSON, or text.
// It gives "" where it finds nothing.
func Said(media string, body []byte) string {
	body = body[:min(len(body), 1<<20)]
	var v any
	if json.Unmarshal(body, &v) == nil {
		if s, ok := v.(string); ok {
			return clip(s)
		}
		return clip(said(v, 0))
	}
	lines := strings.Split(string(body), "\n")
	if media == "text/event-stream" || slices.ContainsFunc(lines, func(s string) bool { return strings.HasPrefix(s, "data:") }) || media == "application/x-ndjson" || media == "application/jsonl" {
		var b strings.Builder
		for _, line := range lines {
			line = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(line), "data:"))
			var v any
			if line == "" || b.Len() > maxSaid || json.Unmarshal([]byte(line), &v) != nil {
				continue
			}
			if s, ok := v.(string); ok {
				b.WriteString(s)
				continue
			}
			b.WriteString(said(v, 0))
		}
		return clip(b.String())
	}
	if strings.HasPrefix(media, "text/") {
		return clip(string(body))
	}
	return ""
}

func clip(s string) string { return strings.ToValidUTF8(s[:min(len(s), maxSaid)], "") }

// places are where services put what was said, the surest first.
var places = []string{
	"choices", "candidates", "message", "delta", "content", "parts", "output_text", "output", "response", "answer", "reply", "completion", "generated_text",
	"completions", "text", "result", "data", "messages",
}

func said(v any, depth int) string {
	if depth > 8 {
		return ""
	}
	switch v := v.(type) {
	case map[string]any:
		if role, _ := v["role"].(string); role == "user" || role == "system" {
			return "" // our own words, given back with the conversation
		}
		for _, name := range places {
			switch inner := v[name].(type) {
			case string:
				if inner != "" {
					return inner
				}
			case map[string]any, []any:
				if s := said(inner, depth+1); s != "" {
					return s
				}
			}
		}
	case []any:
		var b strings.Builder
		for i, item := range v {
			if i == 50 || b.Len() > maxSaid {
				break
			}
			if s, ok := item.(string); ok {
				b.WriteString(s)
				continue
			}
			b.WriteString(said(item, depth+1))
		}
		return b.String()
	}
	return ""
}
