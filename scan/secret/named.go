package secret

import (
	"bytes"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/late"
)

// telling are the parts of names under which secrets stand.
var telling = []string{
	"secret", "token", "passw", "pwd", "passphrase", "api_key", "apikey", "api-key", "private_key", "privatekey", "access_key", "accesskey",
	"credential", "auth_key", "authkey", "encryption_key", "signing_key", "signature_key", "master_key", "license_key", "client_key", "cookie_key",
	"key_base", "hmac_key", "jwt_key", "webhook_key", "account_key", "shared_key", "sas_key",
}

// innocent are the ends of names that hold something about a secret and not one.
var innocent = []string{
	"path", "file", "url", "uri", "endpoint", "name", "id", "ids", "field", "type", "header", "regex", "pattern", "salt", "ttl", "length", "size",
	"expiry", "expires", "count", "limit", "prefix", "class", "label", "title", "hint", "placeholder", "env", "var", "arn", "ref", "version", "provider",
	"module", "algorithm", "policy", "page", "route", "template", "message", "error", "description", "digest", "fingerprint", "format", "store",
	"reset", "address", "symbol", "contract", "hash", "parameter", "param", "column", "table", "help", "text", "namespace", "issuer", "audience", "enabled", "enable", "disabled", "required", "allowed",
}

// Telling says whether a name is one under which secrets stand.
func Telling(name string) bool {
	low := strings.ToLower(name)
	if strings.Contains(low, "public") || strings.Contains(low, "publishable") || strings.Contains(low, "tokeniz") || strings.Contains(low, "csrf") || strings.Contains(low, "site_key") {
		return false
	}
	for _, browser := range []string{"react_app_", "next_public_", "vite_", "expo_public_", "gatsby_"} { // built into what every browser gets
		if strings.HasPrefix(low, browser) {
			return false
		}
	}
	found := false
	for _, t := range telling {
		found = found || strings.Contains(low, t)
	}
	if !found {
		return false
	}
	snake := strings.ToLower(snaked(name))
	last := snake[strings.LastIndexByte(snake, '_')+1:]
	for _, i := range innocent {
		if last == i {
			return false
		}
	}
	return true
}

// snaked makes words of camel case: clientSecretPath is client_Secret_Path. Dots and dashes part words too.
func snaked(name string) string {
	var b strings.Builder
	for i := range len(name) {
		c := name[i]
		switch {
		case c == '-' || c == '.' || c == ' ' || c == '?' || c == '!':
			c = '_'
		case 'A' <= c && c <= 'Z' && i > 0 && 'a' <= name[i-1] && name[i-1] <= 'z':
			b.WriteByte('_')
		}
		b.WriteByte(c)
	}
	return strings.Trim(b.String(), "_")
}

// Value judges a text by the name it stands under. It serves scanners that know both for certain; only What, Severity,
// Confidence and Name of the match are filled.
func Value(name, value string) (Match, bool) {
	if !Telling(name) || placeholder(value) {
		return Match{}, false
	}
	m := Match{Check: "value", What: "a secret", Name: name, Severity: scan.High, Confidence: scan.Firm}
	low := strings.ToLower(name)
	password := strings.Contains(low, "passw") || strings.Contains(low, "pwd") || strings.Contains(low, "passphrase")
	switch {
	case Random(value):
	case strings.Contains(low, "key_base") && len(value) >= 30 && !strings.ContainsAny(value, " \n"):
		// Whatever it is made of, cookies are signed with it.
	case password && len(value) >= 8 && len(value) <= 64 && mixed(value) && !common(value):
		m.What, m.Severity, m.Confidence = "a password", scan.Medium, scan.Tentative
	default:
		return Match{}, false
	}
	if password {
		m.What = "a password"
	}
	return m, true
}

// mixed says whether a password has at least three kinds of characters.
func mixed(s string) bool {
	var kinds [4]bool
	for i := range len(s) {
		switch c := s[i]; {
		case c <= ' ' || c > 126:
			return false
		case '0' <= c && c <= '9':
			kinds[0] = true
		case 'a' <= c && c <= 'z':
			kinds[1] = true
		case 'A' <= c && c <= 'Z':
			kinds[2] = true
		default:
			kinds[3] = true
		}
	}
	n := 0
	for _, k := range kinds {
		if k {
			n++
		}
	}
	// user_name_1 and shop.v2 are names: letters of one case, a digit, a separator.
	return n >= 3 && (kinds[2] && kinds[1] || strings.ContainsAny(s, "!@#$%^&*+=?;,~"))
}

// signs of a value that is none: to be filled in, made up, or the name of where it is.
var signs = []string{
	"example", "sample", "dummy", "placeholder", "changeme", "change_me", "change-me", "change me", "your", "xxxx", "...", "<", ">", "${", "{{", "$(", "%{", "#{", "todo",
	"fake", "replace", "redacted", "insert", "not-a-secret", "notasecret", "not_a_secret", "foobar", "hunter2", "****", "abcdef", "123456", "qwerty", "deadbeef", "lorem", "mysecret",
	"my_secret", "my-secret", "mypassword", "my_password", "supersecret", "super-secret", "super_secret", "verysecret", "very_secret", "development", "for_dev", "testing", "test_", "_test", "-test", "test-", "%s", "%v", "undefined", "process.env", "getenv", "env.", "local_only", "insecure", "fixme", "a very secret", "aaaaaaaa", "00000000",
}

// placeholder says whether a value is meant to be replaced, or is a reference to the real one.
func placeholder(s string) bool {
	if s == "" || distinct(s) < 4 || strings.Contains(s, "(") && strings.HasSuffix(s, ")") { // a call, in prose or code
		return true
	}
	low := strings.ToLower(s)
	for _, sign := range signs {
		if strings.Contains(low, sign) {
			return true
		}
	}
	for _, start := range []string{"$", "%", "@", "/", "./", "http:", "https:", "file:", "vault:", "arn:", "op://", "ssm:", "secretsmanager:", "env:", ":", "enc[", "aws:", "sha256:", "sha512-", "data:", "phc_", "pk_", "pk."} {
		if strings.HasPrefix(low, start) {
			return true
		}
	}
	return false
}

// invented is the part of placeholder that holds for tokens whose form is known: they may well hold the letters of "your".
func invented(s string) bool {
	low := strings.ToLower(s)
	for _, sign := range []string{"example", "xxxxxx", "......", "redacted", "placeholder", "abcdefghij", "1234567890", "0123456789", "00000000", "your_", "your-", "fake", "dummy"} {
		if strings.Contains(low, sign) {
			return true
		}
	}
	return false
}

// common are passwords of development: whoever finds them has found nothing.
func common(s string) bool {
	// Postgres1234! is the word and what a form asks for besides.
	switch strings.TrimRight(strings.ToLower(s), "0123456789!.@#$") {
	case "postgres", "password", "passw0rd", "secret", "admin", "root", "guest", "test", "pass", "user", "mysql", "redis", "rabbitmq", "minio", "minioadmin",
		"minio123", "mongo", "elastic", "letmein", "welcome", "default", "", "ecto", "docker", "clickhouse", "p4ssw0rd", "pa55word", "p@ssw0rd", "password123", "password1", "sekret", "s3cret", "s3cr3t", "yugabyte":
		return true
	}
	return false
}

var (
	// quoted is name = "value" in most languages; the name may itself be quoted, as in JSON, and a symbol, as in Ruby.
	quoted = late.Pattern("([A-Za-z][A-Za-z0-9_.-]{2,60})[\"'`]?\\]?\\s{0,4}(?::=|=>|[=:])\\s{0,4}(?:\"([^\"\\s]{8,256})\"|'([^'\\s]{8,256})'|`([^`\\s]{8,256})`)")
	// bare is NAME=value of shells and .env files, and name: value of YAML.
	bare = late.Pattern(`^\s*(?:export\s+|ENV\s+|-\s+)?([A-Za-z][A-Za-z0-9_.-]{2,60})\s{0,4}(?:=|:\s|\s=\s)\s{0,4}([^\s"'` + "`" + `#,;(){}\[\]]{8,256})\s*(?:#.*)?$`)
)

// longest is how long a line may be that people wrote; what is longer is generated.
const longest = 2000

// values finds secrets by the names they stand under, line by line.
func values(text []byte) (found []Match) {
	for at := 0; at < len(text); {
		line := text[at:]
		if n := bytes.IndexByte(line, '\n'); n >= 0 {
			line = line[:n]
		}
		if len(line) < longest && len(line) > 12 && hints(line) {
			for _, m := range quoted.FindAllSubmatchIndex(line, -1) {
				name := string(line[m[2]:m[3]])
				for g := 4; g < len(m); g += 2 {
					if m[g] < 0 {
						continue
					}
					if v, ok := Value(name, string(line[m[g]:m[g+1]])); ok {
						v.Start, v.End = at+m[g], at+m[g+1]
						found = append(found, v)
					}
				}
			}
			if m := bare.FindSubmatchIndex(line); m != nil && !bytes.ContainsAny(line[m[4]:m[5]], ".(") {
				if v, ok := Value(string(line[m[2]:m[3]]), string(line[m[4]:m[5]])); ok && v.Confidence > scan.Tentative {
					v.Start, v.End = at+m[4], at+m[5]
					found = append(found, v)
				}
			}
		}
		at += len(line) + 1
	}
	return found
}

// hints says whether a line may hold a telling name, in whatever case, without making another of it. Each telling part has
// one of these in it.
func hints(line []byte) bool {
	for i := 0; i+2 < len(line); i++ {
		switch line[i] | 0x20 {
		case 's':
			if fold(line[i:], "secret") {
				return true
			}
		case 't':
			if fold(line[i:], "token") {
				return true
			}
		case 'p':
			if fold(line[i:], "pass") || fold(line[i:], "pwd") {
				return true
			}
		case 'k':
			if fold(line[i:], "key") {
				return true
			}
		case 'c':
			if fold(line[i:], "credential") {
				return true
			}
		}
	}
	return false
}

func fold(line []byte, word string) bool {
	if len(line) < len(word) {
		return false
	}
	for i := range len(word) {
		if line[i]|0x20 != word[i] {
			return false
		}
	}
	return true
}
