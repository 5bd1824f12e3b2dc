package wire

import "net/netip"

// Event is the record of one request: who and what asked, what was answered and why, and what came of it in the app.
// It holds no query strings, bodies, cookies, passwords or raw keys.
type Event struct {
	Seq      uint64 `json:"seq"`                // per guard, gapless: a gap is a counted drop
	At       int64  `json:"at"`                 // unix microseconds
	Duration int64  `json:"duration,omitempty"` // microseconds until the response ended

	Method string `json:"method"`
	Host   string `json:"host,omitempty"`
	Path   string `json:"path"`            // as normalised, cut at MaxPath
	Route  string `json:"route,omitempty"` // the declared template it matched, or its shape
	Status int    `json:"status,omitempty"`
	Bytes  int64  `json:"bytes,omitempty"`

	Address     netip.Addr `json:"address"`
	Peer        netip.Addr `json:"peer,omitzero"` // the socket peer, where it is another
	Networks    []string   `json:"networks,omitempty"`
	Kind        string     `json:"kind,omitempty"`
	Agent       string     `json:"agent,omitempty"` // User-Agent, cut at MaxAgent
	Fingerprint string     `json:"fingerprint,omitempty"`
	Account     string     `json:"account,omitempty"`
	Key         string     `json:"api_key,omitempty"` // first 12 hex of its HMAC
	Certificate string     `json:"certificate,omitempty"`
	Session     string     `json:"session,omitempty"`

	Action   string    `json:"action"`
	Rule     string    `json:"rule,omitempty"`
	Reason   string    `json:"reason,omitempty"`
	Revision uint64    `json:"revision,omitempty"` // of the policy that decided
	Alert    bool      `json:"alert,omitempty"`
	Ban      *BanOrder `json:"ban,omitempty"`
	Marks    []string  `json:"marks,omitempty"` // rules that would have acted: rehearse mode, or observe

	Outcomes []Outcome `json:"outcomes,omitempty"`
}

// Bounds of what an event keeps of a stranger's words, in bytes.
const (
	MaxPath    = 512
	MaxAgent   = 256
	MaxSubject = 128
)

// BanOrder is a guard's wish that a ban be made known to all guards. The back end decides on its length.
type BanOrder struct {
	Subject string `json:"subject"`
	Seconds int64  `json:"seconds"`
}

// Outcome is what happened in the app.
type Outcome struct {
	Kind    string `json:"kind"`              // login, signup, payment, send, confirm, object, trap, key
	Result  string `json:"result"`            // ok, failed, declined …
	Subject string `json:"subject,omitempty"` // the account, the number, the object
}

// Name is how rules call the outcome: "login.failed".
func (o Outcome) Name() string { return o.Kind + "." + o.Result }

// Batch is a run of events from one guard. Sending one twice changes nothing.
type Batch struct {
	Guard   string  `json:"guard"`
	Boot    string  `json:"boot"`              // of the guard's process: sequences begin anew with each
	Dropped uint64  `json:"dropped,omitempty"` // events lost at this guard since it started
	Events  []Event `json:"events"`
}

// Receipt is a guard's word that it enforces a revision since a time.
type Receipt struct {
	Guard    string `json:"guard"`
	Revision uint64 `json:"revision"`
	Since    int64  `json:"since"`           // unix milliseconds, the guard's clock
	Fault    string `json:"fault,omitempty"` // why a newer revision was refused
}

// Inventory is what runs where a guard stands.
type Inventory struct {
	Guard   string   `json:"guard"`
	Kind    string   `json:"kind"`    // gateway, forward-auth, go, elixir …
	Version string   `json:"version"` // of Palisade
	Runtime string   `json:"runtime"` // "go1.26.8 linux/amd64"
	Host    string   `json:"host,omitempty"`
	Modules []Module `json:"modules,omitempty"`
}

// Module is one library linked into the program.
type Module struct {
	Path    string `json:"path"`
	Version string `json:"version"`
}
