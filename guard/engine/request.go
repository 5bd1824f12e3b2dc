package engine

import (
	"net/netip"
	"time"

	"palisade.dev/guard/prefix"
)

// Request is the facts about one request, gathered before it is decided on. Time is one of them.
type Request struct {
	At      int64 // unix nanoseconds
	Method  string
	Host    string // without port, lower case
	Path    string // normalised
	Address netip.Addr
	Class   prefix.Class // which network lists cover Address
	Header  Header

	Account     string
	Subject     string // whom a form names that outcomes are read of: claimed, as nobody has signed in yet
	Key         string // short hash of the API key
	Decoy       string // short hash of a decoy key, wherever the request bears it
	Certificate string
	Session     string
	Fingerprint string
	Kind        string

	KnownSince   int64 // unix nanoseconds since when this device or principal is known; 0: it is not
	KeyFault     Fault // what is wrong with the API key
	PathFault    bool  // the path could not be normalised
	KnownAccount bool  // this device signed in before to the account it asks for now
	Attested     bool  // the client software proved itself
	Away         bool  // the back end has not answered for a while

	routed bool
	hi, lo uint64 // Address as words, of IPv6 the /64
	known  *way   // of a path that the policy spells out
	walked way    // of any other
}

// Header reads one header field of a request; http.Header does.
type Header interface{ Get(name string) string }

// Fault is what is wrong with an API key.
type Fault uint8

// The faults a key can have. All are answered alike.
const (
	NoFault Fault = iota
	KeyMissing
	KeyMalformed
)

// Verdict is what to do with one request, and why.
type Verdict struct {
	// The small fields stand together: a verdict is copied for each request.
	Action  Action
	Alert   bool      // a person wants to know
	Allowed bool      // on the allow list
	BanWhom Dimension // whom BanFor holds
	Marks   Marks     // rules that would have acted

	Reason     Reason
	Status     int // of the refusal
	Rule       string
	RetryAfter time.Duration
	Until      int64         // unix nanoseconds: when a ban or lever ends, 0 unknown
	BanFor     time.Duration // the ban this request brought about
	Quota      Quota         // the tightest limit met, for RateLimit fields
	Position   string        // of the lever that refused
}

// Reason is why, in one word of a small vocabulary.
type Reason string

// The reasons, in the order in which they are looked at.
const (
	PathMalformed   Reason = "path-malformed"
	KeyIsMissing    Reason = "key-missing"
	KeyIsMalformed  Reason = "key-malformed"
	LeverClosed     Reason = "lever-closed"
	AllowList       Reason = "allowlist"
	LeverAttested   Reason = "lever-attested"
	LeverKnown      Reason = "lever-known"
	LeverNewcomers  Reason = "lever-newcomers"
	Banned          Reason = "ban"
	NetworkBlocked  Reason = "network"
	Trapped         Reason = "trap"
	BackendAway     Reason = "backend-away"
	RuleTripped     Reason = "rule"
	RuleSpared      Reason = "rule-spared" // a shared address: challenged, not banned
	NothingAgainst  Reason = ""
	NoPolicy        Reason = "no-policy"
	TooManyDelayed  Reason = "delay-full"
	SignatureFailed Reason = "policy-refused"
)

// Marks are the first few rules, by their place in the policy, that would have acted but only mark: mode rehearse, or
// the action observe.
type Marks struct {
	n    uint8
	rule [6]uint16
}

func (m *Marks) add(i int) {
	if int(m.n) < len(m.rule) {
		m.rule[m.n] = uint16(i)
		m.n++
	}
}

// Quota is what is left of the tightest limit a request met.
type Quota struct {
	Rule      string
	Count     int
	Per       time.Duration
	Remaining int
	Reset     time.Duration // until the next request would pass, or all is refilled
}
