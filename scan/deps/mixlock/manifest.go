package mixlock

import (
	"bytes"
	"slices"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/deps/pack"
	"palisade.dev/scan/deps/version"
	"palisade.dev/scan/late"
	"palisade.dev/scan/term"
)

var appName = late.Pattern(`^[a-z][a-z0-9_]*$`)

// Manifest reads what mix.exs asks for. The file is code, so its tuples are looked for wherever they stand: one that
// begins with a name and goes on with a requirement, or with the options that only dependencies have.
func Manifest(path string, src []byte) pack.Manifest {
	m := pack.Manifest{Path: path}
	lines := scan.NewLines(src)
	for at := 0; at < len(src) && len(m.Requirements) < mostPackages; {
		at = code(src, at)
		if at >= len(src) {
			break
		}
		r, end, ok := dependency(src, at)
		if !ok {
			at++
			continue
		}
		r.Place = lines.Span(path, at, end)
		r.Place.Symbol = r.Name
		m.Requirements = append(m.Requirements, r)
		at = end
	}
	return m
}

// code goes on to the next brace that opens in code, passing over comments and strings.
func code(src []byte, at int) int {
	for at < len(src) {
		switch c := src[at]; {
		case c == '{':
			return at
		case c == '#':
			end := bytes.IndexByte(src[at:], '\n')
			if end < 0 {
				return len(src)
			}
			at += end
		case c == '?' && at+1 < len(src) && (src[at+1] == '"' || src[at+1] == '{' || src[at+1] == '#' || src[at+1] == '\''):
			at += 2 // the character itself
		case bytes.HasPrefix(src[at:], []byte(`"""`)) || bytes.HasPrefix(src[at:], []byte(`'''`)):
			end := bytes.Index(src[at+3:], src[at:at+3])
			if end < 0 {
				return len(src)
			}
			at += end + 6
		case c == '"':
			at = text(src, at)
		default:
			at++
		}
	}
	return at
}

// text goes behind a string. Code within it stays within it.
func text(src []byte, at int) int {
	depth := 0
	for at++; at < len(src); at++ {
		switch c := src[at]; {
		case c == '\\':
			at++
		case c == '#' && at+1 < len(src) && src[at+1] == '{':
			depth++
			at++
		case c == '}' && depth > 0:
			depth--
		case c == '"' && depth == 0:
			return at + 1
		}
	}
	return at
}

// dependency reads a tuple as one that asks for a package.
func dependency(src []byte, at int) (r pack.Requirement, end int, ok bool) {
	reader := term.NewReader(src)
	reader.Jump(at)
	t, err := reader.Term()
	if err != nil {
		// Options that are computed leave the name and the requirement readable.
		reader.Jump(at + 1)
		name, err := reader.Term()
		if err != nil || !reader.Take(",") {
			return r, 0, false
		}
		asked, err := reader.Term()
		if err != nil || asked.Kind != term.String || !reader.Take(",") {
			return r, 0, false
		}
		t, r.Opaque = term.Term{Kind: term.Tuple, Items: []term.Term{name, asked}}, true
	}
	if t.Kind != term.Tuple || len(t.Items) < 2 || len(t.Items) > 3 || t.Items[0].Kind != term.Atom || !appName.MatchString(t.Items[0].Text) {
		return r, 0, false
	}
	r.App, r.Name = t.Items[0].Text, t.Items[0].Text
	last := t.Items[len(t.Items)-1]
	if asked := t.Items[1]; asked.Kind == term.String {
		if _, err := version.ParseRequirement(asked.Text); err != nil {
			return r, 0, false
		}
		r.Text = asked.Text
		if asked.End-asked.Start == len(asked.Text)+2 { // without escapes
			r.Start, r.End = asked.Start+1, asked.End-1
		}
	} else if len(t.Items) == 3 || !has(last, "git", "github", "gitlab", "bitbucket", "path", "in_umbrella", "hex", "only", "organization", "override") {
		return r, 0, false
	}
	if last.Kind == term.List {
		fill(&r, last)
	} else if len(t.Items) == 3 {
		return r, 0, false
	}
	return r, reader.At(), true
}

func has(list term.Term, keys ...string) bool {
	return slices.ContainsFunc(keys, func(k string) bool { _, ok := list.Get(k); return ok })
}

// fill takes over what the options of a dependency say.
func fill(r *pack.Requirement, list term.Term) {
	for _, host := range []string{"git", "github", "gitlab", "bitbucket"} {
		if v, ok := list.Get(host); ok && v.Kind == term.String {
			r.URL = address(host, v.Text)
			if scheme, _, ok := strings.Cut(v.Text, "://"); ok && host == "git" {
				r.Scheme, r.SchemeEnd = v.Start+1, v.Start+1+len(scheme)
			}
			r.Git = &pack.Git{URL: r.URL}
			options(list, r.Git)
		}
	}
	if v, ok := list.Get("hex"); ok && (v.Kind == term.Atom || v.Kind == term.String) {
		r.Name = v.Text
	}
	r.Local = has(list, "path", "in_umbrella")
	if v, ok := list.Get("override"); ok {
		r.Over = v.Is("true")
	}
	if v, ok := list.Get("only"); ok {
		if words, ok := v.Words(); ok {
			r.Only = words
		} else if v.Kind == term.Atom {
			r.Only = []string{v.Text}
		}
		r.Dev = len(r.Only) > 0 && !slices.Contains(r.Only, "prod")
	}
}
