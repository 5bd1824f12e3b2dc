// Package strict reads the YAML files that a project keeps for its scans. They come with the code that is scanned, which
// may be a stranger's: no anchors, no variables of the environment, no unknown fields, a bounded size, and every fault
// with its line.
package strict

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"palisade.dev/scan/late"
)

// largest is how much of a file is read; deepest how far it nests. Both are far beyond what a person writes.
const (
	largest = 1 << 20
	deepest = 16
)

// Fault is what is wrong, and on which line; 0 is the file as a whole.
type Fault struct {
	Line int
	What string
}

func (f *Fault) Error() string {
	if f.Line == 0 {
		return f.What
	}
	return fmt.Sprintf("line %d: %s", f.Line, f.What)
}

// Decode reads a document into a struct.
func Decode(data []byte, into any) error {
	if len(data) > largest {
		return &Fault{What: fmt.Sprintf("it has %d bytes; at most %d are read", len(data), largest)}
	}
	if line := tooDeep(data); line > 0 {
		return &Fault{line, fmt.Sprintf("it nests more than %d deep", deepest)}
	}
	file, err := parser.ParseBytes(data, 0)
	if err != nil {
		return fault(err)
	}
	var a alias
	for _, doc := range file.Docs {
		if doc.Body != nil {
			ast.Walk(&a, doc.Body)
		}
	}
	if a.line > 0 {
		return &Fault{a.line, "anchors, aliases and tags are not used here; write the value out"}
	}
	if err := yaml.NewDecoder(bytes.NewReader(data), yaml.Strict()).Decode(into); err != nil && !errors.Is(err, io.EOF) {
		return fault(err)
	}
	return nil
}

// Lines gives the line of each item of a top-level list.
func Lines(data []byte, key string) []int {
	file, err := parser.ParseBytes(data, 0)
	if err != nil || len(file.Docs) == 0 {
		return nil
	}
	var pairs []*ast.MappingValueNode
	switch n := file.Docs[0].Body.(type) {
	case *ast.MappingNode:
		pairs = n.Values
	case *ast.MappingValueNode:
		pairs = []*ast.MappingValueNode{n}
	}
	var lines []int
	for _, p := range pairs {
		list, ok := p.Value.(*ast.SequenceNode)
		if !ok || p.Key.String() != key {
			continue
		}
		for _, item := range list.Values {
			line := 0
			switch n := item.(type) {
			case *ast.MappingNode:
				if len(n.Values) > 0 {
					line = n.Values[0].Key.GetToken().Position.Line
				}
			case *ast.MappingValueNode:
				line = n.Key.GetToken().Position.Line
			}
			lines = append(lines, line)
		}
	}
	return lines
}

// tooDeep finds nesting that would cost the parser its stack: by brackets, or by blanks before a line.
func tooDeep(data []byte) int {
	open := 0
	for i, line := range bytes.Split(data, []byte("\n")) {
		for _, c := range line {
			switch c {
			case '[', '{':
				open++
			case ']', '}':
				open--
			}
		}
		if open > deepest || bytes.Count(line, []byte("- ")) > 64 {
			return i + 1
		}
	}
	return 0
}

type alias struct{ line int }

// Visit looks for what is refused.
func (a *alias) Visit(n ast.Node) ast.Visitor {
	switch n.(type) {
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode, *ast.MergeKeyNode:
		if t := n.GetToken(); a.line == 0 && t != nil {
			a.line = t.Position.Line
		}
	}
	return a
}

var brackets = late.Pattern(`^\[\d+:\d+\] `)

func fault(err error) error {
	f := &Fault{}
	var where interface{ GetToken() *token.Token }
	if errors.As(err, &where) && where.GetToken() != nil {
		f.Line = where.GetToken().Position.Line
	}
	var said interface{ GetMessage() string }
	if errors.As(err, &said) {
		f.What = said.GetMessage()
	} else {
		first, _, _ := bytes.Cut([]byte(err.Error()), []byte("\n"))
		f.What = brackets.ReplaceAllString(string(first), "")
	}
	return f
}
