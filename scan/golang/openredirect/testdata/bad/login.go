package login

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

func done(w http.ResponseWriter, r *http.Request) {
	next := r.FormValue("next")
	if next == "" {
		next = "/"
	}
	http.Redirect(w, r, next, http.StatusSeeOther) // want "chooses where browsers are sent"
}

func out(c *gin.Context) {
	c.Redirect(302, c.Query("return_to")) // want "chooses where browsers are sent"
}

func slash(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Location", "/"+r.URL.Query().Get("to")) // want "chooses where browsers are sent"
	w.WriteHeader(302)
}
