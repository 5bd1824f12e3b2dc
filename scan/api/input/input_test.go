package input

import (
	"testing"

	"palisade.dev/scan/api/spec"
)

func TestTextsLeaveOutWhatIsNoText(t *testing.T) {
	op := &spec.Operation{Method: "GET", Path: "/shelves/{shelf}/{name}", Params: []spec.Param{
		{Name: "shelf", In: "path", Schema: &spec.Schema{Types: []string{"integer"}}},
		{Name: "q", In: "query", Schema: &spec.Schema{Types: []string{"string"}}},
		{Name: "sort", In: "query", Schema: &spec.Schema{Types: []string{"string"}, Enum: []any{"up", "down"}}},
		{Name: "X-Trace", In: "header"},
		{Name: "any", In: "query"},
	}}
	var names []string
	for _, p := range Texts(op) {
		names = append(names, p.Param())
	}
	want := []string{"path:name", "query:q", "query:any"}
	if len(names) != len(want) || names[0] != want[0] || names[1] != want[1] || names[2] != want[2] {
		t.Errorf("the texts are %q, not %q", names, want)
	}
	if n := len(Places(op)); n != 5 {
		t.Errorf("%d places", n)
	}
}

func TestPlacesAreBounded(t *testing.T) {
	op := &spec.Operation{Method: "GET", Path: "/"}
	for range 100 {
		op.Params = append(op.Params, spec.Param{Name: "p", In: "query"})
	}
	if n := len(Places(op)); n != most {
		t.Errorf("%d places of a hundred", n)
	}
}
