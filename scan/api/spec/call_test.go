package spec

import (
	"fmt"
	"testing"
)

func TestCalls(t *testing.T) {
	doc, err := Read(t.Context(), []byte(`{"openapi":"3.1.0","info":{"title":"x","version":"1"},
		"paths":{"/hooks":{"post":{"callbacks":{"sold":{"{$request.body#/url}":{"post":{"parameters":[{"name":"X-Signature","in":"header","schema":{"type":"string"}}]}}},
			"lost":{"{$request.body#/url}":{"$ref":"#/components/pathItems/plain"}}}}}},
		"webhooks":{"new":{"post":{"description":"The body is signed with HMAC."}},"old":{"post":{"security":[{"key":[]}]}},"bare":{"parameters":[{"name":"X-Event","in":"header"}],"post":{}},"none":{}},
		"components":{"pathItems":{"plain":{"put":{}}},"securitySchemes":{"key":{"type":"apiKey","in":"header","name":"X"}}}}`), "x.json", nil)
	if err != nil {
		t.Fatal(err)
	}
	got := ""
	for _, c := range doc.Calls {
		by := ""
		if c.By != nil {
			by = c.By.Name()
		}
		got += fmt.Sprintf("%s %v %s\n", c.Name, c.Signed, by)
	}
	if want := "lost false POST /hooks\nsold true POST /hooks\nbare false \nnew true \nold true \n"; got != want {
		t.Errorf("\n%s, not\n%s", got, want)
	}
}
