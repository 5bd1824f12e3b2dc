package spec

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
)

const threeOne = `
openapi: 3.1.0
info: {title: Shop, version: "2"}
servers: [{url: "https://api.example.com/v1/"}]
security: [{key: []}]
components:
  securitySchemes:
    key: {type: apiKey, in: header, name: X-API-Key}
  parameters:
    id: {name: id, in: path, required: true, schema: {type: integer, minimum: 7}}
  schemas:
    Node: {type: object, properties: {name: {type: [string, "null"], examples: [leaf]}, kids: {type: array, items: {$ref: "#/components/schemas/Node"}}}}
paths:
  /nodes/{id}:
    parameters: [{$ref: "#/components/parameters/id"}]
    get:
      responses: {"200": {description: ok, content: {application/json: {schema: {$ref: "#/components/schemas/Node"}}}}}
    put:
      security: []
      requestBody: {content: {application/xml: {}, application/json: {schema: {$ref: "#/components/schemas/Node"}}}}
      responses: {default: {description: ok}}
  /open:
    get: {security: [{}, {key: []}], responses: {}}
`

const swagger = `{"swagger":"2.0","info":{"title":"Old"},"basePath":"/api","host":"old.example.com","paths":{"/pets":{"post":{"consumes":["application/xml","application/json"],
"parameters":[{"in":"body","name":"b","schema":{"$ref":"#/definitions/Pet"}},{"in":"query","name":"dry","type":"boolean"}],"responses":{"200":{"description":"ok","schema":{"$ref":"#/definitions/Pet"}}}}}},
"definitions":{"Pet":{"type":"object","required":["name"],"properties":{"name":{"type":"string","example":"Rex"}}}},"securityDefinitions":{"b":{"type":"basic"}}}`

func read(t *testing.T, text string) *Document {
	t.Helper()
	d, err := Read(t.Context(), []byte(text), "mem", nil)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestOpenAPI(t *testing.T) {
	d := read(t, threeOne)
	if d.Format != "OpenAPI 3.1.0" || len(d.Operations) != 3 || len(d.Faults) != 0 {
		t.Fatalf("%s with %d operations; faults %v", d.Format, len(d.Operations), d.Faults)
	}
	get, put, open := d.Operations[0], d.Operations[1], d.Operations[2]
	if get.Name() != "GET /v1/nodes/{id}" || get.Demand != Required || put.Demand != Open || open.Demand != Optional {
		t.Errorf("%s %v, %v, %v", get.Name(), get.Demand, put.Demand, open.Demand)
	}
	if v := get.Param("path", "id").Schema.Value(rand.New(rand.NewPCG(1, 1))); v != 7.0 {
		t.Errorf("the identifier is %v", v)
	}
	if put.Body.Media != "application/json" {
		t.Errorf("a body of %s is preferred", put.Body.Media)
	}
	node := get.Answer("200").Schema
	if node.Properties["kids"].Items != node || node.Name != "Node" {
		t.Error("a schema that contains itself is not one value")
	}
	b, _ := json.Marshal(node.Value(rand.New(rand.NewPCG(1, 1))))
	if !strings.Contains(string(b), `"name":"leaf"`) {
		t.Errorf("the value is %s", b)
	}
}

func TestSwagger(t *testing.T) {
	d := read(t, swagger)
	op := d.Operations[0]
	if op.Name() != "POST /api/pets" || op.Body.Media != "application/json" || op.Param("query", "dry").Schema.Type() != "boolean" || op.Demand != Unsaid {
		t.Errorf("%+v", op)
	}
	if d.Schemes["b"].HTTP != "basic" || d.Servers[0] != "https://old.example.com/api" {
		t.Errorf("%v %v", d.Schemes, d.Servers)
	}
}

func TestReferencesToOtherDocuments(t *testing.T) {
	var asked []string
	fetch := func(_ context.Context, at string) ([]byte, error) {
		asked = append(asked, at)
		if strings.HasSuffix(at, "parts/pet.yaml") {
			return []byte("Pet: {type: object, properties: {tag: {$ref: 'tag.json'}, gone: {$ref: 'https://elsewhere.example/x.json'}}}"), nil
		}
		if strings.HasSuffix(at, "tag.json") {
			return []byte(`{"type":"string","example":"blue"}`), nil
		}
		return nil, errors.New("out of scope")
	}
	d, err := Read(t.Context(), []byte(`{"openapi":"3.0.3","paths":{"/p":{"post":{"requestBody":{"content":{"application/json":{"schema":{"$ref":"parts/pet.yaml#/Pet"}}}},"responses":{}}}}}`), "http://a.example/api/openapi.json", fetch)
	if err != nil {
		t.Fatal(err)
	}
	if got := d.Operations[0].Body.Schema.Value(rand.New(rand.NewPCG(1, 1))); fmt.Sprint(got) != "map[tag:blue]" {
		t.Errorf("the value is %v", got)
	}
	if len(asked) != 3 || asked[0] != "http://a.example/api/parts/pet.yaml" || asked[2] != "http://a.example/api/parts/tag.json" && asked[1] != "http://a.example/api/parts/tag.json" {
		t.Errorf("asked for %v", asked)
	}
	if len(d.Faults) != 1 || !strings.Contains(d.Faults[0].What, `"https://elsewhere.example/x.json" leads nowhere: out of scope`) {
		t.Errorf("faults: %v", d.Faults)
	}
}

func TestBrokenDocumentsAreExplainedAndUsed(t *testing.T) {
	d := read(t, `
openapi: 3.0.0
paths:
  pets: {get: {}}
  /a: {get: {parameters: [{name: x}, {$ref: "#/nowhere"}], security: [{ghost: []}], responses: {}}, post: oops}
  /b/{id}: {get: {responses: {"200": {$ref: "#/loop"}}}}
loop: {$ref: "#/loop"}
`)
	all := fmt.Sprint(d.Faults)
	for _, want := range []string{"a path must begin with /", "a parameter needs a name", `"#/nowhere" leads nowhere: there is no "nowhere"`, `"ghost" is not defined`, "it is no object", "names {id}", "in a circle"} {
		if !strings.Contains(all, want) {
			t.Errorf("no fault says %q: %v", want, all)
		}
	}
	if len(d.Operations) != 2 {
		t.Errorf("%d operations are used", len(d.Operations))
	}
}

func TestErrorsSayWhatToDo(t *testing.T) {
	for in, want := range map[string]string{
		"":                              "it is empty",
		"<html></html>":                 "a page of HTML",
		`{"a":1}`:                       "Give the address of the JSON or YAML document itself",
		`{"a":`:                         "it is no JSON: line 1",
		"a: [":                          "it is no YAML: line 1",
		`{"openapi":"4.0"}`:             `OpenAPI "4.0" is none of`,
		`{"openapi":"3.0.0"}`:           "it has no operations",
		"a: &a [*a]":                    "stands inside what it names",
		strings.Repeat(" ", MaxBytes+1): "more than",
	} {
		_, err := Read(t.Context(), []byte(in), "spec.yaml", nil)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "spec.yaml") {
			t.Errorf("%.20q gives %v", in, err)
		}
	}
}

// TestLargeDocumentsFit holds the promise that a document of 5 MB leaves room in 200 MB, under the limit that the command
// sets for itself.
func TestLargeDocumentsFit(t *testing.T) {
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(150 << 20))
	var b strings.Builder
	b.WriteString("openapi: 3.0.0\npaths:\n")
	for i := 0; b.Len() < 5<<20; i++ {
		fmt.Fprintf(&b, "  /p%d/{id}:\n    get:\n      summary: hello there\n      parameters:\n        - {name: id, in: path, required: true, schema: {type: integer}}\n      responses:\n        '200': {description: ok, content: {application/json: {schema: {type: object, properties: {a: {type: string}}}}}}\n", i)
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	d := read(t, b.String())
	runtime.ReadMemStats(&after)
	if len(d.Operations) != maxOperations {
		t.Errorf("%d operations", len(d.Operations))
	}
	grown := (after.Sys - before.Sys) >> 20
	t.Logf("grown by %d MB", grown)
	if grown > 180 {
		t.Errorf("reading 5 MB takes %d MB", grown)
	}
}

func TestAliasBombCostsNothing(t *testing.T) {
	var b strings.Builder
	b.WriteString("openapi: 3.0.0\nx0: &x0 {type: string}\n")
	for i := 1; i < 40; i++ {
		fmt.Fprintf(&b, "x%d: &x%d {allOf: [*x%d, *x%d, *x%d]}\n", i, i, i-1, i-1, i-1)
	}
	b.WriteString("paths: {/a: {get: {parameters: [{name: q, in: query, schema: {$ref: '#/x39'}}], responses: {}}}}\n")
	d := read(t, b.String())
	if len(d.Operations) != 1 {
		t.Error("it is not read")
	}
	_ = d.Operations[0].Params[0].Schema.Value(rand.New(rand.NewPCG(1, 1)))
}

func TestCurl(t *testing.T) {
	l, err := Curl(`curl 'https://api.example.com/users/17?x=1' \
  -H 'Authorization: Bearer abc' -H "Accept: application/json" --data-raw $'{"name":"it\'s"}' -H 'content-type: application/json' --compressed -sSL`)
	if err != nil {
		t.Fatal(err)
	}
	op := l.Operation
	if op.Name() != "POST /users/{users_id}" || op.Params[0].Example != "17" || op.Param("query", "x") == nil || l.CredentialValue != "Bearer abc" {
		t.Errorf("%+v %+v", op, l)
	}
	if m, _ := op.Body.Example.(map[string]any); m["name"] != "it's" {
		t.Errorf("the body is %v", op.Body)
	}
	for in, want := range map[string]string{
		"wget x": "must begin with curl", "curl": "no address", "curl 'x": "not closed", "curl -H": "wants a value", "curl a b": "two addresses",
		"curl -d @secret http://a": "put its content on the line", "curl -F a=@b http://a": "use a HAR file", "curl ftp://x": "cannot be read",
	} {
		if _, err := Curl(in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s gives %v", in, err)
		}
	}
}

func TestHAR(t *testing.T) {
	har := `{"log":{"entries":[{"request":{"method":"GET","url":"https://a.example/u/550e8400-e29b-41d4-a716-446655440000?q=2"},"response":{"status":200}},
{"request":{"method":"POST","url":"https://a.example/u","postData":{"mimeType":"application/json; charset=utf-8","text":"{\"n\":1}"}}},
{"request":{"method":"GET","url":"https://a.example/u/7"}},{"request":{"method":"GET","url":"https://b.example/"}},{"request":{"method":"GET","url":"https://a.example/l.png"},"response":{"content":{"mimeType":"image/png"}}}]}}`
	d, err := HAR([]byte(har), "a.example")
	if err != nil || len(d.Operations) != 2 || d.Operations[1].Name() != "GET /u/{u_id}" || d.Operations[0].Body.Example == nil {
		t.Fatalf("%v %+v", err, d)
	}
	for in, want := range map[string]string{"{": "no JSON", "{}": `no "log"`, har: "none of its 5 requests went to c.example"} {
		if _, err := HAR([]byte(in), "c.example"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.10s gives %v", in, err)
		}
	}
}

const schemaAnswer = `{"data":{"__schema":{"queryType":{"name":"Q"},"mutationType":null,"types":[{"kind":"OBJECT","name":"Q","fields":[
{"name":"user","args":[{"name":"id","type":{"kind":"NON_NULL","ofType":{"kind":"SCALAR","name":"ID"}}}],"type":{"kind":"OBJECT","name":"User"}}]},
{"kind":"OBJECT","name":"User","fields":[{"name":"name","args":[],"type":{"kind":"SCALAR","name":"String"}},{"name":"friend","args":[],"type":{"kind":"OBJECT","name":"User"}}]}]}}}`

func TestGraphQL(t *testing.T) {
	d, err := ReadGraphQL([]byte(schemaAnswer), "/graphql")
	if err != nil || d.Operations[0].ID != "query.user" || !strings.Contains(d.Operations[0].Body.Raw, `{user(id: \"1\"){name friend{name}}}`) {
		t.Fatalf("%v %+v", err, d.Operations[0].Body)
	}
	if _, err := ReadGraphQL([]byte(`{"errors":[]}`), "/"); err == nil || !strings.Contains(err.Error(), "introspection is probably off") {
		t.Error(err)
	}
}

func seeds(f *testing.F, all ...string) {
	for _, s := range all {
		f.Add([]byte(s))
	}
	if len(all) < 3 {
		f.Fatalf("%d seeds", len(all))
	}
}

func FuzzRead(f *testing.F) {
	seeds(f, threeOne, swagger, "openapi: 3.0.0\npaths: {/a: {get: {responses: {}}}}", "a: &a [*a]", `{"paths":{"/":{"get":{"parameters":[{"$ref":"#/paths"}]}}}}`)
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := Read(t.Context(), data, "f", nil)
		if d == nil && err == nil {
			t.Error("neither a document nor an error")
		}
		if d == nil {
			return
		}
		chance := rand.New(rand.NewPCG(1, 1))
		for _, op := range d.Operations[:min(len(d.Operations), 20)] {
			if op.Method == "" || !strings.HasPrefix(op.Path, "/") && op.Path != "" {
				t.Errorf("an operation without method or path: %+v", op)
			}
			for _, p := range op.Params {
				p.Schema.Value(chance)
			}
			if op.Body != nil {
				op.Body.Schema.Value(chance)
			}
		}
	})
}

func FuzzCurl(f *testing.F) {
	seeds(f, `curl http://a/b -H 'X: y'`, `curl -XPOST "http://a" -d $'a\nb'`, "curl -u a:b a \\\n -G -d x=1")
	f.Fuzz(func(t *testing.T, data []byte) {
		l, err := Curl(string(data))
		if err == nil && (l.URL.Host == "" || l.Operation.Method == "") {
			t.Errorf("%q gives %+v", data, l)
		}
	})
}

func FuzzHAR(f *testing.F) {
	seeds(f, `{"log":{"entries":[{"request":{"method":"GET","url":"https://a/u/1"}}]}}`, `{"log":{}}`, `{"log":{"entries":[{"request":{"method":"POST","url":"https://a/","postData":{"mimeType":"application/json","text":"{}"}}}]}}`)
	f.Fuzz(func(t *testing.T, data []byte) { _, _ = HAR(data, "a") })
}

func FuzzGraphQL(f *testing.F) {
	seeds(f, schemaAnswer, `{"data":{"__schema":{"types":[]}}}`, `{"errors":[{"message":"no"}]}`)
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := ReadGraphQL(data, "/graphql")
		if err != nil {
			return
		}
		for _, op := range d.Operations {
			if !json.Valid([]byte(op.Body.Raw)) {
				t.Errorf("the body of %s is no JSON", op.ID)
			}
		}
	})
}
