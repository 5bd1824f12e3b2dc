package page

import (
	"fmt"
	"testing"
	"time"
)

func TestOnceIsForOnePersonAndNotForLong(t *testing.T) {
	var o Once
	mine, other := &Request{Person: Person{Session: "mine"}, Now: now}, &Request{Person: Person{Session: "other"}, Now: now}
	o.Keep(mine, "k1", "shop", "secret")
	for _, x := range []struct {
		what string
		r    *Request
		id   string
		of   string
		want string
	}{
		{"mine", mine, "k1", "shop", "secret"},
		{"mine again, while it is copied", mine, "k1", "shop", "secret"},
		{"another's", other, "k1", "shop", ""},
		{"of another site", mine, "k1", "bank", ""},
		{"of no name", mine, "", "shop", ""},
		{"late", &Request{Person: mine.Person, Now: now.Add(10 * time.Minute)}, "k1", "shop", ""},
	} {
		if got := o.Show(x.r, x.id, x.of); got != x.want {
			t.Errorf("%s: %q", x.what, got)
		}
	}
	for i := range 1000 {
		o.Keep(&Request{Person: mine.Person, Now: now.Add(time.Duration(i) * time.Millisecond)}, fmt.Sprint(i), "shop", "x")
	}
	if len(o.held) != showMost || o.Show(mine, "k1", "shop") != "" || o.Show(mine, "999", "shop") != "x" {
		t.Errorf("%d are held", len(o.held))
	}
}
