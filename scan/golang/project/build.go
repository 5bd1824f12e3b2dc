package project

import (
	"go/ast"
	"go/build/constraint"
	"slices"
	"strings"
)

// Source made by machines joins texts with thousands of plus signs, each a level of the tree. The parser gives up at
// 100,000; the type checker and our own walks need a stack for each level.
const deepest = 20_000

// built says whether the go command would look at a file at all. Tests are left out: they are not what is deployed.
func built(name string) bool {
	if strings.HasSuffix(name, "_test.go") {
		return false
	}
	for _, part := range strings.Split(name, "/") {
		if part == "testdata" || strings.HasPrefix(part, "_") || strings.HasPrefix(part, ".") {
			return false
		}
	}
	return true
}

// depth is how deep a tree goes.
func depth(file *ast.File) int {
	now, worst := 0, 0
	ast.Inspect(file, func(n ast.Node) bool {
		if n == nil {
			now--
		} else if now++; now > worst {
			worst = now
		}
		return true
	})
	return worst
}

var systems = []string{"aix", "android", "darwin", "dragonfly", "freebsd", "hurd", "illumos", "ios", "js", "nacl", "netbsd", "openbsd", "plan9", "solaris", "wasip1", "windows", "zos"}

var machines = []string{"386", "arm", "arm64", "loong64", "mips", "mips64", "mips64le", "mipsle", "ppc64", "ppc64le", "riscv64", "s390x", "wasm"}

// forLinux reads what a file's name says of systems and machines.
func forLinux(base string) bool {
	parts := strings.Split(strings.TrimSuffix(base, ".go"), "_")
	for _, p := range parts[1:][max(0, len(parts)-3):] {
		if slices.Contains(systems, p) || slices.Contains(machines, p) {
			return false
		}
	}
	return true
}

// wanted reads the build constraint of a file. Tags that somebody has to ask for are not set.
func wanted(file *ast.File) bool {
	for _, group := range file.Comments {
		if group.Pos() > file.Package {
			break
		}
		for _, c := range group.List {
			if !constraint.IsGoBuild(c.Text) {
				continue
			}
			x, err := constraint.Parse(c.Text)
			return err != nil || x.Eval(func(tag string) bool {
				return tag == "linux" || tag == "unix" || tag == "amd64" || tag == "gc" || strings.HasPrefix(tag, "go1.")
			})
		}
	}
	return true
}
