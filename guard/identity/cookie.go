package identity

import (
	"iter"
	"net/http"
	"strings"
)

// cookies gives the values of all cookies of a name, in the order in which they were sent. It judges no value: whoever
// reads one has a format of his own, and a cookie that net/http would pass over may still be read by the app.
func cookies(h http.Header, name string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, line := range h["Cookie"] {
			for more := true; more; {
				var pair string
				pair, line, more = strings.Cut(line, ";")
				n, value, ok := strings.Cut(strings.Trim(pair, " \t"), "=")
				if !ok || strings.TrimRight(n, " \t") != name {
					continue
				}
				value = strings.Trim(value, " \t")
				if len(value) >= 2 && value[0] == '"' && value[len(value)-1] == '"' {
					value = value[1 : len(value)-1]
				}
				if !yield(value) {
					return
				}
			}
		}
	}
}
