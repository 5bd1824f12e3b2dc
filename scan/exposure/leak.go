package exposure

import (
	"context"
	"fmt"
	"net/http"
	"path"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/api/answer"
	"palisade.dev/scan/exposure/service"
	"palisade.dev/scan/late"
)

// Leak is a page that is not for strangers and what must stand in it. A status alone says nothing where everything is
// answered with a page, and the sign must not be in the address, which many a page repeats.
type Leak struct {
	Path     string
	Name     string // "a file of settings with secrets"
	Severity scan.Severity
	Sign     *late.Regexp
	Show     func(body []byte) string // what of it may be shown; nil: that it is there, and its length
}

// Leaks asks for pages and says of each that is served.
func (l *Look) Leaks(ctx context.Context, leaks []Leak) {
	var nowhere *absence
	answered, found := 0, 0
	for _, k := range leaks {
		p := l.Get(ctx, k.Path)
		if !tells(p) {
			continue
		}
		answered++
		if p.Status != http.StatusOK || !k.Sign.Match(p.Body) {
			continue
		}
		if nowhere == nil {
			nowhere = l.absent(ctx)
		}
		if nowhere.is(p) || l.beside(ctx, k) || !k.Sign.Match(l.Get(ctx, k.Path).Body) {
			continue
		}
		found++
		shown := fmt.Sprintf("%d bytes", len(p.Body))
		if k.Show != nil {
			shown = k.Show(p.Body)
		}
		l.Found(Hit{
			Key: k.Path, Severity: k.Severity, Confidence: scan.Confirmed, Path: k.Path,
			Message: fmt.Sprintf("%s serves %s to everybody who asks.", k.Path, k.Name),
			Evidence: []scan.Exchange{{
				Title: k.Name, Request: "GET " + k.Path, Response: fmt.Sprintf("%d %s\n%s", p.Status, line(p.Header.Get("Content-Type")), shown),
				Curl: "curl -sk '" + l.Address(k.Path) + "'",
			}},
		})
	}
	switch {
	case found > 0:
	case answered*2 < len(leaks):
		l.CannotTell(fmt.Sprintf("only %d of %d addresses were answered in a way that tells", answered, len(leaks)), "scan again when the server is well, or with a lower --rate")
	default:
		l.Clear(fmt.Sprintf("none of %d addresses is served", len(leaks)))
	}
}

// tells says that an answer is one to this question, and not about the server's state.
func tells(p service.Page) bool {
	return p.Status != 0 && p.Status != http.StatusTooManyRequests && p.Status < 500
}

// beside asks for a page that nobody has where the leak is, with the same ending: where that shows the same sign, the
// server shows it at every address.
func (l *Look) beside(ctx context.Context, k Leak) bool {
	dir, base := path.Split(k.Path)
	sibling := dir + l.Chance() + path.Ext(base)
	if strings.HasPrefix(base, ".") {
		sibling = dir + "." + l.Chance()
	}
	return k.Sign.Match(l.Get(ctx, sibling).Body)
}

// absence is how a server answers what it does not have.
type absence struct {
	answers []*answer.Answer
	moving  answer.Volatile
}

func (l *Look) absent(ctx context.Context) *absence {
	a := &absence{}
	for _, form := range []string{"/%s", "/%s/%[1]s", "/.%s", "/%s.sql"} {
		if p := l.Get(ctx, fmt.Sprintf(form, l.Chance())); tells(p) {
			a.answers = append(a.answers, answerOf(p))
		}
	}
	a.moving = answer.Learn(a.answers...)
	return a
}

func (a *absence) is(p service.Page) bool {
	for _, none := range a.answers {
		if none.Status == p.Status && answer.Same(none, answerOf(p), a.moving) {
			return true
		}
	}
	return false
}

func answerOf(p service.Page) *answer.Answer {
	return &answer.Answer{Status: p.Status, Header: p.Header, Body: p.Body}
}

func line(s string) string { return strings.Join(strings.Fields(s), " ") }

// FirstLine shows the first line of a page.
func FirstLine(body []byte) string {
	text, _, _ := strings.Cut(strings.TrimSpace(string(body)), "\n")
	if len(text) > 120 {
		text = text[:120]
	}
	return strings.ToValidUTF8(line(text), ".")
}

// NamesOnly shows the names of a file of settings and none of its values.
func NamesOnly(body []byte) string {
	var names []string
	for text := range strings.Lines(string(body)) {
		name, _, ok := strings.Cut(text, "=")
		if name = strings.TrimSpace(name); ok && settingName.MatchString(name) {
			names = append(names, name+"=…")
		}
		if len(names) == 10 {
			break
		}
	}
	return strings.Join(names, "\n")
}

var settingName = late.Pattern(`^[A-Za-z_][A-Za-z0-9_.]{0,60}$`)
