package spec

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Line is a curl command, taken apart: an operation, and the credentials it carried.
type Line struct {
	URL       *url.URL
	Operation *Operation
	Header    http.Header // without credentials
	// Credential is what was on the line: a header's name and value. Empty without one.
	CredentialName, CredentialValue string
}

const maxLine = 64 << 10

// takesValue are curl's options that have one and do not matter to us.
var takesValue = []string{"-o", "--output", "-m", "--max-time", "--connect-timeout", "-e", "--referer", "-w", "--write-out", "-c", "--cookie-jar", "--resolve", "--retry", "--cacert", "-x", "--proxy", "--interface"}

// Curl takes a curl command apart, as browsers and API tools copy it. It runs no shell: $(…) and variables stay as they
// are written.
func Curl(line string) (*Line, error) {
	if len(line) > maxLine {
		return nil, fmt.Errorf("reading a curl line: it has more than %d bytes", maxLine)
	}
	words, err := shellWords(line)
	if err != nil {
		return nil, fmt.Errorf("reading a curl line: %w", err)
	}
	if len(words) == 0 || (words[0] != "curl" && !strings.HasSuffix(words[0], "/curl")) {
		return nil, errors.New("reading a curl line: it must begin with curl")
	}
	l := &Line{Header: http.Header{}, Operation: &Operation{Source: "curl"}}
	var address, data string
	hasData, get := false, false
	method := ""
	for i := 1; i < len(words); i++ {
		w, value, glued := words[i], "", false
		switch {
		case strings.HasPrefix(w, "--"):
			w, value, glued = strings.Cut(w, "=")
		case len(w) > 2 && w[0] == '-' && strings.IndexByte("XHdubAFTom", w[1]) >= 0:
			w, value, glued = w[:2], w[2:], true
		}
		next := func() string {
			if glued {
				return value
			}
			if i++; i < len(words) {
				return words[i]
			}
			err = fmt.Errorf("reading a curl line: %s wants a value", w)
			return ""
		}
		switch w {
		case "-X", "--request":
			method = strings.ToUpper(next())
		case "-H", "--header":
			name, v, _ := strings.Cut(next(), ":")
			l.header(strings.TrimSpace(name), strings.TrimSpace(v))
		case "-A", "--user-agent":
			l.Header.Set("User-Agent", next())
		case "-b", "--cookie":
			l.header("Cookie", next())
		case "-u", "--user":
			l.header("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(next())))
		case "--oauth2-bearer":
			l.header("Authorization", "Bearer "+next())
		case "-d", "--data", "--data-raw", "--data-binary", "--data-ascii", "--data-urlencode":
			v := next()
			if strings.HasPrefix(v, "@") && w != "--data-raw" {
				return nil, fmt.Errorf("reading a curl line: %s reads the file %s; put its content on the line", w, clip(v[1:]))
			}
			if hasData {
				data += "&"
			}
			data, hasData = data+v, true
		case "--json":
			data, hasData = next(), true
			l.Header.Set("Content-Type", "application/json")
			l.Header.Set("Accept", "application/json")
		case "-F", "--form":
			return nil, errors.New("reading a curl line: forms with files (-F) are not read; use a HAR file")
		case "-G", "--get":
			get = true
		case "-I", "--head":
			method = "HEAD"
		case "--url":
			address = next()
		default:
			switch {
			case slices.Contains(takesValue, w):
				next()
			case strings.HasPrefix(w, "-"): // -s, -k, --compressed: how curl behaves, not what is asked
			case address != "":
				return nil, fmt.Errorf("reading a curl line: it has two addresses, %q and %q", clip(address), clip(w))
			default:
				address = w
			}
		}
		if err != nil {
			return nil, err
		}
	}
	if address == "" {
		return nil, errors.New("reading a curl line: it has no address")
	}
	if !strings.Contains(address, "://") {
		address = "http://" + address
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, fmt.Errorf("reading a curl line: the address %q cannot be read", clip(address))
	}
	if get && hasData {
		u.RawQuery = strings.Trim(u.RawQuery+"&"+data, "&")
		hasData = false
	}
	if u.User != nil {
		password, _ := u.User.Password()
		l.header("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(u.User.Username()+":"+password)))
		u.User = nil
	}
	if method == "" {
		if method = "GET"; hasData {
			method = "POST"
		}
	}
	l.URL = u
	op := l.Operation
	op.Method, op.Path = method, templated(u)
	op.Params = append(pathExamples(u), queryParams(u)...)
	if hasData {
		media := l.Header.Get("Content-Type")
		if media == "" {
			media = "application/x-www-form-urlencoded"
		}
		op.Body = seen(media, data)
	}
	l.Header.Del("Content-Type")
	l.Header.Del("Content-Length")
	return l, nil
}

func (l *Line) header(name, value string) {
	if Carries(name, value) && l.CredentialName == "" {
		l.CredentialName, l.CredentialValue = http.CanonicalHeaderKey(name), value
		return
	}
	if name != "" && !strings.HasPrefix(name, ":") {
		l.Header.Set(name, value)
	}
}

// Carries says that a header is a credential.
func Carries(name, value string) bool {
	if value == "" {
		return false
	}
	n := strings.ToLower(name)
	return n == "authorization" || n == "cookie" || strings.Contains(n, "api-key") || strings.Contains(n, "apikey") || strings.HasSuffix(n, "-token")
}

func queryParams(u *url.URL) []Param {
	var out []Param
	q := u.Query()
	for _, name := range sortedParams(q) {
		out = append(out, Param{Name: name, In: "query", Example: q.Get(name), Schema: &Schema{Types: []string{"string"}}})
	}
	return out
}

func sortedParams(q url.Values) []string {
	names := make([]string, 0, len(q))
	for n := range q {
		names = append(names, n)
	}
	slices.Sort(names)
	return names[:min(len(names), 100)]
}

// shellWords splits a line as a shell would, as far as quotes and backslashes go.
func shellWords(line string) ([]string, error) {
	var words []string
	var w strings.Builder
	inWord := false
	for i := 0; i < len(line); i++ {
		switch c := line[i]; c {
		case ' ', '\t', '\n', '\r':
			if inWord {
				words, inWord = append(words, w.String()), false
				w.Reset()
			}
			continue
		case '\\':
			if i++; i < len(line) && line[i] == '\r' && i+1 < len(line) {
				i++
			}
			if i >= len(line) || line[i] == '\n' {
				continue
			}
			w.WriteByte(line[i])
		case '\'':
			ansi := inWord && strings.HasSuffix(w.String(), "$") && i > 0 && line[i-1] == '$'
			if ansi {
				kept := strings.TrimSuffix(w.String(), "$")
				w.Reset()
				w.WriteString(kept)
			}
			end, err := quoted(&w, line, i+1, '\'', ansi)
			if err != nil {
				return nil, err
			}
			i = end
		case '"':
			end, err := quoted(&w, line, i+1, '"', true)
			if err != nil {
				return nil, err
			}
			i = end
		default:
			w.WriteByte(c)
		}
		inWord = true
	}
	if inWord {
		words = append(words, w.String())
	}
	return words, nil
}

func quoted(w *strings.Builder, line string, i int, end byte, escapes bool) (int, error) {
	for ; i < len(line); i++ {
		switch c := line[i]; {
		case c == end:
			return i, nil
		case c == '\\' && escapes && i+1 < len(line):
			i++
			switch next := line[i]; {
			case end == '\'' && next == 'n':
				w.WriteByte('\n')
			case end == '\'' && next == 't':
				w.WriteByte('\t')
			case end == '"' && next == '\n':
			case end == '"' && strings.IndexByte("\"\\$`", next) < 0:
				w.WriteByte('\\')
				w.WriteByte(next)
			default:
				w.WriteByte(next)
			}
		default:
			w.WriteByte(c)
		}
	}
	return i, fmt.Errorf("the quote %c is not closed", end)
}
