// Package zipslip finds archives that are unpacked to where their own names say.
package zipslip

import (
	_ "embed"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/golang"
	"palisade.dev/scan/golang/flow"
)

//go:embed doc.md
var doc string

// Check is the check.
var Check = golang.Check{
	Check: scan.Check{
		ID: "golang/zipslip", Title: "An archive says where its files go", Severity: scan.High, CWE: []int{22},
		Standards: []string{"OWASP A01:2021"}, Tags: []string{"files", "archive"}, Doc: doc,
	},
	Flow: &flow.Spec{
		Sinks:  sinks(),
		Only:   []string{"archive/zip.File.Name", "archive/zip.FileHeader.Name", "archive/tar.Header.Name", "archive/tar.Header.Linkname"},
		Clears: []string{"path.Base", "path/filepath.Base", "path/filepath.Localize", "github.com/cyphar/filepath-securejoin.SecureJoin"},
		Proves: proves,
	},
	Run: run,
}

func sinks() []flow.Sink {
	var list []flow.Sink
	for _, n := range strings.Fields("Create OpenFile WriteFile MkdirAll Mkdir Symlink Link") {
		list = append(list, flow.Sink{Func: "os." + n, Args: []int{0}, Note: "is the file that is written"})
	}
	return append(list, flow.Sink{Func: "os.Symlink", Args: []int{0, 1}, Note: "is a link that is made"}, flow.Sink{Func: "io/ioutil.WriteFile", Args: []int{0}, Note: "is the file that is written"})
}

func proves(name string, c *flow.Call, yes bool) bool {
	switch name {
	case "path/filepath.IsLocal", "io/fs.ValidPath":
		return yes
	case "strings.HasPrefix":
		return yes && len(c.Args) == 2
	case "strings.Contains":
		return !yes
	}
	return false
}

func run(p *golang.Pass) {
	for _, h := range p.Hits {
		f := p.Of(h, "A name out of an archive says which file is written, and with .. in it leads out of the folder.")
		f.Fix = &scan.Fix{Text: "Unpack through an os.Root of the folder, or leave out entries for which filepath.IsLocal says no, and links."}
		p.Report(f)
	}
}
