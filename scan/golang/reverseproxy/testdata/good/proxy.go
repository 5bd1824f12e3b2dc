package proxy

import (
	"net/http"
	"net/http/httputil"
	"net/url"
)

func one(app *url.URL) *httputil.ReverseProxy {
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(app)
			r.SetXForwarded()
			r.Out.Header.Set("X-User", "anna")
		},
	}
}

func two(app *url.URL) *httputil.ReverseProxy {
	return &httputil.ReverseProxy{
		Director: func(r *http.Request) {
			r.URL.Host = app.Host
			r.Header.Set("User-Agent", "proxy")
		},
	}
}
