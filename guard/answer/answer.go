// Package answer writes refusals: one friendly page for people, one JSON object for programs, the same for every
// reason that a stranger need not know, with the fields that tell an honest client when to come back.
package answer

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"html/template"
	"net/http"
	"strconv"
	"strings"
	"time"

	"palisade.dev/guard/engine"
)

// Refusal is what is told of a verdict.
type Refusal struct {
	Status     int
	RetryAfter time.Duration // 0 says nothing
	Reference  string        // finds the event in the console
	Lever      bool          // the route is closed for everybody, not this client refused
}

// Of tells a verdict. A site that wants uniform answers gives one status to whatever it refuses.
func Of(v engine.Verdict, uniform bool, reference string) Refusal {
	r := Refusal{Status: v.Status, RetryAfter: v.RetryAfter, Reference: reference, Lever: v.Action == engine.Locked}
	if r.Status == 0 {
		r.Status = http.StatusForbidden
	}
	if v.Action == engine.Ban || v.Action == engine.Block && r.Status != http.StatusServiceUnavailable {
		r.RetryAfter = 0 // when to try again is nothing a banned client needs to know
	}
	if uniform && (v.Action == engine.Ban || v.Action == engine.Throttle || v.Action == engine.Block && !open(v.Reason)) {
		r.Status, r.RetryAfter = http.StatusTooManyRequests, time.Minute
	}
	return r
}

// open reports a refusal whose reason the client may know, whatever else is kept uniform: it can do something about a
// malformed path or a missing key, and an app that is closed is closed for all.
func open(why engine.Reason) bool {
	switch why {
	case engine.PathMalformed, engine.KeyIsMissing, engine.KeyIsMalformed, engine.BackendAway, engine.NoPolicy:
		return true
	}
	return false
}

type words struct{ Title, Detail string }

var texts = map[int]words{
	http.StatusBadRequest:            {"This address does not work", "The request could not be understood. Please check the address."},
	http.StatusRequestEntityTooLarge: {"That was too large", "What was sent is larger than this site takes."},
	http.StatusRequestTimeout:        {"That took too long", "What you were sending did not arrive in time. Please try again."},
	http.StatusUnauthorized:          {"A valid key is needed", "This request needs a valid API key."},
	http.StatusForbidden:             {"This request was refused", "If you think that this is a mistake, tell the owner of this site the reference below."},
	http.StatusTooManyRequests:       {"Please wait a moment", "There were too many requests in a short time. Please wait a little."},
	http.StatusServiceUnavailable:    {"Closed for a moment", "This part of the site is closed for a short time. Please come back later."},
	http.StatusBadGateway:            {"The app does not answer", "The site is reachable, but the app behind it is not right now. Please try again in a moment."},
	http.StatusGatewayTimeout:        {"The app takes too long", "The app behind this site did not answer in time. Please try again in a moment."},
	http.StatusNotFound:              {"No such site here", "Nothing is served under this name. Please check the address."},
}

// style draws a small fence over a card. It knows no class and no address: the Content-Security-Policy lets in this text
// and nothing else. Its greys keep 4.5:1 and more against their ground, by day and by night.
const style = `:root{color-scheme:light dark;--ground:#f4f2ee;--card:#fff;--line:#dedad2;--text:#22252a;--soft:#5f646c;--stake:#3f7d5c}
@media (prefers-color-scheme:dark){:root{--ground:#14171a;--card:#1d2125;--line:#32383e;--text:#eceef0;--soft:#a3abb3;--stake:#6fb58f}}
*{box-sizing:border-box}
body{margin:0;padding:1rem;min-height:100vh;min-height:100svh;display:grid;place-items:center;font:1.0625rem/1.55 system-ui,sans-serif;background:var(--ground);color:var(--text)}
main{width:100%;max-width:30rem;padding:2rem;background:var(--card);border:1px solid var(--line);border-radius:.75rem}
main::before{content:"";display:block;width:46px;height:20px;margin:0 0 1.25rem;background:repeating-linear-gradient(90deg,var(--stake) 0 6px,transparent 0 10px)}
h1{font-size:1.5rem;line-height:1.25;margin:0 0 .75rem;text-wrap:balance}
p{margin:.75rem 0 0;overflow-wrap:anywhere}
footer{margin:1.5rem 0 0;padding:1rem 0 0;border-top:1px solid var(--line);font-size:.875rem;color:var(--soft)}
code{font-size:1em;user-select:all}
@media (max-width:26rem){main{padding:1.5rem}}`

var page = template.Must(template.New("").Parse(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="Palisade">
<meta name="robots" content="noindex">
<title>{{.Title}}</title>
<style>` + style + `</style>
</head>
<body>
<main>
<h1>{{.Title}}</h1>
<p>{{.Detail}}</p>
{{with .Wait}}<p>You can try again in <strong>{{.}}</strong>.</p>
{{end}}<footer>Reference <code>{{.Reference}}</code></footer>
</main>
</body>
</html>
`))

var policy = func() string {
	sum := sha256.Sum256([]byte(style))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}()

// Write sends the refusal, as a page to who prefers HTML and as JSON to everybody else.
func Write(w http.ResponseWriter, r *http.Request, f Refusal) {
	text, ok := texts[f.Status]
	if !ok {
		text = texts[http.StatusForbidden]
	}
	seconds := int64((f.RetryAfter + time.Second - 1) / time.Second)
	h := w.Header()
	if seconds > 0 {
		h.Set("Retry-After", strconv.FormatInt(seconds, 10))
	}
	if f.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="api"`)
	}
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Del("Content-Encoding")
	var body []byte
	if prefersHTML(r) {
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Content-Security-Policy", policy)
		h.Set("Referrer-Policy", "no-referrer")
		var b bytes.Buffer
		_ = page.Execute(&b, struct{ Title, Detail, Wait, Reference string }{text.Title, text.Detail, wait(seconds), f.Reference})
		body = b.Bytes()
	} else {
		h.Set("Content-Type", "application/problem+json")
		body = problem(f, text, seconds)
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(f.Status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body)
	}
}

// problem writes RFC 9457 by hand, since refusing a flood is the moment to be cheap. The registered type tells
// programs that a quota was met.
func problem(f Refusal, text words, seconds int64) []byte {
	b := make([]byte, 0, 384)
	b = append(b, `{"type":"`...)
	if f.Status == http.StatusTooManyRequests {
		b = append(b, "https://iana.org/assignments/http-problem-types#quota-exceeded"...)
	} else {
		b = append(b, "about:blank"...)
	}
	b = append(b, `","title":`...)
	b = strconv.AppendQuote(b, text.Title)
	b = append(b, `,"status":`...)
	b = strconv.AppendInt(b, int64(f.Status), 10)
	b = append(b, `,"detail":`...)
	b = strconv.AppendQuote(b, text.Detail)
	b = append(b, `,"error":{"code":"`...)
	b = append(b, code(f)...)
	b = append(b, '"')
	if seconds > 0 {
		b = append(b, `,"retry_after":`...)
		b = strconv.AppendInt(b, seconds, 10)
	}
	b = append(b, `,"reference":`...)
	b = strconv.AppendQuote(b, f.Reference)
	return append(b, "}}\n"...)
}

func code(f Refusal) string {
	switch f.Status {
	case http.StatusUnauthorized:
		return "unauthorized"
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusRequestTimeout:
		return "invalid"
	case http.StatusBadGateway, http.StatusGatewayTimeout:
		return "unavailable"
	case http.StatusNotFound:
		return "not_found"
	}
	if f.Lever {
		return "closed"
	}
	return "refused"
}

func wait(seconds int64) string {
	switch {
	case seconds <= 0:
		return ""
	case seconds < 90:
		return count(seconds, "second")
	case seconds < 5400:
		return count((seconds+59)/60, "minute")
	}
	return count((seconds+3599)/3600, "hour")
}

func count(n int64, unit string) string {
	if n != 1 {
		unit += "s"
	}
	return strconv.FormatInt(n, 10) + " " + unit
}

// prefersHTML reads Accept as browsers send it; a program that sends none or anything gets JSON.
func prefersHTML(r *http.Request) bool {
	accept := r.Header.Get("Accept")
	html := strings.Index(accept, "text/html")
	json := strings.Index(accept, "json")
	return html >= 0 && (json < 0 || html < json)
}
