package engine

import (
	"strings"
	"testing"
)

func TestSignatureFaults(t *testing.T) {
	for _, c := range []struct{ text, fault string }{
		{"*.php", ""},
		{"/admin-old/**", ""},
		{".env", ""},
		{"wp-", ""},
		{"", `want "*.php"`},
		{"a b", `want "*.php"`},
		{"a?b", `want "*.php"`},
		{strings.Repeat("a", 257), `want "*.php"`},
		{"*", "after the star comes one extension"},
		{"*php", "after the star comes one extension"},
		{"*.", "after the star comes one extension"},
		{"*.tar.gz", "after the star comes one extension"},
		{"*.abcdefghijkl", "of at most 11 letters"},
		{"a*", "a word holds no / and no star"},
		{"a/b", "a word holds no / and no star"},
		{"/a/**/b", "** stands alone"},
	} {
		err := new(signatures).add(new(router), c.text, 0, false)
		if c.fault == "" && err != nil || c.fault != "" && (err == nil || !strings.Contains(err.Error(), c.fault)) {
			t.Errorf("%.30q: %v, want %q", c.text, err, c.fault)
		}
	}
}

// slowFind is what signatures mean, said in the plainest way.
func slowFind(texts []string, path string) int {
	segments := strings.Split(strings.ToLower(path), "/")[1:]
	for trap, text := range texts {
		text = strings.ToLower(text)
		if ext, ok := strings.CutPrefix(text, "*"); ok {
			last := segments[len(segments)-1]
			if i := strings.LastIndexByte(last, '.'); i >= 0 && last[i:] == ext {
				return trap
			}
			continue
		}
		for _, s := range segments {
			if strings.HasPrefix(s, text) {
				return trap
			}
		}
	}
	return noTrap
}

func FuzzSignature(f *testing.F) {
	texts := []string{"wp-", "*.php", ".env", "*.bak", "pma", "*.aspx"}
	var s signatures
	var r router
	for i, text := range texts {
		if err := s.add(&r, text, i, false); err != nil {
			f.Fatal(err)
		}
	}
	for _, seed := range []string{"/", "/a.php", "/A.PHP", "/.env", "/x/.env.local/y.php", "/a.php/b", "/wp-login.php", "//", "/pma/", "/.aspx", "/a.php.", "/a.tar.bak"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, path string) {
		if !strings.HasPrefix(path, "/") {
			return
		}
		for i := range len(path) {
			if path[i] >= 0x80 { // case beyond ASCII means nothing here
				return
			}
		}
		var found set
		if got, want := s.find(path, &found), slowFind(texts, path); got != want {
			t.Errorf("%q touches %d, want %d", path, got, want)
		}
	})
}
