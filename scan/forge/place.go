package forge

import (
	"strings"

	"palisade.dev/scan"
)

// InSpecification gives the findings of an API a place in the repository: the line of the specification where their
// operation stands, so that they are shown there. What the specification does not name stands at its first line. Address,
// method and fingerprint stay as they are.
func InSpecification(run *scan.Run, name string, text []byte) {
	lines := strings.Split(string(text), "\n")
	for i := range run.Findings {
		p := &run.Findings[i].Place
		if p.File != "" {
			continue
		}
		n := lineOf(lines, p.URL, p.Method)
		p.File, p.Start, p.End = name, scan.Position{Line: n, Column: 1}, scan.Position{Line: n, Column: 1}
	}
}

// lineOf finds a path and its method in YAML or JSON by their text. A server's path stands before the specification's own,
// so shorter endings of the path are tried as well.
func lineOf(lines []string, path, method string) int {
	for rest := path; rest != "" && rest != "/"; {
		for i, line := range lines {
			if key(line) != rest {
				continue
			}
			depth := indent(line)
			for j, below := range lines[i+1 : min(len(lines), i+200)] {
				if strings.TrimSpace(below) != "" && indent(below) <= depth {
					break
				}
				if method != "" && key(below) == strings.ToLower(method) {
					return i + j + 2
				}
			}
			return i + 1
		}
		slash := strings.IndexByte(rest[1:], '/')
		if slash < 0 {
			break
		}
		rest = rest[1+slash:]
	}
	return 1
}

// key is the name at the start of a line, in either notation.
func key(line string) string {
	name, _, ok := strings.Cut(strings.TrimSpace(line), ":")
	if !ok {
		return ""
	}
	return strings.Trim(strings.TrimSpace(name), `"'`)
}

func indent(line string) int { return len(line) - len(strings.TrimLeft(line, " \t")) }
