package engine

import (
	"strings"
	"testing"
	"time"
)

func TestParseSubject(t *testing.T) {
	for _, c := range []struct{ text, want, fault string }{
		{"203.0.113.7", "203.0.113.7", ""},
		{"203.0.113.7/32", "203.0.113.7", ""},
		{"203.0.113.0/24", "203.0.113.0/24", ""},
		{"2001:db8::/48", "2001:db8::/48", ""},
		{"::ffff:203.0.113.7", "203.0.113.7", ""},
		{"account:alice@example.com", "account:alice@example.com", ""},
		{"account:a:b", "account:a:b", ""},
		{"api_key:4be2", "api_key:4be2", ""},
		{"certificate:x", "certificate:x", ""},
		{"session:x", "session:x", ""},
		{"fingerprint:x", "fingerprint:x", ""},
		{"account:", "", `after "account:" come 1 to 256 bytes`},
		{"account:" + strings.Repeat("a", 257), "", "come 1 to 256 bytes"},
		{"", "", "is no address or prefix"},
		{"alice", "", "does not begin with account:"},
		{"host:example", "", "does not begin with account:"},
		{"203.0.113.7/24", "", "did you mean 203.0.113.0/24?"},
	} {
		s, err := ParseSubject(c.text)
		if c.fault != "" {
			if err == nil || !strings.Contains(err.Error(), c.fault) {
				t.Errorf("%.30q: %v, want %q", c.text, err, c.fault)
			}
			continue
		}
		if err != nil || s.String() != c.want {
			t.Errorf("%q: %q, %v, want %q", c.text, s, err, c.want)
		}
	}
}

// FuzzSubject holds that what parses prints back to the same thing.
func FuzzSubject(f *testing.F) {
	for _, seed := range []string{"203.0.113.7", "203.0.113.0/24", "2001:db8::/48", "account:alice", "session:=:", "::ffff:1.2.3.4", "0.0.0.0/0", "::/0"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ParseSubject(text)
		if err != nil {
			return
		}
		if again, err := ParseSubject(s.String()); err != nil || again != s {
			t.Errorf("%q is %q is %q: %v", text, s, again, err)
		}
	})
}

func TestParseDuration(t *testing.T) {
	for _, c := range []struct {
		text string
		want time.Duration
	}{
		{"0s", 0},
		{"90s", 90 * time.Second},
		{"10m", 10 * time.Minute},
		{"2h30m", 150 * time.Minute},
		{"7d", 7 * 24 * time.Hour},
		{"0d", 0},
		{"36500d", 36500 * 24 * time.Hour},
		{"", -1},
		{"7", -1},
		{"-1s", -1},
		{"-1d", -1},
		{"1.5d", -1},
		{"36501d", -1},
		{"1d2h", -1},
		{"07d", -1},
		{"d", -1},
		{"ten", -1},
	} {
		d, err := ParseDuration(c.text)
		if c.want < 0 {
			if err == nil || !strings.Contains(err.Error(), "want something like 30s, 10m, 2h or 7d") {
				t.Errorf("%q: %v, %v", c.text, d, err)
			}
		} else if err != nil || d != c.want {
			t.Errorf("%q: %v, %v", c.text, d, err)
		}
	}
}

func TestParseThen(t *testing.T) {
	for _, c := range []struct {
		words   string // parted by ;
		want    effects
		unknown string
		fault   string
	}{
		{"", effects{answer: Throttle, spared: Challenge}, "", ""},
		{"block", effects{answer: Block, spared: Block, stated: true}, "", ""},
		{"observe", effects{answer: Observe, spared: Observe, stated: true}, "", ""},
		{"delay;throttle", effects{answer: Throttle, spared: Throttle, stated: true}, "", ""},
		{"throttle;delay", effects{answer: Throttle, spared: Throttle, stated: true}, "", ""},
		{"alert", effects{answer: Throttle, spared: Challenge, alert: true}, "", ""},
		{"ban", effects{answer: Block, spared: Challenge, ban: DefaultBan}, "", ""},
		{"ban 2h;alert", effects{answer: Block, spared: Challenge, ban: 2 * time.Hour, alert: true}, "", ""},
		{"throttle;ban 1d", effects{answer: Throttle, spared: Throttle, ban: 24 * time.Hour, stated: true}, "", ""},
		{"quarantine", effects{answer: Block, spared: Block, stated: true}, "quarantine", ""},
		{"observe;quarantine", effects{answer: Block, spared: Block, stated: true}, "quarantine", ""},
		{"throttle hard", effects{answer: Block, spared: Block, stated: true}, "throttle hard", ""},
		{"lever", effects{answer: Block, spared: Block, stated: true}, "lever", ""},
		{"ban ten", effects{}, "", `then: "ban ten": "ten" is no duration`},
		{"ban 10m please", effects{}, "", `want "ban" or "ban 10m"`},
		{"ban 10ms", effects{}, "", "(at least 1s)"},
	} {
		e, unknown, err := parseThen(strings.Split(c.words, ";"), Throttle)
		if c.fault != "" {
			if err == nil || !strings.Contains(err.Error(), c.fault) {
				t.Errorf("%q: %v, want %q", c.words, err, c.fault)
			}
			continue
		}
		if err != nil || e != c.want || strings.Join(unknown, ";") != c.unknown {
			t.Errorf("%q: %+v, %q, %v", c.words, e, unknown, err)
		}
	}
}

// TestClimb holds that an action a guard cannot carry out becomes a stricter one, never a laxer one.
func TestClimb(t *testing.T) {
	for _, can := range []Abilities{{}, {Delay: true}, {Challenge: true}, {true, true}} {
		for a := Pass; a <= Locked; a++ {
			got := a.Climb(can)
			if got < a || got == Delay && !can.Delay || got == Challenge && !can.Challenge {
				t.Errorf("%s with %+v became %s", a, can, got)
			}
		}
	}
}
