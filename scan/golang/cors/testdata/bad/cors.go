package cors

import (
	"net/http"

	"github.com/rs/cors"
)

func allow(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Access-Control-Allow-Origin", r.Header.Get("Origin")) // want "with credentials"
	w.Header().Set("Access-Control-Allow-Credentials", "true")
}

var all = cors.New(cors.Options{
	AllowOriginFunc:  func(string) bool { return true }, // want "with credentials"
	AllowCredentials: true,
})
