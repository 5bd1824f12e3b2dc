package order

import (
	"encoding/json"
	"io"
	"net/http"
)

func place(w http.ResponseWriter, r *http.Request) {
	io.ReadAll(r.Body) // want "however long"
}

func change(w http.ResponseWriter, r *http.Request) {
	var in struct{ ID int }
	json.NewDecoder(r.Body).Decode(&in) // want "however long"
}
