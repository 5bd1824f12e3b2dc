package proxy

import (
	"net/http"
	"net/http/httputil"
	"net/url"
)

func one() *httputil.ReverseProxy {
	return &httputil.ReverseProxy{
		Director: func(r *http.Request) { // want "takes it away again"
			r.URL.Host = "app:8080"
			r.Header.Set("X-User", "anna")
		},
	}
}

func two(target *url.URL) *httputil.ReverseProxy {
	p := httputil.NewSingleHostReverseProxy(target)
	before := p.Director
	p.Director = func(r *http.Request) { // want "takes it away again"
		before(r)
		r.Header.Set("X-Internal-Token", "t")
	}
	return p
}
