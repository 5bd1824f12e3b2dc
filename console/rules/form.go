package rules

import (
	"maps"
	"slices"
	"strings"

	"palisade.dev/guard/wire"
)

// form is a rule as the form has it. A rule becomes a form and a form a rule without losing anything that a guard knows;
// only the order of what is done about a breach may be another.
type form struct {
	Name     string `json:"name"`
	Route    string `json:"route"`
	Host     string `json:"host"`
	Headers  string `json:"headers"` // "Name: glob", one to a line
	Network  string `json:"network"`
	Kind     string `json:"kind"`
	Count    string `json:"count"`
	Distinct string `json:"distinct"`
	By       string `json:"by"`
	Limit    string `json:"limit"`
	Answer   string `json:"answer"` // of answers
	Ban      string `json:"ban"`    // how long; none: no ban
	Alert    bool   `json:"alert"`
	Other    string `json:"other"` // what else is done
	Spare    string `json:"spare"`
}

// answers are what is done with a request that is too much, in the order of the form.
var answers = []struct{ Word, Says string }{
	{"", "what goes with the rest: 429, or refused with a ban"},
	{"observe", "only note it"},
	{"delay", "slow it down"},
	{"challenge", "let it prove itself"},
	{"throttle", "429, come back later"},
	{"block", "refuse"},
}

// spares are whom a rule goes easy on.
var spares = []struct{ Word, Says string }{
	{"", "nobody"},
	{"shared-address", "addresses that several people sign in from: no ban"},
	{"known-device", "devices that signed in to the account before"},
}

// formOf fills a form with a rule.
func formOf(r wire.Rule) form {
	f := form{
		Name: r.Name, Route: r.Match.Route, Host: join(r.Match.Host), Network: join(r.Match.Network), Kind: join(r.Match.Kind),
		Count: r.Count, Distinct: r.Distinct, By: join(r.By), Limit: r.Limit, Spare: r.Spare,
	}
	for _, name := range slices.Sorted(maps.Keys(r.Match.Header)) {
		f.Headers += name + ": " + r.Match.Header[name] + "\n"
	}
	var other wire.Words
	for _, w := range r.Then {
		length, ban := strings.CutPrefix(w, "ban")
		switch {
		case f.Answer == "" && known(w):
			f.Answer = w
		case ban && f.Ban == "" && (length == "" || length[0] == ' '):
			if f.Ban = strings.TrimSpace(length); f.Ban == "" {
				f.Ban = "10m" // what "ban" alone means
			}
		case w == "alert":
			f.Alert = true
		default:
			other = append(other, w)
		}
	}
	f.Other = strings.Join(other, ", ")
	return f
}

func known(word string) bool {
	for _, a := range answers {
		if a.Word == word && word != "" {
			return true
		}
	}
	return false
}

func join(w wire.Words) string { return strings.Join(w, ", ") }

// rule is what a form says.
func (f form) rule() wire.Rule {
	r := wire.Rule{
		Name: f.Name, Match: wire.Match{Route: f.Route, Host: split(f.Host), Network: split(f.Network), Kind: split(f.Kind)},
		Count: f.Count, Distinct: f.Distinct, By: split(f.By), Limit: f.Limit, Spare: f.Spare,
	}
	for l := range strings.Lines(f.Headers) {
		name, value, _ := strings.Cut(strings.TrimSpace(l), ":")
		if name = strings.TrimSpace(name); name == "" && value == "" {
			continue
		}
		if r.Match.Header == nil {
			r.Match.Header = map[string]string{}
		}
		r.Match.Header[name] = strings.TrimSpace(value)
	}
	if f.Answer != "" {
		r.Then = append(r.Then, f.Answer)
	}
	if f.Ban != "" {
		r.Then = append(r.Then, "ban "+f.Ban)
	}
	for _, w := range strings.Split(f.Other, ",") {
		if w = strings.TrimSpace(w); w != "" {
			r.Then = append(r.Then, w)
		}
	}
	if f.Alert {
		r.Then = append(r.Then, "alert")
	}
	return r
}

// split reads words apart by commas or spaces.
func split(text string) wire.Words {
	return strings.FieldsFunc(text, func(c rune) bool { return c == ',' || c == ' ' || c == '\t' || c == '\n' || c == '\r' })
}

// read takes a form from what was sent.
func read(get func(string) string) form {
	line := func(name string) string { return strings.TrimSpace(get(name)) }
	return form{
		Name: line("name"), Route: line("route"), Host: line("host"), Headers: unix(get("headers")), Network: line("network"), Kind: line("kind"),
		Count: line("count"), Distinct: line("distinct"), By: line("by"), Limit: line("limit"), Answer: line("answer"), Ban: line("ban"),
		Alert: get("alert") != "", Other: line("other"), Spare: line("spare"),
	}
}

// unix gives text the line ends that it had before a browser sent it.
func unix(text string) string {
	return strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
}
