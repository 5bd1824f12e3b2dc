package cors

import (
	"net/http"

	"github.com/rs/cors"
)

var origins = map[string]bool{"https://shop.example.com": true}

func allow(w http.ResponseWriter, r *http.Request) {
	if origin := r.Header.Get("Origin"); origins[origin] {
		w.Header().Set("Access-Control-Allow-Origin", origin)
		w.Header().Set("Access-Control-Allow-Credentials", "true")
	}
}

func public(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Access-Control-Allow-Origin", "*")
}

var all = cors.New(cors.Options{AllowedOrigins: []string{"*"}})
