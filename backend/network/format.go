package network

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"palisade.dev/guard/prefix"
)

// MaxEntries is how many entries one list may have before they are merged. The longest known one, of Apple's relay, has
// 0.3 million.
const MaxEntries = 1_000_000

// The formats in which operators publish JSON: where in the document the prefixes stand. Arrays leave no trace in a
// path.
var documents = map[string][]string{
	"ahrefs":       {"ips.ip_address"},
	"aws":          {"prefixes.ip_prefix", "ipv6_prefixes.ipv6_prefix"},
	"azure":        {"values.properties.addressPrefixes"},
	"fastly":       {"addresses", "ipv6_addresses"},
	"github":       {"hooks", "web", "api", "git", "packages", "pages", "importer", "actions", "actions_macos", "github_enterprise_importer", "codespaces", "copilot", "dependabot"},
	"github-hooks": {"hooks"},
	"google":       {"prefixes.ipv4Prefix", "prefixes.ipv6Prefix"},
	"json":         {""},
	"misp":         {"list"},
	"onionoo":      {"relays.exit_addresses", "relays.or_addresses"},
	"oracle":       {"regions.cidrs.cidr"},
}

// Formats lists what Read understands: the JSON documents of operators, "json" (an array of texts), "plain" (a prefix a
// line) and "csv" (the prefix in the first column, as geofeeds have it).
func Formats() []string {
	return slices.Sorted(slices.Values(slices.Concat(slices.Collect(maps.Keys(documents)), []string{"plain", "csv"})))
}

// Read reads what a stranger sent as a list. It takes memory for the prefixes only, whatever the document holds. One
// entry that is no prefix, or none at all, spoils the whole: half a list is worse than yesterday's.
func Read(format string, r io.Reader) ([]netip.Prefix, error) {
	br := bufio.NewReader(r)
	if err := noPage(br); err != nil {
		return nil, err
	}
	var c collector
	var err error
	switch paths, ok := documents[format]; {
	case format == "plain" || format == "csv":
		err = lines(br, format == "csv", c.add)
	case !ok:
		return nil, fmt.Errorf("%q is no format of a network list: want one of %s", format, strings.Join(Formats(), ", "))
	default:
		err = texts(br, func(path, text string) error {
			if !slices.Contains(paths, path) {
				return nil
			}
			if ap, err := netip.ParseAddrPort(text); err == nil && format == "onionoo" {
				text = ap.Addr().String()
			}
			return c.add(text)
		})
	}
	if err != nil {
		return nil, err
	}
	if c.n == 0 {
		return nil, fmt.Errorf("it holds no prefixes where the format %q has them", format)
	}
	return Canonical(c.prefixes), nil
}

// noPage notices a page for people, which is what a moved or blocked address mostly answers.
func noPage(br *bufio.Reader) error {
	head, _ := br.Peek(512)
	head = bytes.TrimSpace(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")))
	if len(head) == 0 {
		return errors.New("it is empty")
	}
	if head[0] == '<' {
		return errors.New("it is an HTML or XML page, not a list")
	}
	return nil
}

type collector struct {
	prefixes []netip.Prefix
	n        int
}

func (c *collector) add(text string) error {
	if c.n++; c.n > MaxEntries {
		return fmt.Errorf("it has more than %s entries", thousands(MaxEntries))
	}
	// Operators leave host bits set now and then; what they mean is plain.
	p, err := netip.ParsePrefix(text)
	if err != nil || p.Addr().Is4In6() {
		if p, err = prefix.ParsePrefix(text); err != nil {
			return fmt.Errorf("entry %d: %w", c.n, err)
		}
	}
	c.prefixes = append(c.prefixes, p.Masked())
	return nil
}

// The longest line of a geofeed names a place in words.
const maxLine = 1024

func lines(r io.Reader, firstColumn bool, add func(string) error) error {
	sc := bufio.NewScanner(r)
	sc.Buffer(nil, maxLine)
	n := 0
	for sc.Scan() {
		n++
		text := sc.Text()
		if n == 1 {
			text = strings.TrimPrefix(text, "\ufeff")
		}
		if i := strings.IndexAny(text, "#;"); i >= 0 {
			text = text[:i]
		}
		if firstColumn {
			text, _, _ = strings.Cut(text, ",")
			text = strings.Trim(text, `"`)
		}
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		if err := add(text); err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
	}
	if errors.Is(sc.Err(), bufio.ErrTooLong) {
		return fmt.Errorf("line %d: longer than %d bytes", n+1, maxLine)
	}
	return sc.Err()
}

// The deepest document of an operator has five levels, whose names have 30 bytes together. Without the second bound, one
// huge name around millions of small ones would be copied for each of them.
const (
	maxDepth = 16
	maxPath  = 256
)

// texts walks a JSON document and shows every text in it with the names that lead there. It keeps nothing but the way
// down, and insists on exactly one whole value.
func texts(r io.Reader, show func(path, text string) error) error {
	type level struct {
		path   string
		object bool
		name   bool // a name comes next
	}
	dec := json.NewDecoder(r)
	dec.UseNumber()
	var way []level
	path := ""
	for first := true; first || len(way) > 0; first = false {
		tok, err := dec.Token()
		if err != nil {
			return broken(err, dec.InputOffset())
		}
		if d, ok := tok.(json.Delim); ok && (d == '}' || d == ']') {
			way = way[:len(way)-1]
			path = ""
			if n := len(way); n > 0 {
				path, way[n-1].name = way[n-1].path, way[n-1].object
			}
			continue
		}
		if n := len(way); n > 0 && way[n-1].name {
			name := tok.(string) // the decoder lets nothing else stand before a colon
			if path = way[n-1].path; path != "" {
				path += "."
			}
			if len(path)+len(name) > maxPath {
				return fmt.Errorf("byte %d: names of more than %d bytes lead there", dec.InputOffset(), maxPath)
			}
			path += name
			way[n-1].name = false
			continue
		}
		switch v := tok.(type) {
		case json.Delim:
			if len(way) == maxDepth {
				return fmt.Errorf("byte %d: nested deeper than %d levels", dec.InputOffset(), maxDepth)
			}
			way = append(way, level{path: path, object: v == '{', name: v == '{'})
			continue
		case string:
			if err := show(path, v); err != nil {
				return err
			}
		}
		if n := len(way); n > 0 && way[n-1].object {
			path, way[n-1].name = way[n-1].path, true
		}
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("byte %d: something follows the JSON document", dec.InputOffset())
	}
	return nil
}

func broken(err error, at int64) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("the JSON document ends in its middle, at byte %d", at)
	}
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Errorf("byte %d: no JSON: %s", at, strings.TrimPrefix(syntax.Error(), "json: "))
	}
	return err
}
