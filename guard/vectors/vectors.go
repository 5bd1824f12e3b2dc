// Package vectors reads and plays the scenes that hold every guard, in whatever language, to the same decisions. The
// format is told in README.md; the scenes are the *.vec files.
package vectors

import (
	"embed"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"
)

//go:embed *.vec
var files embed.FS

// Scene is one file.
type Scene struct {
	Name    string
	Comment string
	Policy  []string
	Steps   []Step
}

// Step is one request and what must come of it, or a directive.
type Step struct {
	Line      int
	Times     int
	At        time.Time
	Directive string // away, back or known
	Address   string
	Method    string
	Target    string
	Headers   [][2]string
	Body      string
	Known     string // account of the device cookie
	Status    int    // of the app's answer
	Location  string
	Type      string      // Content-Type of the app's answer
	Tells     [][2]string // kind.result, subject
	Expect    []string
}

// Day is the day on which all scenes happen.
var Day = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC) // a Monday, of no further meaning

// All reads every scene.
func All() ([]Scene, error) { return From(files) }

// From reads every scene of a folder.
func From(fsys fs.FS) ([]Scene, error) {
	names, err := fs.Glob(fsys, "*.vec")
	if err != nil {
		return nil, err
	}
	var out []Scene
	for _, name := range names {
		b, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, err
		}
		s, err := Read(strings.TrimSuffix(name, ".vec"), string(b))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		out = append(out, s)
	}
	return out, nil
}

// Read reads one scene.
func Read(name, text string) (Scene, error) {
	s := Scene{Name: name}
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		if v, ok := strings.CutPrefix(line, "comment:"); ok {
			s.Comment = strings.TrimSpace(v)
			continue
		}
		if v, ok := strings.CutPrefix(line, "policy:"); ok {
			s.Policy = append(s.Policy, strings.TrimSpace(v))
			continue
		}
		step, err := readStep(line)
		if err != nil {
			return s, fmt.Errorf("line %d: %w", i+1, err)
		}
		step.Line = i + 1
		s.Steps = append(s.Steps, step)
	}
	if s.Comment == "" || len(s.Steps) == 0 {
		return s, fmt.Errorf("a scene has a comment and at least one step")
	}
	return s, nil
}

func readStep(line string) (Step, error) {
	step := Step{Times: 1, Status: 200}
	if line == "away" || line == "back" {
		step.Directive = line
		return step, nil
	}
	words, err := split(line)
	if err != nil {
		return step, err
	}
	if n, ok := strings.CutPrefix(words[0], "x"); ok {
		if step.Times, err = strconv.Atoi(n); err != nil {
			return step, fmt.Errorf("%q: want xN", words[0])
		}
		words = words[1:]
	}
	if step.At, err = Clock(words[0]); err != nil {
		return step, err
	}
	words = words[1:]
	if len(words) == 3 && words[0] == "known" {
		step.Directive, step.Address, step.Known = "known", words[1], words[2]
		return step, nil
	}
	if len(words) < 5 {
		return step, fmt.Errorf("a step has an address, a method, a target and what to expect")
	}
	step.Address, step.Method, step.Target = words[0], words[1], words[2]
	for i := 3; i < len(words); i++ {
		w := words[i]
		switch {
		case w[0] == '{':
			name, value, ok := strings.Cut(strings.Trim(w, "{}"), ":")
			if !ok {
				return step, fmt.Errorf("%s: want {Header: value}", w)
			}
			step.Headers = append(step.Headers, [2]string{name, strings.TrimPrefix(value, " ")})
		case w == "body" && i+1 < len(words):
			i++
			step.Body = words[i]
		case w == "->" && i+1 < len(words):
			i++
			if step.Status, err = strconv.Atoi(words[i]); err != nil {
				return step, fmt.Errorf("-> %s: want a status", words[i])
			}
		case w == "to" && i+1 < len(words):
			i++
			step.Location = words[i]
		case w == "as" && i+1 < len(words):
			i++
			step.Type = words[i]
		case w == "tells" && i+2 < len(words):
			step.Tells = append(step.Tells, [2]string{words[i+1], words[i+2]})
			i += 2
		case w == "expect":
			step.Expect = words[i+1:]
			if len(step.Expect) == 0 {
				return step, fmt.Errorf("expect what?")
			}
			return step, nil
		default:
			return step, fmt.Errorf("%q is not understood here", w)
		}
	}
	return step, fmt.Errorf("no expect")
}

// split parts a line at spaces, but not inside {…} or "…".
func split(line string) ([]string, error) {
	var words []string
	for line = strings.TrimSpace(line); line != ""; line = strings.TrimLeft(line, " \t") {
		switch line[0] {
		case '{':
			end := strings.IndexByte(line, '}')
			if end < 0 {
				return nil, fmt.Errorf("{ without }")
			}
			words, line = append(words, line[:end+1]), line[end+1:]
		case '"':
			q, err := strconv.QuotedPrefix(line)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", line, err)
			}
			text, err := strconv.Unquote(q)
			if err != nil {
				return nil, err
			}
			words, line = append(words, text), line[len(q):]
		default:
			w, rest, _ := strings.Cut(line, " ")
			words, line = append(words, w), rest
		}
	}
	if len(words) == 0 {
		return nil, fmt.Errorf("empty")
	}
	return words, nil
}

// Clock reads a time of the scenes' day: "12:00", "12:00:05" or "12:00:05.25"; a day more is "+1d 12:00" written
// "+1d12:00".
func Clock(s string) (time.Time, error) {
	day := Day
	if rest, ok := strings.CutPrefix(s, "+"); ok {
		n, clock, ok := strings.Cut(rest, "d")
		days, err := strconv.Atoi(n)
		if !ok || err != nil {
			return time.Time{}, fmt.Errorf("time %q: want +1d12:00", s)
		}
		day, s = day.AddDate(0, 0, days), clock
	}
	for _, layout := range []string{"15:04:05.999999", "15:04:05", "15:04"} {
		if t, err := time.Parse(layout, s); err == nil {
			return day.Add(t.Sub(time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC))), nil
		}
	}
	return time.Time{}, fmt.Errorf("time %q: want 12:00, 12:00:05 or 12:00:05.25", s)
}
