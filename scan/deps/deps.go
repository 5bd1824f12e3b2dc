// Package deps audits what a project depends on: lock files, manifests and binaries are read, never evaluated, and
// compared with advisories, with what registries took back and with what is plainly unwise.
package deps

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"palisade.dev/scan"
	"palisade.dev/scan/deps/advisory"
	"palisade.dev/scan/deps/gitbranch"
	"palisade.dev/scan/deps/gomod"
	"palisade.dev/scan/deps/licence"
	"palisade.dev/scan/deps/lock"
	"palisade.dev/scan/deps/mixlock"
	"palisade.dev/scan/deps/npm"
	"palisade.dev/scan/deps/osv"
	"palisade.dev/scan/deps/pack"
	"palisade.dev/scan/deps/plainhttp"
	"palisade.dev/scan/deps/reach"
	"palisade.dev/scan/deps/retired"
	"palisade.dev/scan/deps/toolchain"
	"palisade.dev/scan/deps/unmaintained"
	"palisade.dev/scan/settings"
	"palisade.dev/scan/tree"
)

// Settings are what the scanner takes from outside.
type Settings struct {
	Advisories func(ecosystem string) (*osv.Database, []osv.Source, error) // nil takes what is built in
	Retired    pack.Retirements
	Licences   settings.Licences
	Dir        string // of the tree on disk, for the go command; empty follows no calls
	Follow     reach.Follower
	Now        func() time.Time
}

// Scanner audits dependencies.
type Scanner struct{ s Settings }

// New makes one.
func New(s Settings) *Scanner {
	if s.Advisories == nil {
		s.Advisories = new(osv.Once).Get
	}
	if s.Now == nil {
		s.Now = time.Now
	}
	return &Scanner{s}
}

// list is every check of dependencies; a test holds it to the folders.
func list() []pack.Check {
	return []pack.Check{
		advisory.Check,
		gitbranch.Check,
		licence.Check,
		lock.Check,
		plainhttp.Check,
		retired.Check,
		toolchain.Check,
		unmaintained.Check,
	}
}

// Name is told while it works.
func (*Scanner) Name() string { return "dependencies" }

// Checks lists what it looks for.
func (*Scanner) Checks() []scan.Check {
	var checks []scan.Check
	for _, c := range list() {
		checks = append(checks, c.Check)
	}
	return checks
}

// Scan reads every lock file of a tree.
func (s *Scanner) Scan(ctx context.Context, t *tree.Tree, wanted func(string) bool) (scan.Part, error) {
	var part scan.Part
	w := &pack.World{Tree: t, Licences: s.s.Licences, Retired: s.s.Retired, Now: s.s.Now()}
	sources := map[string][]osv.Source{}
	w.Advisories = func(ecosystem string) (*osv.Database, error) {
		db, from, err := s.s.Advisories(ecosystem)
		if err == nil {
			sources[ecosystem] = from
		}
		return db, err
	}
	if s.s.Dir != "" && len(s.s.Follow.Program) > 0 {
		w.Reached = func(p *pack.Project, advisories map[string][]byte) (pack.Reach, error) {
			if path.Base(p.Lock.Path) != "go.mod" {
				return nil, nil // a binary has no source to follow
			}
			answers, err := s.s.Follow.Source(ctx, filepath.Join(s.s.Dir, filepath.FromSlash(p.Dir)), advisories)
			if err != nil {
				return nil, err
			}
			return answers.Of, nil
		}
	}
	w.Projects = projects(ctx, t, &part)
	packages := 0
	for _, p := range w.Projects {
		if err := ctx.Err(); err != nil {
			return part, err
		}
		if p.Lock != nil {
			part.Gaps = append(part.Gaps, p.Lock.Gaps...)
			packages += len(p.Lock.Packages)
		}
		if s.compares(p.Ecosystem) || !wanted(advisory.Check.ID) {
			part.Read++
		}
		for _, c := range list() {
			if c.Run != nil && wanted(c.ID) {
				part.Add(c.Run(p, w))
			}
		}
	}
	for _, c := range list() {
		if c.Whole != nil && wanted(c.ID) {
			part.Add(c.Whole(w))
		}
	}
	if len(w.Projects) > 0 {
		part.Facts = append(part.Facts, scan.Fact{Name: "packages", Value: fmt.Sprint(packages)})
	}
	for _, ecosystem := range []string{pack.Hex, pack.Go, pack.NPM} {
		var words []string
		for _, from := range sources[ecosystem] {
			words = append(words, from.String())
		}
		if len(words) > 0 {
			part.Facts = append(part.Facts, scan.Fact{Name: "advisories for " + ecosystem, Value: strings.Join(words, "; ")})
		}
	}
	return part, nil
}

// compares says whether silence about an ecosystem means anything: a project that nothing can be compared with was not
// scanned.
func (s *Scanner) compares(ecosystem string) bool {
	db, _, err := s.s.Advisories(ecosystem)
	return err == nil && db.Has(ecosystem) && !db.Partial
}

// projects finds what belongs together. Lock files below testdata are samples of somebody's tests, not dependencies.
func projects(ctx context.Context, t *tree.Tree, part *scan.Part) []*pack.Project {
	var list []*pack.Project
	byDir := map[string]*pack.Project{}
	get := func(ecosystem, dir string) *pack.Project {
		k := ecosystem + " " + dir
		if byDir[k] == nil {
			byDir[k] = &pack.Project{Ecosystem: ecosystem, Dir: dir}
			list = append(list, byDir[k])
		}
		return byDir[k]
	}
	// A fault of ours in one file must not take the others with it.
	careful := func(f tree.File, work func()) {
		defer func() {
			if fault := recover(); fault != nil {
				part.Gaps = append(part.Gaps, scan.Gap{Where: f.Path, Why: fmt.Sprintf("a fault of ours stopped the reading (please report it): %v", fault)})
			}
		}()
		work()
	}
	read := func(f tree.File) ([]byte, bool) {
		data, err := t.Text(f.Path)
		if err != nil {
			part.Gaps = append(part.Gaps, scan.Gap{Where: f.Path, Why: "it was not read: " + err.Error()})
		}
		return data, err == nil
	}
	var manifests []tree.File
	one := func(f tree.File) {
		switch f.Base() {
		case "mix.lock":
			if data, ok := read(f); ok {
				get(pack.Hex, path.Dir(f.Path)).Lock = mixlock.Read(f.Path, data)
			}
		case "mix.exs":
			manifests = append(manifests, f)
		case "go.mod":
			if data, ok := read(f); ok {
				p := get(pack.Go, path.Dir(f.Path))
				m, l := gomod.Read(f.Path, data)
				p.Manifests, p.Lock = append(p.Manifests, m), l
			}
		case "package.json":
			if data, ok := read(f); ok {
				p := get(pack.NPM, path.Dir(f.Path))
				m, err := npm.Manifest(f.Path, data)
				if err != nil {
					part.Gaps = append(part.Gaps, scan.Gap{Where: f.Path, Why: err.Error()})
				}
				p.Manifests = append(p.Manifests, m)
			}
		}
		if format := npm.Files[f.Base()]; format != nil {
			if data, ok := read(f); ok {
				// A folder with two lock files is read by two tools, and both count.
				p := get(pack.NPM, path.Dir(f.Path))
				l := format(f.Path, data)
				if p.Lock == nil {
					p.Lock = l
				} else {
					list = append(list, &pack.Project{Ecosystem: pack.NPM, Dir: p.Dir, Lock: l})
				}
			}
		}
	}
	for _, f := range t.Files {
		if !slices.Contains(strings.Split(path.Dir(f.Path), "/"), "testdata") {
			careful(f, func() { one(f) })
		}
	}
	binaries(ctx, t, part, &list)
	// An app of an umbrella has no lock file of its own: it names the one above, and lies in apps.
	for _, f := range manifests {
		data, ok := read(f)
		if !ok {
			continue
		}
		dir := path.Dir(f.Path)
		for d := dir; path.Base(path.Dir(dir)) == "apps" || bytes.Contains(data, []byte("lockfile:")); d = path.Dir(d) {
			if byDir[pack.Hex+" "+d] != nil && byDir[pack.Hex+" "+d].Lock != nil {
				dir = d
				break
			}
			if d == "." {
				break
			}
		}
		careful(f, func() {
			m := mixlock.Manifest(f.Path, data)
			p := get(pack.Hex, dir)
			p.Manifests = append(p.Manifests, m)
		})
	}
	for _, p := range list {
		mark(p)
	}
	// A workspace's package.json is locked by the file above it.
	list = slices.DeleteFunc(list, func(p *pack.Project) bool {
		return p.Ecosystem == pack.NPM && p.Lock == nil && above(byDir, p.Dir)
	})
	slices.SortStableFunc(list, func(a, b *pack.Project) int {
		return strings.Compare(a.Dir+"\x00"+a.Ecosystem, b.Dir+"\x00"+b.Ecosystem)
	})
	return list
}

func above(byDir map[string]*pack.Project, dir string) bool {
	for d := dir; d != "."; {
		d = path.Dir(d)
		if p := byDir[pack.NPM+" "+d]; p != nil && p.Lock != nil {
			return true
		}
	}
	return false
}

// smallest is what no Go binary is below.
const smallest = 300 << 10

// binaries reads the build information of Go binaries in the tree.
func binaries(ctx context.Context, t *tree.Tree, part *scan.Part, list *[]*pack.Project) {
	for _, f := range t.Files {
		if ext := f.Ext(); f.Size < smallest || ext != "" && ext != ".exe" && ext != ".bin" || ctx.Err() != nil {
			continue
		}
		in, err := t.FS().Open(f.Path)
		if err != nil {
			part.Gaps = append(part.Gaps, scan.Gap{Where: f.Path, Why: "it was not read: " + err.Error()})
			continue
		}
		if at, ok := in.(io.ReaderAt); ok && executable(at) {
			l, err := gomod.Binary(f.Path, at)
			switch {
			case err == nil:
				*list = append(*list, &pack.Project{Ecosystem: pack.Go, Dir: path.Dir(f.Path), Lock: l})
			case !errors.Is(err, gomod.ErrNone):
				part.Gaps = append(part.Gaps, scan.Gap{Where: f.Path, Why: err.Error()})
			}
		}
		_ = in.Close()
	}
}

// executable says whether a file begins as programs do: ELF, Mach-O, PE.
func executable(r io.ReaderAt) bool {
	var head [4]byte
	if _, err := r.ReadAt(head[:], 0); err != nil {
		return false
	}
	for _, magic := range []string{"\x7fELF", "MZ", "\xfe\xed\xfa", "\xcf\xfa\xed\xfe", "\xce\xfa\xed\xfe", "\xca\xfe\xba\xbe"} {
		if strings.HasPrefix(string(head[:]), magic) {
			return true
		}
	}
	return false
}

// mark says of the packages of Hex which the project asks for itself, and which are for development alone: those that
// are reached from what it asks for outside production, and from nothing else.
func mark(p *pack.Project) {
	if p.Lock == nil || p.Ecosystem != pack.Hex {
		return
	}
	byApp := map[string][]int{}
	for i, pkg := range p.Lock.Packages {
		name := pkg.App
		if name == "" {
			name = pkg.Name
		}
		byApp[name] = append(byApp[name], i)
	}
	production, development := map[int]bool{}, map[int]bool{}
	var reach func(app string, seen map[int]bool)
	reach = func(app string, seen map[int]bool) {
		for _, i := range byApp[app] {
			if seen[i] {
				continue
			}
			seen[i] = true
			for _, need := range p.Lock.Packages[i].Needs {
				reach(need, seen)
			}
		}
	}
	for _, m := range p.Manifests {
		for _, r := range m.Requirements {
			for _, i := range byApp[r.App] {
				p.Lock.Packages[i].Direct = true
			}
			if r.Dev {
				reach(r.App, development)
			} else {
				reach(r.App, production)
			}
		}
	}
	for i := range p.Lock.Packages {
		p.Lock.Packages[i].Dev = development[i] && !production[i]
	}
}
