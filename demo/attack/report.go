package attack

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"palisade.dev/demo/shop"
)

// A Report tells what was stopped, when, and what was not. Its field names are a promise.
type Report struct {
	Target  string    `json:"target"`
	Started time.Time `json:"started"`
	TookMS  int64     `json:"took_ms"`
	Acts    []Act     `json:"acts"`
	Honest  Honest    `json:"honest"` // of all acts
}

// An Act is one part of the attack. Sent is refused, errors and passed together.
type Act struct {
	Name    string         `json:"name"`
	Rate    int            `json:"rate_per_second"`
	TookMS  int64          `json:"took_ms"`
	Sent    int            `json:"sent"`
	Refused int            `json:"refused"` // by the gateway
	Errors  int            `json:"errors"`  // without an answer
	Passed  int            `json:"passed"`  // answered otherwise
	Landed  int            `json:"landed"`  // of those passed: accounts made, accounts entered, files found, as the attacker sees it
	Unsent  int            `json:"unsent"`  // planned, but too late, or given up on when the run was stopped
	Answers map[string]int `json:"answers"` // by status
	First   *Refusal       `json:"first_refusal"`
	Shop    *shop.Stats    `json:"shop"` // what the shop itself counted, without the honest customers; null when it was not asked
	Honest  Honest         `json:"honest"`
}

// A Refusal is the first one of an act.
type Refusal struct {
	Request int   `json:"request"`  // its number, from 1
	AfterMS int64 `json:"after_ms"` // when it was sent, from the start of the act
}

func (r *Report) add(a Act) {
	r.Acts = append(r.Acts, a)
	r.Honest.add(a.Honest)
}

// sum adds one reading of the shop's counters to another, or with sign -1 takes it away.
func sum(a, b shop.Stats, sign int64) shop.Stats {
	return shop.Stats{
		Requests:  a.Requests + sign*b.Requests,
		SignUps:   a.SignUps + sign*b.SignUps,
		Accounts:  a.Accounts + sign*b.Accounts,
		LogIns:    a.LogIns + sign*b.LogIns,
		LoggedIn:  a.LoggedIn + sign*b.LoggedIn,
		Resets:    a.Resets + sign*b.Resets,
		Payments:  a.Payments + sign*b.Payments,
		Declined:  a.Declined + sign*b.Declined,
		APIDenied: a.APIDenied + sign*b.APIDenied,
	}
}

// reached is how many requests the shop saw: its own count where there is one.
func (a Act) reached() int {
	if a.Shop != nil {
		return int(a.Shop.Requests)
	}
	return a.Passed
}

// got is what the act got its author: the shop's word counts more than an answer, which may be a trap's.
func (a Act) got() int {
	switch {
	case a.Shop != nil && a.Name == SignUp:
		return int(a.Shop.Accounts)
	case a.Shop != nil && a.Name == Stuffing:
		return int(a.Shop.LoggedIn)
	}
	return a.Landed
}

// WriteText writes the report for a person: a table, and what it means in three sentences.
func (r Report) WriteText(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "Attack on %s, %s\n\n", r.Target, span(r.TookMS))
	table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "\tsent\trefused\treached the shop\terrors\tfirst refused\tafter\t")
	for _, a := range r.Acts {
		number, after := "-", "-"
		if a.First != nil {
			number, after = "#"+thousands(a.First.Request), span(a.First.AfterMS)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t\n", a.Name, thousands(a.Sent), thousands(a.Refused),
			thousands(a.reached()), thousands(a.Errors), number, after)
	}
	h := r.Honest
	fmt.Fprintf(table, "honest\t%s\t%s\t%s\t%s\t-\t-\t\n", thousands(h.Requests), thousands(h.Refused),
		thousands(h.Succeeded+h.Failed), thousands(h.Errors))
	table.Flush()

	var sent, refused, reached int
	var got []string
	for _, a := range r.Acts {
		sent, refused, reached = sent+a.Sent, refused+a.Refused, reached+a.reached()
		switch a.Name {
		case SignUp:
			got = append(got, plural(a.got(), "account")+" created")
		case Stuffing:
			got = append(got, plural(a.got(), "sign-in")+" with a leaked password")
		case Scan:
			got = append(got, plural(a.got(), "file")+" found")
		}
	}
	fmt.Fprintf(&b, "\nOf %s, %s refused and %s the shop.\n", plural(sent, "hostile request"), were(refused),
		thousands(reached)+" reached")
	fmt.Fprintf(&b, "The attackers got %s.\n", list(got))
	fmt.Fprintf(&b, "Honest customers made %s, of which %s refused: sign-ins %d of %d, sign-ups %d of %d, slowest answer %s.\n",
		plural(h.Requests, "request"), were(h.Refused), h.SignInsAccepted, h.SignIns, h.SignUpsAccepted, h.SignUps,
		span(h.SlowestMS))
	_, err := io.WriteString(w, b.String())
	return err
}

func span(ms int64) string {
	if ms < 1000 {
		return strconv.FormatInt(ms, 10) + " ms"
	}
	return fmt.Sprintf("%.1f s", float64(ms)/1000)
}

func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func plural(n int, what string) string {
	switch n {
	case 0:
		return "no " + what + "s"
	case 1:
		return "1 " + what
	}
	return thousands(n) + " " + what + "s"
}

func were(n int) string {
	switch n {
	case 0:
		return "none was"
	case 1:
		return "1 was"
	}
	return thousands(n) + " were"
}

func list(words []string) string {
	switch len(words) {
	case 0:
		return "nothing"
	case 1:
		return words[0]
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}
