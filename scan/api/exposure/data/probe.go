// Package data reads what the target answered and looks for secrets, card numbers, hashes and stack traces.
package data

import (
	"context"
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/api"
	"palisade.dev/scan/api/client"
	"palisade.dev/scan/api/evidence"
	"palisade.dev/scan/late"
)

//go:embed doc.md
var doc string

// Probe is the probe.
var Probe = api.Probe{
	Check: scan.Check{
		ID: "api/exposure/data", Title: "Answer carries data that it should not", Severity: scan.High, CWE: []int{200, 209, 359},
		Standards: []string{"OWASP API3:2023", "OWASP API8:2023", "PCI DSS 4.0 3.4.1", "PCI DSS 4.0 6.2.4", "SOC 2 C1.1"}, Doc: doc,
	},
	Whole: true,
	Fix:   "Name the fields of an answer one by one instead of writing the record as it is; keep hashes, secrets and whole card numbers out of it, and answer errors with a number that your log explains.",
	Run:   run,
}

// detector knows one kind of data by its form, and by a check where the form alone is not enough.
type detector struct {
	name     string
	severity scan.Severity
	form     *late.Regexp
	sure     func(match string) bool
}

var detectors = []detector{
	{"a private key", scan.Critical, late.Pattern(`-----BEGIN (?:RSA |EC |OPENSSH |DSA |ENCRYPTED )?PRIVATE KEY-----`), nil},
	{"a key of Amazon Web Services", scan.Critical, late.Pattern(`\b(?:AKIA|ASIA)[A-Z2-7]{16}\b`), notExample},
	{"a token of GitHub", scan.Critical, late.Pattern(`\bgh[pousr]_[A-Za-z0-9]{36}\b|\bgithub_pat_[A-Za-z0-9_]{82}\b`), nil},
	{"a token of GitLab", scan.Critical, late.Pattern(`\bglpat-[A-Za-z0-9_-]{20}\b`), nil},
	{"a secret key of Stripe", scan.Critical, late.Pattern(`\b[sr]k_live_[A-Za-z0-9]{20,}\b`), nil},
	{"a token of Slack", scan.Critical, late.Pattern(`\bxox[abprs]-[A-Za-z0-9-]{20,}\b`), nil},
	{"a key of Google", scan.High, late.Pattern(`\bAIza[A-Za-z0-9_-]{35}\b`), nil},
	{"a key of SendGrid", scan.Critical, late.Pattern(`\bSG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}\b`), nil},
	{"an address of a database with its password", scan.Critical, late.Pattern(`\b(?:postgres(?:ql)?|mysql|mongodb(?:\+srv)?|redis|amqp)://[^\s:/@"']+:[^\s:/@"']+@[^\s"']+`), nil},
	{"a password hash", scan.High, late.Pattern(`\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}|\$argon2(?:id|i|d)\$v=\d+\$[^\s"']{20,}|pbkdf2[-_a-z0-9]*\$[^\s"']{20,}|\$6\$[^\s"'$]+\$[./A-Za-z0-9]{86}`), nil},
	{"a password", scan.High, late.Pattern(`(?i)"(?:password|passwd|pwd)"\s*:\s*"([^"*]{4,})"`), nil},
	{"a card number", scan.High, late.Pattern(`\b(?:4\d{3}|5[1-5]\d{2}|2[2-7]\d{2}|3[47]\d{2}|6(?:011|5\d{2}))(?:[ -]?\d{4}){2}[ -]?\d{3,4}\b`), isCard},
	{"a stack trace", scan.Medium, late.Pattern(`Traceback \(most recent call last\)|\n\s+at [\w.$<>]+\([^)\n]*:\d+\)|\n\s+at .{1,100} \(/[^)\n]+:\d+:\d+\)|goroutine \d+ \[running\]|\*\* \(\w+Error\)[^\n]*\n\s+\(\w+ |in [/\w.-]+\.php:\d+\nStack trace:`), nil},
	{"an error of a database", scan.Medium, late.Pattern(`(?i)You have an error in your SQL syntax|syntax error at or near "|ORA-\d{5}:|SQLITE_ERROR|SQLSTATE\[\w+\]|Unclosed quotation mark after|pq: [a-z]|Postgrex\.Error|psycopg2\.errors`), nil},
}

// testCards are numbers that payment services publish for tests.
var testCards = []string{"4111111111111111", "4242424242424242", "5555555555554444", "378282246310005", "4012888888881881", "5105105105105100", "6011111111111117", "4000056655665556", "2223003122003222", "371449635398431"}

func isCard(match string) bool {
	plain := strings.NewReplacer(" ", "", "-", "").Replace(match)
	return evidence.Luhn(plain) && !slices.Contains(testCards, plain)
}

func notExample(match string) bool { return !strings.HasSuffix(match, "EXAMPLE") }

func run(ctx context.Context, l *api.Look) {
	read := 0
	seen := map[string]bool{}
	for _, who := range append([]string{"nobody"}, names(l)...) {
		for _, x := range answers(ctx, l, who) {
			if x == nil || x.Err != nil || len(x.Body) == 0 {
				continue
			}
			read++
			text, path := string(l.Search(x.Body)), pathOf(l, x)
			for _, d := range detectors {
				match := find(d, text)
				if match == "" || seen[d.name+path] || strings.Contains(string(x.Request.Body), match) || own(l, match) {
					continue
				}
				seen[d.name+path] = true
				h := api.Hit{
					Severity: d.severity, Confidence: scan.Firm, Key: d.name + " " + path, Evidence: api.Show(x),
					Message: fmt.Sprintf("%s %s answers %s with %s.", x.Request.Method, path, article(who), d.name),
				}
				if who == "nobody" && d.severity == scan.High {
					h.Severity = scan.Critical
				}
				l.FoundAt(h, x.Request.Method, path)
			}
		}
	}
	if n := l.Unsearched(); n > 0 {
		l.CannotTell(fmt.Sprintf("%d KB of answers that are too large were not searched", n>>10), "bound the size of answers, or look at their operations alone")
	}
	switch {
	case l.Told():
	case read == 0:
		l.CannotTell("nothing was answered that could be read", "")
	default:
		l.Clear(fmt.Sprintf("%d answers carry no secrets, card numbers, hashes or stack traces", read))
	}
}

func find(d detector, body string) string {
	for _, m := range d.form.FindAllString(body, 20) {
		if d.sure == nil || d.sure(m) {
			return m
		}
	}
	return ""
}

// own says that a match is the scanner's own credential, given back.
func own(l *api.Look, match string) bool {
	for _, i := range l.Identities {
		for _, s := range i.Secrets() {
			if strings.Contains(match, s) || strings.Contains(s, match) {
				return true
			}
		}
	}
	return false
}

func names(l *api.Look) []string {
	var out []string
	for _, i := range l.Identities {
		out = append(out, i.Name)
	}
	return out
}

func article(who string) string {
	if who == "nobody" {
		return "whoever asks"
	}
	return who
}

// answers are those that were read to learn values, and those of the controls, which hold the errors.
func answers(ctx context.Context, l *api.Look, who string) []*client.Exchange {
	k := l.KnownTo(who)
	var out []*client.Exchange
	for _, path := range slices.Sorted(maps.Keys(k.Answers)) {
		out = append(out, k.Answers[path])
	}
	for _, op := range l.Operations {
		if !l.Askable(op) {
			continue
		}
		c := l.Controls(ctx, op)
		if who == "nobody" {
			out = append(out, c.Nobody, c.Junk)
		} else if l.First() != nil && l.First().Name == who {
			out = append(out, c.Valid, c.Missing)
		}
	}
	return out
}

// pathOf is the path of the operation that was asked.
func pathOf(l *api.Look, x *client.Exchange) string {
	for _, op := range l.Operations {
		if op.Method == x.Request.Method && api.Matches(op, x.Request.URL) {
			return op.Path
		}
	}
	return "/"
}
