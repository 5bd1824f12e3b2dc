package project

import (
	"path"
	"slices"
	"strings"

	"palisade.dev/scan/elixir/syntax"
	"palisade.dev/scan/late"
)

// Config is what config/*.exs say, of the root of an umbrella and of its applications alike.
type Config struct {
	Entries []*Entry // in the order of evaluation: config.exs, then the file of an environment, then runtime.exs
}

// Entry is one value: config :shop, Shop.Endpoint, url: [host: "x"] is the entry shop, Shop.Endpoint, url.host.
type Entry struct {
	App   string // shop
	Key   string // Shop.Endpoint, or an atom without its colon; empty for config :shop, key: value, whose Path begins with the key
	Path  []string
	Value *syntax.Node
	Node  *syntax.Node // the whole call
	File  *File
	Env   string // dev, test, prod; empty where it holds for all
	Run   bool   // of runtime.exs
}

// Dotted is key and path in one: Shop.Endpoint.url.host.
func (e *Entry) Dotted() string {
	return strings.Trim(e.Key+"."+strings.Join(e.Path, "."), ".")
}

// Production says whether an entry can hold in production.
func (e *Entry) Production() bool { return e.Env == "" || e.Env == "prod" }

// EnvAt tells for which environment a place in a file of configuration holds; it is empty where that is all of them, and in
// files that are no configuration.
func (c *Config) EnvAt(f *File, n *syntax.Node) string {
	if f.Syntax == nil || !inConfig(f) {
		return ""
	}
	r := newConfigReader(&Config{}, f)
	r.at = n
	for _, top := range syntax.Body(f.Syntax.Tree) {
		r.read(top, r.env)
	}
	if r.found != nil {
		return *r.found
	}
	return r.env
}

// Find gives the entries of an environment whose path ends in some keys, in the order of evaluation: the last one holds.
func (c *Config) Find(env string, keys ...string) (found []*Entry) {
	for _, e := range c.Entries {
		if (e.Env == "" || e.Env == env) && ends(e, keys) {
			found = append(found, e)
		}
	}
	return found
}

func ends(e *Entry, keys []string) bool {
	whole := e.Path
	if e.Key != "" {
		whole = append([]string{e.Key}, e.Path...)
	}
	return len(keys) <= len(whole) && slices.Equal(whole[len(whole)-len(keys):], keys)
}

func readConfig(p *Project) *Config {
	c := &Config{}
	var files []*File
	for _, f := range p.Files {
		if f.Syntax != nil && (inConfig(f) || path.Base(f.Path) == "releases.exs") && strings.HasSuffix(f.Path, ".exs") {
			files = append(files, f)
		}
	}
	slices.SortStableFunc(files, func(a, b *File) int { return stage(a) - stage(b) })
	for _, f := range files {
		r := newConfigReader(c, f)
		for _, n := range syntax.Body(f.Syntax.Tree) {
			r.read(n, r.env)
		}
	}
	return c
}

// environment knows names that teams give to environments other than the three; what is else in a folder of configuration is
// a part that config.exs takes in.
var environment = late.Pattern(`^(bench|benchmark|ci|local|demo|e2e|docker|hex|integration|playground|profile|loadtest)$`)

func inConfig(f *File) bool { return strings.Contains("/"+path.Dir(f.Path)+"/", "/config/") }

func newConfigReader(c *Config, f *File) *configReader {
	r := &configReader{c: c, f: f}
	switch base := strings.TrimSuffix(path.Base(f.Path), ".exs"); {
	case base == "dev" || base == "test" || base == "prod":
		r.env = base
	case strings.HasPrefix(base, "dev.") || strings.HasPrefix(base, "test.") || strings.HasPrefix(base, "prod."):
		r.env, _, _ = strings.Cut(base, ".")
	case base == "runtime" || base == "releases":
		r.run = true
	case environment.MatchString(base): // of an environment that a team made for itself: bench, ci, staging
		r.env = base
	}
	return r
}

func stage(f *File) int {
	switch path.Base(f.Path) {
	case "config.exs":
		return 0
	case "runtime.exs", "releases.exs":
		return 2
	}
	return 1
}

type configReader struct {
	c   *Config
	f   *File
	env string
	run bool

	at    *syntax.Node // whose environment is asked for
	found *string
}

func (r *configReader) read(n *syntax.Node, env string) {
	if n == nil {
		return
	}
	if r.at != nil && n.Start <= r.at.Start && r.at.End <= n.End {
		r.found = &env // the innermost is asked last
	}
	if n.Kind == syntax.Block {
		for _, a := range n.Args {
			r.read(a, env)
		}
		return
	}
	args := syntax.Args(n)
	switch {
	case syntax.Is(n, "config") && len(n.Args) > 0:
		r.entry(n, env)
	case syntax.Is(n, "if", "unless") && len(args) > 0:
		then, otherwise := environments(args[0], n.Name == "unless", env)
		r.read(syntax.Do(n), then)
		r.read(syntax.Keyword(n, "else"), otherwise)
	case syntax.Is(n, "case") && len(args) > 0:
		for _, c := range syntax.Body(syntax.Do(n)) {
			for _, c := range c.Args {
				if c.Kind != syntax.Clause {
					continue
				}
				in := env
				if head := c.Args[0].Args; len(head) == 1 && head[0].Kind == syntax.Atom && asks(args[0]) {
					in = head[0].Name
				}
				r.read(c.Args[1], in)
			}
		}
	case n.Kind == syntax.Call:
		for _, b := range blocks(n) {
			r.read(b, env)
		}
	}
}

// asks says whether an expression is config_env() or Mix.env().
func asks(n *syntax.Node) bool { return syntax.Is(n, "config_env") || syntax.Callee(n) == "Mix.env" }

// environments tells for which environments the two arms of a condition hold.
func environments(cond *syntax.Node, not bool, env string) (then, otherwise string) {
	then, otherwise = env, env
	if len(cond.Args) == 2 && asks(cond.Args[0]) {
		names := atoms(cond.Args[1])
		if len(names) == 0 {
			return then, otherwise
		}
		is := syntax.Is(cond, "==", "in", "===")
		if is != not {
			then = names[0]
			if slices.Contains(names, "prod") {
				then = "prod"
			}
		} else {
			otherwise = names[0]
		}
	}
	return then, otherwise
}

func (r *configReader) entry(n *syntax.Node, env string) {
	app := ""
	if n.Args[0].Kind == syntax.Atom {
		app = n.Args[0].Name
	}
	rest := n.Args[1:]
	switch {
	case len(rest) == 2:
		key := ""
		switch k := rest[0]; k.Kind {
		case syntax.Atom:
			key = k.Name
		case syntax.Alias:
			key = syntax.AliasName(k)
		}
		r.flatten(Entry{App: app, Key: key, Node: n, File: r.f, Env: env, Run: r.run}, rest[1])
	case len(rest) == 1:
		r.flatten(Entry{App: app, Node: n, File: r.f, Env: env, Run: r.run}, rest[0])
	}
}

// flatten makes entries of the keywords within keywords; a list of keywords is told both whole and in parts.
func (r *configReader) flatten(e Entry, v *syntax.Node) {
	if syntax.Is(v, "++") && len(v.Args) == 2 && len(e.Path) == 0 {
		r.flatten(e, v.Args[0])
		r.flatten(e, v.Args[1])
		return
	}
	if v.Kind == syntax.List && len(v.Args) > 0 {
		if e.Flat(v) {
			for _, p := range v.Args {
				in := e
				in.Path = append(e.Path[:len(e.Path):len(e.Path)], p.Args[0].Name)
				r.flatten(in, p.Args[1])
			}
			if len(e.Path) == 0 {
				return
			}
		}
	}
	e.Value = v
	r.c.Entries = append(r.c.Entries, &e)
}

// Flat says whether a node is a list of nothing but keywords.
func (*Entry) Flat(v *syntax.Node) bool {
	for _, p := range v.Args {
		if p.Kind != syntax.Pair || p.Args[0].Kind != syntax.Atom {
			return false
		}
	}
	return true
}
