package client

import (
	"fmt"
	"strings"
)

// sharedAccounts is the engine's own measure of an address that many people share.
const sharedAccounts = 3

// Leaning is which way the evidence points.
type Leaning string

// The leanings.
const (
	People  Leaning = "people"  // banning would hurt people who sign in
	Machine Leaning = "machine" // nothing here looks like a person
	Unclear Leaning = "unclear"
)

// Judgement is what a client's traffic looks like, in plain words, with the figures that say so.
type Judgement struct {
	Leaning  Leaning  `json:"leaning"`
	Title    string   `json:"title" doc:"one line, such as: looks like an office"`
	Because  []string `json:"because" doc:"the figures behind it"`
	Accounts int      `json:"accounts" doc:"accounts that signed in successfully within seven days"`
	OK       uint64   `json:"ok"`
	Failed   uint64   `json:"failed"`
}

// Judge reads what is known of a client as an experienced colleague would. The steps, the first that fits:
// three or more accounts that sign in, most attempts good: an office or a family; a crawler that its network vouches for;
// sign-ins that nearly all fail, to many accounts: stuffing; mostly refused and never signed in: a machine; one or two
// accounts that sign in: a person. Ten attempts and four fifths are where a share begins to mean something.
func Judge(s State) Judgement {
	j := Judgement{Leaning: Unclear}
	tried := len(s.SignIns)
	for _, i := range s.SignIns {
		j.OK += i.OK
		j.Failed += i.Failed
		if i.OK > 0 {
			j.Accounts++
		}
	}
	if j.OK > 0 {
		j.Because = append(j.Because, fmt.Sprintf("%s of %s from here in seven days", count(j.OK, "successful sign-in"), count(uint64(j.Accounts), "account")))
	}
	if j.Failed > 0 {
		j.Because = append(j.Because, fmt.Sprintf("%s to %s", count(j.Failed, "failed sign-in"), count(uint64(tried), "account")))
	}
	var refused uint64
	for action, n := range s.Actions {
		switch action {
		case "allow", "observe", "delay":
		default:
			refused += n
		}
	}
	if s.Requests > 0 {
		j.Because = append(j.Because, fmt.Sprintf("%s, %d of them refused or challenged", count(s.Requests, "request"), refused))
	}
	var kinds []string
	good := false
	for _, n := range s.Networks {
		kinds = append(kinds, n.Title)
		good = good || n.Kind == "crawler" || n.Kind == "monitor" || n.Kind == "webhook"
	}
	if len(kinds) > 0 {
		j.Because = append(j.Because, "in the network lists: "+strings.Join(kinds, ", "))
	}
	switch {
	case s.Requests == 0:
		j.Title = "nothing was seen of it"
	case j.Accounts >= sharedAccounts && j.OK >= j.Failed && s.By == "address":
		j.Leaning, j.Title = People, "looks like an office or a household: several people sign in from here"
	case j.Accounts >= sharedAccounts && s.By == "address":
		j.Leaning, j.Title = Unclear, "people sign in from here, and so does somebody who guesses: a ban hurts both"
	case j.Accounts >= sharedAccounts && j.OK >= j.Failed && s.By == "network":
		j.Leaning, j.Title = People, "several people sign in from this network"
	case good:
		j.Leaning, j.Title = Unclear, "a crawler, monitor or sender whose network is published by its operator"
	case tried >= 5 && j.OK+j.Failed >= 10 && j.Failed*5 >= (j.OK+j.Failed)*4:
		j.Leaning, j.Title = Machine, "looks like credential stuffing: many accounts tried, nearly all refused"
	case j.Failed >= 10 && j.OK == 0:
		j.Leaning, j.Title = Machine, "looks like password guessing: only failures"
	case j.OK == 0 && s.Requests >= 10 && refused*5 >= s.Requests*4:
		j.Leaning, j.Title = Machine, "looks like a machine: nobody signed in, and nearly all was refused"
	case j.Accounts > 0:
		j.Leaning, j.Title = People, "looks like a person who signs in"
	default:
		j.Title = "too little to tell: nobody signed in from here yet"
	}
	return j
}

func count(n uint64, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
