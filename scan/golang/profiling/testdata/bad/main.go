package main

import (
	"net/http"
	_ "net/http/pprof" // want "default mux"
)

func main() {
	http.ListenAndServe(":8080", nil)
}
