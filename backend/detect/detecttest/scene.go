// Package detecttest plays scenes to a recipe: a scene is a file that says who asks for what and when, and what the recipe
// should conclude. See Scene for how one is written.
package detecttest

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"palisade.dev/backend/detect"
	"palisade.dev/guard/wire"
)

// Run plays every scene of the testdata folder beside a recipe. There has to be one where it concludes something, and two
// where it keeps silent.
func Run(t *testing.T, r detect.Recipe) {
	t.Helper()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	found, silent := 0, 0
	for _, f := range files {
		t.Run(strings.TrimSuffix(filepath.Base(f), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			s, err := Parse(string(text))
			if err != nil {
				t.Fatal(err)
			}
			s.play(t, r)
			if s.Severity == "" {
				silent++
			} else {
				found++
			}
		})
	}
	if found < 1 || silent < 2 {
		t.Errorf("%d scenes with a conclusion and %d without; want 1 and 2 at least", found, silent)
	}
	if r.ID == "" || r.Title == "" || r.Version < 1 || r.Window <= 0 || !strings.Contains(r.Doc, "## What to do") {
		t.Errorf("recipe %q lacks its name, title, version, window or a page that says what to do", r.ID)
	}
}

// Scene is a story and its end.
//
//	comment: what it is about
//	usual login.failed 12 ± 4            in an hour, at this hour of the day; without it nothing is known
//	12:00:00 +5s x40 203.0.113.8 POST @login 401 login.failed user{n}@example.com agent=curl
//	expect high 203.0.113.8 40 failed sign-ins
//
// A step is a time, how often and how far apart, an address, method, route and status, then perhaps an outcome and its
// subject, and fields of the event. {n} counts the repetitions, {nnn} in three digits, {hi} and {lo} are its two
// bytes. An end may be "nothing".
type Scene struct {
	Events   []wire.Event
	Levels   map[string]detect.Level
	Severity string // "" where nothing is to be concluded
	Subject  string // "-" for none
	Words    string // part of the title
}

var severities = map[string]int{"low": detect.Low, "medium": detect.Medium, "high": detect.High, "critical": detect.Critical}

// Parse reads a scene.
func Parse(text string) (Scene, error) {
	s := Scene{Levels: map[string]detect.Level{}}
	ended := false
	for i, line := range strings.Split(text, "\n") {
		words := strings.Fields(line)
		var err error
		switch {
		case len(words) == 0 || words[0] == "comment:":
		case words[0] == "usual":
			err = s.usual(words[1:])
		case words[0] == "expect":
			ended = true
			err = s.expect(words[1:])
		default:
			err = s.step(words)
		}
		if err != nil {
			return s, fmt.Errorf("line %d: %w", i+1, err)
		}
	}
	if !ended || len(s.Events) == 0 {
		return s, fmt.Errorf("a scene has steps and an end")
	}
	slices.SortStableFunc(s.Events, func(a, b wire.Event) int { return int(a.At - b.At) })
	return s, nil
}

func (s *Scene) usual(w []string) error {
	if len(w) != 4 || w[2] != "±" {
		return fmt.Errorf("want: usual OUTCOME MEDIAN ± SPREAD")
	}
	median, err := strconv.ParseFloat(w[1], 64)
	if err != nil {
		return err
	}
	spread, err := strconv.ParseFloat(w[3], 64)
	s.Levels[w[0]] = detect.Level{Median: median, Spread: spread, Days: 7}
	return err
}

func (s *Scene) expect(w []string) error {
	if len(w) == 1 && w[0] == "nothing" {
		return nil
	}
	if len(w) < 3 || severities[w[0]] == 0 {
		return fmt.Errorf("want: expect nothing, or expect SEVERITY SUBJECT WORDS")
	}
	s.Severity, s.Subject, s.Words = w[0], w[1], strings.Join(w[2:], " ")
	return nil
}

func (s *Scene) step(w []string) error {
	at, err := time.Parse("2006-01-02 15:04:05", "2026-05-04 "+w[0])
	if err != nil {
		return err
	}
	w = w[1:]
	every, times := time.Second, 1
	for len(w) > 0 && (w[0][0] == '+' || w[0][0] == 'x') {
		if w[0][0] == '+' {
			every, err = time.ParseDuration(w[0][1:])
		} else {
			times, err = strconv.Atoi(w[0][1:])
		}
		if err != nil {
			return err
		}
		w = w[1:]
	}
	if len(w) < 4 {
		return fmt.Errorf("want an address, a method, a route and a status")
	}
	for n := range times {
		put := strings.NewReplacer("{n}", strconv.Itoa(n), "{nnn}", fmt.Sprintf("%03d", n), "{hi}", strconv.Itoa(n>>8&255), "{lo}", strconv.Itoa(n&255))
		e := wire.Event{At: at.Add(time.Duration(n) * every).UnixMicro(), Method: w[1], Route: put.Replace(w[2]), Path: put.Replace(w[2]), Action: "allow", Kind: "browser", Agent: "Mozilla/5.0"}
		if e.Address, err = netip.ParseAddr(put.Replace(w[0])); err != nil {
			return err
		}
		if e.Status, err = strconv.Atoi(w[3]); err != nil {
			return err
		}
		for _, word := range w[4:] {
			if err := field(&e, put.Replace(word)); err != nil {
				return err
			}
		}
		s.Events = append(s.Events, e)
	}
	return nil
}

func field(e *wire.Event, word string) error {
	name, value, ok := strings.Cut(word, "=")
	if !ok {
		if kind, result, ok := strings.Cut(word, "."); ok && len(e.Outcomes) == 0 {
			e.Outcomes = append(e.Outcomes, wire.Outcome{Kind: kind, Result: result})
			return nil
		}
		if len(e.Outcomes) == 1 {
			e.Outcomes[0].Subject = word
			return nil
		}
	}
	into := map[string]*string{
		"agent": &e.Agent, "kind": &e.Kind, "fp": &e.Fingerprint, "key": &e.Key, "account": &e.Account, "action": &e.Action,
		"reason": &e.Reason, "rule": &e.Rule, "path": &e.Path,
	}[name]
	switch {
	case name == "net":
		e.Networks = append(e.Networks, value)
	case into != nil:
		*into = value
	default:
		return fmt.Errorf("what is %q?", word)
	}
	return nil
}

// play shows the recipe the scene in pieces, as events come in, and looks at the worst that it concludes.
func (s Scene) play(t *testing.T, r detect.Recipe) {
	t.Helper()
	d := detect.NewDesk([]detect.Recipe{r})
	usual := func(outcome string) detect.Level { return s.Levels[outcome] }
	worst := map[string]detect.Concluded{} // by key
	for piece := range slices.Chunk(s.Events, 16) {
		d.See(piece)
		for _, c := range d.Conclude(usual) {
			if before, ok := worst[c.Key]; !ok || c.Severity >= before.Severity {
				worst[c.Key] = c
			}
		}
	}
	if s.Severity == "" {
		for _, c := range worst {
			t.Errorf("concluded: %s", c.Title)
		}
		return
	}
	if len(worst) != 1 {
		t.Errorf("%d conclusions, want one", len(worst))
	}
	for _, c := range worst {
		if c.Severity != severities[s.Severity] || c.Subject != strings.TrimPrefix(s.Subject, "-") || !strings.Contains(c.Title, s.Words) {
			t.Errorf("concluded %d of %q: %s\nwant %s (%d) of %q: …%s…", c.Severity, c.Subject, c.Title, s.Severity, severities[s.Severity], s.Subject, s.Words)
		}
		if len(c.Evidence.Measures) == 0 || len(c.Evidence.Examples) == 0 || len(c.Advice) == 0 {
			t.Errorf("it lacks numbers, examples or advice: %+v", c.Evidence)
		}
	}
}
