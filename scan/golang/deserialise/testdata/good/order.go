package order

import (
	"encoding/gob"
	"encoding/json"
	"net/http"
	"os"
)

func place(w http.ResponseWriter, r *http.Request) {
	var order struct{ ID int }
	json.NewDecoder(r.Body).Decode(&order)
	f, err := os.Open("cache")
	if err != nil {
		return
	}
	gob.NewDecoder(f).Decode(&order)
}
