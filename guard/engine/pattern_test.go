package engine

import (
	"strings"
	"testing"
)

func TestParsePattern(t *testing.T) {
	for _, c := range []struct{ text, fault string }{
		{"*", ""},
		{"/", ""},
		{"/login", ""},
		{"POST /login", ""},
		{"GET,HEAD /api/**", ""},
		{"* /x", ""},
		{"/api/v*/login", ""},
		{"/a/**", ""},
		{"  POST   /a  ", ""},
		{"", "it has 0 words"},
		{"GET /a b", "it has 3 words"},
		{"post /a", "methods are upper-case"},
		{"GET, /a", "methods are upper-case"},
		{"/GET /a", "methods are upper-case"},
		{"login", "a path begins with /"},
		{"GET login", "a path begins with /"},
		{"/a?x=1", "a path holds no query"},
		{"/a#b", "a path holds no query"},
		{"/a/**/b", "** stands alone, as the last segment"},
		{"/a/b**", "** stands alone, as the last segment"},
		{"/" + strings.Repeat("a", 1024), "route pattern of 1025 bytes: at most 1024"},
	} {
		_, err := ParsePattern(c.text)
		if c.fault == "" && err != nil || c.fault != "" && (err == nil || !strings.Contains(err.Error(), c.fault)) {
			t.Errorf("%.40q: %v, want %q", c.text, err, c.fault)
		}
	}
}

func TestMatch(t *testing.T) {
	for _, c := range []struct {
		pattern, method, path string
		want                  bool
	}{
		{"*", "GET", "/any", true},
		{"/", "GET", "/", true},
		{"/", "GET", "/a", false},
		{"/**", "GET", "/", true},
		{"/**", "GET", "/a/b", true},
		{"/a/**", "GET", "/a", true},
		{"/a/**", "GET", "/ab", false},
		{"/a/*", "GET", "/a/", false},
		{"/a/*", "GET", "/a/b", true},
		{"/a/*/c", "GET", "/a/b/c", true},
		{"/a/*/c", "GET", "/a//c", false},
		{"/a/*b*/c", "GET", "/a/xby/c", true},
		{"/a/", "GET", "/a", true},
		{"GET /a", "HEAD", "/a", true},
		{"HEAD /a", "GET", "/a", false},
		{"PUT,POST /a", "POST", "/a", true},
		{"PUT,POST /a", "PATCH", "/a", false},
		{"/é", "GET", "/é", true},
	} {
		var r router
		p, err := ParsePattern(c.pattern)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.add(p); err != nil {
			t.Fatal(err)
		}
		var found set
		r.match(c.method, c.path, &found)
		if found.has(0) != c.want {
			t.Errorf("%s with %s %s: %v", c.pattern, c.method, c.path, found.has(0))
		}
	}
}

// TestManyLiterals holds the two ways in which a node keeps its segments to one behaviour.
func TestManyLiterals(t *testing.T) {
	var r router
	const n = 4 * fewChildren
	for i := range n {
		p, err := ParsePattern("/" + strings.Repeat("a", i+1) + "/x")
		if err != nil {
			t.Fatal(err)
		}
		if id, err := r.add(p); err != nil || id != i {
			t.Fatal(id, err)
		}
	}
	for i := range n {
		var found set
		r.match("GET", "/"+strings.Repeat("a", i+1)+"/x", &found)
		for j := range n {
			if found.has(j) != (i == j) {
				t.Errorf("path %d, pattern %d: %v", i, j, found.has(j))
			}
		}
	}
}

func TestTooManyPatterns(t *testing.T) {
	var r router
	for i := range maxPatterns + 1 {
		p, err := ParsePattern("/" + strings.Repeat("a", i+1))
		if err != nil {
			t.Fatal(err)
		}
		if _, err = r.add(p); (err != nil) != (i == maxPatterns) {
			t.Fatalf("pattern %d: %v", i, err)
		} else if err != nil && !strings.Contains(err.Error(), "is the 513th pattern: a policy holds at most 512") {
			t.Error(err)
		}
	}
}

func TestGlob(t *testing.T) {
	for _, c := range []struct {
		text, s string
		want    bool
	}{
		{"", "", true},
		{"", "a", false},
		{"*", "", true},
		{"*", "abc", true},
		{"a*", "a", true},
		{"a*", "ba", false},
		{"*a", "ba", true},
		{"a*b", "ab", true},
		{"a*b", "axxb", true},
		{"a*b", "axxbc", false},
		{"**", "x", true},
		{"a*b*c", "aXbYbZc", true},
		{"a*b*c", "acb", false},
		{"*login*", "/users/login?x", true},
		{"api.*", "api.example", true},
	} {
		if got := Glob(c.text, c.s); got != c.want {
			t.Errorf("Glob(%q, %q) = %v", c.text, c.s, got)
		}
	}
}

// slowGlob is what a glob means, said in the plainest way.
func slowGlob(text, s string) bool {
	if text == "" {
		return s == ""
	}
	if text[0] == '*' {
		for i := 0; i <= len(s); i++ {
			if slowGlob(text[1:], s[i:]) {
				return true
			}
		}
		return false
	}
	return s != "" && s[0] == text[0] && slowGlob(text[1:], s[1:])
}

func FuzzGlob(f *testing.F) {
	for _, seed := range [][2]string{{"a*b", "axb"}, {"*", ""}, {"**a", "aaa"}, {"a*a*a", "aaaa"}, {"", "x"}} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, text, s string) {
		if len(text) > 12 || len(s) > 16 || strings.Count(text, "*") > 4 {
			return
		}
		if got, want := Glob(text, s), slowGlob(text, s); got != want {
			t.Errorf("Glob(%q, %q) = %v", text, s, got)
		}
	})
}

// slowMatch is what a pattern means: segment by segment, without a tree.
func slowMatch(p Pattern, path string) bool {
	if p.path == "" {
		return true
	}
	want, have := strings.Split(p.path[1:], "/"), strings.Split(path[1:], "/")
	for i, w := range want {
		switch {
		case w == "**":
			return true
		case i >= len(have), w == "*" && have[i] == "", w != "*" && !slowGlob(w, have[i]):
			return false
		}
	}
	return len(want) == len(have)
}

func FuzzPattern(f *testing.F) {
	for _, seed := range [][2]string{{"/a/*", "/a/b"}, {"GET /a/**", "/a"}, {"/v*/x", "/v1/x"}, {"*", "/"}, {"/", "/"}, {"/a/", "/a"}} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, text, path string) {
		p, err := ParsePattern(text)
		if err != nil || len(text) > 40 || len(path) > 40 || strings.Count(text, "*") > 6 || !strings.HasPrefix(path, "/") {
			return
		}
		again, err := ParsePattern(p.Text)
		if err != nil || again.path != p.path {
			t.Fatalf("%q parses once and not twice: %v", text, err)
		}
		var r router
		if _, err := r.add(p); err != nil {
			t.Fatal(err)
		}
		method := "GET"
		if len(p.methods) > 0 {
			method = p.methods[0]
		}
		var found set
		r.match(method, path, &found)
		if want := slowMatch(p, path); found.has(0) != want {
			t.Errorf("%q with %q: %v, want %v", text, path, found.has(0), want)
		}
	})
}

func TestShape(t *testing.T) {
	for _, c := range [][2]string{
		{"/", "/"},
		{"/orders/12", "/orders/*"},
		{"/orders/12/", "/orders/*/"},
		{"/12/34", "/*/*"},
		{"/u/0b8e4f7c-93d0-4d8a-9a67-1a2b3c4d5e6f/x", "/u/*/x"},
		{"/u/deadbeefdeadbeef1234", "/u/*"},
		{"/posts/how-to-win-friends-in-2026", "/posts/*"},
		{"/posts/how-to-win-friends", "/posts/how-to-win-friends"},
		{"/assets/app-1a2b3c4d5e6f7a8b.js", "/assets/app-1a2b3c4d5e6f7a8b.js"},
		{"/v1/users", "/v1/users"},
		{"/a1", "/a1"},
	} {
		if got := Shape(c[0]); got != c[1] {
			t.Errorf("Shape(%q) = %q, want %q", c[0], got, c[1])
		}
	}
}
