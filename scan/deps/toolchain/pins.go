package toolchain

import (
	"path"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/late"
)

// The tools, as they are called here.
const (
	Go     = "go"
	Elixir = "elixir"
	OTP    = "otp"
	Node   = "node"
)

// Pin is a place in which a project says which version of a tool it is built with.
type Pin struct {
	Tool    string
	Version string // as it is written; empty where it is said elsewhere
	Place   scan.Place
	Start   int // of Version in the file
	End     int
	Least   bool // it may also be a later one
	Build   bool // of checks that run on a server, not of what is deployed
}

// numbers are a version that stands for itself: 1.21, 25.3.2.1, 1.27rc1.
var numbers = late.Pattern(`^\d+(\.\d+)*(?:-?(?:rc|beta|alpha)[.\d]*)?$`)

// reader reads the pins of one kind of file.
type reader func(file string, src string) []Pin

// readerOf gives the reader of a file, by its path; nil of most.
func readerOf(file string) reader {
	base := path.Base(file)
	lower := strings.ToLower(base)
	dir := path.Dir(file)
	switch {
	case base == ".tool-versions":
		return toolVersions
	case base == "mise.toml", base == ".mise.toml":
		return mise
	case base == ".go-version":
		return single(Go)
	case base == ".nvmrc", base == ".node-version":
		return single(Node)
	case lower == "dockerfile", lower == "containerfile", strings.HasPrefix(lower, "dockerfile."), strings.HasPrefix(lower, "containerfile."), strings.HasSuffix(lower, ".dockerfile"):
		return dockerfile
	case base == "go.mod":
		return goMod
	case strings.HasSuffix(dir, ".github/workflows") && (path.Ext(lower) == ".yml" || path.Ext(lower) == ".yaml"):
		return workflow
	}
	return nil
}

// each goes through the lines of a text, with the offset of each.
func each(src string, yield func(at int, line string)) {
	at := 0
	for l := range strings.Lines(src) {
		yield(at, strings.TrimRight(l, "\r\n"))
		at += len(l)
	}
}

// add is a pin of a version that stands at an offset of a text, without the marks before and behind it.
func add(list []Pin, lines scan.Lines, file, tool string, at int, version string) []Pin {
	cut := strings.TrimPrefix(strings.TrimLeft(version, "vV="), "go") // v18.1, =1.2, go1.21.3
	at += len(version) - len(cut)
	return append(list, Pin{Tool: tool, Version: cut, Place: lines.Span(file, at, at+len(cut)), Start: at, End: at + len(cut)})
}

var asdf = map[string]string{"golang": Go, "go": Go, "elixir": Elixir, "erlang": OTP, "nodejs": Node, "node": Node}

// toolVersions reads asdf's file: a tool and its versions on each line, the first of which counts.
func toolVersions(file, src string) (pins []Pin) {
	lines := scan.NewLines([]byte(src))
	each(src, func(at int, l string) {
		if i := strings.IndexByte(l, '#'); i >= 0 {
			l = l[:i]
		}
		fields := strings.Fields(l)
		if len(fields) < 2 || asdf[fields[0]] == "" {
			return
		}
		begins := strings.Index(l, fields[0]) + len(fields[0])
		begins += strings.Index(l[begins:], fields[1])
		version, _, _ := strings.Cut(fields[1], "-otp-")
		pins = add(pins, lines, file, asdf[fields[0]], at+begins, version)
	})
	return pins
}

var miseTool = late.Pattern(`^\s*"?(?:core:|asdf:)?(go|golang|elixir|erlang|node|nodejs)"?\s*=[^"']*["']([^"']*)["']`)

// mise reads the tools of mise.toml, each on a line of its own.
func mise(file, src string) (pins []Pin) {
	lines := scan.NewLines([]byte(src))
	tools := false
	each(src, func(at int, l string) {
		if trimmed := strings.TrimSpace(l); strings.HasPrefix(trimmed, "[") {
			tools = trimmed == "[tools]"
			return
		}
		if m := miseTool.FindStringSubmatchIndex(l); tools && m != nil {
			version, _, _ := strings.Cut(l[m[4]:m[5]], "-otp-")
			pins = add(pins, lines, file, asdf[l[m[2]:m[3]]], at+m[4], version)
		}
	})
	return pins
}

// single reads a file that holds a version and nothing else.
func single(tool string) reader {
	return func(file, src string) []Pin {
		lines := scan.NewLines([]byte(src))
		version := strings.TrimSpace(src)
		if version == "" || strings.ContainsAny(version, "\n ") {
			return nil
		}
		return add(nil, lines, file, tool, strings.Index(src, version), version)
	}
}

var goLine = late.Pattern(`^\s*(go|toolchain)\s+(\S+)`)

// goMod reads the tool chain that go.mod asks for, or else the version that it asks for at least.
func goMod(file, src string) (pins []Pin) {
	lines := scan.NewLines([]byte(src))
	var least, chain []Pin
	each(src, func(at int, l string) {
		m := goLine.FindStringSubmatchIndex(l)
		switch {
		case m == nil || strings.HasPrefix(l[m[4]:m[5]], "("):
		case l[m[2]:m[3]] == "go":
			least = add(nil, lines, file, Go, at+m[4], l[m[4]:m[5]])
		case l[m[4]:m[5]] != "default":
			chain = add(nil, lines, file, Go, at+m[4], l[m[4]:m[5]])
		}
	})
	if chain != nil {
		return chain
	}
	for i := range least {
		least[i].Least = true
	}
	return least
}

var setup = late.Pattern(`^\s*(?:-\s+)?(otp|elixir|go|node)-version:\s*["']?([^"'#]*)`)

// workflow reads what a workflow of GitHub sets up for its steps.
func workflow(file, src string) (pins []Pin) {
	lines := scan.NewLines([]byte(src))
	each(src, func(at int, l string) {
		m := setup.FindStringSubmatchIndex(l)
		if m == nil {
			return
		}
		version := strings.TrimRight(l[m[4]:m[5]], " \t")
		if version == "" || version[0] == '[' { // a list of those that are tried
			return
		}
		pins = add(pins, lines, file, map[string]string{"otp": OTP, "elixir": Elixir, "go": Go, "node": Node}[l[m[2]:m[3]]], at+m[4], version)
		pins[len(pins)-1].Build = true
	})
	return pins
}

// most bounds what is taken from one file; a workflow of a hundred jobs is below it.
const most = 200

// read gives the pins of a file.
func read(file string, src string) []Pin {
	r := readerOf(file)
	if r == nil {
		return nil
	}
	pins := r(file, src)
	return pins[:min(len(pins), most)]
}

// told says whether a version stands for itself: not "latest", "^1.21" or what is filled in elsewhere.
func (p Pin) told() bool { return numbers.MatchString(p.Version) }

// whole says whether a version is one release, and not the newest of its line.
func (p Pin) whole() bool {
	dots := strings.Count(p.Version, ".")
	return dots >= 2 || p.Tool == OTP && dots >= 1 || strings.Contains(p.Version, "rc")
}
