package honeypot

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"golang.org/x/net/html"
)

// twin finds the end of the body with a whole parser.
func twin(page []byte) int {
	z := html.NewTokenizer(bytes.NewReader(page))
	at := 0
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			return -1
		}
		raw := len(z.Raw())
		if name, _ := z.TagName(); kind == html.EndTagToken && string(name) == "body" {
			return at
		}
		at += raw
	}
}

func ours(page []byte) int {
	var s scanner
	if at := s.scan(page); at >= 0 {
		return at - len("</body")
	}
	return -1
}

var pages = []string{
	"<html><body><p>x</p></body></html>",
	"<BODY>x</BoDy\n>",
	"<script>document.write('</body>')</script></body>",
	"<!-- </body> --></body>", "<!--></body>", "<!---></body>", "<!-- --!></body>", "<!-- - -- > </body> --></body>", "<!-x></body>",
	"<a title=\"</body>\"></body>", "<a title='</body>'></body>", "<a title=</body>></body>", "<a b = '>' c></body>", "<a ='></body>", "<a/b='</body>'/></body>",
	"<style>a:after{content:'</body>'}</style></body>", "<textarea></body></textarea></body>", "<title></body></title ></body>",
	"<script><!-- <script> </script> </body> --></script></body>", "<script><!-- </script></body>", "<script></scriptx></body></script></body>",
	"<script>a<b</script></body>", "<script>if(a</b/.test(c))</script></body>", "<SCRIPT></body></SCRIPT></body>",
	"</bodyx></body>", "</ body></body>", "</></body>", "<?php </body> ?></body>", "<!doctype html></body>", "<</body>", "<3</body>",
	"no end", "</body", "<plaintext></body>", "<xmp></body></xmp></body>", "<script/></body></script></body>", "<br/></body>", "<svg><script></body></script></svg></body>",
}

func agree(t *testing.T, page []byte) {
	t.Helper()
	want, got := twin(page), ours(page)
	if got != want && want < 0 {
		// A tag that the page breaks off in is none to the parser; up to there we must agree.
		want = twin(append(slices.Clip(page[:got]), "</body>"...))
	}
	if got != want {
		t.Errorf("%q: %d, the parser says %d", page, got, want)
	}
}

func TestFindsTheEndOfTheBody(t *testing.T) {
	for _, p := range pages {
		agree(t, []byte(p))
	}
	if len(pages) < 38 {
		t.Fatalf("only %d pages", len(pages))
	}
}

func FuzzEndOfBody(f *testing.F) {
	for _, p := range pages {
		f.Add([]byte(p))
	}
	f.Fuzz(func(t *testing.T, page []byte) {
		if bytes.IndexByte(page, 0) >= 0 {
			return
		}
		agree(t, page)
		// Cut in any way, the page is the same but for the form.
		pot := New("/x")
		whole, err := io.ReadAll(&injector{r: bytes.NewReader(page), form: pot.form})
		if err != nil {
			t.Fatal(err)
		}
		pieces, err := io.ReadAll(&injector{r: iotest.OneByteReader(bytes.NewReader(page)), form: pot.form})
		if err != nil || !bytes.Equal(whole, pieces) {
			t.Fatalf("%q\n%q", whole, pieces)
		}
		if at := ours(page); at >= 0 {
			whole = slices.Delete(whole, at, at+len(pot.form))
		}
		if !bytes.Equal(whole, page) {
			t.Fatalf("%q became %q", page, whole)
		}
	})
}

func TestTheFormIsOutOfReach(t *testing.T) {
	page, err := io.ReadAll(New(`/contact"><script>`).Page(get("text/html"), 200, http.Header{"Content-Type": {"text/html"}}, strings.NewReader("<html><body><p>x</p></body></html>")))
	if err != nil {
		t.Fatal(err)
	}
	root, err := html.Parse(bytes.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	attr := func(n *html.Node, name string) (string, bool) {
		for _, a := range n.Attr {
			if a.Key == name {
				return a.Val, true
			}
		}
		return "", false
	}
	controls, forms := 0, 0
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		for _, name := range []string{"style", "onclick", "autofocus", "required"} {
			if v, ok := attr(n, name); ok {
				t.Errorf("<%s %s=%q>", n.Data, name, v)
			}
		}
		switch n.Data {
		case "script":
			t.Error("the path became markup")
		case "form":
			forms++
			if v, _ := attr(n, "action"); v != `/contact"><script>` {
				t.Errorf("action %q", v)
			}
			for _, name := range []string{"hidden", "inert", "aria-hidden"} {
				if _, ok := attr(n.Parent, name); !ok {
					t.Errorf("not %s", name)
				}
			}
			if n.Parent.Parent.Data != "body" {
				t.Errorf("in %s", n.Parent.Parent.Data)
			}
		case "input", "textarea", "button":
			controls++
			if v, _ := attr(n, "tabindex"); v != "-1" {
				t.Errorf("<%s> can be reached", n.Data)
			}
		}
	}
	if forms != 1 || controls != 3 {
		t.Errorf("%d forms, %d controls", forms, controls)
	}
}

func get(accept string) *http.Request {
	r, _ := http.NewRequest("GET", "/", nil)
	r.Header.Set("Accept", accept)
	return r
}

func TestWhatIsLeftAlone(t *testing.T) {
	pot := New("/x")
	const body = "<body></body>"
	cases := 0
	for name, x := range map[string]struct {
		status int
		fields []string
		in     bool
	}{
		"a page":          {200, []string{"Content-Type: text/html; charset=utf-8"}, true},
		"with a policy":   {200, []string{"Content-Type: text/html", "Content-Security-Policy: default-src 'none'; script-src 'sha256-x'"}, true},
		"json":            {200, []string{"Content-Type: application/json"}, false},
		"no type":         {200, nil, false},
		"xhtml":           {200, []string{"Content-Type: application/xhtml+xml"}, false},
		"an error":        {500, []string{"Content-Type: text/html"}, false},
		"a part":          {206, []string{"Content-Type: text/html", "Content-Range: bytes 0-1/2"}, false},
		"a download":      {200, []string{"Content-Type: text/html", "Content-Disposition: attachment; filename=x"}, false},
		"no-transform":    {200, []string{"Content-Type: text/html", "Cache-Control: public, no-transform"}, false},
		"a digest":        {200, []string{"Content-Type: text/html", "Content-Digest: sha-256=:x:"}, false},
		"brotli":          {200, []string{"Content-Type: text/html", "Content-Encoding: br"}, false},
		"a very long one": {200, []string{"Content-Type: text/html", "Content-Length: 3000000"}, false},
	} {
		h := http.Header{"Etag": {`"1"`}, "Content-Length": {"13"}}
		for _, f := range x.fields {
			k, v, _ := strings.Cut(f, ": ")
			h.Set(k, v)
		}
		before := h.Clone()
		got, err := io.ReadAll(pot.Page(get("text/html"), x.status, h, strings.NewReader(body)))
		if err != nil {
			t.Fatal(err)
		}
		if in := string(got) != body; in != x.in {
			t.Errorf("%s: %s", name, got)
		}
		if x.in && (h.Get("Content-Length") != "" || h.Get("Etag") != `W/"1"`) || !x.in && (h.Get("Content-Length") != before.Get("Content-Length") || h.Get("Etag") != `"1"`) {
			t.Errorf("%s: %v", name, h)
		}
		cases++
	}
	if cases < 12 {
		t.Fatalf("only %d cases ran", cases)
	}
	long := strings.Repeat("x", largest+70<<10) + body
	got, _ := io.ReadAll(pot.Page(get("text/html"), 200, http.Header{"Content-Type": {"text/html"}}, strings.NewReader(long)))
	if string(got) != long {
		t.Error("a page that turns out long was changed")
	}
}

func TestGzip(t *testing.T) {
	pot := New("/x")
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	page := "<body>" + strings.Repeat("hello ", 50_000)
	_, _ = io.WriteString(w, page+"</body>")
	w.Close()
	h := http.Header{"Content-Type": {"text/html"}, "Content-Encoding": {"gzip"}}
	for range 2 { // the second goes through what the first has used
		un, err := gzip.NewReader(pot.Page(get("text/html"), 200, h, bytes.NewReader(b.Bytes())))
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(un)
		if err != nil || string(got) != page+string(pot.form)+"</body>" {
			t.Fatalf("%d bytes %v", len(got), err)
		}
	}
	cut := pot.Page(get("text/html"), 200, h, bytes.NewReader(b.Bytes()[:b.Len()/2]))
	if _, err := io.ReadAll(cut); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a page cut short: %v", err)
	}
	if _, err := io.ReadAll(pot.Page(get("text/html"), 200, h, strings.NewReader("not gzip at all"))); err == nil {
		t.Error("no gzip was taken for some")
	}
	// What has been flushed is not held back.
	r, into := io.Pipe()
	go func() {
		w := gzip.NewWriter(into)
		_, _ = io.WriteString(w, "<body>first")
		_ = w.Flush()
	}()
	un, err := gzip.NewReader(pot.Page(get("text/html"), 200, h, r))
	if err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 11)
	if _, err := io.ReadFull(un, got); err != nil || string(got) != "<body>first" {
		t.Fatalf("%q %v", got, err)
	}
	into.Close()
}

func TestEncodings(t *testing.T) {
	pot := New("/x")
	cases := 0
	for accepted, want := range map[string]string{
		"gzip, deflate, br, zstd": "gzip", "br": "identity", "": "", "gzip;q=0, br": "identity", "*": "gzip", "br, gzip;q=0.5": "gzip",
	} {
		if got := pot.Encodings(get("text/html,*/*"), accepted); got != want {
			t.Errorf("%q: %q", accepted, got)
		}
		if got := pot.Encodings(get("*/*"), accepted); got != accepted {
			t.Errorf("no page, %q: %q", accepted, got)
		}
		cases++
	}
	if cases < 6 {
		t.Fatalf("only %d cases ran", cases)
	}
}
