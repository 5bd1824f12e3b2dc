package main

import (
	"net/http"
)

func main() {
	go http.ListenAndServe(":8080", nil) // want "without time-outs"
	s := &http.Server{Addr: ":8081"}     // want "no ReadHeaderTimeout"
	s.ListenAndServe()
	t := http.Server{ // want "no ReadHeaderTimeout"
		Addr: ":8082",
	}
	t.ListenAndServe()
}
