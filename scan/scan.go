// Package scan is the common tongue of all scanners: what a check is, what a finding is, and what a run leaves behind.
// Code, dependencies and APIs are looked at in rooms of their own (elixir, golang, deps, api), but they speak of what
// they found in these words, so one baseline, one gate, one evidence log and one set of reports serve them all.
//
// A check is a value whose identifier is the path of its folder below this one: elixir/bintoterm, deps/advisory,
// api/openredirect. Nothing here reads files, opens connections or knows the time.
package scan

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Severity is how bad it is if a finding is true; how sure we are is its [Confidence].
type Severity uint8

// The severities, least first. None is no severity: as a gate it lets everything pass.
const (
	None Severity = iota
	Info
	Low
	Medium
	High
	Critical
)

var severities = [...]string{"none", "info", "low", "medium", "high", "critical"}

func (s Severity) String() string { return word(severities[:], int(s)) }

// ParseSeverity reads a severity's word.
func ParseSeverity(text string) (Severity, error) {
	n, err := number("severity", severities[:], text)
	return Severity(n), err
}

// MarshalText and UnmarshalText write the word.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads the word.
func (s *Severity) UnmarshalText(text []byte) (err error) {
	*s, err = ParseSeverity(string(text))
	return err
}

// Confidence is how sure we are that a finding is true.
type Confidence uint8

// The confidences. Tentative asks for a look, firm follows from what was seen, confirmed was proven: by a flow from a
// source to a sink without a gap, or by an answer that only the fault explains.
const (
	Tentative Confidence = iota
	Firm
	Confirmed
)

var confidences = [...]string{"tentative", "firm", "confirmed"}

func (c Confidence) String() string { return word(confidences[:], int(c)) }

// MarshalText writes the word.
func (c Confidence) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads the word.
func (c *Confidence) UnmarshalText(text []byte) error {
	n, err := number("confidence", confidences[:], string(text))
	*c = Confidence(n)
	return err
}

func word(words []string, n int) string {
	if n < len(words) {
		return words[n]
	}
	return fmt.Sprintf("unknown(%d)", n)
}

func number(what string, words []string, text string) (int, error) {
	n := slices.Index(words, text)
	if n < 0 {
		return 0, fmt.Errorf("%q is no %s: it is one of %s", text, what, strings.Join(words, ", "))
	}
	return n, nil
}

// Check is one thing that a scanner looks for. The scanners' own checks hold one of these and the function that looks.
type Check struct {
	ID        string   `json:"id"` // the folder's path: elixir/bintoterm
	Title     string   `json:"title"`
	Severity  Severity `json:"severity"` // as a rule; a finding may differ and says why
	CWE       []int    `json:"cwe,omitempty"`
	Standards []string `json:"standards,omitempty"` // "OWASP API1:2023", "PCI DSS 4.0 6.2.4", "SOC 2 CC6.1"
	Tags      []string `json:"tags,omitempty"`
	Doc       string   `json:"-"` // the page in Markdown: what can go wrong, before, after
}

// Position is a place in a file. Line and Column count from 1, Column in bytes; Offset counts bytes from 0. A Line of
// 0 is the file as a whole.
type Position struct {
	Line   int `json:"line"`
	Column int `json:"column"`
	Offset int `json:"offset"`
}

// Place is where a finding is: a span of a file, or an operation of an API.
type Place struct {
	File   string   `json:"file,omitempty"` // below the scanned folder, with forward slashes
	Start  Position `json:"start,omitzero"`
	End    Position `json:"end,omitzero"`     // just behind the last byte
	Symbol string   `json:"symbol,omitempty"` // the function, route or package around it; part of the fingerprint
	URL    string   `json:"url,omitempty"`
	Method string   `json:"method,omitempty"`
	Param  string   `json:"param,omitempty"` // "query:id", "body:role", "header:Origin"
}

// Where shows a place in one line.
func (p Place) Where() string {
	switch {
	case p.URL != "":
		where := strings.TrimSpace(p.Method + " " + p.URL)
		if p.Param != "" {
			where += " (" + p.Param + ")"
		}
		return where
	case p.Start.Line > 0:
		return fmt.Sprintf("%s:%d:%d", p.File, p.Start.Line, p.Start.Column)
	}
	return p.File
}

// Step is one station of a flow: the source first, the sink last.
type Step struct {
	Place Place  `json:"place"`
	Text  string `json:"text"` // the source text, cut
	Note  string `json:"note"` // what happens here, in plain words
}

// Exchange is a request and its answer, redacted, and the line that asks again.
type Exchange struct {
	Title    string `json:"title"` // "the owner", "somebody else", "control: a random id"
	Request  string `json:"request"`
	Response string `json:"response"`
	Curl     string `json:"curl,omitempty"` // credentials as variables, never as values
}

// Edit replaces the bytes from Start to End of a file.
type Edit struct {
	File  string `json:"file"`
	Start int    `json:"start"`
	End   int    `json:"end"`
	New   string `json:"new"`
}

// Fix is how to mend it: in words always, as edits where a machine can do it.
type Fix struct {
	Text  string `json:"text"`
	Edits []Edit `json:"edits,omitempty"`
}

// Package is what a dependency's finding is about.
type Package struct {
	Ecosystem string   `json:"ecosystem"` // Hex, Go, npm, as OSV names them
	Name      string   `json:"name"`
	Version   string   `json:"version"`
	Advisory  string   `json:"advisory,omitempty"`
	Aliases   []string `json:"aliases,omitempty"`
	Fixed     []string `json:"fixed,omitempty"` // versions without the fault, the nearest first
	Reached   string   `json:"reached,omitempty"`
}

// Finding is what a scanner found.
type Finding struct {
	Check       string      `json:"check"`
	Title       string      `json:"title"`
	Message     string      `json:"message"` // what is wrong here, in a sentence or two; no secrets
	Severity    Severity    `json:"severity"`
	Confidence  Confidence  `json:"confidence"`
	Place       Place       `json:"place"`
	Excerpt     string      `json:"excerpt,omitempty"` // the source lines
	Flow        []Step      `json:"flow,omitempty"`
	Evidence    []Exchange  `json:"evidence,omitempty"`
	Fix         *Fix        `json:"fix,omitempty"`
	Package     *Package    `json:"package,omitempty"`
	CWE         []int       `json:"cwe,omitempty"`
	Standards   []string    `json:"standards,omitempty"`
	Fingerprint string      `json:"fingerprint"`     // the same for the same fault when lines move; set by [Stamp]
	Known       bool        `json:"known,omitempty"` // in the baseline
	Suppressed  *Suppressed `json:"suppressed,omitempty"`

	// Key is what tells this finding from others of the same check at the same symbol, in words that do not change when
	// lines move: the normalised text of the sink, the name of the parameter, the advisory.
	Key string `json:"-"`
}

// Suppressed says who accepted a finding and why.
type Suppressed struct {
	By     string    `json:"by,omitempty"`
	Reason string    `json:"reason"`
	Until  time.Time `json:"until,omitzero"`
	Source string    `json:"source"` // "comment lib/a.ex:12", ".palisade-ignore.yaml:4", ".sobelow-skips:2"
}

// Verdict is how a check ended at one place.
type Verdict string

// A refused connection, a file that could not be read, a missing second identity: none of them is ever Clear.
const (
	Found        Verdict = "found"
	Clear        Verdict = "clear"
	CouldNotTell Verdict = "could not tell"
)

// Outcome is one check at one place, whatever came of it.
type Outcome struct {
	Check   string  `json:"check"`
	Where   string  `json:"where,omitempty"`
	Verdict Verdict `json:"verdict"`
	Why     string  `json:"why,omitempty"`
	Unlock  string  `json:"unlock,omitempty"` // what to provide so that it can be told
}

// Gap is what was not looked at.
type Gap struct {
	Where string `json:"where"`
	Why   string `json:"why"`
}

// Run is what a scan leaves behind. Its findings are sorted, so the same tree gives the same bytes.
type Run struct {
	Kind     string    `json:"kind"` // code, api, exposure
	Target   string    `json:"target"`
	Tool     string    `json:"tool"` // "palisade 0.1.0"
	Started  time.Time `json:"started"`
	Ended    time.Time `json:"ended"`
	Read     int       `json:"read"`   // files, packages or operations looked at
	Checks   []Check   `json:"checks"` // that were run
	Findings []Finding `json:"findings"`
	Outcomes []Outcome `json:"outcomes,omitempty"`
	Gaps     []Gap     `json:"gaps"`
	Facts    []Fact    `json:"facts,omitempty"`
	Score    *Score    `json:"score,omitempty"`
}

// Fact is a number or a name worth telling about a run: files read, requests sent, date of the advisories.
type Fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Score is the grade of an API.
type Score struct {
	Points     int            `json:"points"`   // 0 to 100
	Grade      string         `json:"grade"`    // A to F
	Coverage   int            `json:"coverage"` // per cent of what the checks could have told
	Categories map[string]int `json:"categories"`
}

// Open gives the findings that count: neither suppressed nor, with onlyNew, in the baseline.
func (r *Run) Open(onlyNew bool) []Finding {
	var open []Finding
	for _, f := range r.Findings {
		if f.Suppressed == nil && (!onlyNew || !f.Known) {
			open = append(open, f)
		}
	}
	return open
}

// Worst is the severity of the worst of some findings.
func Worst(findings []Finding) Severity {
	worst := None
	for _, f := range findings {
		worst = max(worst, f.Severity)
	}
	return worst
}

// JSON writes a run as its schema says, with a newline at the end.
func (r *Run) JSON() ([]byte, error) {
	data, err := json.MarshalIndent(r, "", "  ")
	return append(data, '\n'), err
}
