// Package newcheck makes the folder of a check: the value, its page, a sample that it has to find something in and one in
// which it has to be silent. What it writes compiles, and its test fails until the check does its work.
package newcheck

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"
	"text/template"

	"palisade.dev/scan/late"
)

//go:embed samples
var samples embed.FS

var form = late.Pattern(`^(elixir|golang|deps)/([a-z][a-z0-9]{1,30})$`)

// next is what to type afterwards.
var next = map[string]string{
	"elixir": "go generate ./scan/elixir/checks && go test ./scan/elixir/...",
	"golang": "go generate ./scan/golang/checks && go test ./scan/golang/...",
	"deps":   "add %s.Check to the list in scan/deps/deps.go, then: go test ./scan/deps/...",
}

// Make writes the folder of a check below the root of the repository, and gives its files and what to do next. It
// overwrites nothing.
func Make(root *os.Root, id string) (files []string, then string, err error) {
	m := form.FindStringSubmatch(id)
	if m == nil {
		return nil, "", fmt.Errorf("%q is no identifier of a check: elixir/NAME, golang/NAME or deps/NAME, in small letters and numbers", id)
	}
	room, name := m[1], m[2]
	if _, err := root.Stat("scan/" + room); err != nil {
		return nil, "", errors.New("this is not the root of palisade's repository: scan/" + room + " is not here")
	}
	dir := path.Join("scan", room, name)
	if _, err := root.Stat(dir); err == nil {
		return nil, "", fmt.Errorf("%s is there already", dir)
	}
	from := path.Join("samples", room)
	err = fs.WalkDir(samples, from, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := samples.ReadFile(file)
		if err != nil {
			return err
		}
		t, err := template.New(file).Delims("<<", ">>").Parse(string(text))
		if err != nil {
			return err
		}
		var b strings.Builder
		if err := t.Execute(&b, map[string]string{"ID": id, "Name": name}); err != nil {
			return err
		}
		to := path.Join(dir, strings.TrimSuffix(strings.TrimPrefix(file, from+"/"), ".tmpl"))
		if path.Base(to) == "check.go" {
			to = path.Join(dir, name+".go")
		}
		if err := root.MkdirAll(path.Dir(to), 0o755); err != nil {
			return err
		}
		files = append(files, to)
		return root.WriteFile(to, []byte(b.String()), 0o644)
	})
	then = next[room]
	if room == "deps" {
		then = fmt.Sprintf(then, name)
	}
	return files, then, err
}
