package mail

import (
	"html/template"
	"net/http"
)

var page = template.Must(template.New("mail").Parse("Hello {{.Name}}"))

func preview(w http.ResponseWriter, r *http.Request) {
	page.Execute(w, map[string]string{"Name": r.FormValue("name")})
}
