// Package body announces a body that is much too large, and sees how much of it is taken.
package body

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"net/http"
	"strings"
	"time"

	"palisade.dev/scan"
	"palisade.dev/scan/api"
	"palisade.dev/scan/api/answer"
	"palisade.dev/scan/api/client"
	"palisade.dev/scan/api/input"
	"palisade.dev/scan/api/rate"
	"palisade.dev/scan/api/spec"
)

//go:embed doc.md
var doc string

// Probe is the probe.
var Probe = api.Probe{
	Check: scan.Check{
		ID: "api/rate/body", Title: "Bodies may be of any size", Severity: scan.Low, CWE: []int{770, 400},
		Standards: []string{"OWASP API4:2023", "PCI DSS 4.0 6.2.4", "SOC 2 A1.1"}, Doc: doc,
	},
	Mode: api.Active, Whole: true,
	Fix: "Bound what is read of a body (1 MB does for JSON), refuse a Content-Length above it before anything is read, and answer 413.",
	Run: run,
}

// What is announced, and how much of it is sent. Sixteen megabytes are twice what frameworks take that have a limit, and
// a few more than the buffers of a connection hold.
const (
	announced = 100 << 20
	most      = 16 << 20
	piece     = 64 << 10
	longest   = 8 * time.Second // on the wall: what a slow line is given
	moment    = time.Second     // for the server to answer what it was sent
)

// tried are operations whose bodies are tried: the limit is nearly always the server's, not the route's.
const tried = 2

func run(ctx context.Context, l *api.Look) {
	n := 0
	for _, op := range l.Operations {
		if n >= tried || op.Body == nil || op.Method != http.MethodPost || !strings.Contains(op.Body.Media, "json") || !l.Askable(op) {
			continue
		}
		n++
		look(ctx, l, op)
	}
	if n == 0 {
		l.CannotTell("no operation that may be asked takes JSON", "scan with --mode intrusive, or give an identity and a specification")
	}
}

func look(ctx context.Context, l *api.Look, op *spec.Operation) {
	base := small(ctx, l, op)
	if base == nil {
		return
	}
	head := base.Request
	body := head.Body
	head.Body, head.Lines = nil, []string{fmt.Sprintf("Content-Length: %d", announced), "Expect: 100-continue"}
	line, err := l.Client.Open(ctx, head)
	if err != nil {
		l.CannotTell(fmt.Sprintf("%s: the connection failed: %v", op.Name(), err), "")
		return
	}
	defer line.Close()
	// A server that knows nothing of Expect says nothing, and a careful one says no.
	said := line.Answer(moment)
	switch {
	case said == nil || said.Status == http.StatusContinue:
	case said.Err != nil:
		l.Clear(fmt.Sprintf("%s ends the connection when %d MB are announced", op.Name(), announced>>20))
		return
	case said.Kind() == answer.Throttled || said.Kind() == answer.Broken:
		l.CannotTell(fmt.Sprintf("%s was %s when %d MB were announced", op.Name(), said.Kind(), announced>>20), "")
		return
	default:
		l.Clear(fmt.Sprintf("%s answers %d when %d MB are announced, before any is sent", op.Name(), said.Status, announced>>20))
		return
	}
	took, end := pour(line, body)
	switch {
	case end != nil && end.Err == nil && end.Kind() == answer.Throttled:
		l.CannotTell(op.Name()+" was throttled", "")
	case end != nil && end.Err == nil:
		l.Clear(fmt.Sprintf("%s answers %d once %d KB are sent", op.Name(), end.Status, took>>10))
	case end != nil:
		l.Clear(fmt.Sprintf("%s ends the connection once %d KB are sent", op.Name(), took>>10))
	case took < most:
		l.CannotTell(fmt.Sprintf("%s took %d KB in %v, which is too little to tell", op.Name(), took>>10, longest), "")
	default:
		h := api.Hit{
			Op: op, Confidence: scan.Firm, Param: "header:Content-Length", Key: "body",
			Evidence: api.Show(base, &client.Exchange{Title: fmt.Sprintf("%d MB of a body of %d MB", most>>20, announced>>20), Request: head, Answer: answerOr(said)}),
			Message:  fmt.Sprintf("%s takes %d MB of a body that says it has %d MB, and waits for more. If it keeps what it reads, which cannot be seen from outside, a few such requests fill its memory.", op.Name(), took>>20, announced>>20),
		}
		if head.As != nil {
			h.Message += " It takes a credential to do so."
		}
		l.Found(h)
	}
}

// answerOr is what there is to show where the server said nothing.
func answerOr(a *answer.Answer) *answer.Answer {
	if a == nil {
		return &answer.Answer{Header: http.Header{}}
	}
	return a
}

// small asks the operation with a body as it should be, so that what follows is refused for its size and nothing else.
func small(ctx context.Context, l *api.Look, op *spec.Operation) *client.Exchange {
	var x *client.Exchange
	if api.SignsIn(op) {
		x = l.Ask(ctx, "control: a wrong password", rate.Attempt(l, op, "palisade-nobody@example.com"))
	} else {
		at := *l
		at.Op = op
		x = input.Base(ctx, &at)
	}
	switch {
	case x == nil || !x.Kind().Tells():
		l.CannotTell(op.Name()+" did not answer a body as it should be", "")
	case x.Kind() == answer.Denied && !api.SignsIn(op), x.Kind() == answer.Missing:
		l.CannotTell(op.Name()+" is "+x.Kind().String(), "give an identity that may use it")
	case len(x.Request.Body) == 0:
		l.CannotTell(op.Name()+" has no body to make larger", "give example values in the specification")
	default:
		return x
	}
	return nil
}

// pour sends a body that does not end: blanks before a document are JSON too, so no parser is done with it. It gives how
// much was taken and what ended it, nil where nothing did.
func pour(line *client.Line, body []byte) (took int, end *answer.Answer) {
	began := time.Now()
	blanks := bytes.Repeat([]byte(" "), piece)
	for took < most && time.Since(began) < longest {
		if err := line.Write(blanks); err != nil {
			// What it said before it closed may be there still.
			if a := line.Answer(moment); a != nil {
				return took, a
			}
			return took, &answer.Answer{Err: err, Header: http.Header{}}
		}
		took += piece
		if took%(1<<20) == 0 {
			if a := line.Answer(time.Millisecond); a != nil && a.Status != http.StatusContinue {
				return took, a
			}
		}
	}
	_ = line.Write(body) // to wake a parser that waits for sense; it is far from the end
	for range 2 {
		if a := line.Answer(moment); a == nil || a.Status != http.StatusContinue {
			return took, a
		}
	}
	return took, nil
}
