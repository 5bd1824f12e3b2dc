package load

import (
	"compress/gzip"
	"io"
	"net/http"
	"os"
)

func load(w http.ResponseWriter, r *http.Request) {
	z, err := gzip.NewReader(r.Body)
	if err != nil {
		return
	}
	io.ReadAll(io.LimitReader(z, 1<<20))
	io.CopyN(w, z, 1<<20)
}

func file(f *os.File) {
	z, err := gzip.NewReader(f)
	if err != nil {
		return
	}
	io.ReadAll(z)
}
