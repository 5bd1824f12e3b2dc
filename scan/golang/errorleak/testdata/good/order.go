package order

import (
	"log/slog"
	"net/http"
)

func show(w http.ResponseWriter, err error) {
	slog.Error("loading", "error", err)
	http.Error(w, "It could not be loaded.", http.StatusInternalServerError)
	http.Error(w, err.Error(), http.StatusBadRequest)
}
