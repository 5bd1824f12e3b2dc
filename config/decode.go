package config

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Bounds of a configuration file.
const (
	maxFile   = 1 << 20
	maxDepth  = 32
	maxFaults = 50
)

// Fault is one thing wrong with a file.
type Fault struct {
	File string
	Line int
	Text string
}

func (f Fault) Error() string {
	if f.Line == 0 {
		return f.File + ": " + f.Text
	}
	return fmt.Sprintf("%s:%d: %s", f.File, f.Line, f.Text)
}

// Faults are all of them, in the order of the file.
type Faults []Fault

func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i := range f {
		lines[i] = f[i].Error()
	}
	return strings.Join(lines, "\n")
}

// document is a file being read: values go into Go structs, faults pile up with their lines.
type document struct {
	file   string
	env    func(string) (string, bool)
	faults Faults
	lines  map[string]int // path ("sites[0].rules[2]") → line
}

func (d *document) fault(line int, format string, args ...any) {
	if len(d.faults) < maxFaults {
		d.faults = append(d.faults, Fault{d.file, line, fmt.Sprintf(format, args...)})
	}
}

// at is the line of a path, or of the nearest thing above it.
func (d *document) at(path string) int {
	for path != "" {
		if n, ok := d.lines[path]; ok {
			return n
		}
		cut := strings.LastIndexAny(path, ".[")
		if cut < 0 {
			break
		}
		path = path[:cut]
	}
	return d.lines[""]
}

func (d *document) sorted() error {
	if len(d.faults) == 0 {
		return nil
	}
	sort.SliceStable(d.faults, func(i, j int) bool { return d.faults[i].Line < d.faults[j].Line })
	return d.faults
}

// read decodes text into a struct. What the file does not say stays as it is.
func (d *document) read(text []byte, into any) {
	if len(text) > maxFile {
		d.fault(0, "%d bytes: a configuration has at most %d", len(text), maxFile)
		return
	}
	f, err := parser.ParseBytes(text, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		line := 0
		var syntax interface{ GetToken() *token.Token }
		if errors.As(err, &syntax) && syntax.GetToken() != nil {
			line = syntax.GetToken().Position.Line
		}
		first, _, _ := strings.Cut(strings.TrimSpace(err.Error()), "\n")
		d.fault(line, "not YAML: %s", position.ReplaceAllString(first, ""))
		return
	}
	if len(f.Docs) > 1 && f.Docs[1].Body != nil {
		d.fault(f.Docs[1].Body.GetToken().Position.Line, "a second document: a configuration is one")
	}
	d.lines = map[string]int{"": 1}
	for _, doc := range f.Docs[:min(1, len(f.Docs))] {
		if doc.Body != nil {
			d.decode(doc.Body, reflect.ValueOf(into).Elem(), "", 0)
		}
	}
}

var position = regexp.MustCompile(`^\[\d+:\d+\] `)

func line(n ast.Node) int {
	if t := n.GetToken(); t != nil && t.Position != nil {
		return t.Position.Line
	}
	return 0
}

func (d *document) decode(n ast.Node, v reflect.Value, path string, depth int) {
	if depth > maxDepth {
		d.fault(line(n), "%s: nested deeper than %d", path, maxDepth)
		return
	}
	if _, ok := d.lines[path]; !ok {
		d.lines[path] = line(n)
	}
	switch n := n.(type) {
	case *ast.NullNode:
		return
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode, *ast.MergeKeyNode:
		d.fault(line(n), "%s: anchors, aliases and tags are not used here; write the value out", path)
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		d.decode(n, v.Elem(), path, depth)
	case reflect.Struct:
		d.decodeStruct(n, v, path, depth)
	case reflect.Slice:
		d.decodeSlice(n, v, path, depth)
	case reflect.Map:
		d.decodeMap(n, v, path, depth)
	default:
		d.decodeScalar(n, v, path)
	}
}

func (d *document) decodeStruct(n ast.Node, v reflect.Value, path string, depth int) {
	if v.Type().Name() == "Match" {
		if s, ok := scalar(n); ok { // a plain string is the route
			v.FieldByName("Route").SetString(d.expand(s, line(n)))
			return
		}
	}
	pairs, ok := mapping(n)
	if !ok {
		d.fault(line(n), "%s: want fields (%s)", path, strings.Join(names(v.Type()), ", "))
		return
	}
	fields := map[string]int{}
	for i := range v.NumField() {
		if name := fieldName(v.Type().Field(i)); name != "" {
			fields[name] = i
		}
	}
	seen := map[string]bool{}
	for _, p := range pairs {
		key := p.Key.String()
		sub := join(path, key)
		i, known := fields[key]
		switch {
		case !known:
			d.fault(line(p.Key), "unknown field %q%s; want one of %s", key, in(path), strings.Join(names(v.Type()), ", "))
		case seen[key]:
			d.fault(line(p.Key), "field %q%s is given twice", key, in(path))
		default:
			d.lines[sub] = line(p.Key)
			d.decode(p.Value, v.Field(i), sub, depth+1)
		}
		seen[key] = true
	}
}

func (d *document) decodeSlice(n ast.Node, v reflect.Value, path string, depth int) {
	seq, ok := n.(*ast.SequenceNode)
	if !ok {
		if _, plain := scalar(n); plain && v.Type().Elem().Kind() == reflect.String { // one word stands for a list of one
			v.Set(reflect.MakeSlice(v.Type(), 1, 1))
			d.decodeScalar(n, v.Index(0), path)
			return
		}
		if _, one := mapping(n); one && v.Type().Elem().Kind() == reflect.Struct && v.Type().Elem().Name() == "Reply" {
			v.Set(reflect.MakeSlice(v.Type(), 1, 1))
			d.decode(n, v.Index(0), path+"[0]", depth+1)
			return
		}
		d.fault(line(n), "%s: want a list", path)
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(seq.Values), len(seq.Values)))
	for i, item := range seq.Values {
		sub := path + "[" + strconv.Itoa(i) + "]"
		d.lines[sub] = line(item)
		if pairs, ok := mapping(item); ok && len(pairs) > 0 {
			d.lines[sub] = line(pairs[0].Key)
		}
		d.decode(item, v.Index(i), sub, depth+1)
	}
}

func (d *document) decodeMap(n ast.Node, v reflect.Value, path string, depth int) {
	pairs, ok := mapping(n)
	if !ok {
		d.fault(line(n), "%s: want names and values", path)
		return
	}
	v.Set(reflect.MakeMap(v.Type()))
	for _, p := range pairs {
		item := reflect.New(v.Type().Elem()).Elem()
		d.decode(p.Value, item, join(path, p.Key.String()), depth+1)
		v.SetMapIndex(reflect.ValueOf(strings.Trim(p.Key.String(), `"'`)), item)
	}
}

func (d *document) decodeScalar(n ast.Node, v reflect.Value, path string) {
	s, ok := scalar(n)
	if !ok {
		d.fault(line(n), "%s: want one value", path)
		return
	}
	s = d.expand(s, line(n))
	switch v.Interface().(type) {
	case Duration:
		t, err := parseDuration(s)
		if err != nil {
			d.fault(line(n), "%s: %v", path, err)
		}
		v.SetInt(int64(t))
		return
	case Size:
		b, err := parseSize(s)
		if err != nil {
			d.fault(line(n), "%s: %v", path, err)
		}
		v.SetInt(b)
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(s)
	case reflect.Bool:
		b, err := strconv.ParseBool(s)
		if err != nil {
			d.fault(line(n), "%s: %q: want true or false", path, s)
		}
		v.SetBool(b)
	case reflect.Int, reflect.Int64:
		i, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			d.fault(line(n), "%s: %q: want a whole number", path, s)
		}
		v.SetInt(i)
	default:
		panic("config: a field of kind " + v.Kind().String() + " cannot be read; only our own structs come here")
	}
}

var variable = regexp.MustCompile(`\$\{([A-Za-z_][A-Za-z0-9_]*)\}`)

// expand puts environment variables in, so that secrets need not be in the file.
func (d *document) expand(s string, line int) string {
	return variable.ReplaceAllStringFunc(s, func(m string) string {
		v, ok := d.env(m[2 : len(m)-1])
		if !ok {
			d.fault(line, "%s is not set in the environment", m[2:len(m)-1])
		}
		return v
	})
}

func scalar(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return n.GetToken().Value, true
	}
	return "", false
}

func mapping(n ast.Node) ([]*ast.MappingValueNode, bool) {
	switch n := n.(type) {
	case *ast.MappingNode:
		return n.Values, true
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}, true
	}
	return nil, false
}

func fieldName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
	if name == "-" || !f.IsExported() {
		return ""
	}
	return name
}

func names(t reflect.Type) []string {
	var out []string
	for i := range t.NumField() {
		if n := fieldName(t.Field(i)); n != "" {
			out = append(out, n)
		}
	}
	return out
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func in(path string) string {
	if path == "" {
		return ""
	}
	return " in " + path
}

// Duration is a time as people write it: 30s, 10m, 2h, 7d.
type Duration int64

// Std gives it as the standard library has it.
func (d Duration) Std() time.Duration { return time.Duration(d) }

func parseDuration(s string) (Duration, error) {
	if n, ok := strings.CutSuffix(s, "d"); ok {
		if days, err := strconv.Atoi(n); err == nil && days >= 0 && days <= 36500 {
			return Duration(time.Duration(days) * 24 * time.Hour), nil
		}
	}
	t, err := time.ParseDuration(s)
	if err != nil || t < 0 {
		return 0, fmt.Errorf("%q is no time: want something like 30s, 10m, 2h or 7d", s)
	}
	return Duration(t), nil
}

// Size is a number of bytes as people write it: 100MiB, 64KiB, 5000.
type Size int64

func parseSize(s string) (int64, error) {
	for i, unit := range []string{"KiB", "MiB", "GiB"} {
		if n, ok := strings.CutSuffix(s, unit); ok {
			v, err := strconv.ParseInt(strings.TrimSpace(n), 10, 32)
			if err != nil || v < 0 {
				break
			}
			return v << (10 * (i + 1)), nil
		}
	}
	v, err := strconv.ParseInt(s, 10, 64)
	if err != nil || v < 0 {
		return 0, fmt.Errorf("%q is no size: want something like 64KiB, 100MiB or a number of bytes", s)
	}
	return v, nil
}

// Env is the process's environment.
func Env(name string) (string, bool) { return os.LookupEnv(name) }

// Decode reads YAML of our own shape into a struct, as a configuration is read.
func Decode(name string, text []byte, into any) error {
	d := &document{file: name, env: Env}
	d.read(text, into)
	return d.sorted()
}
