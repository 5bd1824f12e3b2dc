// Package evidence turns exchanges into what may be kept and shown: credentials become variables, tokens, card numbers
// and mail addresses of strangers are masked, long bodies are cut, and a curl line asks the same again.
package evidence

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/api/client"
	"palisade.dev/scan/api/identity"
	"palisade.dev/scan/late"
)

// Redactor knows what must not be seen.
type Redactor struct {
	secrets []string // longest first, so that a part never uncovers the whole
	names   map[string]string
}

// New makes a redactor for some identities. It asks them again on every use, since tokens are refreshed.
func New(ids []*identity.Identity) *Redactor {
	r := &Redactor{names: map[string]string{}}
	for _, id := range ids {
		for _, s := range id.Secrets() {
			// A password of three letters would blacken every text; it is not repeated in answers anyway.
			if len(s) >= 4 {
				r.names[s] = "$" + Variable(id.Name)
			}
		}
	}
	r.secrets = slices.SortedFunc(maps.Keys(r.names), func(a, b string) int { return len(b) - len(a) })
	return r
}

// Variable is the name that stands for an identity's credential on a curl line.
func Variable(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		case r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			return r
		}
		return '_'
	}, name) + "_CREDENTIAL"
}

var (
	jwt     = late.Pattern(`eyJ[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*`)
	bearer  = late.Pattern(`(?i)\b(bearer|basic|token)\s+([A-Za-z0-9._~+/=-]{8,})`)
	field   = late.Pattern(`(?i)("(?:[a-z_-]*(?:password|passwd|secret|token|api_?key|session)[a-z_-]*)"\s*:\s*")((?:[^"\\]|\\.)+)"`)
	hash    = late.Pattern(`\$(?:2[aby]|argon2(?:id|i|d)|pbkdf2[-a-z0-9]*|scrypt)\$[A-Za-z0-9$./=,+-]{8,}`)
	mail    = late.Pattern(`\b([A-Za-z0-9])[A-Za-z0-9._%+-]*@([A-Za-z0-9.-]+\.[A-Za-z]{2,})\b`)
	digits  = late.Pattern(`\b\d(?:[ -]?\d){12,18}\b`)
	ssn     = late.Pattern(`\b\d{3}-\d{2}-\d{4}\b`)
	iban    = late.Pattern(`\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b`)
	person  = late.Pattern(`(?i)("(?:[a-z_ -]{0,20}(?:phone|mobile|birth)[a-z_ -]{0,20}|dob|tel|ssn)"\s*:\s*")([^"]{5,40})"`)
	private = late.Pattern(`-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]*(?:-----END [A-Z ]*PRIVATE KEY-----)?`)
	cookie  = late.Pattern(`(?i)^((?:__Host-|__Secure-)?[\w.-]+=)[^;]{8,}`)
)

// Text masks what must not be seen in a text.
func (r *Redactor) Text(s string) string {
	for _, secret := range r.secrets {
		s = strings.ReplaceAll(s, secret, r.names[secret])
		if escaped := url.QueryEscape(secret); escaped != secret {
			s = strings.ReplaceAll(s, escaped, r.names[secret])
		}
	}
	s = private.ReplaceAllString(s, "[private key]")
	s = jwt.ReplaceAllStringFunc(s, func(t string) string {
		head, _, _ := strings.Cut(t, ".")
		return head + ".[claims].[signature]"
	})
	s = hash.ReplaceAllString(s, "[password hash]")
	s = field.ReplaceAllStringFunc(s, func(m string) string {
		parts := field.FindStringSubmatch(m)
		if strings.HasPrefix(parts[2], "$") || strings.HasPrefix(parts[2], "[") {
			return m
		}
		return parts[1] + `[hidden]"`
	})
	s = bearer.ReplaceAllStringFunc(s, func(m string) string {
		parts := bearer.FindStringSubmatch(m)
		if strings.HasPrefix(parts[2], "eyJ") && strings.Contains(s, parts[2]+".[") {
			return m
		}
		return parts[1] + " [hidden]"
	})
	s = mail.ReplaceAllString(s, "$1***@$2")
	s = ssn.ReplaceAllString(s, "***-**-****")
	s = person.ReplaceAllString(s, `${1}[hidden]"`)
	s = iban.ReplaceAllStringFunc(s, func(m string) string {
		plain := strings.ReplaceAll(m, " ", "")
		if !IBAN(plain) {
			return m
		}
		return plain[:4] + strings.Repeat("*", len(plain)-8) + plain[len(plain)-4:]
	})
	return digits.ReplaceAllStringFunc(s, func(m string) string {
		plain := strings.NewReplacer(" ", "", "-", "").Replace(m)
		if !Luhn(plain) {
			return m
		}
		return plain[:6] + strings.Repeat("*", len(plain)-10) + plain[len(plain)-4:]
	})
}

// Luhn says whether digits carry the check digit of a card number.
func Luhn(digits string) bool {
	sum := 0
	for i := range len(digits) {
		d := int(digits[len(digits)-1-i] - '0')
		if d < 0 || d > 9 {
			return false
		}
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return len(digits) >= 13 && sum%10 == 0
}

// IBAN says whether a text carries the check digits of an account number (ISO 13616).
func IBAN(text string) bool {
	if len(text) < 15 || len(text) > 34 {
		return false
	}
	rest := 0
	for _, r := range text[4:] + text[:4] {
		switch {
		case r >= '0' && r <= '9':
			rest = (rest*10 + int(r-'0')) % 97
		case r >= 'A' && r <= 'Z':
			rest = (rest*100 + int(r-'A') + 10) % 97
		default:
			return false
		}
	}
	return rest == 1
}

// longest is how much of a body is kept: enough to see what it is, too little to be the data.
const longest = 1200

// Exchange writes an exchange down.
func (r *Redactor) Exchange(x *client.Exchange) scan.Exchange {
	return scan.Exchange{Title: x.Title, Request: r.request(x.Request), Response: r.response(x), Curl: r.Curl(x.Request)}
}

func (r *Redactor) standIn(q client.Request) string {
	if q.As == nil {
		return ""
	}
	if q.Value != nil {
		if *q.Value == "" {
			return "(empty)"
		}
		return r.Text(strings.ReplaceAll(*q.Value, q.As.Secret().Reveal(), "$"+Variable(q.As.Name)))
	}
	return "$" + Variable(q.As.Name)
}

func (r *Redactor) request(q client.Request) string {
	h, u, err := q.Wired(r.standIn(q))
	if err != nil {
		return q.Method + " " + q.URL
	}
	var b strings.Builder
	line := q.Target
	if line == "" {
		line = u.RequestURI()
	}
	host := q.Host
	if host == "" {
		host = u.Host
	}
	fmt.Fprintf(&b, "%s %s\nHost: %s\n", q.Method, r.Text(line), host)
	for _, name := range slices.Sorted(maps.Keys(h)) {
		for _, v := range h[name] {
			fmt.Fprintf(&b, "%s: %s\n", name, r.Text(v))
		}
	}
	for _, l := range q.Lines {
		fmt.Fprintf(&b, "%s\n", r.Text(l))
	}
	if c := q.As.Certificate(); c != nil {
		fmt.Fprintf(&b, "(client certificate of %s)\n", q.As.Name)
	}
	if q.From.IsValid() {
		fmt.Fprintf(&b, "(sent from %s)\n", q.From)
	}
	if len(q.Body) > 0 {
		fmt.Fprintf(&b, "\n%s", r.body(q.Body))
	}
	return b.String()
}

func (r *Redactor) response(x *client.Exchange) string {
	if x.Err != nil {
		return "no answer: " + r.Text(x.Err.Error())
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d %s\n", x.Status, http.StatusText(x.Status))
	kept := 0
	for _, name := range slices.Sorted(maps.Keys(x.Header)) {
		for _, v := range x.Header[name] {
			if kept++; kept > 30 {
				break
			}
			if name == "Set-Cookie" {
				v = cookie.ReplaceAllString(v, "${1}[hidden]")
			}
			fmt.Fprintf(&b, "%s: %s\n", name, r.body([]byte(v)))
		}
	}
	if len(x.Body) > 0 {
		fmt.Fprintf(&b, "\n%s", r.body(x.Body))
	}
	return b.String()
}

// body masks and then shortens; the other way round would leave half a secret at the end.
func (r *Redactor) body(b []byte) string {
	const looked = 64 << 10
	all := len(b)
	s := strings.ToValidUTF8(string(b[:min(all, looked)]), "·")
	s = r.Text(s)
	if len(s) <= longest {
		return s
	}
	return fmt.Sprintf("%s… (%d bytes)", strings.ToValidUTF8(s[:longest], ""), all)
}

// Curl writes the line that asks again. Credentials are variables.
func (r *Redactor) Curl(q client.Request) string {
	h, u, err := q.Wired(r.standIn(q))
	if err != nil {
		return ""
	}
	address := u.String()
	line := []string{"curl", "-isS"}
	if q.Target != "" {
		line = append(line, "--path-as-is", "--request-target", quote(q.Target))
	}
	if q.OldProto {
		line = append(line, "--http1.0")
	}
	if q.Method != http.MethodGet {
		line = append(line, "-X", q.Method)
	}
	if q.As != nil && (q.As.Kind == identity.Basic) && q.Value == nil {
		h.Del("Authorization")
		line = append(line, "-u", `"$`+Variable(q.As.Name)+`"`)
	}
	if q.Host != "" {
		line = append(line, "-H", quote("Host: "+q.Host))
	}
	for _, name := range slices.Sorted(maps.Keys(h)) {
		for _, v := range h[name] {
			line = append(line, "-H", quote(name+": "+r.Text(v)))
		}
	}
	for _, l := range q.Lines {
		line = append(line, "-H", quote(r.Text(l)))
	}
	if c := q.As.Certificate(); c != nil {
		line = append(line, "--cert", `"$`+Variable(q.As.Name)+`_CERT"`, "--key", `"$`+Variable(q.As.Name)+`_KEY"`)
	}
	if q.From.IsValid() {
		line = append(line, "--interface", q.From.String())
	}
	if len(q.Body) > 0 {
		line = append(line, "--data-binary", quote(r.body(q.Body)))
	}
	plain, err := url.QueryUnescape(u.RawQuery)
	if err == nil && strings.Contains(plain, "_CREDENTIAL") {
		address = strings.ReplaceAll(address, "%24", "$")
	}
	return strings.Join(append(line, quote(r.Text(address))), " ")
}

var variable = late.Pattern(`\$[A-Z0-9_]+_CREDENTIAL`)

// quote makes one word of a shell's line. Only our own variables stand outside single quotes: what a server sent us may
// hold $(…), and whoever pastes the line would run it.
func quote(s string) string {
	single := func(s string) string {
		if s == "" {
			return ""
		}
		return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
	}
	var b strings.Builder
	at := 0
	for _, m := range variable.FindAllStringIndex(s, -1) {
		b.WriteString(single(s[at:m[0]]) + `"` + s[m[0]:m[1]] + `"`)
		at = m[1]
	}
	b.WriteString(single(s[at:]))
	if b.Len() == 0 {
		return "''"
	}
	return b.String()
}
