// Package mixlock reads mix.lock and the dependencies of mix.exs. Mix evaluates the former; here it is a list of
// constants, and whatever is not constant is told as not read: a lock file from a pull request must not run.
package mixlock

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/deps/pack"
	"palisade.dev/scan/term"
)

// mostPackages bounds a lock file. The largest of thirty public applications has 240.
const mostPackages = 20_000

// Read reads a lock file. An entry that cannot be read is a gap and the rest goes on, and so do both sides of a merge
// conflict: a package on either may be the one that runs.
func Read(path string, src []byte) *pack.Lock {
	l := &pack.Lock{Path: path}
	lines := scan.NewLines(src)
	gap := func(at int, why string) {
		l.Gaps = append(l.Gaps, scan.Gap{Where: fmt.Sprintf("%s:%d", path, lines.At(at).Line), Why: why})
	}
	src = resolve(src, gap)
	r := term.NewReader(src)
	if r.Done() {
		return l // an empty lock file locks nothing
	}
	if !r.Take("%{") {
		gap(r.At(), "it is no map of packages as Mix writes it, so none were read")
		return l
	}
	for {
		if r.Take("}") {
			if !r.Done() {
				gap(r.At(), "something follows the map of packages and was not read")
			}
			return l
		}
		if r.Done() {
			gap(r.At(), "it ends before the map of packages does")
			return l
		}
		if len(l.Packages) == mostPackages {
			gap(r.At(), fmt.Sprintf("more than %d packages; the rest was not read", mostPackages))
			return l
		}
		start := r.At()
		p, err := entry(r)
		if err != nil {
			why := "this entry was not read: " + err.Error()
			var t *term.Error
			if errors.As(err, &t) {
				why = "this entry was not read: " + t.What
			}
			gap(start, why)
			r.Jump(resume(src, max(start+1, r.At())))
			continue
		}
		p.Place = lines.Span(path, start, r.At())
		p.Place.Symbol = p.Name
		l.Packages = append(l.Packages, p)
		r.Take(",")
	}
}

// resolve blanks the marks of a merge conflict, so that offsets stay.
func resolve(src []byte, gap func(int, string)) []byte {
	if !bytes.Contains(src, []byte("<<<<<<<")) {
		return src
	}
	src = bytes.Clone(src)
	for at := 0; at < len(src); {
		end := len(src)
		if i := bytes.IndexByte(src[at:], '\n'); i >= 0 {
			end = at + i
		}
		for _, mark := range []string{"<<<<<<<", "|||||||", "=======", ">>>>>>>"} {
			if bytes.HasPrefix(src[at:end], []byte(mark)) {
				if mark == "<<<<<<<" {
					gap(at, "a merge conflict is not resolved; both sides were read")
				}
				for i := at; i < end; i++ {
					src[i] = ' '
				}
			}
		}
		at = end + 1
	}
	return src
}

// resume finds the next line that begins as an entry does.
func resume(src []byte, at int) int {
	for at < len(src) {
		i := bytes.IndexByte(src[at:], '\n')
		if i < 0 {
			return len(src)
		}
		at += i + 1
		line := bytes.TrimLeft(src[at:], " \t")
		if bytes.HasPrefix(line, []byte(`"`)) || bytes.HasPrefix(line, []byte("}")) {
			return at
		}
	}
	return at
}

func entry(r *term.Reader) (pack.Package, error) {
	key, err := r.Term()
	if err != nil {
		return pack.Package{}, err
	}
	if key.Kind != term.String && key.Kind != term.Atom {
		return pack.Package{}, fmt.Errorf("%s stands where a name should be", key.Kind)
	}
	if !r.Take(":") && !r.Take("=>") {
		return pack.Package{}, errors.New("nothing follows the name")
	}
	value, err := r.Term()
	if err != nil {
		return pack.Package{}, err
	}
	return locked(key.Text, value)
}

// locked reads what an entry holds. Hex wrote tuples of two to eight elements over the years; the name of the package
// is the second and may differ from the key, and the seventh is the repository.
func locked(key string, value term.Term) (pack.Package, error) {
	p := pack.Package{Ecosystem: pack.Hex, Name: key}
	if value.Kind != term.Tuple || len(value.Items) == 0 || value.Items[0].Kind != term.Atom {
		return p, errors.New("it is no tuple that says where the package comes from")
	}
	text := func(i int) string {
		if i < len(value.Items) && (value.Items[i].Kind == term.String || value.Items[i].Kind == term.Atom) && !value.Items[i].Is("nil") {
			return value.Items[i].Text
		}
		return ""
	}
	switch kind := value.Items[0].Text; kind {
	case "hex":
		if len(value.Items) < 3 || value.Items[1].Kind != term.Atom && value.Items[1].Kind != term.String || value.Items[2].Kind != term.String || value.Items[2].Text == "" {
			return p, errors.New("a package of Hex has a name and a version")
		}
		p.Name, p.Version = text(1), text(2)
		p.Checksum, p.Registry = text(3), text(6)
		if p.Registry == "" {
			p.Registry = "hexpm" // older tuples knew no other
		}
		if len(value.Items) > 5 {
			p.Needs = needs(value.Items[5])
		}
	case "package": // before Hex 0.4
		p.Version, p.Registry = text(1), "hexpm"
		if p.Version == "" {
			return p, errors.New("a package of Hex has a version")
		}
	case "git", "hg", "svn":
		p.Git = &pack.Git{URL: text(1), Commit: text(2)}
		p.URL = p.Git.URL
		if p.URL == "" {
			return p, errors.New("a dependency from git has an address")
		}
		if len(value.Items) > 3 {
			options(value.Items[3], p.Git)
		}
	default:
		return p, fmt.Errorf("a package from :%s is not known here", kind)
	}
	if p.Name == "" {
		return p, errors.New("the package has no name")
	}
	if p.Name != key {
		p.App = key
	}
	return p, nil
}

// needs reads what a package depends on, except where it can do without.
func needs(list term.Term) []string {
	var names []string
	for _, item := range list.Items {
		if item.Kind != term.Tuple || len(item.Items) == 0 || item.Items[0].Kind != term.Atom {
			continue
		}
		if o, ok := item.Items[len(item.Items)-1].Get("optional"); ok && o.Is("true") {
			continue
		}
		names = append(names, item.Items[0].Text)
	}
	return names
}

func options(t term.Term, g *pack.Git) {
	for name, into := range map[string]*string{"branch": &g.Branch, "tag": &g.Tag, "ref": &g.Ref, "sparse": &g.Sparse} {
		if v, ok := t.Get(name); ok && (v.Kind == term.String || v.Kind == term.Atom && !v.Is("nil")) {
			*into = v.Text
		}
	}
}

// address writes out the short forms that mix.exs takes for git hosts.
func address(host, text string) string {
	for name, site := range map[string]string{"github": "https://github.com/", "gitlab": "https://gitlab.com/", "bitbucket": "https://bitbucket.org/"} {
		if host == name {
			return site + strings.TrimSuffix(text, ".git") + ".git"
		}
	}
	return text
}
