package spec

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// MaxHAR is above MaxBytes since a HAR file holds the answers too, which are passed over.
const MaxHAR = 64 << 10 << 10

// HAR reads what a browser recorded: every request to one host becomes an operation, with the values that were sent as
// examples. Credentials in it are left where they are.
func HAR(data []byte, host string) (*Document, error) {
	if len(data) > MaxHAR {
		return nil, fmt.Errorf("reading the HAR file: it has %d bytes, more than the %d that are read", len(data), MaxHAR)
	}
	var in struct {
		Log *struct {
			Entries []struct {
				Request struct {
					Method, URL string
					PostData    struct{ MimeType, Text string }
				}
				Response struct {
					Status  int
					Content struct{ MimeType string }
				}
			}
		}
	}
	if err := json.Unmarshal(data, &in); err != nil {
		return nil, fmt.Errorf("reading the HAR file: it is no JSON: %w", err)
	}
	if in.Log == nil {
		return nil, errors.New(`reading the HAR file: it has no "log"; export it as "HAR with content" from the browser's network tab`)
	}
	d := &Document{Format: "HAR", Schemes: map[string]Scheme{}}
	known := map[string]bool{}
	others := 0
	for i, e := range in.Log.Entries {
		u, err := url.Parse(e.Request.URL)
		if err != nil || e.Request.Method == "" {
			d.fault(fmt.Sprintf("entry %d", i), "its request cannot be read; it is left out")
			continue
		}
		if !strings.EqualFold(u.Host, host) {
			others++
			continue
		}
		if static(e.Response.Content.MimeType) || len(d.Operations) >= maxOperations {
			continue
		}
		op := &Operation{Method: strings.ToUpper(e.Request.Method), Path: templated(u), Source: "har", Params: append(pathExamples(u), queryParams(u)...)}
		if e.Request.PostData.Text != "" {
			op.Body = seen(e.Request.PostData.MimeType, e.Request.PostData.Text)
		}
		if known[op.Name()] {
			continue
		}
		known[op.Name()] = true
		d.Operations = append(d.Operations, op)
	}
	if len(d.Operations) == 0 {
		return nil, fmt.Errorf("reading the HAR file: none of its %d requests went to %s (%d went elsewhere)", len(in.Log.Entries), host, others)
	}
	d.sortOperations()
	return d, nil
}

func static(media string) bool {
	for _, kind := range []string{"image/", "font/", "text/css", "javascript", "video/", "audio/"} {
		if strings.Contains(media, kind) {
			return true
		}
	}
	return false
}

// seen is a body as it was sent. A JSON object is also an example that can be changed field by field.
func seen(media, text string) *Body {
	media, _, _ = strings.Cut(media, ";")
	b := &Body{Media: strings.TrimSpace(media), Required: true}
	var m map[string]any
	if strings.Contains(b.Media, "json") && json.Unmarshal([]byte(text), &m) == nil && m != nil {
		b.Example = m
		b.Schema = &Schema{Types: []string{"object"}, Properties: map[string]*Schema{}}
		for name, v := range m {
			b.Schema.Properties[name] = &Schema{Types: []string{kindOf(v)}, Examples: []any{v}}
		}
		return b
	}
	b.Raw = text
	return b
}

func kindOf(v any) string {
	switch v.(type) {
	case map[string]any:
		return "object"
	case []any:
		return "array"
	case float64:
		return "number"
	case bool:
		return "boolean"
	}
	return "string"
}

// templated puts braces where a path holds an identifier: /users/17/orders becomes /users/{users_id}/orders.
func templated(u *url.URL) string {
	parts := strings.Split(u.EscapedPath(), "/")
	for i := range parts {
		if identifier(parts[i]) {
			parts[i] = "{" + paramName(parts, i) + "}"
		}
	}
	if path := strings.Join(parts, "/"); path != "" {
		return path
	}
	return "/"
}

func paramName(parts []string, i int) string {
	if i > 0 && parts[i-1] != "" && !strings.HasPrefix(parts[i-1], "{") {
		return strings.ReplaceAll(parts[i-1], "-", "_") + "_id"
	}
	return fmt.Sprintf("id%d", i)
}

func pathExamples(u *url.URL) []Param {
	var out []Param
	parts := strings.Split(u.EscapedPath(), "/")
	for i, p := range strings.Split(u.EscapedPath(), "/") {
		if identifier(p) {
			name := paramName(parts, i)
			parts[i] = "{" + name + "}"
			plain, err := url.PathUnescape(p)
			if err != nil {
				plain = p
			}
			out = append(out, Param{Name: name, In: "path", Required: true, Example: plain, Schema: &Schema{Types: []string{"string"}}})
		}
	}
	return out
}

// identifier says that a part of a path names one object: a number, a UUID, or a long word with digits in it.
func identifier(part string) bool {
	if part == "" || strings.ContainsAny(part, "{}") {
		return false
	}
	digits, hexes := 0, 0
	for _, c := range part {
		switch {
		case c >= '0' && c <= '9':
			digits++
			hexes++
		case c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F' || c == '-':
			hexes++
		}
	}
	return digits == len(part) || (len(part) >= 16 && digits >= 3 && (hexes == len(part) || !strings.Contains(part, ".")))
}
