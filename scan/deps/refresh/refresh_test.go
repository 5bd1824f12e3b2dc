package refresh

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"
)

var fetched = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// pack makes an archive of n advisories for Hex, and of what else is given: name, content.
func pack(n int, more ...string) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	put := func(name, text string) {
		w, err := z.Create(name)
		if err == nil {
			_, err = w.Write([]byte(text))
		}
		if err != nil {
			panic(err)
		}
	}
	for i := range n {
		put(fmt.Sprintf("T-%d.json", i), fmt.Sprintf(`{"id":"T-%d","modified":"2026-11-20T00:00:00Z","affected":[{"package":{"ecosystem":"Hex","name":"p%d"},
			"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"1.2.0"}]}]}]}`, i, i))
	}
	for i := 0; i+1 < len(more); i += 2 {
		put(more[i], more[i+1])
	}
	if err := z.Close(); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func zipped(s string) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte(s))
	_ = z.Close()
	return b.Bytes()
}

func TestFetch(t *testing.T) {
	answer := pack(300, "index/db.json", `{"modified":"2026-11-20T00:00:00Z"}`, "README.md", "hello")
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(answer) }))
	defer srv.Close()
	r := &Refresher{Client: Client(time.Minute), Dir: t.TempDir(), Now: func() time.Time { return fetched }}
	source := Source{URLs: []string{srv.URL + "/all.zip?token=secret"}}
	done, err := r.Fetch(context.Background(), source)
	if err != nil || len(done) != 1 || done[0].Records != 300 || done[0].Newest.Format(time.DateOnly) != "2026-11-20" {
		t.Fatalf("fetched %+v, %v", done, err)
	}
	k := &Kept{Dir: r.Dir}
	db, sources, err := k.Get("Hex")
	if err != nil || !db.Knows("Hex", "p299") || strings.Contains(sources[0].Name, "secret") ||
		!strings.HasSuffix(sources[0].String(), "/all.zip, fetched 2026-11-24, newest of 2026-11-20") {
		t.Errorf("kept %v, %v", sources, err)
	}
	if of, age := k.Ages()[0].Of(fetched.Add(49 * time.Hour)); of != "fetched 2026-11-24, 2 days old" || age != 49*time.Hour {
		t.Error(of, age)
	}
	// What fails from here on leaves the good copy alone, and says how old it is.
	before, _ := os.ReadFile(file(r.Dir, "Hex"))
	for name, bad := range map[string]struct {
		data []byte
		want string
	}{
		"fewer":     {pack(20), "holds 20 advisories for Hex, and 300 are at hand already"},
		"traversal": {pack(300, "../../etc/x.json", "{}"), `names a file "../../etc/x.json", outside`},
		"backslash": {pack(300, `..\x.json`, "{}"), "outside of its own folder"},
		"cut off":   {answer[:len(answer)/2], "its archive cannot be read"},
		"no JSON":   {pack(300, "x.json", "<html>"), `"x.json" in its archive: advisory 1 is no JSON`},
		"other":     {[]byte(`{"id":5}`), "this is no advisory"},
		"page":      {[]byte("<html>"), "is no JSON"},
		"empty":     {nil, "it is empty"},
		"nothing":   {[]byte("[]"), "holds no advisories for Hex, Go, npm"},
		"no end":    {[]byte(`[{"id":"a"}`), "its list does not end"},
		"behind":    {[]byte(`[{"id":"a"}] x`), "something stands behind its list"},
		"a number":  {[]byte(`[7]`), "it is not an object"},
		"half a gz": {zipped(`{"id":"a"}`)[:15], "unexpected EOF"},
		"bomb":      {zipped(`{"id":"` + strings.Repeat("a", 40<<20) + `"}`), "longer than 8 MB"},
	} {
		answer = bad.data
		done, err := r.Fetch(context.Background(), source)
		if err == nil || len(done) > 0 || !strings.Contains(err.Error(), bad.want) || !strings.Contains(err.Error(), "Hex: fetched 2026-11-24, 0 days old") {
			t.Errorf("%s: %v, %v, want %s", name, done, err, bad.want)
		}
		if after, _ := os.ReadFile(file(r.Dir, "Hex")); !bytes.Equal(before, after) {
			t.Errorf("%s: the good copy was touched", name)
		}
	}
}

// TestBomb sees that a whole is counted as it comes out.
func TestBomb(t *testing.T) {
	left := int64(100)
	data := pack(3)
	if err := (bulk{}).archive(bytes.NewReader(data), int64(len(data)), 3, &left); err != errTooMuch { //nolint:errorlint // it comes as it is
		t.Error(err)
	}
	if err := (bulk{}).archive(bytes.NewReader(data), int64(len(data)), 2, &left); err == nil || err.Error() != "its archive has more than 2 files" {
		t.Error(err)
	}
}

// TestMarks counts what two reads share, however they are cut.
func TestMarks(t *testing.T) {
	text := strings.Repeat("abPKPK12PK1", 7) + "PK12"
	for size := 1; size < 20; size++ {
		n, err := marks(&slow{text, size}, []byte("PK12"))
		if err != nil || n != strings.Count(text, "PK12") {
			t.Errorf("read by %d: %d, %v", size, n, err)
		}
	}
}

type slow struct {
	text string
	n    int
}

func (s *slow) Read(p []byte) (int, error) {
	if s.text == "" {
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), s.n)], s.text)
	s.text = s.text[n:]
	return n, nil
}

// TestNPM fetches a whole set, leaves malicious packages out, and takes no part for the whole.
func TestNPM(t *testing.T) {
	var more []string
	for i := range 2100 {
		more = append(more, fmt.Sprintf("GHSA-%d.json", i), fmt.Sprintf(`{"id":"GHSA-%d","affected":[{"package":{"ecosystem":"npm","name":"n%d"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"}]}]}]}`, i, i))
	}
	answer := pack(0, append(more, "MAL-2026-1.json", "not even JSON")...)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(answer) }))
	defer srv.Close()
	r := &Refresher{Client: Client(time.Minute), Dir: t.TempDir(), Now: func() time.Time { return fetched }}
	source := Source{Ecosystem: "npm", URLs: []string{srv.URL}, Large: true}
	k := &Kept{Dir: r.Dir}
	if db, _, err := k.Get("npm"); err != nil || !db.Partial {
		t.Errorf("what is built in is the whole: %v", err)
	}
	if done, err := r.Fetch(context.Background(), source); err != nil || len(done) != 1 || done[0].Records != 2100 {
		t.Fatalf("%+v, %v", done, err)
	}
	k = &Kept{Dir: r.Dir}
	if db, _, err := k.Get("npm"); err != nil || db.Partial || !db.Knows("npm", "n2099") {
		t.Errorf("what was fetched is not used: %v", err)
	}
	answer = pack(300, more[:20]...)
	if _, err := r.Fetch(context.Background(), source); err == nil || !strings.Contains(err.Error(), "holds 10 advisories for npm, and there are more than 2000: is it all of them?") {
		t.Error(err)
	}
	if done, err := r.Fetch(context.Background(), Source{URLs: []string{srv.URL}}); err != nil || len(done) != 1 || done[0].Ecosystem != "Hex" {
		t.Errorf("ten for npm beside those for Hex give %+v, %v", done, err)
	}
}

func TestAddresses(t *testing.T) {
	other := httptest.NewServer(http.NotFoundHandler())
	defer other.Close()
	release := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/away":
			http.Redirect(w, r, other.URL, http.StatusFound)
		case "/slow":
			_, _ = w.Write([]byte("["))
			w.(http.Flusher).Flush()
			<-release
		default:
			http.NotFound(w, r)
		}
	}))
	defer srv.Close()
	defer close(release)
	r := &Refresher{Client: Client(300 * time.Millisecond), Dir: t.TempDir(), Now: func() time.Time { return fetched }}
	for address, want := range map[string]string{
		"http://advisories.example/all.zip": "not fetched from advisories.example without TLS",
		"file:///etc/passwd":                "is no address",
		srv.URL + "/none":                   "it answers 404 Not Found",
		srv.URL + "/away":                   "another host",
		srv.URL + "/slow":                   "breaks off after 1 bytes",
	} {
		if _, err := r.Fetch(context.Background(), Source{URLs: []string{address}}); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "Hex: built in, of 2026-") {
			t.Errorf("%s: %v, want %s", address, err, want)
		}
	}
	for _, s := range append(Defaults, NPM) {
		for _, u := range s.URLs {
			if _, err := check(u); err != nil {
				t.Error(err)
			}
		}
	}
}

// TestSpoiled passes over a copy that cannot be read.
func TestSpoiled(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(file(dir, "Hex"), []byte("spoiled"), 0o600); err != nil {
		t.Fatal(err)
	}
	k := &Kept{Dir: dir}
	if db, _, err := k.Get("Hex"); err != nil || db.Len() == 0 {
		t.Error(err)
	}
	if a := k.Ages(); len(a) != 1 || !a[0].Built || a[0].Fault == nil {
		t.Errorf("%+v", a)
	}
}

func FuzzRead(f *testing.F) {
	seeds := [][]byte{pack(2), pack(1, "../x.json", "{}"), pack(1)[:80], zipped(`[{"id":"a"}]`), []byte(`{"id":"a"} {"id":"b"}`), []byte(`[`), []byte("PK\x03\x04"), zipped("")[:12], pack(1, "MAL-1.json", "x"), []byte(`[{"id":"a","affected":[{"package":{"ecosystem":"npm","name":"x"}}]},7]`)}
	if len(seeds) != 10 {
		f.Fatal(len(seeds))
	}
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		b := bulk{}
		if b.read(bytes.NewReader(data), int64(len(data)), limits{1 << 20, 1 << 24, 100}) != nil {
			return
		}
		for name, list := range b {
			for id, a := range list {
				if id == "" || bytes.ContainsRune(a.line, '\n') {
					t.Errorf("%s: %q: %q", name, id, a.line)
				}
			}
		}
	})
}
