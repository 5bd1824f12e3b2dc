package pack

import (
	"time"

	"palisade.dev/scan"
	"palisade.dev/scan/deps/osv"
	"palisade.dev/scan/settings"
	"palisade.dev/scan/tree"
)

// World is what checks may ask beside the project.
type World struct {
	Tree       *tree.Tree
	Projects   []*Project
	Advisories func(ecosystem string) (*osv.Database, error)
	Reached    func(p *Project, advisories map[string][]byte) (Reach, error) // how far the project's own code goes; nil where nobody can tell
	Retired    Retirements                                                   // nil where no registry's files are at hand
	Licences   settings.Licences
	Now        time.Time
}

// Reach answers by advisory and package how far the code gets: "called: main.go:12 …", "imported", "required"; empty is
// unknown.
type Reach func(advisory, name string) string

// Retirements tells which releases a registry has taken back.
type Retirements interface {
	// Retired gives the reason, as "security" or "deprecated", and the owner's words; ok is false for a package that is
	// not at hand.
	Retired(name, version string) (reason, message string, ok bool, err error)
}

// Check is a check of dependencies.
type Check struct {
	scan.Check
	Run   func(p *Project, w *World) scan.Part // for each project; may be nil
	Whole func(w *World) scan.Part             // once for the tree; may be nil
}

// Finding begins a finding of a check at a place.
func (c Check) Finding(place scan.Place, key, message string) scan.Finding {
	return scan.Finding{Check: c.ID, Title: c.Title, Message: message, Severity: c.Severity, Confidence: scan.Confirmed, Place: place, Key: key, CWE: c.CWE, Standards: c.Standards}
}
