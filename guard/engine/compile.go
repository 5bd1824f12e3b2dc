package engine

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"palisade.dev/guard/limit"
	"palisade.dev/guard/prefix"
	"palisade.dev/guard/wire"
)

// Policy is a wire.Policy made ready to decide. It is immutable and safe for concurrent use; [Policy.Apply] gives the
// next one.
type Policy struct {
	Site     string
	Revision uint64

	can      Abilities
	networks *Networks
	answer   int // status of a block or ban

	router  router
	known   *crossings // ways of the paths that some pattern spells out
	names   []string   // pattern id → the route's name, "" where the pattern names none
	keyed   set        // patterns that need an API key
	fails   []routeFail
	quiet   set
	watched []int // pattern of each observed outcome
	rules   []rule
	ruled   []owed   // pattern id → what its plain rules draw
	narrow  []uint16 // rules that ask for more than their route
	crowds  []uint16 // rules with distinct
	counts  []uint16 // rules that count what comes of a request
	groups  []group
	blocks  []block
	traps   []trap
	lures   signatures
	decoys  decoys
	levers  []lever
	banDims uint16 // dimensions some rule or trap bans by

	bans       lists
	allowances lists
	operators  *prefix.List[entry]

	// Notes say what could not be used as meant: unknown actions, lists that are not here yet.
	Notes []string
}

type routeFail struct {
	pattern int
	mode    string
}

type rule struct {
	name     string
	pattern  int
	host     []string
	header   []headerMatch
	networks mask
	netted   bool
	kind     []string
	count    string // "" for requests
	distinct string // "" for a plain count
	limit    limit.Limit
	rate     limit.Rate
	by       by
	salt     uint64 // of a rule with distinct
	group    uint8
	slot     uint8
	then     effects
	answer   Action // then.answer, climbed to what the guard can do
	spared   Action
	spare    bool // a shared address is challenged rather than banned
	device   bool // a device that signed in to this account before is let through
	rehearse bool
	soft     bool // never refuses: rehearsed, or its answer lets pass
	narrow   bool // asks for more than its route
	quota    bool // what is left of it may be told
}

type headerMatch struct{ name, glob string }

// group is the rules that share a key, so that one look finds the state of them all. A rule's place is its slot.
type group struct {
	by     by
	salt   uint64
	rules  []uint16
	lone   bool // one rule only: kept in the table rather than on a card
	limits limit.Limits
	hold   uint8 // slots that count what comes of a request
	soft   uint8 // slots that never refuse
	device uint8 // slots that spare a known device
	quota  uint8 // slots of which it may be told what is left
}

type block struct {
	name     string
	pattern  int
	networks mask
	spare    bool // honest machines of those networks are not meant
	action   Action
	rehearse bool
}

type lever struct {
	pattern  int
	position string
	since    int64
	until    int64
}

const (
	maxRules  = 256
	maxGroups = 24
	perCard   = limit.Slots
)

// Compile reads a policy. All faults are reported at once. Words of a newer version are no faults: an unknown action
// becomes a stricter one, and Notes says so.
func Compile(w *wire.Policy, n *Networks, can Abilities) (*Policy, error) {
	if w.Version != wire.Version {
		return nil, fmt.Errorf("policy format %d: this guard reads format %d; upgrade the older of the two", w.Version, wire.Version)
	}
	p := &Policy{Site: w.Site, Revision: w.Revision, can: can, networks: n, answer: w.Answer.Status}
	if p.answer == 0 {
		p.answer = 403
	}
	p.router.fold = w.Identity.Path.FoldCase
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	for _, r := range w.Routes {
		if err := p.addRoute(r); err != nil {
			fault("routes: %s: %w", strings.Join(r.Match, ", "), err)
		}
	}
	if p.answer < 400 || p.answer > 599 {
		fault("answer: status %d: want 400 to 599", p.answer)
	}
	if w.Identity.Key != nil {
		for _, text := range w.Identity.Key.Required {
			if id, err := p.pattern(text); err != nil {
				fault("api_key: required: %w", err)
			} else {
				p.keyed.add(id)
			}
		}
	}
	for _, o := range w.Identity.Outcomes {
		id, err := p.pattern(o.Route)
		if err != nil {
			fault("outcomes: %w", err)
			p.watched = append(p.watched, -1)
			continue
		}
		p.name(id)
		p.watched = append(p.watched, id)
		if o.Kind == "login" || o.Kind == "signup" {
			p.quiet.add(id)
		}
	}
	if len(w.Rules) > maxRules {
		fault("%d rules: a policy holds at most %d", len(w.Rules), maxRules)
	} else {
		names := map[string]bool{}
		for i := range w.Rules {
			if names[w.Rules[i].Name] {
				fault("rule %q: the name is taken by an earlier rule", w.Rules[i].Name)
			}
			names[w.Rules[i].Name] = true
			if err := p.addRule(&w.Rules[i]); err != nil {
				fault("rule %q: %w", w.Rules[i].Name, err)
			}
		}
		if err := p.groupRules(); err != nil {
			faults = append(faults, err)
		}
	}
	for _, b := range w.Blocks {
		if err := p.addBlock(b); err != nil {
			fault("block %q: %w", b.Name, err)
		}
	}
	for _, t := range w.Traps {
		if err := p.addTrap(t); err != nil {
			fault("trap %q: %w", t.Name, err)
		}
	}
	for _, l := range w.Levers {
		if err := p.addLever(l); err != nil {
			fault("lever %q: %w", l.Match, err)
		}
	}
	if err := p.addSubjects(w); err != nil {
		faults = append(faults, err)
	}
	p.sortRules()
	p.names = append(p.names, make([]string, len(p.router.patterns)-len(p.names))...)
	p.learn()
	return p, errors.Join(faults...)
}

// addRoute takes what is said of a route; a name stands for all its templates together.
func (p *Policy) addRoute(r wire.Route) error {
	if len(r.Match) == 0 {
		return errors.New("match: want at least one route, such as \"POST /login\"")
	}
	ids := make([]int, 0, len(r.Match)+1)
	var patterns []Pattern
	for _, text := range r.Match {
		pattern, err := ParsePattern(text)
		if err != nil {
			return err
		}
		id, err := p.router.add(pattern)
		if err != nil {
			return err
		}
		p.name(id)
		ids, patterns = append(ids, id), append(patterns, pattern)
	}
	if r.Name != "" {
		id, err := p.router.addNamed("@"+r.Name, patterns)
		if err != nil {
			return err
		}
		ids = append(ids[:0], id)
	}
	for _, id := range ids {
		if r.Quiet {
			p.quiet.add(id)
		}
		switch r.Fail {
		case "", "local":
		case "open", "closed":
			p.fails = append(p.fails, routeFail{id, r.Fail})
		default:
			return fmt.Errorf("fail: %q: want local, open or closed", r.Fail)
		}
	}
	return nil
}

// pattern gives the number of a route pattern, or of a named route.
func (p *Policy) pattern(text string) (int, error) {
	if text == "" {
		text = "*"
	}
	if text[0] == '@' {
		if id := p.router.named(text); id >= 0 {
			return id, nil
		}
		return 0, fmt.Errorf("route %q: no route of this site has that name", text)
	}
	pattern, err := ParsePattern(text)
	if err != nil {
		return 0, err
	}
	return p.router.add(pattern)
}

// name makes a pattern one that names its route in events.
func (p *Policy) name(id int) {
	for len(p.names) <= id {
		p.names = append(p.names, "")
	}
	if t := p.router.patterns[id]; t.path != "" {
		p.names[id] = t.path
	}
}

func (p *Policy) addBlock(w wire.Block) error {
	id, err := p.pattern(w.Match)
	if err != nil {
		return err
	}
	if len(w.Networks) == 0 {
		return errors.New("networks: want at least one list or kind, such as cloud or tor")
	}
	b := block{name: w.Name, pattern: id, networks: p.networks.named(w.Networks), spare: true}
	if b.name == "" {
		b.name = strings.Join(w.Networks, "+")
	}
	for _, n := range w.Networks {
		kind, _, _ := strings.Cut(n, "/")
		b.spare = b.spare && !honestKinds[kind]
	}
	if b.networks == (mask{}) {
		p.Notes = append(p.Notes, fmt.Sprintf("block %q: no network list here is called %s", b.name, strings.Join(w.Networks, " or ")))
	}
	if w.Then == "" || w.Then == "label" {
		b.action = Observe
	} else {
		var known bool
		if b.action, known = ParseAction(w.Then); !known {
			p.Notes = append(p.Notes, fmt.Sprintf("block %q: action %q is not known here, so it blocks", b.name, w.Then))
		}
	}
	b.action = b.action.Climb(p.can)
	switch w.Mode {
	case "", "on":
	case "rehearse":
		b.rehearse = true
	case "off":
		return nil
	default:
		return fmt.Errorf("mode: %q: want on, rehearse or off", w.Mode)
	}
	p.name(id)
	if b.action == Observe && !b.rehearse {
		return nil // a label is what the event says of the address anyway: nothing to look at for a decision
	}
	p.blocks = append(p.blocks, b)
	return nil
}

// The positions of a lever, from loose to tight.
const (
	LeverOpen     = "open"
	LeverNewcomer = "newcomers" // challenge those not seen before
	LeverKnownIn  = "known"     // only devices and principals known before the lever moved
	LeverAttest   = "attested"  // only clients whose software proved itself
	LeverShut     = "closed"
)

// Positions lists them.
var Positions = []string{LeverOpen, LeverNewcomer, LeverKnownIn, LeverAttest, LeverShut}

func (p *Policy) addLever(w wire.Lever) error {
	id, err := p.pattern(w.Match)
	if err != nil {
		return err
	}
	position := w.Position
	tight := -1
	for i, known := range Positions {
		if position == known {
			tight = i
		}
	}
	if tight == 0 {
		return nil
	}
	if tight < 0 { // a position of a newer Palisade: shut rather than open
		p.Notes = append(p.Notes, fmt.Sprintf("lever %q: position %q is not known here, so the route is closed", w.Match, position))
		position = LeverShut
	}
	if w.Until <= w.Since {
		return errors.New("until: a lever always has a timer, so it ends after it begins")
	}
	p.name(id)
	p.levers = append(p.levers, lever{id, position, w.Since * int64(time.Millisecond), w.Until * int64(time.Millisecond)})
	return nil
}
