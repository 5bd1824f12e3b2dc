package answer

import (
	"net/http"
	"testing"
)

func got(status int, media, body string) *Answer {
	return &Answer{Status: status, Header: http.Header{"Content-Type": {media}}, Body: []byte(body)}
}

func TestKind(t *testing.T) {
	const j = "application/json"
	moved := got(302, "", "")
	moved.Header.Set("Location", "https://a.example/users/log_in?next=1")
	busy := got(503, "", "")
	busy.Header.Set("Retry-After", "3")
	for i, c := range []struct {
		a    *Answer
		want Kind
	}{
		{got(200, j, `{"id":1}`), Accepted},
		{got(204, "", ""), Accepted},
		{got(200, j, `{"data":{"me":1},"errors":[{"message":"x"}]}`), Accepted},
		{got(200, j, `{"error":"Unauthorized"}`), Denied},
		{got(200, j, `{"data":null,"errors":[{"message":"not authenticated"}]}`), Denied},
		{got(200, j, `{"data":{"me":null},"errors":[{"message":"permission denied"}]}`), Denied},
		{got(200, j, `{"success":false,"message":"no such user, not found"}`), Missing},
		{got(200, j, `{"status":"error","message":"odd"}`), Refused},
		{got(200, j, `{"error":null,"name":"x"}`), Accepted},
		{got(200, j, `{"errors":[],"data":[]}`), Accepted},
		{got(200, j, `{"error":""}`), Accepted},
		{got(401, j, ``), Denied},
		{got(403, j, ``), Denied},
		{got(404, j, ``), Missing},
		{got(422, j, ``), Refused},
		{got(429, j, ``), Throttled},
		{busy, Throttled},
		{got(503, "", ""), Broken},
		{got(500, "", ""), Broken},
		{moved, Denied},
		{got(301, "", ""), Moved},
		{&Answer{}, Lost},
		{got(200, "text/html", `<form><input TYPE="password">`), Denied},
		{got(200, "text/html", `<p>hi`), Accepted},
		{got(201, j, `["error"]`), Accepted},
	} {
		if k := c.a.Kind(); k != c.want {
			t.Errorf("case %d: %d %s is %v, not %v", i, c.a.Status, c.a.Body, k, c.want)
		}
	}
}

func TestSame(t *testing.T) {
	const j = "application/json"
	a, b := got(200, j, `{"id":7,"name":"x","at":"10:01","items":[{"p":1},{"p":2}]}`), got(200, j, `{"at":"10:02","name":"x","id":7,"items":[{"p":1},{"p":2}]}`)
	v := Learn(a, b)
	if !Same(a, b, v) {
		t.Error("the same with another time is another")
	}
	if Same(a, b, Volatile{}) {
		t.Error("a change nobody has learnt counts as none")
	}
	for _, other := range []*Answer{
		got(200, j, `{"id":8,"name":"y","at":"10:03","items":[{"p":3}]}`), got(200, j, `{"error":"no"}`), got(404, j, string(a.Body)), got(200, "text/html", string(a.Body)), got(200, j, `[]`),
	} {
		if Same(a, other, v) {
			t.Errorf("%d %s is the same", other.Status, other.Body)
		}
	}
	if !SameShape(a, got(200, j, `{"id":8,"name":"y","at":"10:03","items":[{"p":3}]}`)) {
		t.Error("another object has another shape")
	}
	p, q := got(200, "text/html", "<p>Hello there, it is <b>10:01</b>"), got(200, "text/html", "<p>Hello there, it is <b>10:02</b>")
	if !Same(p, q, Learn(p, q)) {
		t.Error("a page with a clock is another")
	}
	if id := Values(got(200, j, `{"id":2147480003}`))[".id"][0]; id != "2147480003" {
		t.Errorf("an identifier is read as %s", id)
	}
}

func FuzzKind(f *testing.F) {
	for _, s := range []string{`{"error":{"a":1}}`, `{"data":{"a":null},"errors":[1]}`, `<!doctype html>`, `[[[]]]`, `{"success":false}`} {
		f.Add(200, "application/json", []byte(s), []byte(`{"a":1}`))
	}
	f.Fuzz(func(t *testing.T, status int, media string, body, other []byte) {
		a, b := got(status, media, string(body)), got(status, media, string(other))
		if !Same(a, a, Learn(a, a)) {
			t.Errorf("%q is not the same as itself", body)
		}
		if Same(a, b, Volatile{}) != Same(b, a, Volatile{}) {
			t.Errorf("%q and %q are the same one way only", body, other)
		}
		if l := Likeness(a, b, Learn(a, b)); l < 0 || l > 1 {
			t.Errorf("likeness %v", l)
		}
	})
}
