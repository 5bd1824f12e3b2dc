package run

import (
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

var tools = map[string]string{"png": "optipng", "jpg": "jpegoptim"}

func convert(w http.ResponseWriter, r *http.Request) {
	tool, ok := tools[r.FormValue("kind")]
	if !ok {
		return
	}
	exec.Command(tool, "in").Run()
	exec.Command("sh", "-c", "backup "+os.Getenv("BACKUP_DIR")).Run()
	n, _ := strconv.Atoi(r.FormValue("n"))
	exec.Command("sh", "-c", "head -n "+strconv.Itoa(n)).Run()
	exec.Command("git", "log", "--", r.FormValue("path")).Run()
	exec.Command("echo", r.FormValue("text")).Run()
	ref := r.FormValue("ref")
	if strings.HasPrefix(ref, "-") {
		return
	}
	exec.Command("git", "show", ref).Run()
}
