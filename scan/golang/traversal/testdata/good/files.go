package files

import (
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strings"
)

const folder = "/srv/files"

func get(w http.ResponseWriter, r *http.Request) {
	name := r.FormValue("name")
	if !filepath.IsLocal(name) {
		http.Error(w, "no", 400)
		return
	}
	os.ReadFile(filepath.Join(folder, name))
	http.ServeFile(w, r, filepath.Join(folder, r.PathValue("name")))
	http.ServeFile(w, r, r.URL.Path[1:])
}

func base(w http.ResponseWriter, r *http.Request) {
	os.Remove(filepath.Join(folder, filepath.Base(r.FormValue("name"))))
	os.Open(filepath.Join(folder, path.Clean("/"+r.FormValue("name"))))
	root, err := os.OpenRoot(folder)
	if err != nil {
		return
	}
	root.Open(r.FormValue("name"))
	_, header, _ := r.FormFile("photo")
	os.Create(filepath.Join(folder, header.Filename)) // the library has taken folders off
}

func under(w http.ResponseWriter, r *http.Request) {
	full := filepath.Join(folder, r.FormValue("name"))
	if !strings.HasPrefix(full, folder+string(os.PathSeparator)) {
		return
	}
	os.Open(full)
	if name := r.FormValue("other"); !strings.Contains(name, "..") {
		os.Open(folder + name)
	}
}
