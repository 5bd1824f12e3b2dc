package identity

import (
	"net/url"
	"path"
	"strings"
	"testing"

	"palisade.dev/guard/wire"
)

// The zero rules: what most routers do.
var pathCases = []struct{ in, want string }{
	{"/", "/"},
	{"", "/"},
	{"/users/log_in", "/users/log_in"},
	// One door, many spellings of its address.
	{"/users/%6Cog_in", "/users/log_in"},
	{"/users/%6cog_in", "/users/log_in"},
	{"/%75%73%65%72%73/log_in", "/users/log_in"},
	{"/users/log%5Fin", "/users/log_in"},
	{"/users//log_in", "/users/log_in"},
	{"/users//log_in/", "/users/log_in"},
	{"//users/log_in", "/users/log_in"},
	{"/users///log_in//", "/users/log_in"},
	{"/users/./log_in", "/users/log_in"},
	{"/./users/log_in/.", "/users/log_in"},
	{"/users/%2e/log_in", "/users/log_in"},
	{"/x/../users/log_in", "/users/log_in"},
	{"/x/%2e%2E/users/log_in", "/users/log_in"},
	{"/x/.%2e/users/log_in", "/users/log_in"},
	{"/x/y/../../users/log_in", "/users/log_in"},
	{"/../../users/log_in", "/users/log_in"},
	{"/users/log_in/x/..", "/users/log_in"},
	{"/users/log_in/", "/users/log_in"},
	{"users/log_in", "/users/log_in"},
	// What only looks like it is another door.
	{"/USERS/LOG_IN", "/USERS/LOG_IN"},
	{"/users%2Flog_in", "/users%2Flog_in"},
	{"/users%2flog_in", "/users%2Flog_in"},
	{"/users/%256Cog_in", "/users/%256Cog_in"},
	{"/users/%25%36Cog_in", "/users/%256Cog_in"},
	{"/x%2F..%2Fusers/log_in", "/x%2F..%2Fusers/log_in"},
	{"/x/..%2Fusers/log_in", "/x/..%2Fusers/log_in"},
	{`/users\log_in`, `/users\log_in`},
	{"/users%5Clog_in", `/users\log_in`},
	{"/users/log_in;v=1", "/users/log_in;v=1"},
	{"/users/log_in%3Bv=1", "/users/log_in;v=1"},
	{"/users/.../log_in", "/users/.../log_in"},
	{"/users/..x/log_in", "/users/..x/log_in"},
	{"/.env", "/.env"},
	{"/..env", "/..env"},
	{"/.well-known/acme-challenge/x", "/.well-known/acme-challenge/x"},
	{"/a%20b", "/a b"},
	{"/caf%C3%A9", "/café"},
	{"/caf\u00e9", "/café"},
	{"/%c0%afetc", "/\xc0\xafetc"}, // an overlong slash is no slash
	{"/a%3Fb%23c", "/a?b#c"},
	{"/100%25", "/100%25"},
	{"*", "/*"},
	{"/..", "/"},
	{"/.", "/"},
	{"//", "/"},
}

var pathRuleCases = []struct {
	name     string
	rules    wire.Path
	in, want string
}{
	{"fold case", wire.Path{FoldCase: true}, "/USERS/Log_In", "/users/log_in"},
	{"fold case of what was escaped", wire.Path{FoldCase: true}, "/%55SERS/LOG%5FIN", "/users/log_in"},
	{"fold case leaves escapes", wire.Path{FoldCase: true}, "/A%2FB%25C", "/a%2Fb%25c"},
	{"fold case is of ASCII", wire.Path{FoldCase: true}, "/É", "/É"},
	{"keep dots", wire.Path{KeepDots: true}, "/x/../users/./log_in", "/x/../users/./log_in"},
	{"keep slashes", wire.Path{KeepSlashes: true}, "/users//log_in", "/users//log_in"},
	{"keep slashes at the front", wire.Path{KeepSlashes: true}, "//users", "//users"},
	{"keep slashes, dots take the empty segment", wire.Path{KeepSlashes: true}, "/a//../b", "/a/b"},
	{"keep slashes, the trailing ones go", wire.Path{KeepSlashes: true}, "/a//", "/a"},
	{"keep trailing", wire.Path{KeepTrailing: true}, "/users/log_in/", "/users/log_in/"},
	{"keep trailing, one of many", wire.Path{KeepTrailing: true}, "/users/log_in//", "/users/log_in/"},
	{"keep trailing after a dot", wire.Path{KeepTrailing: true}, "/users/log_in/.", "/users/log_in/"},
	{"keep trailing after two dots", wire.Path{KeepTrailing: true}, "/users/log_in/..", "/users/"},
	{"keep trailing of nothing", wire.Path{KeepTrailing: true}, "/x/..", "/"},
	{"keep trailing and slashes", wire.Path{KeepTrailing: true, KeepSlashes: true}, "//a/..", "//"},
	{"decode slash", wire.Path{DecodeSlash: true}, "/users%2Flog_in", "/users/log_in"},
	{"decode slash, then dots", wire.Path{DecodeSlash: true}, "/x%2F..%2Fusers%2flog_in", "/users/log_in"},
	{"decode slash once", wire.Path{DecodeSlash: true}, "/users%252Flog_in", "/users%252Flog_in"},
	{"backslash", wire.Path{Backslash: true}, `/x\..\users\log_in`, "/users/log_in"},
	{"backslash escaped", wire.Path{Backslash: true}, "/users%5Clog_in", "/users/log_in"},
	{"parameters", wire.Path{StripParams: true}, "/users;a=1/log_in;jsessionid=7", "/users/log_in"},
	{"parameters before dots", wire.Path{StripParams: true}, "/x/..;/users/log_in", "/users/log_in"},
	{"parameters only", wire.Path{StripParams: true}, "/;a/users/;b/log_in", "/users/log_in"},
	{"an escaped semicolon is none", wire.Path{StripParams: true}, "/users/log_in%3bx", "/users/log_in%3Bx"},
	{"all at once", wire.Path{FoldCase: true, DecodeSlash: true, Backslash: true, StripParams: true}, `/X;1\..%2FUSERS;2//./LOG%5fIN;3/`, "/users/log_in"},
}

func TestNormalise(t *testing.T) {
	if len(pathCases) < 45 || len(pathRuleCases) < 24 {
		t.Fatalf("%d and %d cases, want 45 and 24: a table was cut", len(pathCases), len(pathRuleCases))
	}
	for _, c := range pathCases {
		check(t, "zero rules", wire.Path{}, c.in, c.want)
	}
	for _, c := range pathRuleCases {
		check(t, c.name, c.rules, c.in, c.want)
	}
}

func check(t *testing.T, name string, rules wire.Path, in, want string) {
	t.Helper()
	p := NewPaths(rules)
	got, err := p.Normalise(in)
	if err != nil || got != want {
		t.Errorf("%s: %q became %q (%v), want %q", name, in, got, err, want)
		return
	}
	if again, err := p.Normalise(got); err != nil || again != got {
		t.Errorf("%s: %q, normalised again, became %q (%v)", name, got, again, err)
	}
	if n := testing.AllocsPerRun(10, func() { _, _ = p.Normalise(got) }); n != 0 {
		t.Errorf("%s: %q is normal, yet costs %v allocations", name, got, n)
	}
}

func TestMalformedPaths(t *testing.T) {
	cases := []struct{ in, want string }{
		{"/" + strings.Repeat("a", 8192), "malformed path: over 8192 bytes"},
		{"/a%", "malformed path: a % without two hex digits after it"},
		{"/a%2", "malformed path: a % without two hex digits after it"},
		{"/a%zz", "malformed path: a % without two hex digits after it"},
		{"/a%2g", "malformed path: a % without two hex digits after it"},
		{"/a%%32", "malformed path: a % without two hex digits after it"},
		{"/a%u002f", "malformed path: a % without two hex digits after it"},
		{"/a%00", "malformed path: a control byte"},
		{"/a%0d%0aSet-Cookie:x", "malformed path: a control byte"},
		{"/a%7f", "malformed path: a control byte"},
		{"/a\x00b", "malformed path: a control byte"},
		{"/a\nb", "malformed path: a control byte"},
		{"/a\x7f", "malformed path: a control byte"},
		{"\x01", "malformed path: a control byte"},
	}
	if len(cases) < 14 {
		t.Fatal("the table was cut")
	}
	for _, c := range cases {
		if got, err := NewPaths(wire.Path{}).Normalise(c.in); err == nil || err.Error() != c.want || got != "" {
			t.Errorf("%.40q: %q, %v, want %s", c.in, got, err, c.want)
		}
	}
	if _, err := NewPaths(wire.Path{}).Normalise("/" + strings.Repeat("a", 8191)); err != nil {
		t.Errorf("8192 bytes: %v", err)
	}
}

// rulesOf makes each of the 128 sets of rules from a number.
func rulesOf(n uint8) wire.Path {
	return wire.Path{
		FoldCase: n&1 != 0, KeepDots: n&2 != 0, KeepSlashes: n&4 != 0, KeepTrailing: n&8 != 0,
		DecodeSlash: n&16 != 0, Backslash: n&32 != 0, StripParams: n&64 != 0,
	}
}

// The slow twin of the zero rules: decode segment by segment, then path.Clean.
func obvious(escaped string) string {
	segments := strings.Split(escaped, "/")
	for i, s := range segments {
		u, err := url.PathUnescape(s)
		if err != nil {
			return ""
		}
		u = strings.ReplaceAll(u, "%", "%25")
		segments[i] = strings.ReplaceAll(u, "/", "%2F")
	}
	return path.Clean("/" + strings.Join(segments, "/"))
}

func FuzzNormalise(f *testing.F) {
	seeds := 0
	for _, c := range pathCases {
		f.Add(c.in, uint8(0))
		seeds++
	}
	for i, c := range pathRuleCases {
		f.Add(c.in, uint8(i*5))
		seeds++
	}
	if seeds < 69 {
		f.Fatalf("%d seeds", seeds)
	}
	f.Fuzz(func(t *testing.T, in string, n uint8) {
		p := NewPaths(rulesOf(n))
		got, err := p.Normalise(in)
		if err != nil {
			return
		}
		if got == "" || got[0] != '/' || len(got) > len(in)+1 {
			t.Fatalf("%q became %q", in, got)
		}
		for i := range len(got) {
			if got[i] < 0x20 || got[i] == 0x7f {
				t.Fatalf("%q became %q", in, got)
			}
		}
		if len(got) <= maxPath {
			if again, err := p.Normalise(got); err != nil || again != got {
				t.Fatalf("%+v: %q → %q → %q (%v)", rulesOf(n), in, got, again, err)
			}
		}
		if n&127 == 0 {
			if want := obvious(in); got != want {
				t.Fatalf("%q became %q, the slow twin says %q", in, got, want)
			}
		}
	})
}

// Every way to put together the pieces that routers differ in, under every set of rules: normal means normal.
func TestNormaliseTwiceIsOnce(t *testing.T) {
	pieces := []string{"/", "//", ".", "..", "a", "B", "%2f", "%2e", "%25", "%3b", ";x", `\`, "%5c"}
	tried := 0
	for n := range uint8(128) {
		p := NewPaths(rulesOf(n))
		for _, a := range pieces {
			for _, b := range pieces {
				for _, c := range pieces {
					for _, tail := range []string{"", "/", "/..", "/."} {
						in := "/" + a + b + c + tail
						got, err := p.Normalise(in)
						if err != nil {
							t.Fatalf("%q: %v", in, err)
						}
						if again, err := p.Normalise(got); err != nil || again != got {
							t.Fatalf("%+v: %q → %q → %q (%v)", rulesOf(n), in, got, again, err)
						}
						tried++
					}
				}
			}
		}
	}
	if tried < 1_000_000 {
		t.Fatalf("only %d paths were tried", tried)
	}
}

func BenchmarkNormalise(b *testing.B) {
	p := NewPaths(wire.Path{})
	for _, c := range []struct{ name, path string }{
		{"normal", "/users/1234/orders/5678/items"}, {"encoded", "/users/%6Cog_in"}, {"dotted", "/x/../users//log_in/"},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = p.Normalise(c.path)
			}
		})
	}
}
