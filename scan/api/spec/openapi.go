package spec

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"palisade.dev/scan/late"
)

// Fetch gets a document that another refers to. It decides what is in scope; an error is told as a fault.
type Fetch func(ctx context.Context, at string) ([]byte, error)

// Read reads an OpenAPI or Swagger document found at an address or path. With no fetch, references to other documents
// are faults. It fails only where nothing at all can be used.
func Read(ctx context.Context, data []byte, at string, fetch Fetch) (*Document, error) {
	root, err := tree(data)
	if err != nil {
		return nil, fmt.Errorf("reading the specification %s: %w", at, err)
	}
	top := object(root)
	r := &reader{
		ctx: ctx, fetch: fetch, root: at,
		docs: map[string]any{at: root}, schemas: map[uintptr]*Schema{}, bytes: len(data),
	}
	sum := sha256.Sum256(data)
	r.doc = &Document{At: at, Schemes: map[string]Scheme{}, Digest: hex.EncodeToString(sum[:])}
	switch version := text(top["openapi"]); {
	case strings.HasPrefix(version, "3."):
		r.doc.Format = "OpenAPI " + version
	case text(top["swagger"]) != "":
		r.doc.Format, r.swagger = "Swagger 2.0", true
	case version != "":
		return nil, fmt.Errorf("reading the specification %s: OpenAPI %q is none of 3.0, 3.1 and Swagger 2.0", at, version)
	case object(top["paths"]) != nil:
		r.doc.Format = "OpenAPI 3.0"
		r.doc.fault("#", "it says neither openapi nor swagger; it is read as OpenAPI 3.0")
	default:
		return nil, fmt.Errorf("reading the specification %s: it has neither \"openapi\" nor \"swagger\" nor \"paths\" at the top. "+
			"Give the address of the JSON or YAML document itself, not of its page", at)
	}
	r.read(top)
	if len(r.doc.Operations) == 0 {
		why := "it has no operations"
		if len(r.doc.Faults) > 0 {
			why += "; " + r.doc.Faults[0].Where + ": " + r.doc.Faults[0].What
		}
		return r.doc, fmt.Errorf("reading the specification %s: %s", at, why)
	}
	return r.doc, nil
}

type reader struct {
	ctx     context.Context
	fetch   Fetch
	root    string
	docs    map[string]any      // by address without fragment; nil where it could not be had
	schemas map[uintptr]*Schema // by the map they are read from: an alias or a reference leads to the same one
	made    int
	bytes   int // of all documents
	doc     *Document
	swagger bool
}

// place is where a value stands, so that a relative reference in it can be followed.
type place struct {
	doc  string
	path string // a JSON pointer
}

// How JSON pointers write a slash inside a step.
var (
	escape   = strings.NewReplacer("~", "~0", "/", "~1")
	unescape = strings.NewReplacer("~1", "/", "~0", "~")
)

func (p place) at(steps ...string) place {
	var b strings.Builder
	b.WriteString(p.path)
	for _, s := range steps {
		b.WriteByte('/')
		_, _ = escape.WriteString(&b, s)
	}
	return place{p.doc, b.String()}
}

func (r *reader) where(p place) string {
	if p.doc == r.root {
		return "#" + p.path
	}
	return p.doc + "#" + p.path
}

// follow gives the object a value is or refers to, and where that stands.
func (r *reader) follow(v any, p place) (map[string]any, place) {
	for range maxRefs {
		m := object(v)
		ref := text(m["$ref"])
		if ref == "" {
			return m, p
		}
		next, at, err := r.resolve(ref, p)
		if err != nil {
			r.doc.fault(r.where(p), fmt.Sprintf("the reference %q leads nowhere: %v", clip(ref), err))
			return nil, p
		}
		v, p = next, at
	}
	r.doc.fault(r.where(p), "references go in a circle")
	return nil, p
}

func (r *reader) resolve(ref string, p place) (any, place, error) {
	file, fragment, _ := strings.Cut(ref, "#")
	doc := p.doc
	if file != "" {
		doc = join(p.doc, file)
	}
	root, seen := r.docs[doc]
	if !seen {
		r.docs[doc] = nil
		if r.fetch == nil {
			return nil, p, errors.New("other documents are not read here")
		}
		if len(r.docs) > maxDocuments {
			return nil, p, fmt.Errorf("more than %d documents", maxDocuments)
		}
		data, err := r.fetch(r.ctx, doc)
		if r.bytes += len(data); err == nil && r.bytes > MaxBytes {
			err = fmt.Errorf("the documents have more than %d bytes together", MaxBytes)
		}
		if err == nil {
			root, err = tree(data)
		}
		if err != nil {
			return nil, p, err
		}
		r.docs[doc] = root
	}
	if root == nil {
		return nil, p, errors.New("the document could not be had")
	}
	at := place{doc, ""}
	v := root
	for step := range strings.SplitSeq(strings.TrimPrefix(fragment, "/"), "/") {
		if step == "" {
			continue
		}
		if plain, err := url.PathUnescape(step); err == nil {
			step = plain
		}
		step = unescape.Replace(step)
		at = at.at(step)
		switch parent := v.(type) {
		case map[string]any:
			child, ok := parent[step]
			if !ok {
				return nil, p, fmt.Errorf("there is no %q", clip(step))
			}
			v = child
		case []any:
			var i int
			if _, err := fmt.Sscanf(step, "%d", &i); err != nil || i < 0 || i >= len(parent) {
				return nil, p, fmt.Errorf("there is no %q", clip(step))
			}
			v = parent[i]
		default:
			return nil, p, fmt.Errorf("there is nothing below it named %q", clip(step))
		}
	}
	return v, at, nil
}

// join resolves a relative address or path against that of the document it stands in.
func join(base, ref string) string {
	b, err := url.Parse(base)
	if err != nil {
		return ref
	}
	u, err := b.Parse(ref)
	if err != nil {
		return ref
	}
	return u.String()
}

var methods = []string{"get", "put", "post", "delete", "options", "head", "patch", "trace"}

func (r *reader) read(top map[string]any) {
	here := place{r.root, ""}
	info := object(top["info"])
	r.doc.Title, r.doc.Version = text(info["title"]), text(info["version"])
	prefix := r.servers(top)
	r.schemes(top, here)
	paths, at := r.follow(top["paths"], here.at("paths"))
	if paths == nil && top["webhooks"] == nil {
		r.doc.fault("#/paths", "it is missing or no object")
	}
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		if !strings.HasPrefix(path, "/") {
			if !strings.HasPrefix(path, "x-") {
				r.doc.fault(r.where(at.at(path)), "a path must begin with /; it is left out")
			}
			continue
		}
		item, itemAt := r.follow(paths[path], at.at(path))
		common := r.params(item["parameters"], itemAt.at("parameters"))
		for _, method := range methods {
			op := object(item[method])
			if op == nil {
				if item[method] != nil {
					r.doc.fault(r.where(itemAt.at(method)), "it is no object; it is left out")
				}
				continue
			}
			if len(r.doc.Operations) >= maxOperations {
				r.doc.fault(r.where(itemAt), fmt.Sprintf("more than %d operations; the rest are left out", maxOperations))
				r.doc.sortOperations()
				return
			}
			r.doc.Operations = append(r.doc.Operations, r.operation(top, op, strings.ToUpper(method), prefix+path, common, itemAt.at(method)))
		}
	}
	r.doc.Webhooks = slices.Sorted(maps.Keys(object(top["webhooks"])))
	for _, name := range r.doc.Webhooks {
		item, itemAt := r.follow(object(top["webhooks"])[name], here.at("webhooks", name))
		r.call(name, nil, item, itemAt)
	}
	r.doc.sortOperations()
}

// servers notes them and gives the path that all operations stand below.
func (r *reader) servers(top map[string]any) string {
	if r.swagger {
		base := strings.TrimSuffix(text(top["basePath"]), "/")
		if host := text(top["host"]); host != "" {
			schemes := texts(top["schemes"])
			if len(schemes) == 0 {
				schemes = []string{"https"}
			}
			for _, s := range schemes {
				r.doc.Servers = append(r.doc.Servers, s+"://"+host+base)
			}
		}
		if base != "" && !strings.HasPrefix(base, "/") {
			base = "/" + base
		}
		return base
	}
	for i, s := range list(top["servers"]) {
		address := text(object(s)["url"])
		for name, v := range object(object(s)["variables"]) {
			address = strings.ReplaceAll(address, "{"+name+"}", text(object(v)["default"]))
		}
		u, err := url.Parse(address)
		if err != nil {
			r.doc.fault(fmt.Sprintf("#/servers/%d", i), "its address cannot be read")
			continue
		}
		r.doc.Servers = append(r.doc.Servers, u.String())
	}
	if len(r.doc.Servers) == 0 {
		return ""
	}
	u, err := url.Parse(r.doc.Servers[0])
	if err != nil {
		return ""
	}
	if u.Host == "" && !strings.HasPrefix(u.Path, "/") && u.Path != "" {
		return "/" + strings.TrimSuffix(u.Path, "/")
	}
	return strings.TrimSuffix(u.Path, "/")
}

func (r *reader) schemes(top map[string]any, here place) {
	from, at := object(object(top["components"])["securitySchemes"]), here.at("components", "securitySchemes")
	if r.swagger {
		from, at = object(top["securityDefinitions"]), here.at("securityDefinitions")
	}
	for _, name := range slices.Sorted(maps.Keys(from)) {
		m, where := r.follow(from[name], at.at(name))
		s := Scheme{Kind: text(m["type"]), In: text(m["in"]), Name: text(m["name"]), HTTP: strings.ToLower(text(m["scheme"])), Format: text(m["bearerFormat"])}
		if s.Kind == "basic" {
			s.Kind, s.HTTP = "http", "basic"
		}
		s.Flows = slices.Sorted(maps.Keys(object(m["flows"])))
		if f := text(m["flow"]); f != "" {
			s.Flows = []string{f}
		}
		switch s.Kind {
		case "apiKey", "http", "oauth2", "openIdConnect", "mutualTLS":
			r.doc.Schemes[name] = s
		default:
			r.doc.fault(r.where(where), fmt.Sprintf("the security scheme is of no known type (%q)", clip(s.Kind)))
		}
	}
}

func (r *reader) operation(top, m map[string]any, method, path string, common []Param, at place) *Operation {
	op := &Operation{
		Method: method, Path: path, ID: text(m["operationId"]), Summary: text(m["summary"]), Tags: texts(m["tags"]),
		Deprecated: yes(m["deprecated"]), Source: "spec", Roles: texts(m["x-roles"]),
		Callbacks: slices.Sorted(maps.Keys(object(m["callbacks"]))),
	}
	for _, name := range op.Callbacks {
		expressions, where := r.follow(object(m["callbacks"])[name], at.at("callbacks", name))
		for _, expression := range slices.Sorted(maps.Keys(expressions)) {
			item, itemAt := r.follow(expressions[expression], where.at(expression))
			r.call(name, op, item, itemAt)
		}
	}
	op.Params = merge(common, r.params(m["parameters"], at.at("parameters")))
	for _, name := range op.PathParams() {
		if op.Param("path", name) == nil {
			r.doc.fault(r.where(at), fmt.Sprintf("the path names {%s}, and no parameter describes it; it is taken for text", clip(name)))
			op.Params = append(op.Params, Param{Name: name, In: "path", Required: true, Schema: &Schema{Types: []string{"string"}}})
		}
	}
	r.security(op, top, m, at)
	if r.swagger {
		r.swaggerBody(op, m, at)
	} else if m["requestBody"] != nil {
		b, bodyAt := r.follow(m["requestBody"], at.at("requestBody"))
		media, schema, example := r.content(b["content"], bodyAt.at("content"))
		op.Body = &Body{Media: media, Required: yes(b["required"]), Schema: schema, Example: example}
	}
	answers := object(m["responses"])
	for _, status := range slices.Sorted(maps.Keys(answers)) {
		a, where := r.follow(answers[status], at.at("responses", status))
		resp := Response{Status: status, Headers: slices.Sorted(maps.Keys(object(a["headers"])))}
		if r.swagger {
			resp.Media = "application/json"
			if a["schema"] != nil {
				resp.Schema = r.schema(a["schema"], where.at("schema"), 0)
			}
		} else {
			resp.Media, resp.Schema, _ = r.content(a["content"], where.at("content"))
		}
		op.Answers = append(op.Answers, resp)
	}
	return op
}

// call notes what an API calls.
func (r *reader) call(name string, by *Operation, item map[string]any, at place) {
	common := r.params(item["parameters"], at.at("parameters"))
	for _, method := range methods {
		m := object(item[method])
		if m == nil || len(r.doc.Calls) >= maxOperations {
			continue
		}
		c := Call{Name: name, By: by, Signed: len(list(m["security"])) > 0}
		for _, p := range merge(common, r.params(m["parameters"], at.at(method, "parameters"))) {
			c.Signed = c.Signed || (p.In == "header" && signing.MatchString(p.Name))
		}
		c.Signed = c.Signed || signing.MatchString(text(m["description"])) || signing.MatchString(text(m["summary"]))
		r.doc.Calls = append(r.doc.Calls, c)
	}
}

// signing are words of headers and descriptions that tell of a signature.
var signing = late.Pattern(`(?i)signature|hmac|\bsigned\b|authorization|digest|x-hub|token`)

func merge(common, own []Param) []Param {
	out := slices.Clone(own)
	for _, c := range common {
		if !slices.ContainsFunc(own, func(p Param) bool { return p.In == c.In && p.Name == c.Name }) {
			out = append(out, c)
		}
	}
	return out
}

func (r *reader) security(op *Operation, top, m map[string]any, at place) {
	said, has := m["security"]
	if !has {
		said, has = top["security"]
	}
	if !has {
		return
	}
	op.Demand = Required
	alternatives := list(said)
	if len(alternatives) == 0 {
		op.Demand = Open
	}
	for _, alternative := range alternatives {
		needs := object(alternative)
		if len(needs) == 0 {
			op.Demand = Optional
			continue
		}
		var all []Need
		for _, name := range slices.Sorted(maps.Keys(needs)) {
			if _, ok := r.doc.Schemes[name]; !ok {
				r.doc.fault(r.where(at.at("security")), fmt.Sprintf("the security scheme %q is not defined", clip(name)))
			}
			scopes := texts(needs[name])
			op.Roles = append(op.Roles, scopes...)
			all = append(all, Need{name, scopes})
		}
		op.Security = append(op.Security, all)
	}
}

func (r *reader) params(v any, at place) []Param {
	var out []Param
	for i, item := range list(v) {
		m, where := r.follow(item, at.at(fmt.Sprint(i)))
		p := Param{Name: text(m["name"]), In: text(m["in"]), Required: yes(m["required"]), Style: text(m["style"])}
		if p.In == "body" || p.In == "formData" {
			continue
		}
		if p.Name == "" || !slices.Contains([]string{"path", "query", "header", "cookie"}, p.In) {
			if m != nil {
				r.doc.fault(r.where(where), "a parameter needs a name and one of the places path, query, header, cookie; it is left out")
			}
			continue
		}
		p.Required = p.Required || p.In == "path"
		p.Example = firstExample(m)
		switch {
		case r.swagger:
			p.Schema = r.schema(m, where, 0)
		case m["schema"] != nil:
			p.Schema = r.schema(m["schema"], where.at("schema"), 0)
		default:
			_, p.Schema, p.Example = r.content(m["content"], where.at("content"))
		}
		out = append(out, p)
	}
	return out
}

func firstExample(m map[string]any) any {
	if v, ok := m["example"]; ok {
		return v
	}
	if v, ok := m["x-example"]; ok {
		return v
	}
	examples := object(m["examples"])
	for _, name := range slices.Sorted(maps.Keys(examples)) {
		if v, ok := object(examples[name])["value"]; ok {
			return v
		}
	}
	return nil
}

// content picks the media type we can speak best.
func (r *reader) content(v any, at place) (media string, schema *Schema, example any) {
	kinds := object(v)
	names := slices.Sorted(maps.Keys(kinds))
	slices.SortStableFunc(names, func(a, b string) int { return fluency(a) - fluency(b) })
	if len(names) == 0 {
		return "", nil, nil
	}
	m, where := r.follow(kinds[names[0]], at.at(names[0]))
	if m["schema"] != nil {
		schema = r.schema(m["schema"], where.at("schema"), 0)
	}
	return names[0], schema, firstExample(m)
}

func fluency(media string) int {
	switch {
	case strings.HasPrefix(media, "application/json"):
		return 0
	case strings.Contains(media, "json"):
		return 1
	case media == "*/*":
		return 2
	case strings.HasPrefix(media, "application/x-www-form-urlencoded"):
		return 3
	case strings.HasPrefix(media, "multipart/form-data"):
		return 4
	}
	return 5
}

func (r *reader) swaggerBody(op *Operation, m map[string]any, at place) {
	consumes := texts(m["consumes"])
	form := &Schema{Types: []string{"object"}, Properties: map[string]*Schema{}}
	for i, item := range list(m["parameters"]) {
		p, where := r.follow(item, at.at("parameters", fmt.Sprint(i)))
		switch text(p["in"]) {
		case "body":
			media := "application/json"
			if len(consumes) > 0 {
				slices.SortStableFunc(consumes, func(a, b string) int { return fluency(a) - fluency(b) })
				media = consumes[0]
			}
			op.Body = &Body{Media: media, Required: yes(p["required"]), Schema: r.schema(p["schema"], where.at("schema"), 0), Example: firstExample(p)}
		case "formData":
			form.Properties[text(p["name"])] = r.schema(p, where, 0)
			if yes(p["required"]) {
				form.Required = append(form.Required, text(p["name"]))
			}
		}
	}
	if op.Body == nil && len(form.Properties) > 0 {
		op.Body = &Body{Media: "application/x-www-form-urlencoded", Schema: form, Required: len(form.Required) > 0}
	}
}

// clip shortens a stranger's words for a sentence of ours.
func clip(s string) string {
	if len(s) > 80 {
		return s[:80] + "…"
	}
	return s
}
