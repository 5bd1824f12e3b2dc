package e2e

import (
	"fmt"
	"os"
	"sync"
	"testing"
)

// axe is the accessibility engine, which scripts/test-setup fetches.
var axe = sync.OnceValues(func() (string, error) {
	text, err := os.ReadFile("../.cache/axe/axe.min.js")
	return string(text), err
})

// accessible fails if the engine finds something serious on the page: what a person with a screen reader, a keyboard alone
// or weak eyes could not use. It returns whether it looked.
func (p *person) accessible(t *testing.T, page string) bool {
	t.Helper()
	if os.Getenv("PALISADE_SKIP_AXE") == "1" {
		fmt.Fprintf(os.Stderr, "\n*** %s: NOT LOOKED AT BY AXE: PALISADE_SKIP_AXE=1 ***\n\n", page)
		return false
	}
	engine, err := axe()
	if err != nil {
		t.Fatalf("axe-core is not there: %v: run scripts/test-setup, or leave its looks out with PALISADE_SKIP_AXE=1", err)
	}
	found := eval[[]string](p, engine+`;
(async () => (await axe.run(document, {resultTypes: ["violations"]})).violations
  .filter(v => v.impact === "serious" || v.impact === "critical")
  .flatMap(v => v.nodes.map(n => v.id + " (" + v.help + "): " + n.html.slice(0, 200) + " " + (n.any[0]?.message ?? ""))))()`)
	for _, f := range found {
		t.Errorf("%s: %s", page, f)
	}
	return true
}
