package outcome

import (
	"bytes"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"palisade.dev/guard/wire"
)

func watch(t testing.TB) *Watch {
	t.Helper()
	w, err := New(wire.Observed{
		Route: "POST /login", Kind: "login", Subject: []string{"user[email]", "email"},
		Success: []wire.Reply{{Status: []int{302, 303}, NotLocation: wire.Words{"*login*"}}, {Status: []int{200}, Type: "application/json*"}},
		Failure: []wire.Reply{{Status: []int{302}, Location: wire.Words{"*login*"}}, {Status: []int{200}, Type: "text/html*"}, {Status: []int{401}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestRead(t *testing.T) {
	w := watch(t)
	cases := []struct {
		status         int
		location, kind string
		want           string
	}{
		{303, "/", "", "ok"},
		{302, "/login?again", "", "failed"},
		{303, "https://shop.example/login", "", ""}, // 303 to the form is neither, as declared
		{302, "https://other.example/home", "", "ok"},
		{302, "", "", ""},
		{302, "::bad", "", "ok"},
		{200, "", "text/html; charset=utf-8", "failed"},
		{200, "", "application/json", "ok"},
		{200, "", "", ""},
		{401, "", "application/json", "failed"},
		{500, "", "", ""},
	}
	for _, c := range cases {
		h := http.Header{}
		if c.location != "" {
			h.Set("Location", c.location)
		}
		if c.kind != "" {
			h.Set("Content-Type", c.kind)
		}
		o, ok := w.Read(c.status, h, "alice")
		if got := o.Result; !ok && c.want != "" || ok && got != c.want {
			t.Errorf("%d %q %q: %q %v, want %q", c.status, c.location, c.kind, got, ok, c.want)
		}
	}
	if len(cases) < 11 {
		t.Error("cases are missing")
	}
}

type brokenBody struct{ sent bool }

func (b *brokenBody) Read(p []byte) (int, error) {
	if b.sent {
		return 0, errors.New("the client went away")
	}
	b.sent = true
	return copy(p, "email=al"), nil
}
func (*brokenBody) Close() error { return nil }

// TestSubjectLeavesTheBodyAsItCame: whatever is found, the app reads what the client sent.
func TestSubjectLeavesTheBodyAsItCame(t *testing.T) {
	var form bytes.Buffer
	m := multipart.NewWriter(&form)
	_ = m.WriteField("other", "x")
	_ = m.WriteField("user[email]", "Dave@Example.com")
	_ = m.Close()
	cases := []struct {
		name, kind, encoding, query, body, want string
	}{
		{"form", "application/x-www-form-urlencoded", "", "", "user%5Bemail%5D=Alice%40Example.com+&password=x", "alice@example.com"},
		{"form, second name", "application/x-www-form-urlencoded; charset=utf-8", "", "", "email=bob@example.com", "bob@example.com"},
		{"json", "application/json", "", "", `{"user":{"email":"Carol@example.com"}}`, "carol@example.com"},
		{"json, flat", "application/json", "", "", `{"email":"carol@example.com"}`, "carol@example.com"},
		{"json of another shape", "application/json", "", "", `{"user":["email"]}`, ""},
		{"json, broken", "application/json", "", "", `{"user":`, ""},
		{"json, deep", "application/json", "", "", strings.Repeat("[", 20000), ""},
		{"multipart", m.FormDataContentType(), "", "", form.String(), "dave@example.com"},
		{"multipart without a boundary", "multipart/form-data", "", "", form.String(), ""},
		{"compressed", "application/x-www-form-urlencoded", "gzip", "", "email=bob", ""},
		{"another type", "text/plain", "", "", "email=bob", ""},
		{"no type", "", "", "", "email=bob", ""},
		{"query", "", "", "email=erin@example.com", "", "erin@example.com"},
		{"too large", "application/x-www-form-urlencoded", "", "", "email=bob&x=" + strings.Repeat("y", maxBody), ""},
		{"long name", "application/x-www-form-urlencoded", "", "", "email=" + strings.Repeat("z", 5000), strings.Repeat("z", wire.MaxSubject)},
		{"broken escape", "application/x-www-form-urlencoded", "", "", "email=%zz", ""},
	}
	w := watch(t)
	for _, c := range cases {
		r, err := http.NewRequest("POST", "/login?"+c.query, strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		r.ContentLength = -1 // as when chunked: the length is not known before
		if c.kind != "" {
			r.Header.Set("Content-Type", c.kind)
		}
		if c.encoding != "" {
			r.Header.Set("Content-Encoding", c.encoding)
		}
		if got := w.Subject(r); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
		if b, err := io.ReadAll(r.Body); err != nil || string(b) != c.body {
			t.Errorf("%s: the app reads %d bytes of %d, %v", c.name, len(b), len(c.body), err)
		}
	}
	if len(cases) < 16 {
		t.Error("cases are missing")
	}
	r, err := http.NewRequest("POST", "/login", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Body, r.ContentLength = &brokenBody{}, -1
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if got := w.Subject(r); got != "" {
		t.Errorf("a broken body has subject %q", got)
	}
	if b, err := io.ReadAll(r.Body); err == nil || string(b) != "email=al" {
		t.Errorf("the app reads %q, %v: it must see the break where it was", b, err)
	}
}

func TestNewRefuses(t *testing.T) {
	cases := map[string]wire.Observed{
		"want one of login":     {Kind: "dance", Success: []wire.Reply{{Status: []int{200}}}},
		"say what success":      {Kind: "login"},
		"an empty reply never":  {Kind: "login", Success: []wire.Reply{{}}},
		"status, location, not": {Kind: "login", Failure: []wire.Reply{{Status: []int{401}}, {}}},
	}
	for says, o := range cases {
		if _, err := New(o); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%+v: %v, want %q", o, err, says)
		}
	}
}

func TestParseHeader(t *testing.T) {
	good := map[string]wire.Outcome{
		"login.failed":                                 {Kind: "login", Result: "failed"},
		`login.ok; subject="Alice@Example.com"`:        {Kind: "login", Result: "ok", Subject: "alice@example.com"},
		"payment.declined; subject=x; other=y":         {Kind: "payment", Result: "declined", Subject: "x"},
		" login.failed ;subject= bob@example.com ":     {Kind: "login", Result: "failed", Subject: "bob@example.com"},
		"login.failed; subject=" + "\xff\xfe" + "name": {Kind: "login", Result: "failed", Subject: "��name"},
	}
	for in, want := range good {
		if got, err := ParseHeader(in); err != nil || got != want {
			t.Errorf("%q: %+v, %v", in, got, err)
		}
	}
	for _, in := range []string{"", "login", "login.", ".ok", "Login.Failed", "log in.failed", "login.failed\nx", strings.Repeat("a", 2000)} {
		if _, err := ParseHeader(in); !errors.Is(err, ErrHeader) {
			t.Errorf("%q: %v", in, err)
		}
	}
}

func FuzzParseHeader(f *testing.F) {
	seeds := []string{"login.failed; subject=alice", `login.ok; subject="a;b"`, "x.y;;;=", "login.failed; subject", ".", strings.Repeat(";", 50)}
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		o, err := ParseHeader(in)
		if err != nil {
			return
		}
		if o.Kind == "" || o.Result == "" || len(o.Subject) > wire.MaxSubject+3 || strings.ContainsAny(o.Name(), " ;\n") {
			t.Fatalf("%q: %+v", in, o)
		}
	})
}

func FuzzSubject(f *testing.F) {
	seeds := [][2]string{
		{"application/x-www-form-urlencoded", "user[email]=a&b=c"},
		{"application/json", `{"user":{"email":"a"}}`},
		{"multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"email\"\r\n\r\na\r\n--x--\r\n"},
		{"multipart/form-data; boundary=x", "--x\r\n"},
		{"text/plain", "x"},
	}
	for _, s := range seeds {
		f.Add(s[0], s[1])
	}
	if len(seeds) < 5 {
		f.Fatal("seeds are missing")
	}
	w := watch(f)
	f.Fuzz(func(t *testing.T, kind, body string) {
		r, err := http.NewRequest("POST", "/login", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header["Content-Type"] = []string{kind}
		if s := w.Subject(r); len(s) > wire.MaxSubject+3 {
			t.Fatalf("subject of %d bytes", len(s))
		}
		if b, err := io.ReadAll(r.Body); err != nil || string(b) != body {
			t.Fatalf("the app reads %q, %v", b, err)
		}
	})
}
