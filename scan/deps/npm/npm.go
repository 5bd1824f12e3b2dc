// Package npm reads which packages a JavaScript project locks: package-lock.json of versions 1 to 3, yarn.lock of the
// first and of the later form, pnpm-lock.yaml of versions 5 to 9. The text forms are read line by line: what is needed of
// them stands at fixed depths, and a reader of all YAML would cost more than the rest of the scan.
package npm

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/deps/pack"
	"palisade.dev/scan/late"
)

// most bounds a lock file; a large front end has 3,000 packages.
const most = 100_000

// Files are the lock files by name.
var Files = map[string]func(path string, src []byte) *pack.Lock{
	"package-lock.json": PackageLock, "npm-shrinkwrap.json": PackageLock, "yarn.lock": Yarn, "pnpm-lock.yaml": PNPM,
}

// locked is an entry of package-lock.json.
type locked struct {
	Name         string          `json:"name"`
	Version      string          `json:"version"`
	Resolved     string          `json:"resolved"`
	Dev          bool            `json:"dev"`
	Link         bool            `json:"link"`
	Deprecated   string          `json:"deprecated"`
	License      any             `json:"license"`
	Dependencies json.RawMessage `json:"dependencies"` // version 1 nests packages here, later ones list names
}

// PackageLock reads package-lock.json.
func PackageLock(path string, src []byte) *pack.Lock {
	l := &pack.Lock{Path: path}
	var file struct {
		Version      int               `json:"lockfileVersion"`
		Packages     map[string]locked `json:"packages"`
		Dependencies map[string]locked `json:"dependencies"`
	}
	if err := json.Unmarshal(bytes.TrimPrefix(src, []byte("\ufeff")), &file); err != nil {
		l.Gaps = append(l.Gaps, scan.Gap{Where: path, Why: "it was not read: " + err.Error()})
		return l
	}
	lines, at := scan.NewLines(src), keys(src)
	if file.Packages != nil {
		root := map[string]bool{}
		var asked map[string]string
		if json.Unmarshal(file.Packages[""].Dependencies, &asked) == nil {
			for name := range asked {
				root[name] = true
			}
		}
		for key, e := range file.Packages {
			behind := strings.LastIndex(key, "node_modules/")
			if behind < 0 || e.Link || e.Version == "" {
				continue // the project itself, or a workspace of it
			}
			name := key[behind+len("node_modules/"):]
			if e.Name != "" { // an alias: npm:other@1
				name = e.Name
			}
			add(l, lines, at, key, pack.Package{Name: name, Version: e.Version, URL: e.Resolved, Dev: e.Dev, Direct: root[name], Deprecated: e.Deprecated, Licence: word(e.License)})
		}
	} else {
		nested(l, lines, at, file.Dependencies, 0)
	}
	order(l)
	return l
}

// word is a licence where it is one word; older packages wrote objects.
func word(v any) string { s, _ := v.(string); return s }

// keys finds where each key of a JSON text stands first.
func keys(src []byte) map[string]int {
	found := map[string]int{}
	for i := 0; i < len(src); i++ {
		if src[i] != '"' {
			continue
		}
		start := i
		for i++; i < len(src) && src[i] != '"'; i++ {
			if src[i] == '\\' {
				i++
			}
		}
		if i+1 < len(src) && src[i+1] == ':' {
			if key := string(src[start+1 : i]); !has(found, key) {
				found[key] = start
			}
		}
	}
	return found
}

func has(m map[string]int, key string) bool { _, ok := m[key]; return ok }

// nested reads the packages of version 1, each within the one that asks for it.
func nested(l *pack.Lock, lines scan.Lines, at map[string]int, deps map[string]locked, depth int) {
	if depth > 100 {
		l.Gaps = append(l.Gaps, scan.Gap{Where: l.Path, Why: "packages nest more than 100 deep; the rest was not read"})
		return
	}
	for name, e := range deps {
		p := pack.Package{Name: name, Version: e.Version, URL: e.Resolved, Dev: e.Dev}
		if alias, ok := strings.CutPrefix(e.Version, "npm:"); ok {
			p.Name, p.Version = cut(alias)
		}
		add(l, lines, at, name, p)
		var below map[string]locked
		if json.Unmarshal(e.Dependencies, &below) == nil {
			nested(l, lines, at, below, depth+1)
		}
	}
}

// add puts a package in. Its place is where its key stands first.
func add(l *pack.Lock, lines scan.Lines, at map[string]int, key string, p pack.Package) {
	if len(l.Packages) >= most {
		return
	}
	p.Ecosystem = pack.NPM
	p.Place = scan.Place{File: l.Path, Symbol: p.Name}
	if start, ok := at[key]; ok {
		p.Place = lines.Span(l.Path, start, start+len(key)+2)
		p.Place.Symbol = p.Name
	}
	fill(&p)
	l.Packages = append(l.Packages, p)
}

// fill tells packages apart that do not come from a registry.
func fill(p *pack.Package) {
	for _, text := range []string{p.URL, p.Version} {
		if strings.HasPrefix(text, "git") && strings.Contains(text, ":") || strings.HasPrefix(text, "github:") {
			address, commit, _ := strings.Cut(text, "#")
			p.Git = &pack.Git{URL: strings.TrimPrefix(address, "git+"), Commit: commit}
			p.URL, p.Version = p.Git.URL, ""
			return
		}
	}
	if strings.Contains(p.Version, ":") { // file:, link:, a tarball's address
		if strings.HasPrefix(p.Version, "http") {
			p.URL = p.Version
		}
		p.Version = ""
	}
}

func order(l *pack.Lock) {
	slices.SortFunc(l.Packages, func(a, b pack.Package) int {
		return cmp.Or(cmp.Compare(a.Place.Start.Offset, b.Place.Start.Offset), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Version, b.Version))
	})
	// The same package at the same version, asked for twice, is one.
	seen := map[string]bool{}
	l.Packages = slices.DeleteFunc(l.Packages, func(p pack.Package) bool {
		k := p.Name + "@" + p.Version + "#" + p.URL
		again := seen[k] && p.Git == nil
		seen[k] = true
		return again
	})
}

// cut parts "name@version", where the name may begin with an @ of its own.
func cut(text string) (name, version string) {
	at := strings.LastIndex(text, "@")
	if at <= 0 {
		return text, ""
	}
	return text[:at], text[at+1:]
}

// Yarn reads yarn.lock of both forms: an entry is a line at the margin, what belongs to it is indented by two.
func Yarn(path string, src []byte) *pack.Lock {
	l := &pack.Lock{Path: path}
	var p *pack.Package
	later := bytes.Contains(src, []byte("__metadata:"))
	flush := func() {
		if p != nil && (p.Version != "" || p.Git != nil) && len(l.Packages) < most {
			fill(p)
			l.Packages = append(l.Packages, *p)
		}
		p = nil
	}
	each(src, func(number, offset int, line string) {
		switch {
		case line == "" || line[0] == '#':
		case line[0] != ' ':
			flush()
			head := strings.Trim(strings.TrimSuffix(line, ":"), `"`)
			head, _, _ = strings.Cut(head, ",")
			head = strings.Trim(head, `" `)
			if head == "" || head == "__metadata" || !strings.HasSuffix(line, ":") {
				return
			}
			name, asked := cut(head)
			if at := strings.Index(head[1:], "@"); at >= 0 { // the first @ behind the scope ends the name
				name, asked = head[:at+1], head[at+2:]
			}
			if alias, ok := strings.CutPrefix(asked, "npm:"); ok {
				if other, version := cut(alias); version != "" {
					name = other
				}
			}
			p = &pack.Package{Ecosystem: pack.NPM, Name: name, Place: place(path, name, number, offset, len(line))}
		case p != nil && len(line) > 2 && line[:2] == "  " && line[2] != ' ':
			key, value := field(line)
			switch key {
			case "version":
				p.Version = value
			case "resolved":
				p.URL = value
			case "resolution": // "name@npm:1.0.0"; workspaces and patches have other words there
				name, rest, ok := strings.Cut(value, "@npm:")
				switch {
				case strings.Contains(value, "@workspace:"), strings.Contains(value, "@link:"), strings.Contains(value, "@portal:"):
					p = nil
				case ok && later && !strings.Contains(rest, "#"):
					p.Name = name
				}
			}
		}
	})
	flush()
	order(l)
	return l
}

var (
	oldKey = late.Pattern(`^/?((?:@[^/@]+/)?[^/@]+)/(\d[^/_(]*)`) // /@scope/name/1.0.0_peers of version 5
	newKey = late.Pattern(`^/?((?:@[^/@]+/)?[^/@]+)@([^(]+)`)     // @scope/name@1.0.0(peers) of 6 and later
)

// PNPM reads pnpm-lock.yaml: the keys below "packages:", indented by two.
func PNPM(path string, src []byte) *pack.Lock {
	l := &pack.Lock{Path: path}
	section := ""
	last := -1
	each(src, func(number, offset int, line string) {
		switch {
		case strings.TrimSpace(line) == "" || line[0] == '#':
		case line[0] != ' ':
			section, last = strings.TrimSuffix(line, ":"), -1
		case section == "packages" && len(line) > 3 && line[2] != ' ':
			last = -1
			key := strings.Trim(strings.TrimSuffix(strings.TrimSpace(line), ":"), `'"`)
			m := newKey.FindStringSubmatch(key)
			if old := oldKey.FindStringSubmatch(key); old != nil && strings.HasPrefix(key, "/") {
				m = old
			}
			if m == nil || len(l.Packages) >= most {
				return
			}
			p := pack.Package{Ecosystem: pack.NPM, Name: m[1], Version: m[2], Place: place(path, m[1], number, offset, len(line))}
			fill(&p)
			last = len(l.Packages)
			l.Packages = append(l.Packages, p)
		case section == "packages" && last >= 0 && len(line) > 4 && line[4] != ' ':
			switch key, value := field(line); key {
			case "dev":
				l.Packages[last].Dev = value == "true"
			case "resolution":
				if _, rest, ok := strings.Cut(value, "tarball: "); ok {
					if end := strings.IndexAny(rest, ",}"); end >= 0 {
						rest = rest[:end]
					}
					l.Packages[last].URL = strings.Trim(rest, `'" `)
				}
			}
		}
	})
	if len(l.Packages) == 0 && !bytes.Contains(src, []byte("lockfileVersion")) {
		l.Gaps = append(l.Gaps, scan.Gap{Where: path, Why: "it has no lockfileVersion, so nothing was read"})
	}
	order(l)
	return l
}

// field parts "key: value" or `key "value"`.
func field(line string) (key, value string) {
	line = strings.TrimSpace(line)
	at := strings.IndexAny(line, ": ")
	if at < 0 {
		return line, ""
	}
	return line[:at], strings.Trim(strings.TrimLeft(line[at:], ": "), `"'`)
}

// each gives the lines of a text without their ends.
func each(src []byte, f func(number, offset int, line string)) {
	offset := 0
	for n, line := range strings.SplitAfter(strings.TrimPrefix(string(src), "\ufeff"), "\n") {
		f(n+1, offset, strings.TrimRight(line, "\r\n"))
		offset += len(line)
	}
}

func place(path, name string, number, offset, length int) scan.Place {
	return scan.Place{
		File: path, Symbol: name, Start: scan.Position{Line: number, Column: 1, Offset: offset},
		End: scan.Position{Line: number, Column: length + 1, Offset: offset + length},
	}
}

// Manifest reads what package.json asks for.
func Manifest(path string, src []byte) (pack.Manifest, error) {
	m := pack.Manifest{Path: path}
	var file struct {
		Dependencies map[string]string `json:"dependencies"`
		Dev          map[string]string `json:"devDependencies"`
	}
	if err := json.Unmarshal(bytes.TrimPrefix(src, []byte("\ufeff")), &file); err != nil {
		return m, fmt.Errorf("it was not read: %w", err)
	}
	lines := scan.NewLines(src)
	if len(file.Dependencies)+len(file.Dev) > 2000 {
		return m, fmt.Errorf("it asks for %d packages; at most 2000 are read", len(file.Dependencies)+len(file.Dev))
	}
	for i, list := range []map[string]string{file.Dependencies, file.Dev} {
		for name, text := range list {
			r := pack.Requirement{App: name, Name: name, Text: text, Dev: i == 1, Local: strings.HasPrefix(text, "file:") || strings.HasPrefix(text, "link:") || strings.HasPrefix(text, "workspace:")}
			if strings.Contains(text, "://") {
				r.URL = text
			}
			quoted := regexp.MustCompile(regexp.QuoteMeta(`"`+name+`"`) + `\s*:\s*"` + regexp.QuoteMeta(text) + `"`)
			if at := quoted.FindIndex(src); at != nil {
				r.Place = lines.Span(path, at[0], at[1])
				r.Start, r.End = at[1]-1-len(text), at[1]-1
			} else {
				r.Place = scan.Place{File: path}
			}
			r.Place.Symbol = name
			m.Requirements = append(m.Requirements, r)
		}
	}
	slices.SortFunc(m.Requirements, func(a, b pack.Requirement) int {
		return cmp.Or(cmp.Compare(a.Place.Start.Offset, b.Place.Start.Offset), cmp.Compare(a.Name, b.Name))
	})
	return m, nil
}
