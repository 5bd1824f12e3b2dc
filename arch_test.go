// Package palisade holds the rules of the whole repository; the product is in the folders.
package palisade

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// arrow is one thing a package may not reach, directly or through others.
type arrow struct{ from, to, because string }

var arrows = []arrow{
	{"palisade.dev/guard/engine", "net/http", "the engine is a function; what it needs of HTTP comes as facts"},
	{"palisade.dev/guard/engine", "os", "the engine reads no disk"},
	{"palisade.dev/guard/engine", "log/slog", "the engine says what it thinks in the verdict"},
	{"palisade.dev/guard/engine", "palisade.dev/guard/identity", "who asks is a fact by the time the engine is asked"},
	{"palisade.dev/guard/limit", "net/http", "arithmetic and tables"},
	{"palisade.dev/guard/limit", "os", "arithmetic and tables"},
	{"palisade.dev/guard/prefix", "net/http", "prefixes in, answers out"},
	{"palisade.dev/guard/prefix", "os", "prefixes in, answers out"},
	{"palisade.dev/guard/wire", "net/http", "what travels does not know how"},
	{"palisade.dev/guard", "palisade.dev/gateway", "the guard has never heard of what stands round it"},
	{"palisade.dev/guard", "palisade.dev/backend", "an app that imports the guard gets no back end with it"},
	{"palisade.dev/guard", "database/sql", "an app that imports the guard gets no database driver with it"},
	{"palisade.dev/gateway", "palisade.dev/backend", "a gateway may stand on a machine without one"},
	{"palisade.dev/gateway", "palisade.dev/store", "a gateway remembers nothing but its last policy"},
	{"palisade.dev/gateway", "palisade.dev/config", "the file is read once, in cli; a gateway is given structs"},
	{"palisade.dev/forwardauth", "palisade.dev/backend", "as for the gateway"},
	{"palisade.dev/forwardauth", "palisade.dev/gateway", "both stand round the guard, side by side"},
	{"palisade.dev/backend", "palisade.dev/gateway", "the back end knows guards by what they say"},
	{"palisade.dev/backend", "palisade.dev/store/sqlite", "drivers are chosen in cli"},
	{"palisade.dev/backend", "palisade.dev/store/postgres", "drivers are chosen in cli"},
	{"palisade.dev/store", "palisade.dev/backend", "what remembers does not decide"},
	{"palisade.dev/store", "palisade.dev/guard", "rows, not meanings"},
	{"palisade.dev/backend", "palisade.dev/console", "the console knows the back end, never the reverse"},
	{"palisade.dev/console", "palisade.dev/gateway", "people see what guards told the back end"},
	{"palisade.dev/console", "palisade.dev/backend/api", "two doors to the same rooms, side by side"},
	{"palisade.dev/backend/detect", "palisade.dev/backend/ban", "what concludes refuses nobody: people and rules do"},
	{"palisade.dev/backend/detect", "palisade.dev/backend/alert", "what concludes does not know who is told"},
	{"palisade.dev/backend/alert", "palisade.dev/backend/api", "what tells people does not know through which door it was set up"},
	{"palisade.dev/backend/access", "palisade.dev/store", "who may what is arithmetic"},
	{"palisade.dev/config", "palisade.dev/backend", "the file says what is wanted; others see to it"},
	{"palisade.dev/scan", "net/http", "the common tongue of scanners: words, no deeds"},
	{"palisade.dev/scan", "os", "the common tongue of scanners: words, no deeds"},
	{"palisade.dev/scan/code", "palisade.dev/backend", "the scanners know neither the back end"},
	{"palisade.dev/scan/code", "palisade.dev/store", "the scanners know neither the back end"},
	{"palisade.dev/scan/code", "palisade.dev/console", "nor the console"},
	{"palisade.dev/scan/api/probes", "palisade.dev/backend", "as for scans of code"},
	{"palisade.dev/scan/api/probes", "palisade.dev/store", "as for scans of code"},
	{"palisade.dev/scan/exposure/checks", "palisade.dev/backend", "as for scans of code"},
	{"palisade.dev/scan/exposure/checks", "palisade.dev/store", "as for scans of code"},
	{"palisade.dev/scan/elixir/syntax", "os", "bytes in, tree out"},
	{"palisade.dev/scan/elixir/template", "os", "bytes in, tree out"},
	{"palisade.dev/scan/elixir/flow", "os/exec", "nothing of a scanned project is evaluated"},
	{"palisade.dev/scan/golang/checks", "os/exec", "nothing of a scanned project is run"},
	{"palisade.dev/scan/api/answer", "palisade.dev/scan/api/client", "answers are judged by whoever has them"},
	{"palisade.dev/backend", "palisade.dev/scan/api", "the back end keeps what scanners say; which there are is chosen in cli"},
	{"palisade.dev/backend", "palisade.dev/scan/code", "the back end keeps what scanners say; which there are is chosen in cli"},
	{"palisade.dev/mcp", "palisade.dev/scan/api", "an assistant's door is told how scans are run"},
	{"palisade.dev/mcp", "palisade.dev/backend", "it asks a back end as the command line does"},
	{"palisade.dev/demo/shop", "palisade.dev/guard", "the shop is any app: it does not know that it is protected"},
	{"palisade.dev/demo/attack", "palisade.dev/backend", "an attacker knows what strangers know"},
	{"palisade.dev/demo/attack", "palisade.dev/guard", "an attacker knows what strangers know"},
}

func TestArrows(t *testing.T) {
	for _, a := range arrows {
		reached := deps(t, a.from)
		if !strings.HasPrefix(a.to, "palisade.dev/") {
			// The standard library reaches itself everywhere; what counts is what our own packages ask it for.
			reached = asked(t, reached)
		}
		if slices.Contains(reached, a.to) {
			t.Errorf("%s reaches %s: %s", a.from, a.to, a.because)
		}
	}
	if len(arrows) < 20 {
		t.Errorf("%d arrows", len(arrows))
	}
}

// TestGuardIsSmall holds the promise that a security agent drags nothing into an app.
func TestGuardIsSmall(t *testing.T) {
	for _, d := range deps(t, "palisade.dev/guard") {
		host, _, _ := strings.Cut(d, "/")
		if strings.Contains(host, ".") && !strings.HasPrefix(d, "palisade.dev/guard") && !strings.HasPrefix(d, "github.com/gaissmai/bart") {
			t.Errorf("the guard depends on %s; it may depend on bart and the standard library", d)
		}
	}
}

// asked gives what our own packages among some import directly.
func asked(t *testing.T, reached []string) []string {
	t.Helper()
	args := []string{"list", "-f", "{{join .Imports \"\\n\"}}"}
	for _, d := range reached {
		if strings.HasPrefix(d, "palisade.dev") {
			args = append(args, d)
		}
	}
	out, err := exec.Command("go", args...).Output()
	if err != nil {
		t.Fatalf("go %v: %v", args, err)
	}
	return strings.Fields(string(out))
}

func deps(t *testing.T, pkg string) []string {
	t.Helper()
	out, err := exec.Command("go", "list", "-deps", pkg).Output()
	if err != nil {
		t.Fatalf("go list -deps %s: %v", pkg, err)
	}
	list := strings.Fields(string(out))
	if len(list) < 2 {
		t.Fatalf("go list -deps %s gives %d packages", pkg, len(list))
	}
	return list
}
