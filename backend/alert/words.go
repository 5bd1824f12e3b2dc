package alert

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"palisade.dev/backend/rehearse"
	"palisade.dev/backend/veil"
	"palisade.dev/guard/engine"
	"palisade.dev/guard/wire"
	"palisade.dev/store"
)

// The words of alerts stand here, and nowhere else: the title says what happened and what that means, the last fact what to
// do next. Titles are read on a locked phone at night, so the site is in them and no jargon.

// short is how much of a stranger's word fits into a title.
const short = 100

// page is a place in the console.
func page(s store.Site, query url.Values, parts ...string) string {
	p := "/s/" + url.PathEscape(s.Name)
	for _, part := range parts {
		p += "/" + url.PathEscape(part)
	}
	if len(query) > 0 {
		p += "?" + query.Encode()
	}
	return p
}

func at(ms int64) time.Time { return time.UnixMilli(ms) }

// local is a time on the site's clock, as its people read it.
func local(s store.Site, t time.Time) string {
	if zone, err := time.LoadLocation(s.Zone); err == nil && s.Zone != "" {
		t = t.In(zone)
	} else {
		t = t.UTC()
	}
	return t.Format("2006-01-02 15:04 MST")
}

// facts leaves out those without a value.
func facts(all ...Fact) []Fact {
	var out []Fact
	for _, f := range all {
		if f.Value != "" {
			out = append(out, f)
		}
	}
	return out
}

// BanImposed tells of a ban, which all guards of the site enforce. A ban that is made longer is told again.
func BanImposed(s store.Site, b store.Ban) Alert {
	until := "until somebody lifts it"
	if b.Until != 0 {
		until = "until " + local(s, at(b.Until))
	}
	why, several, severity := "by "+b.Source, "bans by "+b.Source, Medium
	switch b.Source {
	case "rule":
		why, several = "rule "+b.Rule+" was broken", "bans by rule "+Clean(b.Rule, short)
	case "trap":
		why, several = "trap "+b.Rule+" was touched", "bans by trap "+Clean(b.Rule, short)
	case "person":
		why, several, severity = "by hand", "bans by hand", Low
	}
	before := ""
	if b.Strikes > 0 {
		before = fmt.Sprintf("%s, so this one lasts longer", plural(int64(b.Strikes), "ban", "bans"))
	}
	subject := Clean(b.Subject, short)
	return Alert{
		ID: fmt.Sprintf("ban %s %d", b.ID, b.Until), Kind: Ban, Severity: severity, Site: Site{s.ID, s.Name}, Group: b.Source + " " + b.Rule,
		Title:   fmt.Sprintf("%s is kept out of %s %s", subject, s.Name, until),
		Several: several + " on " + s.Name,
		Subject: b.Subject, At: at(b.Created), Link: page(s, nil, "bans", b.Subject),
		Facts: facts(
			Fact{"Client", b.Subject}, Fact{"Why", why}, Fact{"Until", strings.TrimPrefix(until, "until ")}, Fact{"Before", before},
			Fact{"By", b.Author}, Fact{"Note", b.Note},
			Fact{"What to do", "Look at what it asked for. If it is a customer, lift the ban and put it on the allow list."},
		),
	}
}

// stands is what a lever's position means for those outside.
var stands = map[string]string{
	engine.LeverNewcomer: "newcomers must prove themselves",
	engine.LeverKnownIn:  "only clients known before get in",
	engine.LeverAttest:   "only clients whose software proved itself get in",
	engine.LeverShut:     "nobody gets in",
}

// LeverMoved tells that a route was closed in part or whole, or opened again, which is where its position is open or it has
// ended.
func LeverMoved(s store.Site, l store.Lever) Alert {
	a := Alert{
		Kind: Lever, Severity: Medium, Site: Site{s.ID, s.Name}, Subject: l.Match, Link: page(s, nil, "levers"),
		Several: "moves of the lever of " + Clean(l.Match, short) + " on " + s.Name,
	}
	match := Clean(l.Match, short)
	if l.Position == engine.LeverOpen || l.Ended != 0 {
		when := max(l.Ended, l.Since)
		a.ID, a.Group, a.At = fmt.Sprintf("lever %s open %d", l.ID, when), l.Match+" open", at(when)
		a.Title = fmt.Sprintf("%s on %s is open again: everybody gets in, as the rules allow", match, s.Name)
		a.Facts = facts(Fact{"Route", l.Match}, Fact{"By", l.Author}, Fact{"Note", l.Note}, Fact{"What to do", "Watch the traffic of the next minutes: what made somebody close it may come back."})
		return a
	}
	if l.Position == engine.LeverShut {
		a.Severity = High
	}
	means := stands[l.Position]
	if means == "" {
		means = "the lever is at " + l.Position
	}
	a.ID, a.Group, a.At = "lever "+l.ID, l.Match+" "+l.Position, at(l.Since)
	a.Title = fmt.Sprintf("%s on %s: %s until %s", match, s.Name, means, local(s, at(l.Until)))
	a.Facts = facts(Fact{"Route", l.Match}, Fact{"Position", l.Position}, Fact{"Until", local(s, at(l.Until))}, Fact{"By", l.Author}, Fact{"Note", l.Note},
		Fact{"What to do", "It opens by itself at that time. To open it sooner, or to keep it longer, move the lever."})
	return a
}

// TrapTouched tells that somebody asked for what no customer would. The guard and its boot, with the event's number, make
// it the same alert when it is sent again.
func TrapTouched(s store.Site, guard, boot string, e *wire.Event) Alert {
	client := veil.Text(e.Address)
	what := "It was refused this time."
	switch {
	case e.Ban != nil:
		what = "It is banned."
	case e.Action == engine.Pass.String() || e.Action == engine.Observe.String() || e.Action == engine.Delay.String():
		what = "It was let pass: the trap only watches."
	}
	trap := Clean(e.Rule, short)
	title, severity, todo := touched(s, client, trap, e)
	return Alert{
		ID: fmt.Sprintf("trap %s %s %s %d", s.ID, guard, boot, e.Seq), Kind: Trap, Severity: severity, Site: Site{s.ID, s.Name}, Group: e.Rule,
		Title:   title,
		Several: "touches of trap " + trap + " on " + s.Name,
		Subject: client, At: time.UnixMicro(e.At), Link: page(s, url.Values{"subject": {client}}, "client"),
		Facts: facts(
			Fact{"Client", client}, Fact{"Asked for", e.Method + " " + e.Path}, Fact{"Calls itself", e.Agent}, Fact{"Account", e.Account},
			Fact{"Networks", strings.Join(e.Networks, ", ")}, Fact{"Came of it", what},
			Fact{"What to do", todo},
		),
	}
}

// touched says what a touch of a trap tells. A decoy is stumbled over by nobody.
func touched(s store.Site, client, trap string, e *wire.Event) (title string, severity Severity, todo string) {
	for _, o := range e.Outcomes {
		switch {
		case o.Kind != "decoy" || o.Subject != e.Rule:
		case o.Result == engine.DecoyKey:
			return fmt.Sprintf("%s tries a key on %s that is nobody's: %s", client, s.Name, trap), Medium,
				"It has read what that decoy was planted in. Where that is not public, see who could read it, and change the real keys that stand beside it."
		case o.Result == engine.DecoyAccount:
			return fmt.Sprintf("%s signs in to %s with an account that is nobody's: %s", client, s.Name, trap), Medium,
				"A list of accounts with it was bought or leaked. Look at what else signs in from there, and at who had that list."
		}
	}
	return fmt.Sprintf("%s looks for weak spots of %s: it touched trap %s", client, s.Name, trap), Low,
		"Nothing, if it is a stranger. If it is a scanner of your own, put it on the allow list."
}

// GuardLost tells that a guard has fallen silent. Others are the site's guards that are there; where there are none, the
// site may stand open, and that is a message of its own.
func GuardLost(s store.Site, g store.Guard, others int, now time.Time) Alert {
	seen := at(g.LastSeen)
	silent := now.Sub(seen).Round(time.Second).String()
	a := Alert{
		ID: fmt.Sprintf("guard-lost %s %s %d", s.ID, g.ID, g.LastSeen), Kind: GuardGone, Severity: High, Site: Site{s.ID, s.Name}, Group: "some",
		Title:   fmt.Sprintf("Guard %s of %s is silent for %s: it may be down, or cut off from here", Clean(guardName(g), short), s.Name, silent),
		Several: "guards lost on " + s.Name,
		Subject: guardName(g), At: now, Link: page(s, nil, "settings") + "#guards",
	}
	rest := plural(int64(others), "other guard is", "other guards are") + " there"
	if others == 0 {
		a.Severity, a.Group = Critical, "all"
		a.Title = fmt.Sprintf("No guard of %s is left: %s is silent for %s, and new bans and levers reach nobody", s.Name, Clean(guardName(g), short), silent)
		rest = "none is there"
	}
	a.Facts = facts(
		Fact{"Guard", g.ID}, Fact{"Host", g.Host}, Fact{"Kind", strings.TrimSpace(g.Kind + " " + g.Version)}, Fact{"Last heard", local(s, seen)}, Fact{"Others", rest},
		Fact{"Meanwhile", "If it runs and only the way here is broken, it goes on with the last policy it has. If it is down, so is what stands behind it, or that stands unguarded."},
		Fact{"What to do", "See whether it runs on " + guardHost(g) + ", and whether it reaches the back end from there."},
	)
	return a
}

// GuardBack tells that a lost guard is heard again, and for how long it was not.
func GuardBack(s store.Site, g store.Guard, since, now time.Time) Alert {
	away := now.Sub(since).Round(time.Second).String()
	lost := ""
	if g.Dropped > 0 {
		lost = Number(int64(g.Dropped)) + " since it started: they are missing in searches and counts"
	}
	return Alert{
		ID: fmt.Sprintf("guard-back %s %s %d", s.ID, g.ID, since.UnixMilli()), Kind: GuardHere, Severity: Info, Site: Site{s.ID, s.Name}, Group: "back",
		Title:   fmt.Sprintf("Guard %s of %s is back after %s", Clean(guardName(g), short), s.Name, away),
		Several: "guards back on " + s.Name,
		Subject: guardName(g), At: now, Link: page(s, nil, "settings") + "#guards",
		Facts: facts(
			Fact{"Guard", g.ID}, Fact{"Host", g.Host}, Fact{"Kind", strings.TrimSpace(g.Kind + " " + g.Version)}, Fact{"Away since", local(s, since)},
			Fact{"Events lost", lost}, Fact{"Fault", g.Fault},
			Fact{"What to do", "Nothing, if somebody restarted it. Otherwise find out why it was away."},
		),
	}
}

func guardName(g store.Guard) string {
	if g.Host != "" && g.Host != g.ID {
		return g.ID + " on " + g.Host
	}
	return g.ID
}

func guardHost(g store.Guard) string {
	if g.Host != "" {
		return g.Host
	}
	return "its host"
}

// AppealSent tells that somebody who is kept out says that it is a mistake.
func AppealSent(s store.Site, x store.Appeal) Alert {
	subject := Clean(x.Subject, short)
	return Alert{
		ID: "appeal " + x.ID, Kind: Appeal, Severity: Info, Site: Site{s.ID, s.Name}, Group: "appeals",
		Title:   fmt.Sprintf("%s is kept out of %s and says that it is a mistake", subject, s.Name),
		Several: "appeals on " + s.Name,
		Subject: x.Subject, At: at(x.Sent), Link: page(s, nil, "appeals"),
		Facts: facts(Fact{"Client", x.Subject}, Fact{"They say", x.Said}, Fact{"E-mail", x.Contact},
			Fact{"What to do", "Look at the ban's proof beside what they say, and answer: lift it, lift and allow, or decline."}),
	}
}

// ScanBrought tells of what a scan found that was not there before.
func ScanBrought(s store.Site, x store.Scan, b store.Brought) Alert {
	fresh := append(append([]store.Finding{}, b.New...), b.Regressed...)
	worst := 0
	for _, f := range fresh {
		worst = max(worst, f.Severity)
	}
	a := Alert{
		ID: "scan " + x.ID, Kind: Scan, Severity: severityOf(worst), Site: Site{s.ID, s.Name}, Group: x.Kind + " " + x.Target,
		Title:   fmt.Sprintf("A scan of %s (%s) found %s that were not there before", s.Name, Clean(x.Kind, short), plural(int64(len(fresh)), "fault", "faults")),
		Several: x.Kind + " scans of " + s.Name,
		Subject: x.Target, At: at(x.Ended), Link: page(s, nil, "scans", x.ID),
	}
	for i, f := range fresh {
		if i == mostNamed {
			a.Facts = append(a.Facts, Fact{"And", fmt.Sprintf("%d more", len(fresh)-i)})
			break
		}
		word := severityOf(f.Severity).String()
		a.Facts = append(a.Facts, Fact{strings.ToUpper(word[:1]) + word[1:], f.Title + ", " + f.Place})
	}
	a.Facts = append(a.Facts, Fact{"What to do", "Open the finding: it says what can go wrong and how to mend it. What you can live with, accept with a reason and an end."})
	return a
}

// mostNamed is how many findings an alert names.
const mostNamed = 5

// severityOf turns a finding's severity, 1 to 5, into an alert's.
func severityOf(n int) Severity { return Severity(min(max(n-1, int(Info)), int(Critical))) }

// MonitorFailed tells that a watched target stopped answering, or answers again.
func MonitorFailed(s store.Site, m store.Monitor) Alert {
	target := Clean(m.Target, short)
	a := Alert{
		ID: fmt.Sprintf("monitor %s %d", m.ID, m.Last), Kind: Scan, Severity: Medium, Site: Site{s.ID, s.Name}, Group: "monitor " + m.ID,
		Title:   fmt.Sprintf("The %s scan of %s (%s) came to nothing %d times in a row", Clean(m.Kind, short), target, s.Name, m.Failed),
		Several: "failed scans of " + target, Subject: m.Target, At: at(m.Last), Link: page(s, nil, "monitors"),
		Facts: facts(Fact{"Why", m.Fault}, Fact{"What to do", "See whether the target is up and lets the scanner in; then run the monitor again."}),
	}
	if m.Failed == 0 {
		a.Severity, a.Title = Info, fmt.Sprintf("The %s scan of %s (%s) works again", Clean(m.Kind, short), target, s.Name)
		a.Facts = []Fact{{"What to do", "Nothing."}}
	}
	return a
}

// RehearsalSummary tells whom a rule in rehearsal would have refused.
func RehearsalSummary(s store.Site, r rehearse.Report, now time.Time) Alert {
	rule := Clean(r.Rule, short)
	a := Alert{
		ID: fmt.Sprintf("rehearsal %s %s %d %d", s.ID, r.Rule, r.From, r.To), Kind: Rehearsal, Severity: Info, Site: Site{s.ID, s.Name}, Group: r.Rule,
		Several: "rehearsals of rule " + rule + " on " + s.Name,
		Subject: r.Rule, At: now, Link: page(s, nil, "rules", r.Rule, "rehearse"),
	}
	next := "Switch the rule on if these are the clients it is meant for."
	switch {
	case r.Refused == 0:
		a.Title = fmt.Sprintf("Rule %s would have refused nobody on %s", rule, s.Name)
		next = "If it was meant to catch something in that time, make its limit tighter and rehearse again."
	case r.SignedIn > 0:
		a.Severity = Low
		a.Title = fmt.Sprintf("Rule %s would have refused %s on %s, %d of them signed in: perhaps customers", rule, plural(int64(r.Clients), "client", "clients"), s.Name, r.SignedIn)
		next = "Look at those that signed in before you switch the rule on. Where they are customers, make its limit wider."
	default:
		a.Title = fmt.Sprintf("Rule %s would have refused %s on %s, none of them signed in", rule, plural(int64(r.Clients), "client", "clients"), s.Name)
	}
	var hurt []string
	for _, h := range r.Hurt[:min(len(r.Hurt), 5)] {
		who := strings.Join(h.Signed, ", ")
		if who == "" {
			who = plural(int64(h.Sessions), "session", "sessions") + " at work"
		}
		hurt = append(hurt, Clean(fmt.Sprintf("%s (%s)", h.Client, who), short))
	}
	var mind []string
	if r.Bounded {
		mind = append(mind, "There were more clients than are told apart; the counts are too low.")
	}
	if r.Stored > r.Requests && (r.Stopped || r.Asked < r.From) {
		mind = append(mind, fmt.Sprintf("Only a part of the traffic was looked at: %s of %s.", Number(int64(r.Requests)), plural(int64(r.Stored), "request", "requests")))
	}
	shared := ""
	if r.Shared > 0 {
		shared = plural(int64(r.Shared), "address", "addresses") + " with three or more accounts"
	}
	a.Facts = facts(
		Fact{"Traffic", local(s, at(r.From)) + " to " + local(s, at(r.To))}, Fact{"Requests", Number(int64(r.Requests))},
		Fact{"Would be refused", plural(int64(r.Refused), "request", "requests") + " of " + plural(int64(r.Clients), "client", "clients")},
		Fact{"Signed in", strings.Join(hurt, "; ")}, Fact{"Shared", shared}, Fact{"Mind", strings.Join(mind, " ")}, Fact{"What to do", next},
	)
	return a
}

func plural(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return Number(n) + " " + many
}
