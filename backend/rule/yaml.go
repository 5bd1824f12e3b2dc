package rule

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"palisade.dev/config"
	"palisade.dev/guard/wire"
)

// maxText bounds a rule in YAML, in bytes.
const maxText = 16 << 10

// Fields are a rule's, as faults name them.
var Fields = []string{"name", "match", "host", "header", "network", "kind", "count", "distinct", "by", "limit", "then", "spare", "mode"}

// Fault is one thing wrong with a draft.
type Fault struct {
	Field string `json:"field,omitempty"` // one of Fields; none: it is about the whole
	Line  int    `json:"line,omitempty"`  // of the YAML, where there is one
	Text  string `json:"text"`
}

// Faults are all of them.
type Faults []Fault

func (f Faults) Error() string {
	var lines []string
	for _, x := range f {
		if x.Line > 0 {
			lines = append(lines, fmt.Sprintf("line %d: %s", x.Line, x.Text))
		} else {
			lines = append(lines, x.Text)
		}
	}
	return strings.Join(lines, "\n")
}

// Of gives the faults of a field, for the place beside it.
func (f Faults) Of(field string) (some Faults) {
	for _, x := range f {
		if x.Field == field {
			some = append(some, x)
		}
	}
	return some
}

// Written is a rule with the lines on which its fields stand.
type Written struct {
	Rule  wire.Rule
	lines map[string]int
}

// Parse reads a rule from YAML, as the configuration file is read: a field that is not known is a fault. Variables of the
// environment are not put in, since whoever writes rules in a console is not to read the server's.
func Parse(text string) (Written, Faults) {
	w := Written{lines: map[string]int{}}
	if len(text) > maxText {
		return w, Faults{{Text: fmt.Sprintf("%d bytes: a rule has at most %d", len(text), maxText)}}
	}
	if tree, err := parser.ParseBytes([]byte(text), 0, parser.AllowDuplicateMapKey()); err == nil {
		look := &looker{lines: w.lines}
		for _, doc := range tree.Docs {
			ast.Walk(look, doc)
			if m, ok := doc.Body.(ast.MapNode); ok {
				look.fields(m)
			}
		}
		if len(look.faults) > 0 {
			return w, look.faults
		}
	}
	err := config.Decode("", []byte(text), &w.Rule)
	var read config.Faults
	if errors.As(err, &read) {
		var faults Faults
		for _, f := range read {
			faults = append(faults, Fault{fieldOf(f.Text), f.Line, strings.TrimPrefix(f.Text, ": ")})
		}
		return w, faults
	}
	return w, nil
}

// looker looks through a document before it is read.
type looker struct {
	lines  map[string]int
	faults Faults
}

// Visit finds what would be taken for a variable.
func (l *looker) Visit(n ast.Node) ast.Visitor {
	value := ""
	switch n := n.(type) {
	case *ast.StringNode:
		value = n.Value
	case *ast.LiteralNode:
		value = n.Value.Value
	}
	if strings.Contains(value, "${") {
		l.faults = append(l.faults, Fault{Line: n.GetToken().Position.Line, Text: "${…} stands for a variable of the environment in the configuration file only; write the value out"})
	}
	return l
}

// fields notes where a rule's fields and those of its match stand.
func (l *looker) fields(m ast.MapNode) {
	for i := m.MapRange(); i.Next(); {
		key := i.Key().String()
		if _, ok := l.lines[key]; !ok && slices.Contains(Fields, key) {
			l.lines[key] = i.Key().GetToken().Position.Line
		}
		if within, ok := i.Value().(ast.MapNode); ok && key == "match" {
			l.fields(within)
		}
	}
}

// At puts lines to faults that were found without.
func (w Written) At(faults Faults) Faults {
	out := slices.Clone(faults)
	for i, f := range out {
		if f.Line == 0 {
			out[i].Line = w.lines[f.Field]
		}
	}
	return out
}

// fieldOf finds which field a fault's text begins with.
func fieldOf(text string) string {
	before, _, ok := strings.Cut(text, ":")
	if !ok {
		return ""
	}
	before, _, _ = strings.Cut(before, "[")
	if within, ok := strings.CutPrefix(before, "match."); ok {
		before, _, _ = strings.Cut(within, ".")
	}
	if before == "route" {
		before = "match"
	}
	if slices.Contains(Fields, before) {
		return before
	}
	return ""
}

// YAML writes a rule as a person would, such that Parse reads the same again.
func YAML(r wire.Rule) string {
	var b strings.Builder
	put := func(indent, key, value string) {
		if value != "" {
			fmt.Fprintf(&b, "%s%s: %s\n", indent, key, value)
		}
	}
	put("", "name", one(r.Name))
	if m := r.Match; len(m.Host)+len(m.Header)+len(m.Network)+len(m.Kind) == 0 {
		put("", "match", one(m.Route))
	} else {
		b.WriteString("match:\n")
		put("  ", "route", one(m.Route))
		put("  ", "host", words(m.Host))
		if len(m.Header) > 0 {
			b.WriteString("  header:\n")
			for _, name := range sorted(m.Header) {
				fmt.Fprintf(&b, "    %s: %s\n", key(name), scalar(m.Header[name]))
			}
		}
		put("  ", "network", words(m.Network))
		put("  ", "kind", words(m.Kind))
	}
	put("", "count", one(r.Count))
	put("", "distinct", one(r.Distinct))
	put("", "by", words(r.By))
	put("", "limit", one(r.Limit))
	put("", "then", words(r.Then))
	put("", "spare", one(r.Spare))
	put("", "mode", one(r.Mode))
	return b.String()
}

func sorted(m map[string]string) (keys []string) {
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func one(s string) string {
	if s == "" {
		return ""
	}
	return scalar(s)
}

func words(w wire.Words) string {
	switch len(w) {
	case 0:
		return ""
	case 1:
		return scalar(w[0])
	}
	var all []string
	for _, s := range w {
		all = append(all, scalar(s))
	}
	return "[" + strings.Join(all, ", ") + "]"
}

// plain are words that YAML takes as they are, whatever stands around them.
var plain = regexp.MustCompile(`^[A-Za-z/][A-Za-z0-9/_.*-]*( [A-Za-z0-9/_.*-]+)*$|^[1-9][0-9]* per [0-9a-z]+$`)

// taken are words that YAML takes for something else.
var taken = regexp.MustCompile(`(?i)^(y|n|yes|no|on|off|true|false|null|nan|inf)$`)

// scalar quotes what YAML would read as something other than these very characters.
func scalar(s string) string {
	if plain.MatchString(s) && !taken.MatchString(s) || s == "on" || s == "off" {
		return s
	}
	return strconv.Quote(strings.ToValidUTF8(s, "\uFFFD"))
}

// key writes the name of a header field.
func key(s string) string {
	if token.MatchString(s) && !taken.MatchString(s) {
		return s
	}
	return strconv.Quote(s)
}

// token is the name of a header field.
var token = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]*$`)
