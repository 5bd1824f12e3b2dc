// Package api looks at a running API from outside, as an attacker or a careful colleague would: a specification, a few
// identities and a budget in; findings, what is clear, and what could not be told out. The probes are in folders of their
// own, one a category and one a probe; this package gives each what it needs to be short: operations with values that
// work, answers to compare with, a client that keeps to its bounds, evidence that is safe to show.
package api

import (
	"context"
	"fmt"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/api/spec"
)

// Mode is how far a scan goes.
type Mode uint8

// Passive asks only what a reader would ask. Active also sends harmless writes (a wrong password, a GraphQL query) and
// short bursts. Intrusive writes, to objects the scan made itself.
const (
	Passive Mode = iota
	Active
	Intrusive
)

var modes = [...]string{"passive", "active", "intrusive"}

func (m Mode) String() string { return modes[min(int(m), len(modes)-1)] }

// ParseMode reads a mode's word.
func ParseMode(text string) (Mode, error) {
	for i, m := range modes {
		if m == text {
			return Mode(i), nil
		}
	}
	return 0, fmt.Errorf("%q is no mode: it is one of %s", text, strings.Join(modes[:], ", "))
}

// Needs is what must be there so that a probe can tell anything.
type Needs uint16

// What a probe may need.
const (
	Identity    Needs = 1 << iota // somebody to ask as
	TwoOrdinary                   // two of the same rights
	HighRights                    // one with more rights and one with less
	Certificate                   // a client certificate
	Token                         // an identity whose credential is a JSON Web Token
	Spec                          // a specification
	TLS                           // an https target
	Callback                      // a listener that the target can reach
	Hooked                        // a receiver of webhooks and its secret
	Zone                          // a zone whose names the scanner answers for
)

var unlocks = []struct {
	need      Needs
	why, what string
}{
	{Identity, "nobody to ask as", "give an identity: --identity alice=bearer:env:ALICE_TOKEN"},
	{TwoOrdinary, "it takes two people of the same rights", "give a second identity: --identity bob=bearer:env:BOB_TOKEN"},
	{HighRights, "it takes somebody with more rights and somebody with less", "give a privileged identity: --identity root:admin=bearer:env:ADMIN_TOKEN"},
	{Certificate, "no client certificate", "give one: --identity dora=cert:dora.pem,dora.key"},
	{Token, "no credential is a JSON Web Token", "give an identity with one: --identity alice=bearer:env:ALICE_JWT"},
	{Spec, "no specification", "give one: --spec openapi.yaml"},
	{TLS, "the target speaks plain http", "scan its https address"},
	{Callback, "no listener that the target could call back", "give an address of this machine that the target can reach: --listener 10.0.0.5:8999"},
	{Zone, "no zone whose look-ups would be seen", "delegate one to this machine and name it: --listener 198.51.100.5:8999 --listener-domain oob.example.com"},
	{Hooked, "no receiver of webhooks is known with its secret", "name one: --webhook /hooks/payments=stripe:env:HOOK_SECRET"},
}

// Probe is one thing the scanner looks for, as a value. Its identifier is its folder's path: api/rate/spoof.
type Probe struct {
	scan.Check
	Mode  Mode   // the least in which it may run
	Needs Needs  // without which it cannot tell
	Whole bool   // looks at the target once, not at each operation
	Apart bool   // floods: runs after all others and alone
	Fix   string // in a sentence or two; doc.md says more
	// Fits picks the operations it has something to say about; the others are passed over in silence. Nil: all that may be
	// asked in the scan's mode.
	Fits func(*Target, *spec.Operation) bool
	// Run looks and says Found, Clear or CannotTell at least once.
	Run func(context.Context, *Look)
}

// Category is the folder a probe is in.
func (p Probe) Category() string {
	_, rest, _ := strings.Cut(p.ID, "/")
	category, _, _ := strings.Cut(rest, "/")
	return category
}

// Category is one of the twelve, with its weight in the score: what the usual damage is, and how often it is met.
type Category struct {
	Name   string
	Title  string
	Weight float64
}

// Categories in the order of their weight.
var Categories = []Category{
	{"authentication", "Authentication", 1.5},
	{"object", "Object-level authorization", 1.5},
	{"function", "Function-level authorization", 1.3},
	{"property", "Property authorization and mass assignment", 1.1},
	{"input", "Input validation", 1.1},
	{"rate", "Rate limiting and resources", 1.2},
	{"exposure", "Data exposure", 1.2},
	{"transport", "Encryption in transit", 0.8},
	{"ssrf", "Server-side request forgery", 1.0},
	{"inventory", "Inventory", 0.7},
	{"consumption", "Unsafe consumption", 0.6},
	{"llm", "Language models", 1.0},
}
