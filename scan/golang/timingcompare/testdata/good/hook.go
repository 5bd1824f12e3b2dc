package hook

import (
	"crypto/hmac"
	"net/http"
)

type kind string

func receive(r *http.Request, given, mac []byte, token string, k, other kind) bool {
	if token == "" || r.FormValue("password") != r.FormValue("confirm") {
		return false
	}
	password, confirmPassword := r.FormValue("password"), r.FormValue("again")
	return password == confirmPassword && k == other && hmac.Equal(given, mac)
}
