// Package examples holds configurations that work, as the tests try them, for whoever shows them to people.
package examples

import "embed"

//go:embed Caddyfile nginx.conf haproxy.cfg haproxy.lua traefik.yml middleware/main.go
var files embed.FS

// File gives the text of one; there is none of another name.
func File(name string) string {
	b, err := files.ReadFile(name)
	if err != nil {
		panic("examples: " + err.Error()) // a name in our own source
	}
	return string(b)
}
