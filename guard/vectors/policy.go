package vectors

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"palisade.dev/guard/engine"
	"palisade.dev/guard/identity"
	"palisade.dev/guard/prefix"
	"palisade.dev/guard/wire"
)

// Secret is the site secret of all scenes.
var Secret = []byte("vectors-vectors-vectors-vectors!")

// Build makes the policy that a scene's lines tell. base is what `default` stands for; nil where the reader has none.
func Build(lines []string, base func() (*wire.Policy, error)) (*wire.Policy, []engine.NetworkList, error) {
	p := &wire.Policy{Version: wire.Version, Site: "scene", Revision: 1, Secret: Secret}
	var lists []engine.NetworkList
	for _, line := range lines {
		words, err := split(line)
		if err == nil {
			if words[0] == "default" {
				if base == nil {
					return nil, nil, fmt.Errorf("%q: this reader has no default policy", line)
				}
				var d *wire.Policy
				if d, err = base(); err == nil {
					*p = *d
					p.Version, p.Site, p.Revision, p.Secret = wire.Version, "scene", 1, Secret
				}
			} else {
				lists, err = add(p, lists, words)
			}
		}
		if err != nil {
			return nil, nil, fmt.Errorf("policy: %s: %w", line, err)
		}
	}
	for _, l := range lists {
		p.Networks = append(p.Networks, wire.Network{Name: l.Name, Kind: l.Kind, Checksum: l.Checksum})
	}
	return p, lists, nil
}

// Abilities are what the guard of a scene can do beyond what every guard can.
func Abilities(lines []string) engine.Abilities {
	return engine.Abilities{Challenge: slices.Contains(lines, "able challenge")}
}

// fields reads "word value value word value" by its known words.
type fields map[string][]string

func read(words []string, known ...string) (head []string, f fields) {
	f = fields{}
	at := ""
	for _, w := range words {
		isKey := false
		for _, k := range known {
			isKey = isKey || w == k
		}
		if at == "by" && len(f[at]) == 0 {
			isKey = false // "by network", "by host"
		}
		switch {
		case isKey:
			at = w
			f[at] = append(f[at], "")[:len(f[at])]
			if f[at] == nil {
				f[at] = []string{}
			}
		case at == "":
			head = append(head, w)
		default:
			f[at] = append(f[at], w)
		}
	}
	return head, f
}

func (f fields) one(name string) string { return strings.Join(f[name], " ") }

func (f fields) has(name string) bool { _, ok := f[name]; return ok }

func list(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, ",")
}

func effects(s string) []string {
	var out []string
	for part := range strings.SplitSeq(s, ";") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

func until(f fields) (int64, error) {
	if !f.has("until") {
		return 0, nil
	}
	t, err := Clock(f.one("until"))
	return t.UnixMilli(), err
}

func add(p *wire.Policy, lists []engine.NetworkList, words []string) ([]engine.NetworkList, error) {
	verb, words := words[0], words[1:]
	switch verb {
	case "allow", "ban":
		head, f := read(words, "until")
		t, err := until(f)
		if err != nil || len(head) != 1 {
			return nil, fmt.Errorf("want SUBJECT [until T]")
		}
		id := strconv.Itoa(len(p.Bans) + len(p.Allowances))
		if verb == "ban" {
			p.Bans = append(p.Bans, wire.Ban{ID: id, Subject: head[0], Until: t})
		} else {
			p.Allowances = append(p.Allowances, wire.Allowance{ID: id, Subject: head[0], Until: t})
		}
	case "operator":
		p.Operators = append(p.Operators, words...)
	case "rule":
		head, f := read(words, "by", "limit", "count", "distinct", "then", "spare", "mode", "host", "network", "kind", "header")
		if len(head) < 2 {
			return nil, fmt.Errorf("want NAME ROUTE …")
		}
		r := wire.Rule{
			Name: head[0], By: list(f.one("by")), Limit: f.one("limit"), Count: f.one("count"), Distinct: f.one("distinct"),
			Then: effects(f.one("then")), Spare: f.one("spare"), Mode: f.one("mode"),
			Match: wire.Match{Route: strings.Join(head[1:], " "), Host: list(f.one("host")), Network: list(f.one("network")), Kind: list(f.one("kind"))},
		}
		if name, glob, ok := strings.Cut(f.one("header"), "="); ok {
			r.Match.Header = map[string]string{name: glob}
		}
		p.Rules = append(p.Rules, r)
	case "block":
		head, f := read(words, "on", "then", "mode")
		if len(head) != 1 {
			return nil, fmt.Errorf("want NETWORKS on ROUTE then ACTION")
		}
		p.Blocks = append(p.Blocks, wire.Block{Networks: list(head[0]), Match: f.one("on"), Then: f.one("then"), Mode: f.one("mode")})
	case "trap":
		head, f := read(words, "when", "then", "mode", "form")
		if len(head) != 2 {
			return nil, fmt.Errorf("want NAME SIGNATURES")
		}
		p.Traps = append(p.Traps, wire.Trap{Name: head[0], Paths: list(head[1]), Form: f.one("form"), When: f.one("when"), Then: effects(f.one("then")), Mode: f.one("mode")})
	case "decoy":
		return lists, decoyWords(p, words)
	case "lever":
		head, f := read(words, "position", "from", "until")
		from, err := Clock(f.one("from"))
		if err != nil {
			return nil, err
		}
		end, err := until(f)
		if err != nil {
			return nil, err
		}
		p.Levers = append(p.Levers, wire.Lever{ID: strconv.Itoa(len(p.Levers)), Match: strings.Join(head, " "), Position: f.one("position"), Since: from.UnixMilli(), Until: end})
	case "list":
		if len(words) != 3 {
			return nil, fmt.Errorf("want NAME KIND PREFIXES")
		}
		l := engine.NetworkList{Name: words[0], Kind: words[1], Checksum: words[0] + words[2]}
		for _, s := range list(words[2]) {
			pre, err := prefix.ParsePrefix(s)
			if err != nil {
				return nil, err
			}
			l.Prefixes = append(l.Prefixes, pre)
		}
		return append(lists, l), nil
	case "trust":
		head, f := read(words, "header")
		p.Identity.Proxies, p.Identity.Header = list(strings.Join(head, "")), f.one("header")
	case "path":
		return lists, pathWords(&p.Identity.Path, words)
	case "key":
		return lists, keyWords(p, words)
	case "account":
		if p.Identity.Key == nil || len(words) != 2 {
			return nil, fmt.Errorf("want KEY NAME, after a key line")
		}
		keys, err := identity.NewKeys(*p.Identity.Key, Secret, p.Site)
		if err != nil {
			return nil, err
		}
		normal, err := keys.Normalise(words[0])
		if err != nil {
			return nil, err
		}
		p.Principals = append(p.Principals, wire.Principal{Key: keys.ID(normal).String(), Account: words[1]})
	case "session":
		p.Identity.Session = words[0]
	case "certificate":
		head, f := read(words, "from")
		p.Identity.Cert, p.Identity.CertFrom = strings.Join(head, ""), f.one("from")
	case "token", "attest":
		head, f := read(words, "claim")
		if len(head) != 2 {
			return nil, fmt.Errorf("want FROM SECRET [claim C]")
		}
		t := &wire.Token{From: head[0], Algorithm: "HS256", Key: head[1], Claim: f.one("claim")}
		if verb == "token" {
			p.Identity.Token = t
		} else {
			p.Identity.Attest = t
		}
	case "able": // of the guard, see Abilities
	case "outcome":
		return lists, outcomeWords(p, words)
	case "route":
		head, f := read(words, "fail", "quiet", "name")
		p.Routes = append(p.Routes, wire.Route{Name: f.one("name"), Match: list(strings.Join(head, " ")), Fail: f.one("fail"), Quiet: f.has("quiet")})
	case "answer":
		_, f := read(words, "uniform", "status")
		p.Answer.Uniform = p.Answer.Uniform || f.has("uniform")
		if f.has("status") {
			n, err := strconv.Atoi(f.one("status"))
			if err != nil {
				return nil, err
			}
			p.Answer.Status = n
		}
	default:
		return nil, fmt.Errorf("%q is no policy line", verb)
	}
	return lists, nil
}

func pathWords(p *wire.Path, words []string) error {
	flags := map[string]*bool{
		"fold_case": &p.FoldCase, "keep_dots": &p.KeepDots, "keep_slashes": &p.KeepSlashes, "keep_trailing": &p.KeepTrailing,
		"decode_slash": &p.DecodeSlash, "backslash": &p.Backslash, "strip_params": &p.StripParams,
	}
	for _, w := range words {
		f, ok := flags[w]
		if !ok {
			return fmt.Errorf("%q is no path word", w)
		}
		*f = true
	}
	return nil
}

func decoyWords(p *wire.Policy, words []string) error {
	head, f := read(words, "then", "mode")
	if len(head) != 3 {
		return fmt.Errorf("want NAME key KEY, or NAME account WHO")
	}
	t := wire.Trap{Name: head[0], Then: effects(f.one("then")), Mode: f.one("mode")}
	switch head[1] {
	case "key":
		id, err := identity.HashKey(head[2], Secret, p.Site)
		if err != nil {
			return err
		}
		t.Keys = []string{id.String()}
	case "account":
		t.Accounts = []string{head[2]}
	default:
		return fmt.Errorf("%q: a decoy is a key or an account", head[1])
	}
	p.Traps = append(p.Traps, t)
	return nil
}

func keyWords(p *wire.Policy, words []string) error {
	head, f := read(words, "scheme", "prefix", "alphabet", "min", "max", "case-insensitive", "required", "checksum")
	k := &wire.Key{
		From: list(strings.Join(head, "")), Scheme: f.one("scheme"), Prefix: f.one("prefix"), Alphabet: f.one("alphabet"),
		Checksum: f.one("checksum"), CaseInsensitive: f.has("case-insensitive"),
	}
	for name, n := range map[string]*int{"min": &k.MinLength, "max": &k.MaxLength} {
		if f.has(name) {
			var err error
			if *n, err = strconv.Atoi(f.one(name)); err != nil {
				return err
			}
		}
	}
	if f.has("required") {
		k.Required = []string{f.one("required")}
	}
	p.Identity.Key = k
	return nil
}

func outcomeWords(p *wire.Policy, words []string) error {
	head, f := read(words, "subject", "success", "failure")
	if len(head) < 2 {
		return fmt.Errorf("want ROUTE KIND …")
	}
	o := wire.Observed{Route: strings.Join(head[:len(head)-1], " "), Kind: head[len(head)-1], Subject: list(f.one("subject"))}
	reply := func(words []string) ([]wire.Reply, error) {
		r := wire.Reply{}
		for i := 0; i < len(words); i++ {
			switch {
			case words[i] == "to" && i+1 < len(words):
				i++
				r.Location = list(words[i])
			case words[i] == "not-to" && i+1 < len(words):
				i++
				r.NotLocation = list(words[i])
			default:
				for _, s := range list(words[i]) {
					n, err := strconv.Atoi(s)
					if err != nil {
						return nil, err
					}
					r.Status = append(r.Status, n)
				}
			}
		}
		return []wire.Reply{r}, nil
	}
	var err error
	if f.has("success") {
		if o.Success, err = reply(f["success"]); err != nil {
			return err
		}
	}
	if f.has("failure") {
		if o.Failure, err = reply(f["failure"]); err != nil {
			return err
		}
	}
	p.Identity.Outcomes = append(p.Identity.Outcomes, o)
	return nil
}

// Address reads a step's address.
func Address(s string) (netip.Addr, error) { return netip.ParseAddr(s) }

// Cookie makes the known-device cookie that a directive speaks of.
func Cookie(account string, at time.Time) string {
	c := identity.NewDevices(Secret).Issue(account, at, false)
	return c.Name + "=" + c.Value
}
