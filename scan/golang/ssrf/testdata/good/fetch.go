package fetch

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
)

type api struct {
	base  string
	hosts []string
}

func (a *api) proxy(w http.ResponseWriter, r *http.Request) {
	http.Get(a.base + r.URL.Path)
	http.Get(fmt.Sprintf("%s/users/%s", a.base, r.PathValue("id")))
	http.Get("https://api.example.com/users/" + r.PathValue("id"))
	http.NewRequest(r.Method, a.base, r.Body)
	v, _ := url.Parse(a.base)
	v.Path = "/users/" + r.PathValue("id")
	http.Get(v.String())
	http.Get(v.JoinPath(r.PathValue("id")).String())
	u := *r.URL
	u.Host = "backend:8080"
	http.NewRequest("GET", u.String(), nil)
}

func (a *api) allowed(w http.ResponseWriter, r *http.Request) {
	u, err := url.Parse(r.FormValue("url"))
	if err != nil {
		return
	}
	if u.Host != "images.example.com" {
		return
	}
	http.Get(u.String())
	v, _ := url.Parse(r.FormValue("other"))
	if !slices.Contains(a.hosts, v.Hostname()) {
		return
	}
	http.Get(v.String())
}

func (a *api) send(req *http.Request) (*http.Response, error) {
	other, err := http.NewRequest("GET", req.URL.String(), nil)
	if err != nil {
		return nil, err
	}
	return http.DefaultClient.Do(other)
}
