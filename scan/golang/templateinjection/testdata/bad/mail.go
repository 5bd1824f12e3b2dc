package mail

import (
	"html/template"
	"net/http"
	"os"
)

func preview(w http.ResponseWriter, r *http.Request) {
	t, err := template.New("mail").Parse("Hello " + r.FormValue("name")) // want "read as a template"
	if err != nil {
		return
	}
	t.Execute(os.Stdout, nil)
}
