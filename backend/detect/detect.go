// Package detect draws conclusions from events: this is stuffing of leaked passwords, that is a flood of sign-ups. A Recipe
// says whose acts are counted together, over what time, and what the counts mean; it is a value in a folder of its own below
// recipe. A Desk counts one site's events for all recipes in memory of bounded size; Detections keeps what came of it, tells
// people, and ends what is over. Nothing here refuses anybody: that is for rules, bans and levers, which a person is offered.
package detect

import (
	"time"

	"palisade.dev/guard/wire"
)

// Recipe is one way to conclude. Its ID is its folder's name; Version grows when the same events may mean something else.
type Recipe struct {
	ID      string
	Version int
	Title   string // what it finds, in a few words
	Doc     string // what it means and what to do, in Markdown
	Of      string // kind of the acts it counts: login, signup, payment, send, or request for every request
	Window  time.Duration
	Most    int // tallies kept at a time, the emptiest give way; default 4096

	// Key says with whose acts an act is counted; "" leaves it out.
	Key func(*Act) string
	// Value is what else is counted as distinct, such as the path; nil counts nothing.
	Value func(*Act) string
	// Conclude says what a tally means, nil for nothing. It is asked again whenever the tally grew.
	Conclude func(*Tally, Usual) *Conclusion
}

// Request is the kind of an act that every event is, whatever came of it in the app.
const Request = "request"

// Refused is the result of an act that a guard did not let through to the app.
const Refused = "refused"

// Act is one thing that a client did: a request, or an outcome of one.
type Act struct {
	*wire.Event
	What    string // kind of the outcome, or Request
	Result  string // of the outcome: ok, failed, declined; or Refused
	Subject string // of the outcome: the account, the number
	Client  string // the address, or the /64 of a v6 one; a pseudonym where the site veils addresses
}

// Usual is how often something happens on this site at this hour of the day.
type Usual func(outcome string) Level

// Level is what is usual within an hour. Days is of how many past days it is made; with fewer than MinDays it says nothing.
type Level struct {
	Median, Spread float64 // Spread is the median distance from Median
	Days           int
}

// MinDays is how many days have to be known for a level to mean anything.
const MinDays = 3

// Severities, with the numbers that findings have.
const (
	Low      = 2
	Medium   = 3
	High     = 4
	Critical = 5
)

// Conclusion is what a recipe says of a tally.
type Conclusion struct {
	Severity int
	Title    string // "212 failed sign-ins to 198 accounts from 203.0.113.9 in 8 minutes"
	Measures []Measure
	Subject  string // whom a ban could name: "203.0.113.9", "fingerprint:…", "api_key:…"; "" where there is no one
	Route    string // which lever could be moved; ""
	Advice   []string
}

// Measure is one number that the conclusion stands on, with the limit it went over.
type Measure struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Limit float64 `json:"limit,omitempty"`
}

// Evidence is what a detection shows: the numbers, who and what asked, and some of the requests. It is stored as JSON.
type Evidence struct {
	Measures []Measure `json:"measures"`
	Advice   []string  `json:"advice,omitempty"`

	Acts    uint64 `json:"acts"`
	OK      uint64 `json:"ok"`
	Failed  uint64 `json:"failed"`
	Refused uint64 `json:"refused"`

	// Who: the accounts, and those that were entered.
	Accounts uint64   `json:"accounts"`
	Entered  []string `json:"entered,omitempty"`
	// What: from where and with which software.
	Clients  uint64  `json:"clients"`
	Networks []Count `json:"networks,omitempty"`
	Kinds    []Count `json:"kinds,omitempty"`
	Agents   []Count `json:"agents,omitempty"`
	Prints   []Count `json:"fingerprints,omitempty"`
	Routes   []Count `json:"routes,omitempty"`
	Sources  []Count `json:"sources,omitempty"`

	Examples []wire.Event `json:"examples"`
}

// Count is how often a value was seen.
type Count struct {
	Value string `json:"value"`
	Count uint64 `json:"count"`
}
