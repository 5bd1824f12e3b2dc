package page

import (
	"fmt"
	"html/template"
	"io"
	"net/http"
	text "text/template"
)

var page = text.Must(text.New("x").Parse("<b>{{.}}</b>"))

func hello(w http.ResponseWriter, r *http.Request) {
	name := r.FormValue("name")
	fmt.Fprintf(w, "<h1>Hello %s</h1>", name) // want "without being escaped"
	page.Execute(w, name)                     // want "without being escaped"
	io.WriteString(w, name)                   // want "without being escaped"
}

func bio(w http.ResponseWriter, r *http.Request) any {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Write([]byte("<p>" + r.FormValue("bio"))) // want "without being escaped"
	return template.HTML(r.FormValue("bio"))    // want "without being escaped"
}
