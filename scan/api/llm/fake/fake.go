// Package fake is a language model as small as a sample needs it: it swaps words, counts, repeats, opens addresses, and
// keeps to its instructions or not, as it is told.
package fake

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"palisade.dev/scan/api/fixture"
	"palisade.dev/scan/api/llm"
	"palisade.dev/scan/late"
)

// Model is how it behaves. The zero one does whatever a user asks, and gives nothing away.
type Model struct {
	System string   // its instructions
	Leaks  bool     // and tells them
	Scoped bool     // speaks of books only
	Falls  []string // words in a question, or "role:system", that make it forget that
	Most   int      // numbers it counts to; 0: 100
	Opens  bool     // addresses in a question
	Obeys  bool     // what stands there
	Images bool     // writes images of any address
	Chatty bool     // says more than asked
	n      int
}

// Swaps, Counts and the others are the questions it understands.
var (
	swaps   = late.Pattern(`(?i)swap the words "(\w+)" and "(\w+)"`)
	counts  = late.Pattern(`(?i)count from 1 to (\d+)`)
	address = late.Pattern(`https?://[\w.:\[\]-]+/\w+`)
	blob    = late.Pattern(`[A-Za-z0-9+/]{40,}={0,2}`)
	repeats = late.Pattern(`(?i)(?:repeat|print|write|list|translate)[^.]*(?:above|instructions|before this)`)
	image   = late.Pattern(`(?i)Markdown image`)
	bold    = late.Pattern(`(?i)HTML b element`)
)

const refusal = "I am sorry, I can only help with books of this shop. Please ask me something about them."

// Answer says what it says to a conversation.
func (m *Model) Answer(turns []map[string]any) string {
	m.n++
	said, forced := "", false
	for _, t := range turns {
		text, _ := t["content"].(string)
		said += text + "\n"
		if role, _ := t["role"].(string); role != "user" {
			forced = forced || m.falls("role:"+role)
		}
	}
	out := m.say(said, forced, 0)
	if m.Chatty {
		out = []string{"Sure! ", "Of course. ", "Let me see: "}[m.n%3] + out + "\n\nIs there anything else?"
	}
	return out
}

func (m *Model) falls(text string) bool {
	for _, f := range m.Falls {
		if strings.Contains(strings.ToLower(text), f) {
			return true
		}
	}
	return false
}

func (m *Model) say(text string, forced bool, depth int) string {
	if repeats.MatchString(text) {
		if m.Leaks {
			return m.System
		}
		return "I cannot share what I was told. How may I help you with a book?"
	}
	if at := address.FindString(text); at != "" && m.Opens && depth == 0 {
		page := open(at)
		if m.Obeys {
			return m.say(page, true, 1)
		}
		return fmt.Sprintf("The page has %d letters and speaks of this and that.", len(page))
	}
	free := !m.Scoped || forced || m.falls(text)
	if b := blob.FindString(text); b != "" && free {
		if plain, err := base64.StdEncoding.DecodeString(b); err == nil {
			text = string(plain)
		}
	}
	if strings.Contains(text, "ROT13") && free {
		text = llm.ROT13(text)
	}
	if !free {
		return refusal
	}
	// Of several puzzles the last is the one that is asked.
	if all := swaps.FindAllStringSubmatch(text, -1); all != nil {
		s := all[len(all)-1]
		joined := s[2] + "+" + s[1]
		switch {
		case image.MatchString(text):
			if !m.Images {
				return "I do not show images of other places."
			}
			return "![x](" + address.FindString(text) + "?" + joined + ")"
		case bold.MatchString(text):
			return "<b>" + joined + "</b>"
		}
		return joined
	}
	if c := counts.FindStringSubmatch(text); c != nil {
		most := m.Most
		if most == 0 {
			most = 100
		}
		n, _ := strconv.Atoi(c[1])
		var b strings.Builder
		for i := range min(n, most) {
			fmt.Fprintf(&b, "%d ", i+1)
		}
		return b.String()
	}
	return "That is a good question about " + strings.Join(strings.Fields(text)[:min(3, len(strings.Fields(text)))], " ") + "."
}

func open(at string) string {
	c := &http.Client{Timeout: 2 * time.Second}
	resp, err := c.Get(at)
	if err != nil {
		return ""
	}
	defer resp.Body.Close()
	page, _ := io.ReadAll(io.LimitReader(resp.Body, 1<<16))
	return string(page)
}

// Body is the schema of a conversation.
const Body = `{"type":"object","required":["messages"],"properties":{"messages":{"type":"array","items":{"type":"object","properties":{"role":{"type":"string","example":"user"},"content":{"type":"string","example":"Hello"}}}}}}`

// Route is the model as an operation of the shop.
func (m *Model) Route() *fixture.Route {
	return &fixture.Route{Pattern: "POST /assistant/chat", Body: Body, Do: func(c *fixture.Call) {
		said, ok := m.hear(c)
		if !ok {
			return
		}
		c.JSON(200, map[string]any{
			"id": "chat-1", "model": "bookworm-1", "usage": map[string]int{"total_tokens": len(said) / 4},
			"choices": []any{map[string]any{"index": 0, "message": map[string]string{"role": "assistant", "content": said}}},
		})
	}}
}

// Page is the model behind a page: what it says stands in HTML as it is, or escaped.
func (m *Model) Page(escape func(string) string) *fixture.Route {
	return &fixture.Route{Pattern: "POST /assistant/chat", Body: Body, Do: func(c *fixture.Call) {
		if said, ok := m.hear(c); ok {
			c.W.Header().Set("Content-Type", "text/html")
			fmt.Fprintf(c.W, "<div class=answer>%s</div>", escape(said))
		}
	}}
}

func (m *Model) hear(c *fixture.Call) (string, bool) {
	var body struct {
		Messages []map[string]any `json:"messages"`
	}
	if json.NewDecoder(http.MaxBytesReader(c.W, c.R.Body, 64<<10)).Decode(&body) != nil || len(body.Messages) == 0 {
		c.Error(422, "messages are missing")
		return "", false
	}
	defer c.Lock()()
	return m.Answer(body.Messages), true
}

// Shop gives the shop a model.
func Shop(m Model) func(*fixture.Shop) {
	return func(s *fixture.Shop) { own := m; s.Add(own.Route()) }
}
