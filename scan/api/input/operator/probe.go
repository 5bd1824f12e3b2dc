// Package operator signs in with operators of a database in the place of name and password.
package operator

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/api"
	"palisade.dev/scan/api/client"
	"palisade.dev/scan/api/rate"
	"palisade.dev/scan/api/spec"
)

//go:embed doc.md
var doc string

// Probe is the probe.
var Probe = api.Probe{
	Check: scan.Check{
		ID: "api/input/operator", Title: "Sign-in takes operators of the database for a password", Severity: scan.Critical, CWE: []int{943, 287},
		Standards: []string{"OWASP API8:2023", "PCI DSS 4.0 6.2.4", "SOC 2 CC7.1", "OWASP API2:2023"}, Doc: doc,
	},
	Mode: api.Active,
	Fits: fits,
	Fix:  "Hold every field to its type before it goes into a query: a password is a text, and nothing else.",
	Run:  run,
}

func fits(_ *api.Target, op *spec.Operation) bool {
	if !api.SignsIn(op) || op.Body == nil || op.Body.Raw != "" {
		return false
	}
	for name := range op.Body.Schema.Fields() {
		if secret(name) {
			return true
		}
	}
	return false
}

func secret(name string) bool { return strings.Contains(strings.ToLower(name), "pass") }

// operators match whatever there is, in the words of document databases.
var operators = []map[string]any{{"$ne": "palisade-nobody"}, {"$gt": ""}, {"$regex": ".*"}}

func run(ctx context.Context, l *api.Look) {
	wrong := l.Ask(ctx, "control: a wrong password", rate.Attempt(l, l.Op, "palisade-nobody@example.com"))
	if l.Silent(wrong) {
		return
	}
	if wrong.OK() {
		l.CannotTell("a wrong password was accepted, or the answer does not say", "")
		return
	}
	tried := 0
	for _, o := range operators {
		r, ok := with(wrong.Request, l.Op, o)
		if !ok {
			l.CannotTell("its body has no field for a password", "give example values in the specification")
			return
		}
		x := l.Ask(ctx, "an operator for name and password", r)
		if !x.Kind().Tells() {
			continue
		}
		tried++
		if !x.OK() {
			continue
		}
		again, control := l.Ask(ctx, "once more", r), l.Ask(ctx, "control: a wrong password, once more", wrong.Request)
		if !again.OK() || control.OK() || !control.Kind().Tells() {
			continue
		}
		l.Found(api.Hit{
			Confidence: scan.Confirmed, Param: "body:password", Key: "operator", Evidence: api.Show(wrong, x, again, control),
			Message: fmt.Sprintf("%s lets in whoever sends %s for name and password, and refuses a wrong password.", l.Op.Name(), text(o)),
		})
		return
	}
	if tried == 0 {
		l.CannotTell("no attempt was answered", "")
		return
	}
	l.Clear(fmt.Sprintf("%d operators were refused", tried))
}

func text(v any) string {
	b, _ := json.Marshal(v)
	return string(b)
}

// with puts an operator in the place of every text that tells who and with what.
func with(r client.Request, op *spec.Operation, o map[string]any) (client.Request, bool) {
	found := false
	if strings.HasPrefix(op.Body.Media, "application/x-www-form-urlencoded") {
		form, err := url.ParseQuery(string(r.Body))
		if err != nil {
			return r, false
		}
		out := url.Values{}
		for name, v := range form {
			if !secret(name) && !account(name) {
				out[name] = v
				continue
			}
			found = found || secret(name)
			for k, v := range o {
				out.Set(name+"["+k+"]", fmt.Sprint(v))
			}
		}
		r.Body = []byte(out.Encode())
		return r, found
	}
	var m map[string]any
	if json.Unmarshal(r.Body, &m) != nil {
		return r, false
	}
	for name := range m {
		if secret(name) || account(name) {
			m[name] = o
			found = found || secret(name)
		}
	}
	r.Body = api.Encode(op.Body, m)
	return r, found
}

func account(name string) bool {
	lower := strings.ToLower(name)
	return strings.Contains(lower, "mail") || strings.Contains(lower, "user") || strings.Contains(lower, "login")
}
