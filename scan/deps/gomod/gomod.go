// Package gomod reads which Go modules a project uses: from go.mod with its replacements, and from the build information
// that Go binaries carry.
package gomod

import (
	"bytes"
	"debug/buildinfo"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/mod/modfile"

	"palisade.dev/scan"
	"palisade.dev/scan/deps/pack"
)

// Read reads go.mod, which since Go 1.17 names every module that a build uses.
func Read(path string, src []byte) (pack.Manifest, *pack.Lock) {
	m, l := pack.Manifest{Path: path}, &pack.Lock{Path: path}
	f, err := modfile.Parse(path, src, nil)
	if err != nil {
		var list modfile.ErrorList
		if errors.As(err, &list) {
			for _, e := range list {
				l.Gaps = append(l.Gaps, scan.Gap{Where: fmt.Sprintf("%s:%d", path, e.Pos.Line), Why: "it was not read: " + e.Err.Error()})
			}
		} else {
			l.Gaps = append(l.Gaps, scan.Gap{Where: path, Why: "it was not read: " + err.Error()})
		}
		return m, l
	}
	lines := scan.NewLines(src)
	for _, r := range f.Require {
		place := span(lines, path, r.Syntax)
		place.Symbol = r.Mod.Path
		asked := pack.Requirement{App: r.Mod.Path, Name: r.Mod.Path, Text: r.Mod.Version, Place: place}
		// The version stands where the line says it does; a comment behind it may say the same.
		if at := bytes.Index(src[place.Start.Offset:place.End.Offset], []byte(" "+r.Mod.Version)); at >= 0 {
			asked.Start = place.Start.Offset + at + 1
			asked.End = asked.Start + len(r.Mod.Version)
		}
		p := pack.Package{Ecosystem: pack.Go, Name: r.Mod.Path, Version: plain(r.Mod.Version), Direct: !r.Indirect, Place: place}
		replaced := false
		for _, rep := range f.Replace {
			if rep.Old.Path != r.Mod.Path || rep.Old.Version != "" && rep.Old.Version != r.Mod.Version {
				continue
			}
			replaced = true
			if rep.New.Version == "" {
				asked.Local = true // a folder of the project's own
				continue
			}
			p.App, p.Name, p.Version = r.Mod.Path, rep.New.Path, plain(rep.New.Version)
			p.Place = span(lines, path, rep.Syntax)
			p.Place.Symbol = p.Name
		}
		if !replaced {
			m.Requirements = append(m.Requirements, asked)
		}
		if !asked.Local {
			l.Packages = append(l.Packages, p)
		}
	}
	return m, l
}

// plain is a version as advisories write it.
func plain(v string) string { return strings.TrimPrefix(v, "v") }

func span(lines scan.Lines, path string, l *modfile.Line) scan.Place {
	return lines.Span(path, l.Start.Byte, l.End.Byte)
}

// ErrNone is of a file that is no Go binary.
var ErrNone = errors.New("it is no Go binary")

// Binary reads the modules that a Go binary was built of, the standard library among them.
func Binary(path string, r io.ReaderAt) (l *pack.Lock, err error) {
	// The reader follows offsets that the file gives; a broken one must not end the scan.
	defer func() {
		if fault := recover(); fault != nil {
			l, err = nil, fmt.Errorf("its build information could not be read: %v", fault)
		}
	}()
	info, err := buildinfo.Read(r)
	if err != nil {
		return nil, ErrNone
	}
	l = &pack.Lock{Path: path}
	add := func(name, version string) {
		l.Packages = append(l.Packages, pack.Package{Ecosystem: pack.Go, Name: name, Version: plain(version), Place: scan.Place{File: path, Symbol: name}})
	}
	if v, ok := Toolchain(info.GoVersion); ok {
		add("stdlib", v)
	}
	for _, d := range info.Deps {
		if d.Replace != nil {
			d = d.Replace
		}
		if d.Version != "" && d.Version != "(devel)" {
			add(d.Path, d.Version)
		}
	}
	return l, nil
}

// Toolchain turns "go1.26rc1" or "go1.26.3 X:experiment" into a version that advisories compare.
func Toolchain(v string) (string, bool) {
	v, _, _ = strings.Cut(strings.TrimPrefix(v, "go"), " ")
	v, _, _ = strings.Cut(v, "-") // a distribution's own mark
	if v == "" || v[0] < '0' || v[0] > '9' {
		return "", false
	}
	for _, pre := range []string{"rc", "beta"} {
		if number, n, ok := strings.Cut(v, pre); ok {
			return number + ".0-" + pre + "." + n, true
		}
	}
	if strings.Count(v, ".") == 1 {
		v += ".0"
	}
	return v, true
}
