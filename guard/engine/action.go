package engine

import (
	"fmt"
	"strings"
	"time"
)

// Action is what is done with a request: a ladder, each rung stricter than the one before.
type Action uint8

// The rungs. Pass is no rung of a rule: it is what a request gets when nothing speaks against it.
const (
	Pass      Action = iota
	Observe          // only say so in the event
	Delay            // hold it for a moment, then let it pass
	Challenge        // let the client prove itself
	Throttle         // 429, come back later
	Block            // refused, with the site's status
	Ban              // refused, and so is all that follows from the subject
	Locked           // refused by a lever
)

var actionNames = [...]string{"allow", "observe", "delay", "challenge", "throttle", "block", "ban", "lever"}

func (a Action) String() string { return actionNames[a] }

// Refuses reports whether the request does not reach the app.
func (a Action) Refuses() bool { return a >= Challenge }

// Abilities are the rungs that a guard can carry out beyond those every guard can.
type Abilities struct {
	Delay     bool
	Challenge bool
}

// Climb gives the action itself, or the next stricter one that the guard can carry out: never a laxer one.
func (a Action) Climb(can Abilities) Action {
	if a == Delay && !can.Delay {
		a = Challenge
	}
	if a == Challenge && !can.Challenge {
		a = Throttle
	}
	return a
}

// ParseAction reads an action's name. A word it does not know is an action of a newer Palisade, so it becomes a
// Block rather than nothing; known tells the two apart for those who check a configuration.
func ParseAction(word string) (a Action, known bool) {
	for i, name := range actionNames[1:Locked] {
		if word == name {
			return Action(i + 1), true
		}
	}
	return Block, false
}

// DefaultBan is how long a ban lasts unless stated; each repeat lasts four times as long, seven days at most.
const DefaultBan = 10 * time.Minute

// effects is a rule's `then`, read: one answer, perhaps a ban, perhaps an alert.
type effects struct {
	answer Action // Observe … Block
	spared Action // what a spared source gets in place of a ban
	ban    time.Duration
	alert  bool
	stated bool // an answer was given, not defaulted
}

// parseThen reads the words of a `then`. Words that are not known make the answer a Block and are returned.
func parseThen(words []string, otherwise Action) (e effects, unknown []string, err error) {
	e.answer, e.spared = otherwise, Challenge
	for _, w := range words {
		f := strings.Fields(w)
		if len(f) == 0 {
			continue
		}
		switch {
		case f[0] == "alert" && len(f) == 1:
			e.alert = true
			continue
		case f[0] == "ban":
			e.ban = DefaultBan
			if len(f) == 2 {
				if e.ban, err = ParseDuration(f[1]); err != nil {
					return e, nil, fmt.Errorf("then: %q: %w", w, err)
				}
			}
			if len(f) > 2 || e.ban < time.Second {
				return e, nil, fmt.Errorf("then: %q: want \"ban\" or \"ban 10m\" (at least 1s)", w)
			}
			continue
		}
		a, known := ParseAction(f[0])
		if !known || len(f) > 1 {
			a = Block
			unknown = append(unknown, w)
		}
		if !e.stated || a > e.answer {
			e.answer, e.stated = a, true
		}
	}
	if e.stated {
		e.spared = e.answer
	}
	if e.ban > 0 && !e.stated {
		e.answer = Block
	}
	return e, unknown, nil
}

// ParseDuration reads "90s", "10m", "7d" or any Go duration.
func ParseDuration(s string) (time.Duration, error) {
	if n, ok := strings.CutSuffix(s, "d"); ok {
		var days int
		if _, err := fmt.Sscanf(n, "%d", &days); err == nil && days >= 0 && days <= 36500 && fmt.Sprint(days) == n {
			return time.Duration(days) * 24 * time.Hour, nil
		}
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("%q is no duration: want something like 30s, 10m, 2h or 7d", s)
	}
	return d, nil
}
