package files

import (
	"net/http"
	"os"
	"path/filepath"

	"github.com/labstack/echo/v4"
)

const folder = "/srv/files"

func get(w http.ResponseWriter, r *http.Request) {
	data, err := os.ReadFile(filepath.Join(folder, r.PathValue("name"))) // want "leads out of the folder"
	if err != nil {
		return
	}
	w.Write(data)
	http.ServeFile(w, r, folder+"/"+r.FormValue("name")) // want "leads out of the folder"
}

func put(w http.ResponseWriter, r *http.Request) {
	name := filepath.Clean(r.URL.Query().Get("name"))
	path := folder + "/" + name
	f, err := os.Create(path) // want "leads out of the folder"
	if err != nil {
		return
	}
	defer f.Close()
}

func send(c echo.Context) error {
	return c.File("static/" + c.Param("*")) // want "leads out of the folder"
}
