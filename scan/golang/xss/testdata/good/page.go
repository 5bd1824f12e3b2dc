package page

import (
	"encoding/json"
	"fmt"
	"html"
	"html/template"
	"net/http"

	"github.com/microcosm-cc/bluemonday"
)

var page = template.Must(template.New("x").Parse("<b>{{.}}</b>"))

func hello(w http.ResponseWriter, r *http.Request) any {
	name := r.FormValue("name")
	page.Execute(w, name)
	fmt.Fprintf(w, "<h1>Hello %s</h1>", html.EscapeString(name))
	http.Error(w, "no such name: "+name, 404)
	return template.HTML(bluemonday.UGCPolicy().Sanitize(name))
}

func plain(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	fmt.Fprintln(w, r.FormValue("name"))
}

func answer(w http.ResponseWriter, r *http.Request) {
	data, _ := json.Marshal(map[string]string{"name": r.FormValue("name")})
	w.Write(data)
	json.NewEncoder(w).Encode(r.FormValue("name"))
	fmt.Fprintf(w, "name: %s", r.FormValue("name"))
}
