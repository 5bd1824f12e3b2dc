package main

import "net/http"

type shop struct{ admins map[string]bool }

func (s *shop) remove(w http.ResponseWriter, r *http.Request) {
	if _, password, ok := r.BasicAuth(); !ok || !s.authorized(password) {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (s *shop) authorized(password string) bool { return s.admins[password] }

func plain(w http.ResponseWriter, r *http.Request) {}

func requireAdmin(h http.HandlerFunc) http.HandlerFunc { return h }

func routes(mux *http.ServeMux, s *shop) {
	mux.HandleFunc("/admin/items", s.remove)
	mux.HandleFunc("/items", plain)
}

func wrapped(mux *http.ServeMux) {
	mux.Handle("/admin/", requireAdmin(plain))
}

func ask(c *http.Client) (*http.Response, error) { return c.Get("/admin") }
