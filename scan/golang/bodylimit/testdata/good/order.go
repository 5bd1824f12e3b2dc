package order

import (
	"encoding/json"
	"io"
	"net/http"
)

func place(w http.ResponseWriter, r *http.Request) {
	io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	var in struct{ ID int }
	json.NewDecoder(r.Body).Decode(&in)
}

func ask(client *http.Client) {
	resp, err := client.Get("https://example.com")
	if err != nil {
		return
	}
	io.ReadAll(resp.Body)
}
