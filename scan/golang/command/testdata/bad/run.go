package run

import (
	"net/http"
	"os/exec"
)

func convert(w http.ResponseWriter, r *http.Request) {
	file := r.FormValue("file")
	exec.Command("sh", "-c", "convert "+file+" out.png").Run() // want "read by a shell"
	exec.CommandContext(r.Context(), file).Run()               // want "which program runs"
	exec.Command("git", "clone", r.FormValue("url")).Run()     // want "begins with a dash"
	shell("ls " + r.Header.Get("X-Dir"))
}

func shell(line string) error {
	cmd := exec.Command("/bin/bash", "-lc", line) // want "read by a shell"
	return cmd.Run()
}
