package page

import (
	"fmt"
	"html/template"
	"net/url"
	"strings"
	"time"

	"palisade.dev/backend/access"
	"palisade.dev/backend/veil"
	"palisade.dev/store"
)

// View is what a template gets. A room's own data is in Data; the methods show things that every page shows alike.
type View struct {
	R     *Request
	Title string
	Flash *Flash
	Sites []store.Site // that the person sees
	Data  any
}

// Just gives a part of a page its own data.
func (v *View) Just(data any) *View {
	part := *v
	part.Data = data
	return &part
}

// May reports whether the person may do something here: see, audit, respond, change or own.
func (v *View) May(scope string) bool {
	p, err := access.ParseScopes([]string{scope})
	if err != nil {
		panic(err) // a template's own fault
	}
	where := v.R.Here.ID
	if where == "" {
		where = access.Everywhere
	}
	return v.R.Person.Actor.May(where, p)
}

// Everywhere is May for what concerns the whole installation.
func (v *View) Everywhere(scope string) bool {
	p, err := access.ParseScopes([]string{scope})
	if err != nil {
		panic(err)
	}
	return v.R.Person.Actor.May(access.Everywhere, p)
}

// OwnsAny reports whether the person owns a site, or all.
func (v *View) OwnsAny() bool { return v.R.Person.Actor.Anywhere(access.Own) }

// Path gives an address below the site's.
func (v *View) Path(rest ...string) string { return v.R.Path(rest...) }

// Current marks the link of the page one is on.
func (v *View) Current(path string) template.HTMLAttr {
	here := v.R.URL.Path
	if here == path || path != "/" && path != v.R.Path() && strings.HasPrefix(here, path+"/") {
		return `aria-current="page"`
	}
	return ""
}

// Time shows a moment, unix milliseconds, as how long ago it was; the exact time in the site's zone is a hover or a tap
// away. 0 is never.
func (v *View) Time(ms int64) template.HTML {
	if ms == 0 {
		return `<span class="quiet">never</span>`
	}
	return v.moment(time.UnixMilli(ms))
}

// Micro is Time for unix microseconds.
func (v *View) Micro(us int64) template.HTML {
	if us == 0 {
		return `<span class="quiet">never</span>`
	}
	return v.moment(time.UnixMicro(us))
}

func (v *View) moment(t time.Time) template.HTML {
	t = t.In(v.R.Zone)
	return template.HTML(fmt.Sprintf(`<time datetime="%s" title="%s">%s</time>`,
		t.Format(time.RFC3339), t.Format("2 Jan 2006, 15:04:05 MST"), Ago(v.R.Now.Sub(t))))
}

// Exact shows a moment as the clock in the site's zone has it.
func (v *View) Exact(ms int64) string {
	return time.UnixMilli(ms).In(v.R.Zone).Format("2 Jan 2006, 15:04:05 MST")
}

// Until shows when something ends; 0 is when somebody ends it.
func (v *View) Until(ms int64) template.HTML {
	if ms == 0 {
		return `<span>until lifted</span>`
	}
	return v.moment(time.UnixMilli(ms))
}

// Client shows a subject (an address, a prefix, "account:alice") as a link to its page.
func (v *View) Client(subject string) template.HTML {
	if subject == "" {
		return ""
	}
	hint := ""
	if veil.Marked(subject) {
		hint = ` title="A pseudonym: this site does not keep the address itself"`
	}
	return template.HTML(fmt.Sprintf(`<a class="subject" href="%s"%s>%s</a>`,
		template.HTMLEscapeString(v.ClientURL(subject)), hint, Show(subject)))
}

// ClientURL is the address of a subject's page.
func (v *View) ClientURL(subject string) string {
	return v.R.Path("client") + "?subject=" + url.QueryEscape(subject)
}

// Named shows a subject of a kind: Named "account" "alice" is account:alice.
func (v *View) Named(kind, value string) template.HTML {
	if value == "" {
		return ""
	}
	if kind == "address" || kind == "network" {
		return v.Client(value)
	}
	return v.Client(kind + ":" + value)
}

// Chip shows an action or another word of the vocabulary in its colour.
func (v *View) Chip(word string) template.HTML {
	class := "plain"
	switch word {
	case "allow", "on", "ok", "delivered", "open", "people":
		class = "good"
	case "observe", "delay", "rehearse", "unclear", "newcomers", "known", "attested":
		class = "note"
	case "challenge", "throttle", "retrying", "machine":
		class = "warn"
	case "block", "ban", "lever", "closed", "failed":
		class = "bad"
	}
	return template.HTML(fmt.Sprintf(`<span class="chip %s">%s</span>`, class, Show(word)))
}

// With gives the page's address with one parameter of its query changed, for links that filter, sort or turn pages.
// An empty value takes it out. The cursor goes with any change but its own.
func (v *View) With(name, value string) string {
	q := v.R.URL.Query()
	if name != "cursor" && name != "after" {
		q.Del("cursor")
		q.Del("after")
	}
	if value == "" {
		q.Del(name)
	} else {
		q.Set(name, value)
	}
	if len(q) == 0 {
		return v.R.URL.Path
	}
	return v.R.URL.Path + "?" + q.Encode()
}

// Query is a parameter of the page's address.
func (v *View) Query(name string) string { return v.R.URL.Query().Get(name) }
