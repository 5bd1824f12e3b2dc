package order

import (
	"bytes"
	"encoding/base64"
	"encoding/gob"
	"net/http"
)

func place(w http.ResponseWriter, r *http.Request) {
	var order struct{ ID int }
	gob.NewDecoder(r.Body).Decode(&order) // want "read as gob"
	c, err := r.Cookie("cart")
	if err != nil {
		return
	}
	data, _ := base64.StdEncoding.DecodeString(c.Value)
	gob.NewDecoder(bytes.NewReader(data)).Decode(&order) // want "read as gob"
}
