package main

import (
	"html/template"
	"net/http"
	"os"
	text "text/template"
)

var page = template.Must(template.New("page").Parse("<p>{{.}}</p>"))

var config = text.Must(text.New("config").Parse("name = {{.}}"))

func show(w http.ResponseWriter, name string) {
	_ = page.Execute(w, name)
}

func download(w http.ResponseWriter, name string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_ = config.Execute(w, name)
}

func write(f *os.File) error { return config.Execute(f, "shop") }
