package suppress

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"palisade.dev/scan"
	"palisade.dev/scan/late"
	"palisade.dev/scan/suppress/sobelow"
	"palisade.dev/scan/tree"
)

// commented are the files in which comments are looked for, with the signs that begin one.
var commented = map[string][]string{
	".ex": {"#"}, ".exs": {"#"}, ".heex": {"<%!--", "<%#", "<!--"}, ".eex": {"<%!--", "<%#", "<!--"}, ".leex": {"<%#", "<!--"},
	".go": {"//"}, ".mod": {"//"}, ".lock": {"#"}, ".js": {"//"}, ".ts": {"//"}, ".yaml": {"#"}, ".yml": {"#"}, ".toml": {"#"},
}

var (
	own   = []byte("palisade:ignore")
	other = []byte("sobelow_skip")
	// Check identifiers, with commas between.
	names = late.Pattern(`^[a-z][a-z0-9]*/[a-z0-9*]+(\s*,\s*[a-z][a-z0-9]*/[a-z0-9*]+)*`)
	until = late.Pattern(`^\s+until\s+(\S+)`)
	skips = late.Pattern(`(?:#\s*|@)sobelow_skip:?\s*(\[[^\]\n]*\])`)
	block = late.Pattern(`^\s*(def|defp|defmacro|defmacrop|pipeline|scope|func|test|describe)\b`)
)

// grammar is told with whatever does not follow it.
const grammar = `write: palisade:ignore elixir/sqlquery until 2027-01-01 -- the reason`

// Read looks for acceptances in a tree. The gaps are files that could not be read, though they may hold some.
func Read(ctx context.Context, t *tree.Tree) (*Set, []scan.Gap) {
	type found struct {
		entries []*Entry
		notes   []scan.Finding
	}
	var files []tree.File
	for _, f := range t.Files {
		if commented[f.Ext()] != nil {
			files = append(files, f)
		}
	}
	all := make([]found, len(files))
	index := map[string]int{}
	for i, f := range files {
		index[f.Path] = i
	}
	// A file that cannot be read here could not be read by its scanner either, which has told it.
	part, _ := tree.Each(ctx, files, func(f tree.File) string { return f.Path }, func(_ context.Context, f tree.File) scan.Part {
		data, err := t.Text(f.Path)
		if err != nil || !bytes.Contains(data, own) && !bytes.Contains(data, other) {
			return scan.Part{}
		}
		entries, notes := comments(f.Path, commented[f.Ext()], data)
		all[index[f.Path]] = found{entries, notes}
		return scan.Part{}
	})
	s := &Set{}
	for _, f := range all {
		s.Entries = append(s.Entries, f.entries...)
		s.notes = append(s.notes, f.notes...)
	}
	part.Gaps = append(part.Gaps, s.fromFile(t)...)
	part.Gaps = append(part.Gaps, s.fromSobelow(t)...)
	return s, part.Gaps
}

// comments reads a file's acceptances. One behind code covers its line; one on a line of its own covers what stands
// below it: the next line that is no comment and everything that is indented deeper, which is a function under its head
// and a call under its first line.
func comments(file string, signs []string, data []byte) (entries []*Entry, notes []scan.Finding) {
	lines := strings.Split(string(data), "\n")
	offset := 0
	for i, line := range lines {
		at := offset
		offset += len(line) + 1
		if text, column, ok := marked(line, signs); ok {
			place := scan.Place{
				File: file, Start: scan.Position{Line: i + 1, Column: column + 1, Offset: at + column},
				End: scan.Position{Line: i + 1, Column: len(line) + 1, Offset: at + len(line)},
			}
			e, fault := parse(text)
			if fault != "" {
				notes = append(notes, note(unclear, &Entry{Checks: []string{fault}, Place: place}, "This comment accepts nothing: "+fault+". "+sentence(grammar)))
				continue
			}
			e.File, e.Place, e.Source = file, place, fmt.Sprintf("comment %s:%d", file, i+1)
			e.First, e.Last = i+1, i+1
			if strings.TrimSpace(line[:column]) == "" {
				e.First, e.Last = below(lines, i, signs)
			}
			entries = append(entries, e)
		}
		if m := skips.FindStringSubmatchIndex(line); m != nil {
			e := &Entry{
				File: file, Reason: "sobelow_skip", Source: fmt.Sprintf("sobelow_skip %s:%d", file, i+1),
				Place: scan.Place{File: file, Start: scan.Position{Line: i + 1, Column: m[0] + 1, Offset: at + m[0]}, End: scan.Position{Line: i + 1, Column: m[1] + 1, Offset: at + m[1]}},
			}
			for _, kind := range sobelow.Words(line[m[2]:m[3]]) {
				e.Checks = append(e.Checks, sobelow.Checks(kind)...)
			}
			if len(e.Checks) == 0 {
				continue
			}
			slices.Sort(e.Checks)
			e.Checks = slices.Compact(e.Checks)
			e.First, e.Last = below(lines, i, signs)
			entries = append(entries, e)
		}
	}
	return entries, notes
}

// marked finds our mark in a comment of the line, and where the comment begins.
func marked(line string, signs []string) (text string, column int, ok bool) {
	at := strings.Index(line, string(own))
	if at < 0 {
		return "", 0, false
	}
	before := strings.TrimRight(line[:at], " \t")
	for _, sign := range signs {
		if strings.HasSuffix(before, sign) {
			text = line[at+len(own):]
			for _, end := range []string{"--%>", "-->", "%>"} {
				text, _, _ = strings.Cut(text, end)
			}
			return strings.TrimRight(text, " \t\r"), len(before) - len(sign), true
		}
	}
	return "", 0, false
}

// parse reads what stands behind the mark.
func parse(text string) (e *Entry, fault string) {
	rest := strings.TrimLeft(text, " \t")
	checks := names.FindString(rest)
	if checks == "" || rest == text {
		return nil, "it names no check"
	}
	e = &Entry{}
	for _, c := range strings.Split(checks, ",") {
		e.Checks = append(e.Checks, strings.TrimSpace(c))
	}
	rest = rest[len(checks):]
	if m := until.FindStringSubmatch(rest); m != nil {
		day, err := time.Parse(time.DateOnly, m[1])
		if err != nil {
			return nil, fmt.Sprintf("%q is no day", m[1])
		}
		e.Until, rest = day, rest[len(m[0]):]
	}
	reason, ok := strings.CutPrefix(strings.TrimLeft(rest, " \t"), "--")
	if e.Reason = strings.TrimSpace(reason); !ok || e.Reason == "" {
		return nil, "it gives no reason"
	}
	return e, ""
}

// below gives the lines that a comment on a line of its own covers.
func below(lines []string, i int, signs []string) (first, last int) {
	n := i + 1
	for n < len(lines) && (strings.TrimSpace(lines[n]) == "" || comment(lines[n], signs)) {
		n++
	}
	if n == len(lines) {
		return i + 1, i + 1
	}
	depth := indent(lines[n])
	last = n
	for k := n + 1; k < len(lines); k++ {
		if strings.TrimSpace(lines[k]) == "" {
			continue
		}
		if d := indent(lines[k]); d > depth {
			last = k
			continue
		} else if d == depth && closes(lines[k]) {
			last = k
			// `) do` and `else` go on; `end` and `}` do not.
			if word := strings.TrimSpace(lines[k]); word != "end" && !strings.HasPrefix(word, "}") && block.MatchString(lines[n]) {
				continue
			}
		}
		break
	}
	return n + 1, last + 1
}

func comment(line string, signs []string) bool {
	line = strings.TrimSpace(line)
	return slices.ContainsFunc(signs, func(s string) bool { return strings.HasPrefix(line, s) })
}

func indent(line string) int {
	n := 0
	for _, c := range line {
		switch c {
		case ' ':
			n++
		case '\t':
			n += 8
		default:
			return n
		}
	}
	return n
}

// closes says whether a line ends what a line of the same depth began.
func closes(line string) bool {
	line = strings.TrimSpace(line)
	for _, end := range []string{"end", "}", ")", "]", "|>", "else", "rescue", "after", "catch", "</"} {
		if strings.HasPrefix(line, end) {
			return true
		}
	}
	return false
}

func sentence(s string) string { return strings.ToUpper(s[:1]) + s[1:] + "." }
