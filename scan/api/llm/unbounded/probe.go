// Package unbounded asks a language model for a long answer, and gives it a long question.
package unbounded

import (
	"context"
	_ "embed"
	"fmt"
	"strconv"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/api"
	"palisade.dev/scan/api/answer"
	"palisade.dev/scan/api/llm"
	"palisade.dev/scan/api/spec"
	"palisade.dev/scan/late"
)

//go:embed doc.md
var doc string

// Probe is the probe.
var Probe = api.Probe{
	Check: scan.Check{
		ID: "api/llm/unbounded", Title: "Language model answers at any length", Severity: scan.Low, CWE: []int{770, 400},
		Standards: []string{"OWASP LLM10:2025", "OWASP API4:2023", "PCI DSS 4.0 6.4.2", "SOC 2 A1.1"}, Doc: doc,
	},
	Mode: api.Active, Fits: llm.Fits,
	Fix: "Set the most tokens of an answer and of a question on the server, whatever the client asks for, and count both by account and day.",
	Run: run,
}

// Bounds that a sound service keeps below: three thousand numbers are about nine thousand tokens, sixteen kilobytes of
// question four thousand. Neither costs more than a few cents.
const (
	numbers  = 3000
	question = 16 << 10
)

var number = late.Pattern(`\d+`)

func run(ctx context.Context, l *api.Look) {
	c := llm.Learn(ctx, l)
	if c == nil {
		return
	}
	// Who is not even known must not be able to run up a bill; that is worse than a customer who can.
	severity := scan.Low
	if l.Op.Demand == spec.Open || l.First() == nil {
		severity = scan.Medium
	}
	x, said := c.Ask(ctx, l, l.First(), "asking for a long answer", llm.User(fmt.Sprintf("Count from 1 to %d, numbers only, separated by blanks. Leave none out.", numbers)))
	got := counted(said)
	if got >= numbers {
		l.Found(api.Hit{
			Severity: severity, Confidence: scan.Firm, Key: "answer", Evidence: api.Show(x),
			Message: fmt.Sprintf("%s counted to %d in one answer, %d bytes long; nothing bounds what a question costs.", l.Op.Name(), got, len(said)),
		})
	}
	p := llm.NewPuzzle(l.Chance)
	y, echo := c.Ask(ctx, l, l.First(), "a long question", llm.User(strings.Repeat("The shop has many books. ", question/25)+p.Text))
	if p.SolvedBy(echo) {
		l.Found(api.Hit{
			Title: "Language model takes questions of any length", Severity: scan.Low, Confidence: scan.Firm, Key: "question", Evidence: api.Show(y),
			Message: fmt.Sprintf("%s read a question of %d kB to its end.", l.Op.Name(), question>>10),
		})
	}
	switch {
	case l.Told():
	case said == "" && y.Kind() != answer.Refused:
		l.CannotTell("the question for a long answer was not answered", "")
	case got == 0:
		l.CannotTell("it did not count, so nothing was seen of where it would end", "")
	default:
		c.Clear(l, fmt.Sprintf("an answer ends at number %d of %d, and a question of %d kB is not read to its end", got, numbers, question>>10))
	}
}

// counted is how far a text counts without a gap.
func counted(s string) int {
	n := 0
	for _, m := range number.FindAllString(s, 2*numbers) {
		if v, err := strconv.Atoi(m); err == nil && v == n+1 {
			n = v
		}
	}
	return n
}
