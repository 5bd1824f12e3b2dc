package settings

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"palisade.dev/backend/feed"
	"palisade.dev/backend/retention"
	"palisade.dev/backend/site"
	"palisade.dev/backend/template"
	"palisade.dev/backend/veil"
	"palisade.dev/console/page"
	"palisade.dev/guard/wire"
	"palisade.dev/store"
)

// sheet is all of a site's settings. Each section is a form of its own; one that was refused has what was typed.
type sheet struct {
	Doc        site.Document
	Zones      []string
	Facts      form
	Address    form
	Accounts   form
	Tie        form
	Answer     form
	Failure    form
	NewKey     form
	Privacy    form
	Spells     []spell
	Lost       bool // of one of them, the key
	Retention  retention.Kept
	Keys       []store.SiteKey
	Valid      int
	Shown      string // a key that was just made
	Principals []store.Principal
	Routes     []fails
	Guards     []seen
	Revision   uint64
}

// seen is a guard, and whether it was heard of a moment ago.
type seen struct {
	store.Guard
	Here bool
}

// fails is how a route behaves while the back end is away.
type fails struct {
	Name   string
	Match  []string
	Mode   string
	Source string // file, default, or a person's
}

// sections are the forms of the page by their ids.
func (v *sheet) section(id string) *form {
	return map[string]*form{
		"facts": &v.Facts, "address": &v.Address, "accounts": &v.Accounts, "tie": &v.Tie, "answer": &v.Answer, "failure": &v.Failure, "key": &v.NewKey, "privacy": &v.Privacy,
	}[id]
}

func (s *Settings) settings(r *page.Request) error { return s.show(r, http.StatusOK, nil) }

// show renders the page, with a form that was refused in place of what is kept.
func (s *Settings) show(r *page.Request, status int, refused *form) error {
	v, err := s.sheet(r)
	if err != nil {
		return err
	}
	if refused != nil {
		*v.section(refused.ID) = *refused
	}
	return r.Render(status, pages, "settings.html", "Settings", v)
}

func (s *Settings) sheet(r *page.Request) (*sheet, error) {
	ctx, here := r.Context(), r.Here
	d, err := site.Read(here)
	if err != nil {
		return nil, err
	}
	v := &sheet{
		Doc: d, Zones: zones, Revision: here.Revision,
		Facts:    filled("facts", url.Values{"environment": {d.Environment}, "zone": {d.Zone}, "web_facing": {box(d.WebFacing)}, "personal_data": {box(d.PersonalData)}, "defaults": {box(d.Defaults)}}),
		Address:  filled("address", url.Values{"proxies": {strings.Join(d.Identity.Proxies, "\n")}, "header": {d.Identity.Header}}),
		Accounts: filled("accounts", accountsOf(d.Identity)), Tie: filled("tie", nil), Failure: filled("failure", nil), NewKey: filled("key", nil),
		Answer: filled("answer", url.Values{"uniform": {box(d.Answer.Uniform)}, "status": {strconv.Itoa(max(d.Answer.Status, 0))}, "x_ratelimit": {box(d.Answer.Legacy)}}),
	}
	if v.Keys, err = s.DB.SiteKeys(ctx, here.ID); err != nil {
		return nil, err
	}
	for _, k := range v.Keys {
		if k.Revoked == 0 {
			v.Valid++
		}
	}
	if v.Retention, err = s.Retention.Get(ctx); err != nil && !errors.Is(err, retention.ErrDamaged) {
		return nil, err
	}
	v.Privacy, v.Spells = filled("privacy", url.Values{"mode": {string(d.Privacy.Name())}}), s.spells(r, d, v.Retention.Days)
	v.Lost = slices.ContainsFunc(v.Spells, func(x spell) bool { return x.Lost })
	v.Shown = s.once.Show(r, r.URL.Query().Get("key"), here.ID)
	if v.Principals, err = s.DB.Principals(ctx, here.ID); err != nil {
		return nil, err
	}
	guards, err := s.DB.Guards(ctx, here.ID)
	if err != nil {
		return nil, err
	}
	for _, g := range guards {
		v.Guards = append(v.Guards, seen{g, r.Now.Sub(time.UnixMilli(g.LastSeen)) < site.Silent})
	}
	v.Routes, err = s.routes(r)
	return v, err
}

// kept answers a form that was kept, or was not: with the page again, and the fault beside a field.
func (s *Settings) kept(r *page.Request, section, field, done string, err error) error {
	if faulty(err) {
		f := typed(section, r).wrong(field, plain(err))
		return s.show(r, unprocessable, &f)
	}
	if err != nil {
		return err
	}
	return r.Done(r.Path("settings")+"#"+section, "%s", done)
}

func (s *Settings) facts(r *page.Request) error {
	facts := factsOf(r)
	facts.Name = r.Here.Name
	d, err := site.Read(r.Here)
	if err != nil {
		return err
	}
	// A field that the file says is not sent by the form.
	if d.Declares(site.PartEnvironment) {
		facts.Environment = d.Environment
	}
	if d.Declares(site.PartZone) {
		facts.Zone = d.Zone
	}
	if name, err := field(&facts); err != nil {
		return s.kept(r, "facts", name, "", err)
	}
	_, err = s.Sites.Change(r.Context(), r.Here, r.Author(), func(d *site.Document) {
		d.Environment, d.Zone = facts.Environment, facts.Zone
		if !d.Declares(site.PartWebFacing) {
			d.WebFacing = facts.WebFacing
		}
		if !d.Declares(site.PartPersonalData) {
			d.PersonalData = facts.PersonalData
		}
		if !d.Declares(site.PartDefaults) {
			d.Defaults = r.PostForm.Get("defaults") != ""
		}
	})
	return s.kept(r, "facts", "environment", "Kept.", err)
}

func (s *Settings) address(r *page.Request) error {
	proxies, header := lines(r.PostForm.Get("proxies")), strings.TrimSpace(r.PostForm.Get("header"))
	_, err := s.Sites.Change(r.Context(), r.Here, r.Author(), func(d *site.Document) { d.Identity.Proxies, d.Identity.Header = proxies, header })
	return s.kept(r, "address", addressField(err), "Kept. Guards read the client's address so from now on.", err)
}

// addressField is the field that a fault of proxies or header is of.
func addressField(err error) string {
	if err != nil && strings.Contains(err.Error(), "header") {
		return "header"
	}
	return "proxies"
}

// accountsOf shows how clients name themselves.
func accountsOf(i wire.Identity) url.Values {
	v := url.Values{"session": {i.Session}}
	if k := i.Key; k != nil {
		v["from"], v["required"] = []string{strings.Join(k.From, "\n")}, []string{strings.Join(k.Required, "\n")}
		v["scheme"], v["prefix"], v["alphabet"], v["checksum"] = []string{k.Scheme}, []string{k.Prefix}, []string{k.Alphabet}, []string{k.Checksum}
		v["min_length"], v["max_length"], v["case_insensitive"] = []string{number(k.MinLength)}, []string{number(k.MaxLength)}, []string{box(k.CaseInsensitive)}
	}
	return v
}

func number(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// accounts keeps how API keys and sessions are found.
func (s *Settings) accounts(r *page.Request) error {
	f := r.PostForm
	var key *wire.Key
	if from := lines(f.Get("from")); len(from) > 0 {
		key = &wire.Key{
			From: from, Scheme: strings.TrimSpace(f.Get("scheme")), Prefix: strings.TrimSpace(f.Get("prefix")), Alphabet: strings.TrimSpace(f.Get("alphabet")),
			Checksum: f.Get("checksum"), CaseInsensitive: f.Get("case_insensitive") != "",
		}
		for _, line := range strings.Split(f.Get("required"), "\n") { // a pattern has a space in it
			if line = strings.TrimSpace(line); line != "" {
				key.Required = append(key.Required, line)
			}
		}
		for name, into := range map[string]*int{"min_length": &key.MinLength, "max_length": &key.MaxLength} {
			text := strings.TrimSpace(f.Get(name))
			n, err := strconv.Atoi(text)
			if text != "" && err != nil {
				return s.kept(r, "accounts", name, "", fmt.Errorf("%w: %.40q is no number", site.ErrInvalid, text))
			}
			*into = n
		}
	}
	_, err := s.Sites.Change(r.Context(), r.Here, r.Author(), func(d *site.Document) {
		if !d.Declares(site.PartKey) {
			d.Identity.Key = key
		}
		if !d.Declares(site.PartSession) {
			d.Identity.Session = strings.TrimSpace(f.Get("session"))
		}
	})
	return s.kept(r, "accounts", accountsField(err), "Kept.", err)
}

// accountsField is the field that a fault of the key's format is of.
func accountsField(err error) string {
	if err == nil {
		return ""
	}
	for _, f := range []struct{ begins, field string }{
		{"lengths ", "min_length"}, {"checksum ", "checksum"}, {"required", "required"}, {"route ", "required"}, {"session", "session"}, {"prefix", "prefix"}, {"alphabet", "alphabet"},
	} {
		if strings.HasPrefix(plain(err), f.begins) {
			return f.field
		}
	}
	return "from"
}

// tie says whose an API key is. The key itself is hashed and forgotten, so it does not come back into the form.
func (s *Settings) tie(r *page.Request) error {
	f := r.PostForm
	_, err := s.Sites.Tie(r.Context(), r.Here, f.Get("api_key"), strings.TrimSpace(f.Get("account")), strings.TrimSpace(f.Get("label")), r.Author())
	if faulty(err) {
		again := form{ID: "tie", values: url.Values{"account": f["account"], "label": f["label"]}}
		name := "api_key"
		if strings.HasPrefix(plain(err), "account") {
			name = "account"
		}
		again = again.wrong(name, plain(err)+". The key was not kept: paste it again")
		return s.show(r, unprocessable, &again)
	}
	if err != nil {
		return err
	}
	return r.Done(r.Path("settings")+"#tie", "The key counts for %s from now on.", f.Get("account"))
}

func (s *Settings) untie(r *page.Request) error {
	err := s.DB.DeletePrincipal(r.Context(), r.Here.ID, r.PostForm.Get("key"), r.Author(), r.Now.UnixMilli())
	if err != nil && !errors.Is(err, store.ErrNotFound) { // pressed twice
		return err
	}
	return r.Done(r.Path("settings")+"#tie", "The key counts for itself again.")
}

func (s *Settings) answer(r *page.Request) error {
	f := r.PostForm
	status, err := strconv.Atoi(f.Get("status"))
	if err != nil {
		return s.kept(r, "answer", "status", "", fmt.Errorf("%w: %.40q is no status", site.ErrInvalid, f.Get("status")))
	}
	_, err = s.Sites.Change(r.Context(), r.Here, r.Author(), func(d *site.Document) {
		d.Answer.Uniform, d.Answer.Status, d.Answer.Legacy = f.Get("uniform") != "", status, f.Get("x_ratelimit") != ""
	})
	return s.kept(r, "answer", "status", "Kept.", err)
}

// spell is a time in which addresses were kept in one way; the present one has no end.
type spell struct {
	Mode     veil.Mode
	From, To int64 // unix milliseconds; 0: ever since, until now
	Lost     bool  // the key it began with is not the one there is
}

// spells are the newest first, as far back as events are kept.
func (s *Settings) spells(r *page.Request, d site.Document, days int) []spell {
	var out []spell
	to := int64(0)
	for _, x := range slices.Backward(append(slices.Clone(d.Privacy.Past), d.Privacy.Spell)) {
		if to != 0 && days > 0 && to < r.Now.AddDate(0, 0, -days).UnixMilli() {
			break
		}
		out = append(out, spell{x.Name(), x.Since, to, s.Sites.Veils.Lost(r.Here.ID, x)})
		to = x.Since
	}
	return out
}

// privacy says how addresses are kept from now on.
func (s *Settings) privacy(r *page.Request) error {
	mode := veil.Mode(r.PostForm.Get("mode"))
	done := "Addresses are stored as they are from now on. What was veiled stays so."
	if mode != veil.Clear {
		done = fmt.Sprintf("Addresses are %s from now on. What is stored already stays as it is until it is too old.", mode)
	}
	_, err := s.Sites.Change(r.Context(), r.Here, r.Author(), func(d *site.Document) { d.Privacy.Mode = mode })
	return s.kept(r, "privacy", "mode", done, err)
}

// routes are those of which something is said, and how they fail.
func (s *Settings) routes(r *page.Request) ([]fails, error) {
	p, err := s.Feed.Outline(r.Context(), r.Here)
	if err != nil {
		return nil, err
	}
	docs, err := s.DB.Documents(r.Context(), r.Here.ID, feed.KindRoute)
	if err != nil {
		return nil, err
	}
	var out []fails
	for _, x := range p.Routes {
		f := fails{Name: x.Name, Match: x.Match, Mode: x.Fail, Source: "default"}
		if f.Mode == "" {
			f.Mode = "local"
		}
		for _, d := range docs {
			if d.Name == x.Name || x.Name == "" && slices.Contains(x.Match, d.Name) {
				f.Source = d.Source
			}
		}
		if x.Name != "" || x.Fail != "" {
			out = append(out, f)
		}
	}
	return out, nil
}

// failure says what a route does while the back end is away: of one that has a name, or of one that is typed.
func (s *Settings) failure(r *page.Request) error {
	f := r.PostForm
	mode, name, match := f.Get("fail"), f.Get("name"), strings.TrimSpace(f.Get("match"))
	draft := wire.Route{Name: name, Match: wire.Words{match}, Fail: mode}
	if name != "" {
		p, err := s.Feed.Outline(r.Context(), r.Here)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(p.Routes, func(x wire.Route) bool { return x.Name == name })
		if i < 0 {
			return page.Refuse(http.StatusNotFound, "There is no route @%s any more. Nothing was changed.", page.Cut(name, 60))
		}
		draft = p.Routes[i]
		draft.Fail = mode
	} else {
		if match == "" {
			return s.kept(r, "failure", "match", "", fmt.Errorf("%w: which route? Want one such as POST /orders", site.ErrInvalid))
		}
		draft.Name = slug(match)
		if taken, err := s.taken(r, draft); err != nil || taken {
			return s.kept(r, "failure", "match", "", errors.Join(err, fmt.Errorf("%w: the route @%s has that name already: change it above", site.ErrInvalid, draft.Name)))
		}
	}
	what := map[string]string{"local": "goes on by the last policy", "open": "leaves the rules out", "closed": "refuses"}[mode]
	if what == "" {
		return page.Refuse(unprocessable, "Want local, open or closed.")
	}
	done := fmt.Sprintf("While the back end is away, @%s %s.", draft.Name, what)
	if mode == "local" && isDefault(draft) {
		err := s.Rules.DeleteDocument(r.Context(), r.Here, feed.KindRoute, draft.Name, r.Author())
		if errors.Is(err, store.ErrNotFound) {
			err = nil // it is as it comes
		}
		return s.kept(r, "failure", "match", done, err)
	}
	body, err := jsonOf(draft)
	if err != nil {
		return err
	}
	return s.kept(r, "failure", "match", done, s.Rules.PutDocument(r.Context(), r.Here, feed.KindRoute, draft.Name, body, r.Author()))
}

// taken reports whether another route has the name that a draft would get.
func (s *Settings) taken(r *page.Request, draft wire.Route) (bool, error) {
	p, err := s.Feed.Outline(r.Context(), r.Here)
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(p.Routes, func(x wire.Route) bool { return x.Name == draft.Name && !slices.Equal(x.Match, draft.Match) }), nil
}

// isDefault reports whether a route is one that a new site has, apart from how it fails.
func isDefault(x wire.Route) bool {
	base, err := template.Default()
	return err == nil && slices.ContainsFunc(base.Routes, func(d wire.Route) bool {
		return d.Name == x.Name && slices.Equal(d.Match, x.Match) && d.Quiet == x.Quiet
	})
}

// slug makes a name of a route: "POST /users/register" is post-users-register.
func slug(match string) string {
	words := strings.FieldsFunc(strings.ToLower(match), func(c rune) bool { return !('a' <= c && c <= 'z' || '0' <= c && c <= '9') })
	name := strings.Join(words, "-")
	if name == "" {
		return "everything"
	}
	return strings.TrimRight(name[:min(len(name), 40)], "-")
}

func (s *Settings) addKey(r *page.Request) error {
	label := strings.TrimSpace(r.PostForm.Get("label"))
	if len(label) > 100 {
		return s.kept(r, "key", "label", "", fmt.Errorf("%w: that is longer than 100 letters", site.ErrInvalid))
	}
	key, kept, err := s.Sites.AddKey(r.Context(), r.Here.ID, label, r.Author())
	if err != nil {
		return s.kept(r, "key", "label", "", err)
	}
	s.once.Keep(r, kept.ID, r.Here.ID, key.String())
	to := r.Path("settings")
	if r.PostForm.Get("then") == "protect" {
		to = r.Path("protect")
	}
	return r.Done(to+"?key="+url.QueryEscape(kept.ID)+"#key", "The key is made. Copy it now: it is shown for ten minutes, to you alone.")
}

func (s *Settings) revokeKey(r *page.Request) error {
	err := s.Sites.RevokeKey(r.Context(), r.Here.ID, r.PostForm.Get("id"), r.Author())
	if err != nil && !errors.Is(err, store.ErrNotFound) { // pressed twice
		return err
	}
	return r.Done(r.Path("settings")+"#keys", "The key is revoked. A guard that still has it enforces the last policy it got and hears of nothing new.")
}

func (s *Settings) forgetGuard(r *page.Request) error {
	id := r.PostForm.Get("id")
	err := s.Sites.ForgetGuard(r.Context(), r.Here.ID, id, r.Author())
	if errors.Is(err, store.ErrConflict) {
		return r.Sorry(r.Path("settings")+"#guards", "%s", page.Sentence(plain(err)))
	}
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	return r.Done(r.Path("settings")+"#guards", "Guard %s is taken off the list. Should it speak again, it comes back.", id)
}

// goodbye is what goes with a site.
type goodbye struct {
	Form                                                  form
	Declared                                              bool
	Rules, Bans, Allowances, Guards, Keys, Levers, Others int
	Appeals                                               int
}

func (s *Settings) sure(r *page.Request) error { return s.ask(r, http.StatusOK, filled("delete", nil)) }

func (s *Settings) ask(r *page.Request, status int, f form) error {
	ctx, id, now := r.Context(), r.Here.ID, r.Now.UnixMilli()
	d, err := site.Read(r.Here)
	if err != nil {
		return err
	}
	g := goodbye{Form: f, Declared: d.Declares(site.PartName)}
	rules, err := s.DB.Rules(ctx, id)
	if err != nil {
		return err
	}
	guards, err := s.DB.Guards(ctx, id)
	if err != nil {
		return err
	}
	keys, err := s.DB.SiteKeys(ctx, id)
	if err != nil {
		return err
	}
	allowances, err := s.DB.Allowances(ctx, id, now)
	if err != nil {
		return err
	}
	levers, err := s.DB.Levers(ctx, id, now)
	if err != nil {
		return err
	}
	for _, kind := range []string{feed.KindRoute, feed.KindBlock, feed.KindTrap} {
		docs, err := s.DB.Documents(ctx, id, kind)
		if err != nil {
			return err
		}
		g.Others += len(docs)
	}
	if g.Bans, err = s.DB.CountBans(ctx, id, now); err != nil {
		return err
	}
	if g.Appeals, err = s.DB.CountAppeals(ctx, id); err != nil {
		return err
	}
	g.Rules, g.Guards, g.Keys, g.Allowances, g.Levers = len(rules), len(guards), len(keys), len(allowances), len(levers)
	return r.Render(status, pages, "delete.html", "Delete "+r.Here.Name+"?", g)
}

func (s *Settings) remove(r *page.Request) error {
	if r.PostForm.Get("name") != r.Here.Name {
		return s.ask(r, unprocessable, typed("delete", r).wrong("name", "that is not its name: type "+r.Here.Name))
	}
	if err := s.Sites.Delete(r.Context(), r.Here.ID, r.Author()); err != nil {
		return err
	}
	return r.Done("/", "Site %s is deleted.", r.Here.Name)
}
