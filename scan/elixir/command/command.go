// Package command looks for programs and shell lines that are put together from values.
package command

import (
	_ "embed"
	"path"
	"slices"

	"palisade.dev/scan"
	"palisade.dev/scan/elixir"
	"palisade.dev/scan/elixir/flow"
)

//go:embed doc.md
var doc string

// Check is the check.
var Check = elixir.Check{
	Check: scan.Check{
		ID: "elixir/command", Title: "Command run from input", Severity: scan.Critical, CWE: []int{78, 88}, Doc: doc,
		Standards: []string{"OWASP A03:2021"},
	},
	Sinks: sinks(),
	Run: elixir.Follow(elixir.Words{
		Does:     "A command is run with %s",
		Harm:     "whoever sends it runs programs on the server",
		Fix:      "Call the program itself with System.cmd/3 and a list of arguments, without a shell, and put -- before what a user chose.",
		Severity: option,
	}),
}

func sinks() []flow.Sink {
	all := []flow.Sink{
		{Call: "Port.open", Of: spawned, Guard: flow.Shell, Name: "program"},
		{Call: "System.cmd", Of: argument, Guard: flow.Shell, Name: "argument"},
		{Call: "MuonTrap.cmd", Of: argument, Guard: flow.Shell, Name: "argument"},
	}
	for _, call := range []string{"System.cmd", "System.shell", ":os.cmd", "Rambo.run", "MuonTrap.cmd", "Porcelain.shell", "Porcelain.exec", "Exile.stream!", "Exexec.run", ":exec.run", "ExCmd.stream!"} {
		all = append(all, flow.Sink{Call: call, Guard: flow.Shell, Name: "program"})
	}
	for _, call := range []string{"System.cmd", "Rambo.run", "MuonTrap.cmd", "Porcelain.exec"} {
		all = append(all, flow.Sink{Call: call, Of: line, Guard: flow.Shell, Name: "shell"})
	}
	return all
}

var shells = []string{"sh", "bash", "zsh", "dash", "ash", "ksh", "cmd", "cmd.exe", "powershell", "pwsh", "ssh", "env", "sudo", "xargs"}

func shell(v *flow.Value) bool {
	name, whole := v.Prefix()
	return whole && slices.Contains(shells, path.Base(name))
}

// line is what a shell is given to read: System.cmd("sh", ["-c", line]).
func line(c *flow.Call) *flow.Value {
	if !shell(c.Arg(0)) {
		return nil
	}
	return c.Arg(1)
}

// argument is an argument of a program that is no shell: it may still be read as an option.
func argument(c *flow.Call) *flow.Value {
	args := c.Arg(1)
	if shell(c.Arg(0)) || args == nil {
		return nil
	}
	var free *flow.Value
	for _, v := range args.Elements() {
		if v.Is("--") {
			break
		}
		if text, _ := v.Prefix(); text == "" && v.Chosen() {
			free = flow.Either(free, v)
		}
	}
	return free
}

// spawned is the program of {:spawn, line}; that of {:spawn_executable, path} goes without a shell, but is a program still.
func spawned(c *flow.Call) *flow.Value {
	what := c.Arg(0).Elements()
	if len(what) != 2 {
		return nil
	}
	return what[1]
}

// option lowers what can only be read as an option, and says nothing of arguments that were not followed.
func option(h *flow.Hit, s scan.Severity) scan.Severity {
	switch {
	case h.Sink.Name != "argument":
		return s
	case h.Class == flow.Tainted && h.Source.Kind >= flow.Event:
		return scan.Low
	case h.Class == flow.Tainted:
		return scan.Info
	}
	return scan.None
}
