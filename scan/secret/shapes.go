package secret

import (
	"bytes"
	"net/url"
	"strings"

	"palisade.dev/scan"
)

// privateKeys finds PEM blocks that hold a private key.
func privateKeys(text []byte) (found []Match) {
	const begin, tail = "-----BEGIN ", "PRIVATE KEY"
	for at := 0; ; {
		i := bytes.Index(text[at:], []byte(begin))
		if i < 0 {
			return found
		}
		start := at + i
		at = start + len(begin)
		line := text[at:min(at+60, len(text))]
		j := bytes.Index(line, []byte("-----"))
		if j < 0 || !bytes.Contains(line[:j], []byte(tail)) {
			continue
		}
		label := string(line[:j])
		body := at + j + 5
		end := bytes.Index(text[body:min(body+32<<10, len(text))], []byte("-----END "))
		if end < 0 {
			continue
		}
		end += body
		// In sources the lines are put together with \n, +, quotes and blanks: what counts is how much base 64 there is.
		n := 0
		for _, c := range text[body:end] {
			if std64.has(c) {
				n++
			}
		}
		if n < 60 || distinct(string(text[body:end])) < 20 || invented(string(text[body:end])) {
			continue
		}
		last := end + len("-----END ") + len(label) + 5
		m := Match{Check: "key", What: "a private key", Start: start, End: min(last, len(text)), Severity: scan.High, Confidence: scan.Firm}
		if strings.HasPrefix(label, "ENCRYPTED") || bytes.Contains(text[body:end], []byte("Proc-Type: 4,ENCRYPTED")) {
			m.What, m.Severity = "a private key under a passphrase", scan.Low
		}
		found = append(found, m)
		at = m.End
	}
}

// addresses finds URLs with a password.
func addresses(text []byte) (found []Match) {
	for at := 0; ; {
		i := bytes.Index(text[at:], []byte("://"))
		if i < 0 {
			return found
		}
		from := at + i + 3
		scheme := at + i
		for scheme > 0 && (lowers.has(text[scheme-1]) || text[scheme-1] == '+') {
			scheme--
		}
		at = from
		end := from
		for end < len(text) && end-from < 500 && text[end] > ' ' && text[end] < 127 && !strings.ContainsRune("\"'`<>\\)]},", rune(text[end])) {
			end++
		}
		whole := text[from:end]
		if stop := bytes.IndexAny(whole, "/?#"); stop >= 0 {
			whole = whole[:stop]
		}
		monkey := bytes.LastIndexByte(whole, '@')
		if monkey < 0 || scheme == from-3 {
			continue
		}
		user, password, ok := strings.Cut(string(whole[:monkey]), ":")
		host := string(whole[monkey+1:])
		if !ok || len(password) < 4 || host == "" {
			continue
		}
		start := from + len(user) + 1
		if plain, err := url.PathUnescape(password); err == nil {
			password = plain
		}
		if placeholder(password) || strings.EqualFold(password, user) || local(host) || common(password) {
			continue
		}
		found = append(found, Match{Check: "url", What: "a password in an address", Start: start, End: from + monkey, Severity: scan.High, Confidence: scan.Firm})
		at = end
	}
}

// local says whether a host is one's own machine, a container beside it, or made up: the passwords of such are for development.
func local(host string) bool {
	host, _, _ = strings.Cut(host, ":")
	host = strings.ToLower(strings.Trim(host, "[]"))
	switch {
	case host == "localhost", strings.HasPrefix(host, "127."), host == "0.0.0.0", host == "::1", strings.HasPrefix(host, "host.docker"):
		return true
	case !strings.Contains(host, "."): // db, postgres, rabbit: names of a compose file
		return true
	}
	for _, end := range []string{".local", ".test", ".example", ".invalid", ".localhost", "example.com", "example.org", "example.net", ".internal"} {
		if strings.HasSuffix(host, end) {
			return true
		}
	}
	return placeholder(host)
}
