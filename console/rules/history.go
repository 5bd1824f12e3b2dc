package rules

import (
	"net/http"
	"strconv"

	"palisade.dev/backend/rule"
	"palisade.dev/console/page"
	"palisade.dev/guard/wire"
)

const perPage = 30

// past is one change of a rule.
type past struct {
	rule.Version
	What string
	Diff []change
}

type history struct {
	Name    string
	Changes []past
	Next    int64
	Gone    bool
}

func (p *Pages) history(r *page.Request) error {
	name := r.PathValue("name")
	before, _ := strconv.ParseInt(r.FormValue("after"), 10, 64) // what is no number is the beginning
	versions, err := p.Rules.History(r.Context(), r.Here, name, before, perPage)
	if err != nil {
		return err
	}
	_, err = p.Rules.Get(r.Context(), r.Here, name)
	h := history{Name: name, Gone: err != nil}
	if h.Gone && len(versions) == 0 {
		return err // there never was one
	}
	for _, v := range versions {
		x := past{Version: v, What: "Changed", Diff: diff(yaml(v.Earlier), yaml(v.Later))}
		switch {
		case v.Earlier == nil:
			x.What = "Made"
		case v.Later == nil:
			x.What = "Deleted"
		case yaml(v.Earlier) == yaml(v.Later):
			x.What = "Kept as it was"
		}
		h.Changes = append(h.Changes, x)
	}
	if len(versions) == perPage {
		h.Next = versions[perPage-1].N
	}
	return r.Render(http.StatusOK, pages, "history.html", "History of "+name, h)
}

func yaml(r *wire.Rule) string {
	if r == nil {
		return ""
	}
	return rule.YAML(*r)
}

func (p *Pages) undo(r *page.Request) error {
	name := r.PathValue("name")
	n, err := strconv.ParseInt(r.PostForm.Get("n"), 10, 64)
	if err != nil {
		return page.Refuse(http.StatusUnprocessableEntity, "Which change is to be undone? Choose one from the history.")
	}
	if err := p.Rules.Undo(r.Context(), r.Here, name, n, r.Author()); err != nil {
		return err
	}
	return r.Done(r.Path("rules", name, "history"), "Rule %s is what it was before change %d. That is a change too, and can be undone.", name, n)
}
