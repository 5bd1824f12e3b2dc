// Package wire is what travels between a guard and the back end: policies, changes to them, events and receipts, in
// JSON. The types here are plain facts; [palisade.dev/guard/engine] turns a Policy into something that decides. Every
// reader in this package takes bytes from outside, so each has a limit and a fuzz test.
package wire

// Version is the format of what this package writes. A guard refuses a policy of another version and keeps the one
// it has.
const Version = 1

// Policy is everything a guard needs to decide for one site, at one revision. It is immutable; a change makes the
// next revision.
type Policy struct {
	Version  int    `json:"version"`
	Site     string `json:"site"`
	Revision uint64 `json:"revision"`
	Issued   int64  `json:"issued"` // unix milliseconds, the back end's clock

	// Secret keys the hashes of API keys and sessions and signs known-device cookies. It is the site's, so that all
	// guards of a site agree; it never leaves a guard.
	Secret []byte `json:"secret,omitempty"`

	Identity Identity  `json:"identity"`
	Answer   Answer    `json:"answer"`
	Routes   []Route   `json:"routes,omitempty"`
	Rules    []Rule    `json:"rules,omitempty"`
	Blocks   []Block   `json:"blocks,omitempty"`
	Traps    []Trap    `json:"traps,omitempty"`
	Levers   []Lever   `json:"levers,omitempty"`
	Networks []Network `json:"networks,omitempty"`

	Principals []Principal `json:"principals,omitempty"`
	Operators  []string    `json:"operators,omitempty"` // addresses that no ban may hold, because their owner is at work here

	// Bans and Allowances change often and are what a [Delta] carries.
	Bans       []Ban       `json:"bans,omitempty"`
	Allowances []Allowance `json:"allowances,omitempty"`
}

// Identity says how a site's clients are told apart.
type Identity struct {
	Proxies  []string   `json:"proxies,omitempty" yaml:"proxies"` // trusted prefixes in front of the guard
	Header   string     `json:"header,omitempty" yaml:"header"`   // the one header they set, "" means none
	Path     Path       `json:"path" yaml:"path"`
	Key      *Key       `json:"api_key,omitempty" yaml:"api_key"`
	Session  string     `json:"session,omitempty" yaml:"session"`         // name of the app's session cookie
	Token    *Token     `json:"token,omitempty" yaml:"token"`             // a signed token that names the account
	Attest   *Token     `json:"attest,omitempty" yaml:"attest"`           // a signed token that proves the client software
	Cert     string     `json:"certificate,omitempty" yaml:"certificate"` // spki (default), san or serial
	CertFrom string     `json:"certificate_header,omitempty" yaml:"certificate_header"`
	Outcomes []Observed `json:"outcomes,omitempty" yaml:"outcomes"`
}

// Path says which spellings of a path the app treats alike. The zero value is what most routers do: decode once,
// resolve dots, join doubled slashes, drop a trailing one, keep case.
type Path struct {
	FoldCase     bool `json:"fold_case,omitempty" yaml:"fold_case"`
	KeepDots     bool `json:"keep_dots,omitempty" yaml:"keep_dots"`
	KeepSlashes  bool `json:"keep_slashes,omitempty" yaml:"keep_slashes"`
	KeepTrailing bool `json:"keep_trailing,omitempty" yaml:"keep_trailing"`
	DecodeSlash  bool `json:"decode_slash,omitempty" yaml:"decode_slash"`
	Backslash    bool `json:"backslash,omitempty" yaml:"backslash"`
	StripParams  bool `json:"strip_params,omitempty" yaml:"strip_params"`
}

// Key is the declared format of a site's API keys.
type Key struct {
	From            []string `json:"from" yaml:"from"` // "header:X-API-Key", "query:api_key", "cookie:key"
	Scheme          string   `json:"scheme,omitempty" yaml:"scheme"`
	Prefix          string   `json:"prefix,omitempty" yaml:"prefix"`
	MinLength       int      `json:"min_length,omitempty" yaml:"min_length"`
	MaxLength       int      `json:"max_length,omitempty" yaml:"max_length"`
	Alphabet        string   `json:"alphabet,omitempty" yaml:"alphabet"`
	Checksum        string   `json:"checksum,omitempty" yaml:"checksum"`
	CaseInsensitive bool     `json:"case_insensitive,omitempty" yaml:"case_insensitive"`
	Required        []string `json:"required,omitempty" yaml:"required"` // route patterns that answer 401 without a key
}

// Token declares a signed JWT.
type Token struct {
	From      string `json:"from" yaml:"from"`           // "header:Authorization" or "cookie:name"
	Algorithm string `json:"algorithm" yaml:"algorithm"` // HS256, RS256, ES256 or EdDSA
	Key       string `json:"key" yaml:"key"`             // the secret (HS256) or a public key in PEM
	Claim     string `json:"claim,omitempty" yaml:"claim"`
	Issuer    string `json:"issuer,omitempty" yaml:"issuer"`
	Audience  string `json:"audience,omitempty" yaml:"audience"`
}

// Observed is how an outcome is read off a response without touching the app.
type Observed struct {
	Route   string   `json:"route" yaml:"route"`
	Kind    string   `json:"kind" yaml:"kind"`                 // login, signup, payment, send, confirm
	Subject []string `json:"subject,omitempty" yaml:"subject"` // body or form fields, the first present wins
	Success []Reply  `json:"success,omitempty" yaml:"success"` // any of them
	Failure []Reply  `json:"failure,omitempty" yaml:"failure"`
}

// Reply describes a response. All that is given must hold; an empty Reply never holds.
type Reply struct {
	Status      []int  `json:"status,omitempty" yaml:"status"`
	Location    Words  `json:"location,omitempty" yaml:"location"`         // path globs, one of which the redirect must match
	NotLocation Words  `json:"not_location,omitempty" yaml:"not_location"` // path globs, none of which it may match
	Type        string `json:"type,omitempty" yaml:"type"`                 // glob of the Content-Type
}

// Answer is how refusals look.
type Answer struct {
	Uniform bool `json:"uniform,omitempty" yaml:"uniform"` // one status and body for ban, block and throttle
	Status  int  `json:"status,omitempty" yaml:"status"`   // status of a block or ban, 403 unless given
	Legacy  bool `json:"x_ratelimit,omitempty" yaml:"x_ratelimit"`
}

// Route is what is said of a route apart from rules. One that has several templates goes by a name.
type Route struct {
	Name  string `json:"name,omitempty" yaml:"name"` // "login": rules, blocks, outcomes and levers may say @login for all of Match
	Match Words  `json:"match" yaml:"match"`
	Fail  string `json:"fail,omitempty" yaml:"fail"`   // local (default), open or closed: when the back end is away
	Quiet bool   `json:"quiet,omitempty" yaml:"quiet"` // no RateLimit fields: they would tell an attacker the budget
}

// Network names a network list that this policy uses; a guard fetches one whose checksum it has not.
type Network struct {
	Name     string `json:"name"`
	Kind     string `json:"kind"`
	Checksum string `json:"checksum"`
}

// Block refuses, challenges or only labels the clients of some networks on some routes.
type Block struct {
	Name     string   `json:"name,omitempty" yaml:"name"`
	Match    string   `json:"match" yaml:"match"`
	Networks []string `json:"networks" yaml:"networks"` // list names ("cloud/aws") or kinds ("cloud")
	Then     string   `json:"then,omitempty" yaml:"then"`
	Mode     string   `json:"mode,omitempty" yaml:"mode"`
}

// Trap is a thing no honest client touches.
type Trap struct {
	Name  string   `json:"name" yaml:"name"`
	Paths []string `json:"paths,omitempty" yaml:"paths"` // "*.php", "/.env", "wp-login": see engine.Signature
	Form  string   `json:"form,omitempty" yaml:"form"`   // path of a honeypot form

	Keys     []string `json:"keys,omitempty" yaml:"keys"`         // hex of the HMACs of API keys that are nobody's
	Accounts []string `json:"accounts,omitempty" yaml:"accounts"` // names and addresses that are nobody's

	When string   `json:"when,omitempty" yaml:"when"` // always (default), or missing: only once the app said 404
	Then []string `json:"then,omitempty" yaml:"then"`
	Mode string   `json:"mode,omitempty" yaml:"mode"`
}

// Lever is the position of a route, until it returns by itself.
type Lever struct {
	ID       string `json:"id"`
	Match    string `json:"match"`
	Position string `json:"position"` // open, newcomers, known, attested or closed
	Since    int64  `json:"since"`    // unix milliseconds: a client known before this is known
	Until    int64  `json:"until"`
}

// Principal ties an API key to the account whose quota it shares.
type Principal struct {
	Key     string `json:"key"` // hex of the key's HMAC
	Account string `json:"account"`
}

// Ban keeps a client out. Subject is a prefix or "kind:value" for a principal: account, api_key, certificate,
// session or fingerprint.
type Ban struct {
	ID      string `json:"id"`
	Subject string `json:"subject"`
	Until   int64  `json:"until"` // unix milliseconds; 0 stands until lifted
	Rule    string `json:"rule,omitempty"`
}

// Allowance lets a client pass whatever the rules say; only a closed lever outranks it.
type Allowance struct {
	ID      string `json:"id"`
	Subject string `json:"subject"`
	Until   int64  `json:"until"`
}
