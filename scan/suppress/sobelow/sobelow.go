// Package sobelow knows what a team that used Sobelow has written down: its names for checks, its skip comments, its
// .sobelow-skips and its .sobelow-conf. Nothing here is evaluated: the configuration is a list of constants or an error.
package sobelow

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"palisade.dev/scan/late"
	"palisade.dev/scan/term"
)

// Kind is one of Sobelow's types and which of our checks say the same. Package is for those about one dependency.
type Kind struct {
	Name    string
	Checks  []string
	Package string
}

// Kinds are all of Sobelow's types. Its six old CVEs are advisories here.
var Kinds = []Kind{
	{Name: "CI.OS", Checks: []string{"elixir/command"}},
	{Name: "CI.System", Checks: []string{"elixir/command"}},
	{Name: "Config.CSP", Checks: []string{"elixir/csp"}},
	{Name: "Config.CSRF", Checks: []string{"elixir/csrf"}},
	{Name: "Config.CSRFRoute", Checks: []string{"elixir/csrfroute"}},
	{Name: "Config.CSWH", Checks: []string{"elixir/checkorigin"}},
	{Name: "Config.Headers", Checks: []string{"elixir/secureheaders"}},
	{Name: "Config.HSTS", Checks: []string{"elixir/hsts"}},
	{Name: "Config.HTTPS", Checks: []string{"elixir/https"}},
	{Name: "Config.Secrets", Checks: []string{"elixir/secret"}},
	{Name: "DOS.BinToAtom", Checks: []string{"elixir/atom"}},
	{Name: "DOS.ListToAtom", Checks: []string{"elixir/atom"}},
	{Name: "DOS.StringToAtom", Checks: []string{"elixir/atom"}},
	{Name: "Misc.BinToTerm", Checks: []string{"elixir/bintoterm"}},
	{Name: "RCE.CodeModule", Checks: []string{"elixir/eval"}},
	{Name: "RCE.EEx", Checks: []string{"elixir/eextemplate"}},
	{Name: "SQL.Query", Checks: []string{"elixir/sqlquery"}},
	{Name: "SQL.Stream", Checks: []string{"elixir/sqlquery"}},
	{Name: "Traversal.FileModule", Checks: []string{"elixir/traversal"}},
	{Name: "Traversal.SendDownload", Checks: []string{"elixir/traversal"}},
	{Name: "Traversal.SendFile", Checks: []string{"elixir/traversal"}},
	{Name: "Vuln.Coherence", Checks: []string{"deps/advisory"}, Package: "coherence"},
	{Name: "Vuln.CookieRCE", Checks: []string{"deps/advisory"}, Package: "plug"},
	{Name: "Vuln.Ecto", Checks: []string{"deps/advisory"}, Package: "ecto"},
	{Name: "Vuln.HeaderInject", Checks: []string{"deps/advisory"}, Package: "plug"},
	{Name: "Vuln.PlugNull", Checks: []string{"deps/advisory"}, Package: "plug"},
	{Name: "Vuln.Redirect", Checks: []string{"deps/advisory"}, Package: "phoenix"},
	{Name: "XSS.ContentType", Checks: []string{"elixir/contenttype"}},
	{Name: "XSS.HTML", Checks: []string{"elixir/html"}},
	{Name: "XSS.Raw", Checks: []string{"elixir/raw"}},
	{Name: "XSS.SendResp", Checks: []string{"elixir/sendresp"}},
}

// Find gives the kinds of a name: one type, or a whole family as XSS or Vuln.
func Find(name string) []Kind {
	var found []Kind
	for _, k := range Kinds {
		if k.Name == name || strings.HasPrefix(k.Name, name+".") {
			found = append(found, k)
		}
	}
	return found
}

// Checks gives our names for one of Sobelow's, each once. What Sobelow says about a dependency has no place in a source
// file, so a comment cannot accept it.
func Checks(name string) []string {
	var checks []string
	for _, k := range Find(name) {
		if k.Package == "" {
			checks = append(checks, k.Checks...)
		}
	}
	slices.Sort(checks)
	return slices.Compact(checks)
}

// Words reads the list of a skip comment; what is no list of strings is none.
func Words(list string) []string {
	t, err := term.Parse([]byte(list))
	if err != nil {
		return nil
	}
	words, _ := t.Words()
	return words
}

// Skip is a line of .sobelow-skips.
type Skip struct {
	Line int    // in the file of skips
	Name string // empty, and File too, where the line is a bare hash
	File string
	At   int // the line of the finding
	Hash string
}

// "SQL.Query: SQL injection,lib/shop/report.ex:42,1A2B3C4" or a bare hash, as older versions wrote.
var (
	skipLine = late.Pattern(`^([A-Z][A-Za-z]*\.[A-Za-z]+)[^,]*(?:,.*)?,([^,]+):(\d+),([0-9A-Fa-f]+)$`)
	bareHash = late.Pattern(`^[0-9A-Fa-f]+$`)
)

// mostSkips bounds a file of skips.
const mostSkips = 100_000

// Skips reads .sobelow-skips. The faults are lines that are neither form.
func Skips(data []byte) (skips []Skip, faults []string) {
	for i, line := range strings.Split(string(data), "\n") {
		line = strings.TrimSpace(line)
		switch m := skipLine.FindStringSubmatch(line); {
		case line == "" || strings.HasPrefix(line, "#"):
		case i >= mostSkips:
			return skips, append(faults, fmt.Sprintf("it has more than %d lines", mostSkips))
		case m != nil:
			at, err := strconv.Atoi(m[3])
			if err != nil {
				faults = append(faults, fmt.Sprintf("line %d: %s is no line number", i+1, m[3]))
				continue
			}
			skips = append(skips, Skip{Line: i + 1, Name: m[1], File: m[2], At: at, Hash: m[4]})
		case bareHash.MatchString(line):
			skips = append(skips, Skip{Line: i + 1, Hash: line})
		default:
			faults = append(faults, fmt.Sprintf("line %d is neither \"type,file:line,hash\" nor a hash", i+1))
		}
	}
	return skips, faults
}

// Conf is what .sobelow-conf says, as far as it has a meaning here.
type Conf struct {
	Ignore      []string // types
	IgnoreFiles []string
	Exit        string // low, medium, high; empty or "false" is none
	Threshold   string
	Skip        bool
	Router      string
	Others      []string // keys that have none
}

// Read reads .sobelow-conf.
func Read(data []byte) (Conf, error) {
	var c Conf
	list, err := term.Parse(data)
	if err != nil {
		return c, fmt.Errorf("it is no list of constants: %w", err)
	}
	if list.Kind != term.List {
		return c, fmt.Errorf("it is %s where a keyword list should be", list.Kind)
	}
	for _, pair := range list.Items {
		if pair.Kind != term.Tuple || len(pair.Items) != 2 || pair.Items[0].Kind != term.Atom {
			return c, fmt.Errorf("it is no keyword list")
		}
		key, value := pair.Items[0].Text, pair.Items[1]
		ok := true
		switch key {
		case "ignore":
			c.Ignore, ok = value.Words()
		case "ignore_files":
			c.IgnoreFiles, ok = value.Words()
		case "exit":
			c.Exit, ok = level(value)
		case "threshold":
			c.Threshold, ok = level(value)
		case "skip":
			c.Skip = value.Is("true")
		case "router":
			c.Router = value.Text
			if value.Is("nil") {
				c.Router = ""
			}
		default:
			c.Others = append(c.Others, key)
		}
		if !ok {
			return c, fmt.Errorf("%s is %s that has no meaning there", key, value.Kind)
		}
	}
	return c, nil
}

// level reads low, medium and high as an atom or a string, in either case; false, nil and an empty text are none.
func level(t term.Term) (string, bool) {
	word := strings.ToLower(t.Text)
	switch {
	case t.Is("false") || t.Is("nil") || word == "" && t.Kind == term.String:
		return "", true
	case t.Is("true"):
		return "low", true
	}
	return word, word == "low" || word == "medium" || word == "high"
}
