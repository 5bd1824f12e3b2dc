package login

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

func in(w http.ResponseWriter, id string) {
	http.SetCookie(w, &http.Cookie{Name: "session", Value: id}) // want "without HttpOnly, Secure, SameSite"
	http.SetCookie(w, &http.Cookie{                             // want "without Secure"
		Name:     "session",
		Value:    id,
		HttpOnly: true,
		Secure:   false,
		SameSite: http.SameSiteLaxMode,
	})
}

func gins(c *gin.Context) {
	c.SetCookie("token", "x", 3600, "/", "", false, true) // want "without Secure"
}
