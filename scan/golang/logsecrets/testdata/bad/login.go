package login

import (
	"log"
	"log/slog"
	"net/http"
)

func in(r *http.Request, name, password string, apiKey []byte) {
	log.Printf("signing in %s with %s", name, password)         // want "to the log"
	slog.Info("request", "auth", r.Header.Get("Authorization")) // want "to the log"
	slog.Info("calling", "key", string(apiKey))                 // want "to the log"
}
