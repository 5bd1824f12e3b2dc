package main

import (
	"net/http"
	"text/template"
)

var page = template.Must(template.New("page").Parse("<p>{{.}}</p>"))

func show(w http.ResponseWriter, name string) {
	_ = page.Execute(w, name) // want "escapes nothing"
}
