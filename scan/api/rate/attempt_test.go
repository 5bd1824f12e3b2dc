package rate

import (
	"strings"
	"testing"
)

func TestRespell(t *testing.T) {
	for body, want := range map[string]string{
		`{"email":"ada@example.com","password":"x"}`: `{"email":"ADA@EXAMPLE.COM","password":"x"}`,
		"user=ada&password=x":                        "password=x&user=ADA",
		`{"password":"x"}`:                           "",
		`{"email":7}`:                                "",
		`["email"]`:                                  "",
		"":                                           "",
	} {
		got, ok := Respell([]byte(body), strings.ToUpper)
		if ok != (want != "") || ok && string(got) != want {
			t.Errorf("%q becomes %q, %v", body, got, ok)
		}
	}
}
