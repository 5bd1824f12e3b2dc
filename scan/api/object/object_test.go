package object

import (
	"slices"
	"testing"

	"palisade.dev/scan/api/spec"
)

func TestPlaces(t *testing.T) {
	body := &spec.Body{Media: "application/json", Schema: &spec.Schema{Types: []string{"object"}, Properties: map[string]*spec.Schema{
		"ids":   {Types: []string{"array"}, Items: &spec.Schema{Types: []string{"integer"}}},
		"note":  {Types: []string{"string"}},
		"owner": {Types: []string{"object"}, Properties: map[string]*spec.Schema{"user_id": {Types: []string{"string"}}}},
	}}}
	for _, c := range []struct {
		op   spec.Operation
		want []string // place and what is looked for
	}{
		{spec.Operation{Method: "GET", Path: "/orders/{id}"}, []string{"path:id id"}},
		{spec.Operation{Method: "GET", Path: "/users/{user_id}/orders/{order_id}"}, []string{"path:order_id order_id", "path:order_id order_id own", "path:user_id user_id"}},
		{spec.Operation{Method: "GET", Path: "/receipt", Params: []spec.Param{
			{Name: "order_id", In: "query"}, {Name: "X-Account-Id", In: "header"}, {Name: "X-Request-Id", In: "header"}, {Name: "page", In: "query"}, {Name: "valid", In: "query"},
		}}, []string{"query:order_id order_id", "header:X-Account-Id Account_Id"}},
		{spec.Operation{Method: "POST", Path: "/orders/lookup", Body: body}, []string{"body:ids order_id", "body:owner.user_id user_id"}},
		{spec.Operation{Method: "GET", Path: "/orders", Body: body}, nil},
	} {
		var got []string
		for _, p := range Places(&c.op) {
			text := p.Param() + " " + p.Known
			if p.Own {
				text += " own"
			}
			got = append(got, text)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, not %q", c.op.Name(), got, c.want)
		}
	}
}

func TestNumber(t *testing.T) {
	for text, want := range map[string]float64{"70412": 70412, "": 0, "7a": 0, "-1": 0, "99999999999999999999": 0} {
		if n, ok := number(text); n != want && ok || ok != (want > 0) {
			t.Errorf("%q is %v, %t", text, n, ok)
		}
	}
}
