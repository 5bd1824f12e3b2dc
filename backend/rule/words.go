package rule

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"palisade.dev/guard/engine"
	"palisade.dev/guard/wire"
)

// Sentence says in plain words what a rule does.
func Sentence(r wire.Rule) string {
	n, per, _ := strings.Cut(r.Limit, " per ")
	var b strings.Builder
	switch {
	case r.Distinct != "":
		fmt.Fprintf(&b, "%s different %s", n, distinct(r.Distinct))
		if code, ok := strings.CutPrefix(r.Count, "status."); ok {
			b.WriteString(" answered with status " + code)
		} else if r.Count != "" && r.Count != "requests" {
			b.WriteString(" with " + counted(r.Count, "2"))
		}
	case r.Count == "" || r.Count == "requests":
		fmt.Fprintf(&b, "More than %s %s", n, plural(n, "request", "requests"))
	default:
		fmt.Fprintf(&b, "%s %s", n, counted(r.Count, n))
	}
	b.WriteString(period(per))
	b.WriteString(where(r.Match))
	for _, w := range subjects(r.By) {
		b.WriteString(" " + w)
	}
	b.WriteString(": " + answers(r.Then))
	switch {
	case r.Spare == "shared-address" && bans(r.Then):
		b.WriteString("; an address that several people share is not banned for it")
	case r.Spare == "known-device":
		b.WriteString("; a device that signed in to the account before passes")
	}
	return b.String() + "."
}

// bans reports whether a rule bans.
func bans(then wire.Words) bool {
	return slices.ContainsFunc(then, func(w string) bool { return w == "ban" || strings.HasPrefix(w, "ban ") })
}

func plural(n, one, many string) string {
	if n == "1" {
		return one
	}
	return many
}

// nouns are what things counted are called, one and several.
var nouns = map[string][2]string{
	"login.failed": {"failed sign-in", "failed sign-ins"}, "login.ok": {"sign-in", "sign-ins"}, "signup.ok": {"sign-up", "sign-ups"},
	"signup.failed": {"failed sign-up", "failed sign-ups"}, "reset.ok": {"password reset", "password resets"},
	"token.failed": {"refused token request", "refused token requests"}, "key.invalid": {"wrong API key", "wrong API keys"},
	"payment.declined": {"declined payment", "declined payments"}, "trap": {"touched trap", "touched traps"},
	"status.404": {"missing page", "missing pages"},
}

func counted(what, n string) string {
	if w, ok := nouns[what]; ok {
		return plural(n, w[0], w[1])
	}
	if code, ok := strings.CutPrefix(what, "status."); ok {
		return plural(n, "answer", "answers") + " with status " + code
	}
	return plural(n, "outcome ", "outcomes ") + what
}

func distinct(what string) string {
	switch what {
	case "path":
		return "pages"
	case "address":
		return "addresses"
	case "account", "login.account":
		return "accounts"
	case "api_key":
		return "API keys"
	case "agent":
		return "user agents"
	}
	if _, of, ok := strings.Cut(what, "."); ok {
		return of + "s"
	}
	return what + "s"
}

// period says a limit's time: " a minute", " in 10 minutes".
func period(text string) string {
	if len(text) == 1 {
		text = "1" + text
	}
	d, err := engine.ParseDuration(text)
	if err != nil || d <= 0 {
		return " in " + text
	}
	for _, u := range []struct {
		size      time.Duration
		one, many string
	}{{24 * time.Hour, "a day", "days"}, {time.Hour, "an hour", "hours"}, {time.Minute, "a minute", "minutes"}, {time.Second, "a second", "seconds"}} {
		if d%u.size != 0 {
			continue
		}
		if d == u.size {
			return " " + u.one
		}
		return " in " + strconv.FormatInt(int64(d/u.size), 10) + " " + u.many
	}
	return " in " + d.String()
}

func where(m wire.Match) string {
	var b strings.Builder
	if m.Route != "" && m.Route != "*" {
		b.WriteString(" at " + m.Route)
	}
	if len(m.Host) > 0 {
		b.WriteString(" on " + strings.Join(m.Host, " or "))
	}
	if len(m.Kind) > 0 {
		b.WriteString(" by " + strings.Join(m.Kind, " or "))
	}
	if len(m.Network) > 0 {
		b.WriteString(" from networks of " + strings.Join(m.Network, " or "))
	}
	for _, name := range sorted(m.Header) {
		fmt.Fprintf(&b, " with %s like %s", name, m.Header[name])
	}
	return b.String()
}

var bySubject = []struct{ by, says string }{
	{"account", "of one account"},
	{"api_key", "with one API key"},
	{"certificate", "with one certificate"},
	{"session", "in one session"},
	{"fingerprint", "with one fingerprint"},
	{"address", "from one address"},
	{"network", "from one network"},
	{"host", "to one host"},
	{"route", "to one route"},
	{"site", "from everybody together"},
}

func subjects(by wire.Words) (out []string) {
	if len(by) == 0 {
		by = wire.Words{"address"}
	}
	has := map[string]bool{}
	for _, w := range by {
		has[w] = true
		if name, ok := strings.CutPrefix(w, "header:"); ok {
			out = append(out, "with one value of "+name)
		}
	}
	for _, s := range bySubject {
		if has[s.by] {
			out = append(out, s.says)
		}
	}
	return out
}

var answer = map[string]string{
	"throttle": "told to come back later (429)", "block": "refused", "challenge": "made to prove itself", "delay": "slowed down", "observe": "only noted",
}

func answers(then wire.Words) string {
	var out []string
	alert := false
	for _, w := range then {
		length, ban := strings.CutPrefix(w, "ban")
		switch {
		case ban && strings.TrimSpace(length) == "":
			out = append(out, "banned for 10 minutes")
		case ban:
			out = append(out, "banned for "+strings.TrimPrefix(strings.TrimPrefix(period(strings.TrimSpace(length)), " in "), " "))
		case w == "alert":
			alert = true
		case answer[w] != "":
			out = append(out, answer[w])
		default:
			out = append(out, "refused ("+w+")")
		}
	}
	if len(out) == 0 {
		out = append(out, answer["throttle"])
	}
	if alert {
		out = append(out, "and a person is told")
	}
	return strings.Join(out, ", ")
}
