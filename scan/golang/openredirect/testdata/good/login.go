package login

import (
	"net/http"
	"net/url"
	"strings"
)

func done(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, "/login?next="+url.QueryEscape(r.FormValue("next")), http.StatusSeeOther)
	http.Redirect(w, r, "/users/"+r.PathValue("id"), http.StatusSeeOther)
	http.Redirect(w, r, "https://"+r.Host+r.URL.RequestURI(), http.StatusMovedPermanently)
	http.Redirect(w, r, r.URL.Path+"/", http.StatusMovedPermanently)
	w.Header().Set("X-Request", r.FormValue("id"))
}

func next(w http.ResponseWriter, r *http.Request) {
	to := r.FormValue("next")
	if !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") {
		to = "/"
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
	u, err := url.Parse(r.FormValue("to"))
	if err != nil || u.Host != "example.com" {
		return
	}
	http.Redirect(w, r, u.String(), http.StatusSeeOther)
}
