// Package traversal looks for files that are read, written, sent or removed by a path with a part that a stranger chooses.
package traversal

import (
	_ "embed"

	"palisade.dev/scan"
	"palisade.dev/scan/elixir"
	"palisade.dev/scan/elixir/flow"
	"palisade.dev/scan/elixir/syntax"
)

//go:embed doc.md
var doc string

// Check is the check.
var Check = elixir.Check{
	Check: scan.Check{
		ID: "elixir/traversal", Title: "File chosen by input", Severity: scan.High, CWE: []int{22, 73}, Doc: doc,
		Standards: []string{"OWASP A01:2021"},
	},
	Sinks: sinks(),
	Run: elixir.Follow(elixir.Words{
		Does:     "A path is made from %s",
		Harm:     "with ../ or a root in it any file of the server can be meant",
		Fix:      "Take Path.basename/1 of a name, or Path.safe_relative/2 of a path, and join it to a folder of its own.",
		Edit:     relative,
		Severity: asked,
	}),
}

func sinks() []flow.Sink {
	all := []flow.Sink{
		{Call: "Plug.Conn.send_file", Arg: 2, Guard: flow.Path, Name: "send"},
		{Call: "Phoenix.Controller.send_download", Of: downloaded, Guard: flow.Path, Name: "send"},
		{Call: ":zip.unzip", Guard: flow.Path},
		{Call: ":zip.extract", Guard: flow.Path},
		{Call: ":erl_tar.extract", Guard: flow.Path},
		{Call: "Plug.Static.call", Arg: 2, Guard: flow.Path},
	}
	for _, name := range []string{
		"cd", "chgrp", "chmod", "chown", "copy", "cp", "cp_r", "dir?", "exists?", "ln", "ln_s", "ls", "lstat", "mkdir", "mkdir_p", "open", "read", "read_link", "regular?",
		"rename", "rm", "rm_rf", "rmdir", "stat", "stream", "touch", "write", "write_stat",
	} {
		all = append(all, flow.Sink{Call: "File." + name, Guard: flow.Path}, flow.Sink{Call: "File." + name + "!", Guard: flow.Path})
	}
	for _, name := range []string{"cp", "cp_r", "copy", "ln", "ln_s", "rename"} {
		all = append(all, flow.Sink{Call: "File." + name, Arg: 1, Guard: flow.Path, Name: "to"}, flow.Sink{Call: "File." + name + "!", Arg: 1, Guard: flow.Path, Name: "to"})
	}
	for _, name := range []string{"read_file", "write_file", "open", "delete", "list_dir", "read_file_info", "consult", "script", "eval", "make_dir", "del_dir", "rename", "copy"} {
		all = append(all, flow.Sink{Call: ":file." + name, Guard: flow.Path})
	}
	return all
}

// asked lowers what only tells whether a file is there.
func asked(h *flow.Hit, s scan.Severity) scan.Severity {
	switch h.Sink.Call {
	case "File.exists?", "File.dir?", "File.regular?", "File.stat", "File.stat!", "File.lstat", "File.lstat!", ":file.read_file_info":
		return min(s, scan.Low)
	}
	return s
}

// downloaded is the path of {:file, path}; what is sent as {:binary, …} is no path.
func downloaded(c *flow.Call) *flow.Value {
	what := c.Arg(1).Elements()
	if len(what) != 2 || !what[0].Is("file") {
		return nil
	}
	return what[1]
}

// relative puts Path.basename round the one name in Path.join(folder, name).
func relative(_ *elixir.Pass, h *flow.Hit) []scan.Edit {
	if h.Class != flow.Tainted || h.Sink.Arg >= len(h.Nodes) || h.Nodes[h.Sink.Arg] == nil {
		return nil
	}
	n := h.Nodes[h.Sink.Arg]
	if syntax.Callee(n) != "Path.join" || len(n.Args) != 2 {
		return nil
	}
	if name := n.Args[1]; name.Kind == syntax.Var {
		return []scan.Edit{{File: h.File.Path, Start: int(name.Start), End: int(name.End), New: "Path.basename(" + name.Name + ")"}}
	}
	return nil
}
