package tree

import (
	"path"
	"strings"
)

// frame finds in a stack the first line of code that panicked: the file and line below the runtime's own panic frames.
func frame(stack []byte) string {
	lines := strings.Split(string(stack), "\n")
	seen := false
	for _, line := range lines {
		switch {
		case strings.HasPrefix(line, "panic("):
			seen = true
		case seen && strings.HasPrefix(line, "\t") && !strings.Contains(line, "/runtime/"):
			at, _, _ := strings.Cut(strings.TrimSpace(line), " ")
			return path.Base(path.Dir(at)) + "/" + path.Base(at)
		}
	}
	return "an unknown place"
}
