// Package pack is what readers of lock files and checks of dependencies share: a package with its version, what asks for
// it, and where both are written. It is plain data; readers fill it, checks look at it.
package pack

import (
	"fmt"

	"palisade.dev/scan"
)

// The ecosystems, as OSV names them.
const (
	Hex = "Hex"
	Go  = "Go"
	NPM = "npm"
)

// Package is a dependency at a version.
type Package struct {
	Ecosystem  string
	Name       string // as its registry has it: for a renamed Hex package that is not the key of the lock file
	App        string // the key of the lock file, where it differs
	Version    string // empty where only a commit is known
	Registry   string // Hex: "hexpm", "hexpm:ORG" or a registry of one's own; others: the address it came from
	Git        *Git
	URL        string // where it is fetched from, if the lock file says
	Checksum   string
	Licence    string   // where the lock file says
	Deprecated string   // its owner's words, where the lock file has them
	Needs      []string // names in code of what it cannot do without
	Direct     bool     // the project asks for it itself
	Dev        bool     // it is not in what runs in production
	Place      scan.Place
}

// Public says whether a package comes from the registry that advisories speak of.
func (p Package) Public() bool {
	return p.Git == nil && (p.Ecosystem != Hex || p.Registry == "" || p.Registry == "hexpm")
}

// Excerpt shows a package of mix.lock without its checksums, which fill two lines; of others the line itself will do.
func (p Package) Excerpt() string {
	if p.Ecosystem != Hex {
		return ""
	}
	key := p.Name
	if p.App != "" {
		key = p.App
	}
	if p.Git != nil {
		return fmt.Sprintf("%q: {:git, %q, %q, …}", key, p.Git.URL, p.Git.Commit)
	}
	return fmt.Sprintf("%q: {:hex, :%s, %q, …}", key, p.Name, p.Version)
}

// Git is where a dependency without a registry comes from.
type Git struct {
	URL, Commit, Branch, Tag, Ref, Sparse string
}

// Requirement is a line in which a project asks for a package.
type Requirement struct {
	App       string // the name in the code
	Name      string // of the package
	Text      string // "~> 1.2"; empty where there is none
	Start     int    // of Text in the file, without its quotes
	End       int
	Git       *Git
	URL       string
	Scheme    int // where the address's scheme stands in the file, if it is written out
	SchemeEnd int
	Local     bool     // path or umbrella: no package of others
	Only      []string // environments
	Dev       bool
	Over      bool // override: true
	Place     scan.Place
	Opaque    bool // code stands where constants should, so not all of it was read
}

// Manifest is a file in which a project asks for packages: mix.exs, go.mod, package.json.
type Manifest struct {
	Path         string
	Requirements []Requirement
}

// Lock is a file that says which versions there are: mix.lock, go.sum, package-lock.json, a binary.
type Lock struct {
	Path     string
	Packages []Package
	Gaps     []scan.Gap
}

// Project is what belongs together: the manifests of a folder, of its umbrella apps or workspaces, and their lock file.
type Project struct {
	Ecosystem string
	Dir       string
	Manifests []Manifest
	Lock      *Lock // nil where there is none
}

// Packages are the packages of a project.
func (p *Project) Packages() []Package {
	if p.Lock == nil {
		return nil
	}
	return p.Lock.Packages
}

// Asks finds what asks for a package, and the file in which it does.
func (p *Project) Asks(name string) (r Requirement, file string, ok bool) {
	for _, m := range p.Manifests {
		for _, r := range m.Requirements {
			if r.Name == name && !r.Local {
				return r, m.Path, true
			}
		}
	}
	return Requirement{}, "", false
}
