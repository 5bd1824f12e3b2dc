// Package spec reads what an API says about itself: OpenAPI 3.0 and 3.1, Swagger 2.0, a HAR file, a curl line, a GraphQL
// schema. All of them become the same list of operations. A broken document is used as far as it can be read, and its
// faults are told; it comes from a stranger, so everything about it has a limit.
package spec

import (
	"cmp"
	"slices"
	"strings"
)

// Limits of a document. 10 MB is five times the largest public specification we know of; parsed, it takes about a
// hundred megabytes.
const (
	MaxBytes      = 10 << 20
	maxDocuments  = 32 // a document and what its references lead to
	maxRefs       = 64 // references that lead to references
	maxDepth      = 48 // of a schema
	maxSchemas    = 200_000
	maxOperations = 5_000
	maxFaults     = 100
)

// Document is an API's description of itself.
type Document struct {
	Title      string
	Version    string
	Format     string // "OpenAPI 3.1.0", "Swagger 2.0", "HAR", "curl", "GraphQL"
	At         string // where it was read
	Servers    []string
	Operations []*Operation
	Schemes    map[string]Scheme
	Faults     []Fault
	Digest     string // SHA-256 of the bytes, to notice drift
	Webhooks   []string
	Calls      []Call
}

// Call is what an API says it calls: a webhook, or a callback of an operation.
type Call struct {
	Name   string
	By     *Operation // nil for a webhook
	Signed bool       // something is said of a signature or a credential, by which the receiver knows who calls
}

// Fault is something wrong with a document, and what was made of it.
type Fault struct {
	Where string // a JSON pointer, or a line
	What  string
}

// Operation is one method of one path.
type Operation struct {
	Method     string
	Path       string // a template, with the server's path in front: /v1/users/{id}
	ID         string
	Summary    string
	Tags       []string
	Deprecated bool
	Params     []Param
	Body       *Body
	Demand     Demand
	Security   [][]Need // alternatives; all needs of one together
	Answers    []Response
	Roles      []string // x-roles and scopes: who may
	Callbacks  []string
	Source     string // "spec", "curl", "har", "discovery", "graphql"
}

// Name is how an operation is spoken of: GET /users/{id}.
func (o *Operation) Name() string { return o.Method + " " + o.Path }

// Safe says that asking changes nothing, as HTTP has it; a GraphQL query travels by POST and is safe too.
func (o *Operation) Safe() bool {
	return o.Method == "GET" || o.Method == "HEAD" || o.Method == "OPTIONS" || (o.Source == "graphql" && strings.HasPrefix(o.ID, "query."))
}

// Param gives a parameter by place and name.
func (o *Operation) Param(in, name string) *Param {
	for i := range o.Params {
		if o.Params[i].In == in && o.Params[i].Name == name {
			return &o.Params[i]
		}
	}
	return nil
}

// PathParams are the names in a path's braces, in order.
func (o *Operation) PathParams() []string {
	var names []string
	rest := o.Path
	for {
		_, after, ok := strings.Cut(rest, "{")
		name, left, closed := strings.Cut(after, "}")
		if !ok || !closed {
			return names
		}
		names, rest = append(names, name), left
	}
}

// Demand is what a document says about credentials for an operation.
type Demand uint8

// Unsaid is not Open: a document without a word on security says nothing, one with `security: []` says a lot.
const (
	Unsaid Demand = iota
	Open
	Optional
	Required
)

// Need is a security scheme and the scopes asked of it.
type Need struct {
	Scheme string
	Scopes []string
}

// Scheme is a way to say who one is.
type Scheme struct {
	Kind   string // apiKey, http, oauth2, openIdConnect, mutualTLS
	In     string // of an API key: header, query, cookie
	Name   string
	HTTP   string // bearer, basic
	Format string // JWT
	Flows  []string
}

// Param is a parameter.
type Param struct {
	Name     string
	In       string // path, query, header, cookie
	Required bool
	Schema   *Schema
	Example  any
	Style    string
}

// Body is what an operation takes.
type Body struct {
	Media    string
	Required bool
	Schema   *Schema
	Example  any
	Raw      string // as it was seen in a HAR file or on a curl line
}

// Response is what an operation says it answers.
type Response struct {
	Status  string // "200", "4XX", "default"
	Media   string
	Schema  *Schema
	Headers []string
}

// Answer gives the response declared for a status, the closest first.
func (o *Operation) Answer(status string) *Response {
	for _, want := range []string{status, status[:min(1, len(status))] + "XX", "default"} {
		for i := range o.Answers {
			if strings.EqualFold(o.Answers[i].Status, want) {
				return &o.Answers[i]
			}
		}
	}
	return nil
}

func (d *Document) fault(where, what string) {
	if len(d.Faults) < maxFaults {
		d.Faults = append(d.Faults, Fault{where, what})
	}
}

// sortOperations puts operations in an order that does not depend on the document's, and keeps the first of two alike.
func (d *Document) sortOperations() {
	slices.SortStableFunc(d.Operations, func(a, b *Operation) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Method, b.Method))
	})
	d.Operations = slices.CompactFunc(d.Operations, func(a, b *Operation) bool { return a.Path == b.Path && a.Method == b.Method && a.ID == b.ID })
}
