// Package settings holds the pages on which a site is made, protected and set up, and the one that tells how the
// installation is. What a form changes is read by the same code as the configuration file; what that file says is shown, and
// changed there.
package settings

import (
	"embed"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"time"

	"palisade.dev/backend/access"
	"palisade.dev/backend/event"
	"palisade.dev/backend/feed"
	"palisade.dev/backend/retention"
	"palisade.dev/backend/rule"
	"palisade.dev/backend/site"
	"palisade.dev/console/page"
	"palisade.dev/store"
)

//go:embed *.html
var files embed.FS

var pages = page.Load(files)

// Settings sets sites up.
type Settings struct {
	DB        *store.DB
	Sites     *site.Sites
	Rules     *rule.Rules
	Feed      *feed.Feed
	Search    *event.Search
	Here      Installation
	Retention *retention.Retention
	ID        func() string
	Now       func() time.Time

	once page.Once
}

// Routes are its pages.
func (s *Settings) Routes() []page.Route {
	return []page.Route{
		{Pattern: "GET /sites/new", Need: access.Own, Handle: s.draft},
		{Pattern: "POST /sites/new", Need: access.Own, Handle: s.create},
		{Pattern: "GET /s/{site}/protect", Need: access.Change, Handle: s.protect},
		{Pattern: "GET /s/{site}/protect/live", Need: access.Change, Handle: s.arriving},
		{Pattern: "GET /s/{site}/settings", Need: access.Change, Handle: s.settings},
		{Pattern: "POST /s/{site}/settings/facts", Need: access.Change, Handle: s.facts},
		{Pattern: "GET /s/{site}/settings/address", Need: access.Change, Handle: s.tryAddress},
		{Pattern: "POST /s/{site}/settings/address", Need: access.Change, Handle: s.address},
		{Pattern: "POST /s/{site}/settings/accounts", Need: access.Change, Handle: s.accounts},
		{Pattern: "POST /s/{site}/settings/tie", Need: access.Change, Handle: s.tie},
		{Pattern: "POST /s/{site}/settings/untie", Need: access.Change, Handle: s.untie},
		{Pattern: "POST /s/{site}/settings/answer", Need: access.Change, Handle: s.answer},
		{Pattern: "POST /s/{site}/settings/failure", Need: access.Change, Handle: s.failure},
		{Pattern: "POST /s/{site}/settings/privacy", Need: access.Change, Handle: s.privacy},
		{Pattern: "POST /s/{site}/settings/keys", Need: access.Own, Handle: s.addKey},
		{Pattern: "POST /s/{site}/settings/keys/revoke", Need: access.Own, Handle: s.revokeKey},
		{Pattern: "POST /s/{site}/settings/guards/forget", Need: access.Change, Handle: s.forgetGuard},
		{Pattern: "GET /s/{site}/settings/delete", Need: access.Own, Handle: s.sure},
		{Pattern: "POST /s/{site}/settings/delete", Need: access.Own, Handle: s.remove},
		{Pattern: "GET /settings", Need: access.Change, Handle: s.installation},
		{Pattern: "POST /settings/retention", Need: access.Own, Handle: s.retain},
	}
}

// form is one form of a page: what stands in its fields, and what is wrong with them.
type form struct {
	ID     string
	values url.Values
	faults map[string]string
}

// typed is a form as somebody sent it.
func typed(id string, r *page.Request) form { return form{ID: id, values: r.PostForm} }

// filled is a form with what is kept.
func filled(id string, values url.Values) form { return form{ID: id, values: values} }

// wrong is the form with a fault beside a field.
func (f form) wrong(name, text string) form {
	faults := map[string]string{name: page.Sentence(text)}
	for n, t := range f.faults {
		faults[n] = t
	}
	f.faults = faults
	return f
}

// Value is what stands in a field.
func (f form) Value(name string) string { return f.values.Get(name) }

// On reports whether a box is ticked.
func (f form) On(name string) bool { return f.values.Get(name) != "" }

// Attrs ties a field to its fault.
func (f form) Attrs(name string) template.HTMLAttr {
	if f.faults[name] == "" {
		return ""
	}
	return template.HTMLAttr(fmt.Sprintf(`aria-invalid="true" aria-describedby="%s-%s-fault"`, f.ID, name))
}

// Fault is what is wrong with a field, to stand below it.
func (f form) Fault(name string) template.HTML {
	if f.faults[name] == "" {
		return ""
	}
	return template.HTML(fmt.Sprintf(`<p class="fault" id="%s-%s-fault" role="alert">%s</p>`, f.ID, name, template.HTMLEscapeString(f.faults[name])))
}

// box is a ticked or empty box as a form has it.
func box(on bool) string {
	if on {
		return "yes"
	}
	return ""
}

// lines reads what was typed one to a line, or apart by commas or spaces.
func lines(text string) []string {
	return strings.FieldsFunc(text, func(c rune) bool { return c == ',' || c == ' ' || c == '\t' || c == '\r' || c == '\n' })
}

// plain is an error's text from where it is about what was typed.
func plain(err error) string {
	text := err.Error()
	for _, kind := range []error{site.ErrInvalid, rule.ErrInvalid, store.ErrConflict} {
		if i := strings.LastIndex(text, kind.Error()+": "); i >= 0 && errors.Is(err, kind) {
			text = text[i+len(kind.Error())+2:]
		}
	}
	return strings.TrimPrefix(text, "api_key: ")
}

// faulty reports an error that is the person's to mend.
func faulty(err error) bool {
	return errors.Is(err, site.ErrInvalid) || errors.Is(err, rule.ErrInvalid) || errors.Is(err, store.ErrConflict)
}

const unprocessable = http.StatusUnprocessableEntity
