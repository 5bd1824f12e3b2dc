package login

import "net/http"

func in(w http.ResponseWriter, r *http.Request, id string, secure bool) {
	http.SetCookie(w, &http.Cookie{Name: "session", Value: id, HttpOnly: true, Secure: true, SameSite: http.SameSiteLaxMode})
	http.SetCookie(w, &http.Cookie{Name: "session", Value: "", MaxAge: -1})
	c := &http.Cookie{Name: "session", Value: id, HttpOnly: true, SameSite: http.SameSiteStrictMode}
	c.Secure = secure
	http.SetCookie(w, c)
	r.AddCookie(&http.Cookie{Name: "session", Value: id})
}
