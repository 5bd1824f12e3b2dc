package load

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
)

func load(w http.ResponseWriter, r *http.Request) {
	z, err := gzip.NewReader(r.Body)
	if err != nil {
		return
	}
	io.ReadAll(z) // want "without a bound"
}

func decode(w http.ResponseWriter, r *http.Request) {
	z, err := gzip.NewReader(r.Body)
	if err != nil {
		return
	}
	var in []string
	json.NewDecoder(z).Decode(&in) // want "without a bound"
}
