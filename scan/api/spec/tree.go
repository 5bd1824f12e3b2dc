package spec

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// tree reads JSON or YAML into maps, lists and plain values.
func tree(data []byte) (any, error) {
	if len(data) > MaxBytes {
		return nil, fmt.Errorf("it has %d bytes, more than the %d that are read", len(data), MaxBytes)
	}
	trimmed := bytes.TrimLeft(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")), " \t\r\n")
	if len(trimmed) == 0 {
		return nil, errors.New("it is empty")
	}
	if trimmed[0] == '{' || trimmed[0] == '[' {
		var v any
		err := json.Unmarshal(trimmed, &v)
		if err == nil {
			return v, nil
		}
		var s *json.SyntaxError
		if errors.As(err, &s) {
			line := 1 + bytes.Count(trimmed[:min(int(s.Offset), len(trimmed))], []byte("\n"))
			return nil, fmt.Errorf("it is no JSON: line %d: %w", line, err)
		}
		return nil, fmt.Errorf("it is no JSON: %w", err)
	}
	if trimmed[0] == '<' {
		return nil, errors.New("it is a page of HTML or XML, not JSON or YAML")
	}
	var n yaml.Node
	if err := yaml.Unmarshal(trimmed, &n); err != nil {
		return nil, fmt.Errorf("it is no YAML: %s", strings.TrimPrefix(err.Error(), "yaml: "))
	}
	if n.Kind == 0 {
		return nil, errors.New("it is empty")
	}
	c := yamlTree{known: map[*yaml.Node]any{}}
	return c.value(&n, 0)
}

// yamlTree turns nodes into values. An alias is the very value of its anchor and never a copy, so a document that names
// an anchor a billion times costs nothing.
type yamlTree struct {
	known map[*yaml.Node]any
}

const maxYAMLDepth = 512

func (c *yamlTree) value(n *yaml.Node, depth int) (any, error) {
	if depth > maxYAMLDepth {
		return nil, fmt.Errorf("line %d: it is nested deeper than %d", n.Line, maxYAMLDepth)
	}
	switch n.Kind {
	case yaml.DocumentNode:
		return c.value(n.Content[0], depth)
	case yaml.AliasNode:
		v, ok := c.known[n.Alias]
		if !ok {
			return nil, fmt.Errorf("line %d: *%s stands inside what it names", n.Line, n.Value)
		}
		return v, nil
	case yaml.MappingNode:
		if v, ok := c.known[n]; ok {
			return v, nil
		}
		m := make(map[string]any, len(n.Content)/2)
		for i := 0; i+1 < len(n.Content); i += 2 {
			key, val := n.Content[i], n.Content[i+1]
			v, err := c.value(val, depth+1)
			if err != nil {
				return nil, err
			}
			if key.Tag == "!!merge" {
				if from, ok := v.(map[string]any); ok {
					for k, v := range from {
						if _, set := m[k]; !set {
							m[k] = v
						}
					}
				}
				continue
			}
			m[key.Value] = v
		}
		if n.Anchor != "" {
			c.known[n] = m
		}
		n.Content = nil // half the memory of a large document is nodes that were read
		return m, nil
	case yaml.SequenceNode:
		list := make([]any, 0, len(n.Content))
		for _, item := range n.Content {
			v, err := c.value(item, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		if n.Anchor != "" {
			c.known[n] = list
		}
		n.Content = nil
		return list, nil
	}
	v := scalar(n)
	if n.Anchor != "" {
		c.known[n] = v
	}
	return v, nil
}

func scalar(n *yaml.Node) any {
	switch n.ShortTag() {
	case "!!int":
		if i, err := strconv.ParseInt(strings.ReplaceAll(n.Value, "_", ""), 0, 64); err == nil {
			return float64(i)
		}
	case "!!float":
		if f, err := strconv.ParseFloat(n.Value, 64); err == nil {
			return f
		}
	case "!!bool":
		return strings.EqualFold(n.Value, "true")
	case "!!null":
		return nil
	}
	return n.Value
}

// The tree's values, without fuss: what is of another kind counts as absent.

func object(v any) map[string]any { m, _ := v.(map[string]any); return m }

func list(v any) []any { l, _ := v.([]any); return l }

func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return ""
}

func yes(v any) bool { b, _ := v.(bool); return b }

func texts(v any) []string {
	var out []string
	for _, item := range list(v) {
		if s := text(item); s != "" {
			out = append(out, s)
		}
	}
	return out
}

func num(v any) *float64 {
	if f, ok := v.(float64); ok {
		return &f
	}
	return nil
}
