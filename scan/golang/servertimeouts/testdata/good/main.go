package main

import (
	"net/http"
	"time"
)

func main() {
	go http.ListenAndServe("localhost:6060", nil)
	s := &http.Server{Addr: ":8081", ReadHeaderTimeout: time.Second}
	s.ListenAndServe()
	t := http.Server{Addr: ":8082", ReadTimeout: time.Second}
	t.ListenAndServe()
}
