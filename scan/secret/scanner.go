package secret

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"path"
	"slices"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/tree"
)

//go:embed token/doc.md
var tokenDoc string

//go:embed key/doc.md
var keyDoc string

//go:embed url/doc.md
var urlDoc string

//go:embed value/doc.md
var valueDoc string

// Checks are what this package looks for.
func Checks() []scan.Check {
	standards := []string{"PCI DSS 4.0 8.6.2", "SOC 2 CC6.1", "OWASP A07:2021"}
	check := func(id, title string, severity scan.Severity, doc string, cwe ...int) scan.Check {
		return scan.Check{ID: "secret/" + id, Title: title, Severity: severity, CWE: cwe, Standards: standards, Tags: []string{"secret"}, Doc: doc}
	}
	return []scan.Check{
		check("key", "A private key lies in the repository", scan.High, keyDoc, 321, 798),
		check("token", "A credential of a service lies in the repository", scan.High, tokenDoc, 798),
		check("url", "An address holds a password", scan.High, urlDoc, 798, 522),
		check("value", "A secret stands in the source", scan.High, valueDoc, 798, 547),
	}
}

// Settings are what the scanner takes from outside.
type Settings struct {
	History *History // nil: only what is there today
}

// Scanner looks at all text files of a tree.
type Scanner struct{ settings Settings }

// New gives a scanner.
func New(s Settings) *Scanner { return &Scanner{s} }

// Name is what the scanner is called.
func (s *Scanner) Name() string { return "secrets" }

// Checks are what it looks for.
func (s *Scanner) Checks() []scan.Check { return Checks() }

// MaxBytes is how large a file may be: people write no larger ones, and what programs write is not looked at for secrets.
const MaxBytes = 4 << 20

// Scan looks at the files, and at the history where it is wanted. Files count as read only if something was found in
// them: that a folder holds text does not mean that it was scanned.
func (s *Scanner) Scan(ctx context.Context, t *tree.Tree, wanted func(string) bool) (scan.Part, error) {
	checks := map[string]scan.Check{}
	for _, c := range Checks() {
		if wanted(c.ID) {
			checks[c.ID] = c
		}
	}
	var files []tree.File
	for _, f := range t.Files {
		if f.Size <= MaxBytes && Written(f.Path) {
			files = append(files, f)
		}
	}
	part, err := tree.Each(ctx, files, func(f tree.File) string { return f.Path }, func(_ context.Context, f tree.File) scan.Part {
		text, err := t.Text(f.Path)
		if err != nil { // binaries are told by nobody; what cannot be opened is told by those who need it
			return scan.Part{}
		}
		return Look(f.Path, text, checks)
	})
	if err != nil || s.settings.History == nil {
		return part, err
	}
	today := map[string]bool{}
	for _, f := range part.Findings {
		today[once(f, f.Place.File)] = true
	}
	past, err := s.settings.History.look(ctx, checks, today)
	part.Add(past)
	return part, err
}

// Look gives the findings of one file.
func Look(name string, text []byte, checks map[string]scan.Check) (part scan.Part) {
	place := PlaceOf(name)
	if place == Sample && testKeys(name) {
		return part
	}
	if cut := bytes.Index(text, []byte("#[cfg(test)]")); cut >= 0 && strings.HasSuffix(name, ".rs") {
		text = text[:cut] // Rust's tests stand below the code in the same file
	}
	lines := scan.Lines{}
	var found []Match
	if place == Live {
		found = Find(text, byName(name))
	} else {
		found = tokens(text) // of the others nothing is told, see tell
	}
	for i, m := range found {
		if i == 0 {
			lines = scan.NewLines(text)
		}
		c, ok := checks["secret/"+m.Check]
		if !ok || !tell(&m, place) {
			continue
		}
		part.Findings = append(part.Findings, finding(c, m, name, text, lines.Span(name, m.Start, m.End)))
	}
	return part
}

// tell says whether a match at a place is worth telling, and how bad it is there.
func tell(m *Match, place Place) bool {
	if place == Live {
		return true
	}
	// In tests and samples only a credential whose form proves it is somebody's.
	if m.Check != "token" || m.Severity < scan.High {
		return false
	}
	if m.Confidence < scan.Confirmed {
		m.Severity, m.Confidence = scan.Low, scan.Tentative
	}
	return true
}

func finding(c scan.Check, m Match, name string, text []byte, place scan.Place) scan.Finding {
	value := string(text[m.Start:m.End])
	f := scan.Finding{
		Check: c.ID, Title: c.Title, Severity: m.Severity, Confidence: m.Confidence, Place: place, CWE: c.CWE, Standards: c.Standards,
		Excerpt: Excerpt(text, m.Start, m.End),
	}
	switch m.Check {
	case "value":
		f.Message = fmt.Sprintf("%s holds %s in the source (%s); whoever reads the repository, or an old copy of it, has it.", m.Name, m.What, Shown(value))
		f.Key = Key(m.Name, value)
		f.Fix = &scan.Fix{Text: fmt.Sprintf("Put a new secret in place of this one, read it at run time from the environment or a store of secrets, and let %s hold no default.", m.Name)}
	case "url":
		f.Message = fmt.Sprintf("An address holds a password (%s); addresses end in logs, in error reports and in histories of shells.", Shown(value))
		f.Key = Key("url", value)
		f.Fix = &scan.Fix{Text: "Change the password, and read the whole address, or the password alone, from the environment at run time."}
	case "key":
		f.Message = fmt.Sprintf("Here lies %s; what it signs or decrypts, everybody with the repository can sign or decrypt.", m.What)
		f.Key = "key " + Hash(value)
		f.Fix = &scan.Fix{Text: "Make a new key pair, revoke the certificate or the access of this one, and keep the new key outside of the repository."}
	default:
		f.Message = fmt.Sprintf("Here lies %s (%s).", m.What, Shown(value))
		f.Key = Key(m.What, value)
		f.Fix = &scan.Fix{Text: "Revoke it at its issuer first: taking it out of the source leaves it in the history. Then read its successor from the environment or a store of secrets."}
	}
	return f
}

// Excerpt is the line of a secret without the secret.
func Excerpt(text []byte, start, end int) string {
	from, to := start, end
	for from > 0 && text[from-1] != '\n' && start-from < 160 {
		from--
	}
	for to < len(text) && text[to] != '\n' && to-end < 80 {
		to++
	}
	before, after := string(text[from:start]), string(text[end:to])
	// A line may hold more than one, as a URL with user and password beside a token.
	for _, part := range []*string{&before, &after} {
		found := Find([]byte(*part), true)
		for _, m := range slices.Backward(found) {
			*part = (*part)[:m.Start] + "••••••••••••" + (*part)[m.End:]
		}
	}
	return strings.ToValidUTF8(before+"••••••••••••"+strings.TrimRight(after, "\r"), "\ufffd")
}

// Place is what kind of file a secret stands in.
type Place uint8

// What stands in tests, samples, documentation and the settings of development is expected to be made up.
const (
	Live Place = iota
	Sample
)

var sampleDirs = map[string]bool{
	"test": true, "tests": true, "spec": true, "specs": true, "fixture": true, "fixtures": true, "testdata": true, "__tests__": true, "__mocks__": true, "mocks": true,
	"example": true, "examples": true, "sample": true, "samples": true, "doc": true, "docs": true, "guides": true, "demo": true, "e2e": true, "integration_test": true,
	"cypress": true, "bench": true, "benchmarks": true, "playground": true, "stories": true, "vectors": true, "test_support": true, "livebook": true, ".devcontainer": true, "dev": true,
	".github": true, ".circleci": true, ".gitlab": true, ".semaphore": true, ".buildkite": true, "compose": true, // services of a build begin empty and end with it
}

// PlaceOf tells it from a path.
func PlaceOf(name string) Place {
	low := strings.ToLower(name)
	for dir := range strings.SplitSeq(path.Dir(low), "/") {
		if sampleDirs[dir] || strings.HasPrefix(dir, "test-") || strings.HasSuffix(dir, "_test") || strings.HasSuffix(dir, "-test") || strings.HasPrefix(dir, "docker-compose") {
			return Sample
		}
	}
	base := path.Base(low)
	for _, part := range []string{"_test.", ".test.", ".spec.", "_spec.", "test_helper", "conftest", "example", "sample", "template", ".dist", ".dev", "dev.", "development", "-dev", "_dev", "local", "seeds.exs", "docker-compose", "compose.", ".gitlab-ci", ".travis", "google-services", "mock", "fixture", "factory", "seeds", "readme", "changelog", "snapshot"} {
		if strings.Contains(base, part) {
			return Sample
		}
	}
	switch ext := path.Ext(base); {
	case ext == ".md", ext == ".mdx", ext == ".rst", ext == ".livemd", ext == ".adoc", ext == ".snap", ext == ".ipynb", ext == ".http", ext == ".cast":
		return Sample
	case base == "test.exs" || base == ".env.test" || base == ".env.ci":
		return Sample
	}
	return Live
}

// testKeys are files that are full of invented tokens because they test what finds tokens.
func testKeys(name string) bool { return strings.HasSuffix(name, ".snap") }

// Written says whether people write such a file: no lock files, no assets put together by a tool, no pictures, no fonts.
func Written(name string) bool {
	low := strings.ToLower(name)
	base := path.Base(low)
	switch base {
	case "mix.lock", "go.sum", "package-lock.json", "yarn.lock", "pnpm-lock.yaml", "cargo.lock", "poetry.lock", "gemfile.lock", "composer.lock", "go.work.sum", "flake.lock", "npm-shrinkwrap.json", ".sobelow-skips":
		return false
	}
	if strings.Contains(base, ".min.") || strings.Contains(low, "priv/static/") || strings.HasSuffix(low, ".po") || strings.HasSuffix(low, ".pot") {
		return false
	}
	switch path.Ext(base) {
	case ".svg", ".png", ".jpg", ".jpeg", ".gif", ".webp", ".avif", ".ico", ".bmp", ".pdf", ".woff", ".woff2", ".ttf", ".otf", ".eot", ".map", ".css", ".scss", ".less", ".zip", ".gz", ".tgz", ".tar", ".xz",
		".zst", ".br", ".bz2", ".7z", ".jar", ".wasm", ".so", ".dylib", ".dll", ".exe", ".a", ".o", ".beam", ".mp3", ".mp4", ".webm", ".mov", ".wav", ".ogg", ".sqlite", ".db", ".csv", ".tsv", ".parquet", ".pb", ".bin", ".gpg", ".asc", ".sig", ".sol", ".abi", ".lock":
		return false
	}
	return true
}

// byName says whether values are judged by their names here. Elixir and Go have scanners that read names and values from
// the tree; templates, styles and prose hold words in their place.
func byName(name string) bool {
	switch path.Ext(strings.ToLower(name)) {
	case ".ex", ".exs", ".heex", ".eex", ".leex", ".html", ".md", ".txt", ".feature", ".graphql", ".proto", ".sql":
		return false
	}
	return true
}
