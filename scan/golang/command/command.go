// Package command finds programs and command lines that a client chooses.
package command

import (
	_ "embed"
	"path"
	"slices"
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
		ID: "golang/command", Title: "A client says what is run", Severity: scan.Critical, CWE: []int{78, 88},
		Standards: []string{"OWASP A03:2021", "PCI DSS 4.0 6.2.4"}, Tags: []string{"injection", "command"}, Doc: doc,
	},
	Flow: &flow.Spec{
		Sinks:  sinks(),
		Denies: []string{"strings.HasPrefix"},
		Prefix: func(text string) bool { return strings.HasPrefix(text, "-") && strings.Contains(text, "=") }, // --depth= and what it is
	},
	Run: run,
}

func sinks() []flow.Sink {
	var list []flow.Sink
	for name, first := range map[string]int{"os/exec.Command": 0, "os/exec.CommandContext": 1} {
		list = append(list,
			flow.Sink{Func: name, Args: []int{first}, Note: "is the program that runs"},
			flow.Sink{Func: name, Args: []int{first + 1}, Rest: true, When: func(c *flow.Call) bool { return shell(c, first) }, Note: line},
			flow.Sink{Func: name, Args: []int{first + 1}, Rest: true, When: func(c *flow.Call) bool { return options(c, first) }, Note: option})
	}
	return append(list,
		flow.Sink{Func: "syscall.Exec", Args: []int{0, 1}, Note: "is the program that runs"},
		flow.Sink{Func: "os.StartProcess", Args: []int{0, 1}, Note: "is the program that runs"})
}

const (
	line   = "is read by a shell"
	option = "is an argument, and an option where it begins with a dash"
)

var shells = []string{"sh", "bash", "zsh", "dash", "ksh", "ash", "cmd", "cmd.exe", "powershell", "pwsh", "powershell.exe"}

// shell says whether the program is a shell that is given a line to run.
func shell(c *flow.Call, first int) bool {
	if len(c.Args) <= first+1 {
		return false
	}
	name, _ := c.Package.Constant(c.Args[first])
	flag, _ := c.Package.Constant(c.Args[first+1])
	return slices.Contains(shells, path.Base(name)) && (strings.HasPrefix(flag, "-") && strings.HasSuffix(strings.ToLower(flag), "c") || strings.EqualFold(flag, "/c") || strings.EqualFold(flag, "-command"))
}

// Programs whose options run other programs, write files or read them. Others do less when they are given an option.
var steered = []string{"git", "tar", "ssh", "scp", "rsync", "curl", "wget", "find", "ffmpeg", "zip", "unzip", "convert", "magick", "docker", "hg", "svn", "psql", "mysql", "sendmail", "awk", "sed", "env", "xargs", "chrome", "chromium", "python", "python3", "perl", "ruby", "node", "tcpdump", "man", "rg"}

// options says whether an argument may be taken for an option: the program knows harmful ones, and no -- stands before.
func options(c *flow.Call, first int) bool {
	name, known := c.Package.Constant(c.Args[first])
	if !known || !slices.Contains(steered, path.Base(name)) {
		return false
	}
	for _, a := range c.Args[first+1:] {
		if text, ok := c.Package.Constant(a); ok && text == "--" {
			return false
		}
	}
	return true
}

func run(p *golang.Pass) {
	for _, h := range p.Hits {
		f := p.Of(h, "What the client sends says which program runs, or is read by a shell.")
		f.Fix = &scan.Fix{Text: "Run a fixed program without a shell, give values as arguments of their own behind --, and accept only the values that you expect."}
		if h.Sink.Note == option {
			f.Message, f.Severity, f.Confidence, f.CWE = "What the client sends is an argument of a program whose options do harm; one that begins with a dash is an option.", scan.Medium, scan.Firm, []int{88}
		}
		p.Report(f)
	}
}
