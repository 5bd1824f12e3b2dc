// Package steer holds the pages that act: bans, the allow list, and the levers, which are made for a thumb on a bad
// connection. Every form can be sent twice without doing anything twice.
package steer

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"palisade.dev/backend/access"
	"palisade.dev/backend/ban"
	"palisade.dev/backend/client"
	"palisade.dev/backend/feed"
	"palisade.dev/backend/lever"
	"palisade.dev/console/page"
	"palisade.dev/guard/engine"
	"palisade.dev/guard/wire"
	"palisade.dev/store"
)

//go:embed *.html
var files embed.FS

var pages = page.Load(files)

// Steer acts.
type Steer struct {
	DB      *store.DB
	Bans    *ban.Bans
	Levers  *lever.Levers
	Feed    *feed.Feed
	Clients *client.Clients
	ID      func() string
	Now     func() time.Time
}

// Routes are its pages.
func (s *Steer) Routes() []page.Route {
	return []page.Route{
		{Pattern: "GET /s/{site}/bans", Need: access.See, Handle: s.bans},
		{Pattern: "POST /s/{site}/bans", Need: access.Respond, Handle: s.impose},
		{Pattern: "GET /s/{site}/bans/{subject}", Need: access.See, Handle: s.ban},
		{Pattern: "POST /s/{site}/bans/lift", Need: access.Respond, Handle: s.lift},
		{Pattern: "GET /s/{site}/allowances", Need: access.See, Handle: s.allowances},
		{Pattern: "POST /s/{site}/allowances", Need: access.Respond, Handle: s.allow},
		{Pattern: "POST /s/{site}/allowances/remove", Need: access.Respond, Handle: s.disallow},
		{Pattern: "GET /l", Handle: s.short},
		{Pattern: "GET /s/{site}/levers", Need: access.See, Handle: s.levers},
		{Pattern: "GET /s/{site}/levers/confirm", Need: access.Respond, Handle: s.confirm},
		{Pattern: "POST /s/{site}/levers", Need: access.Respond, Handle: s.set},
		{Pattern: "GET /s/{site}/levers/receipts", Need: access.See, Handle: s.receipts},
		{Pattern: "GET /s/{site}/levers/receipts/live", Need: access.See, Handle: s.ticking},
		{Pattern: "GET /audit", Need: access.Audit, Handle: s.audit},
		{Pattern: "POST /audit/verify", Need: access.Audit, Handle: s.verify},
		{Pattern: "GET /audit/export", Need: access.Audit, Handle: s.export},
	}
}

// length reads how long something is to last; nothing is until it is taken back.
func length(text string) (time.Duration, error) {
	if text = strings.TrimSpace(text); text == "" {
		return 0, nil
	}
	d, err := engine.ParseDuration(text)
	if err != nil {
		return 0, page.Refuse(http.StatusUnprocessableEntity, "For %q: want a length such as 10m, 12h or 7d, or nothing at all.", text)
	}
	return d, nil
}

// maxPasted bounds how many subjects one form bans or allows.
const maxPasted = 1000

// subjects reads what was pasted: one to a line, or apart by commas or spaces; what follows a # is left out.
func subjects(text string) ([]string, error) {
	var out []string
	for l := range strings.Lines(text) {
		l, _, _ = strings.Cut(l, "#")
		for _, w := range strings.FieldsFunc(l, func(c rune) bool { return c == ',' || c == ';' || c == ' ' || c == '\t' || c == '\r' || c == '\n' }) {
			if out = append(out, w); len(out) > maxPasted {
				return nil, page.Refuse(http.StatusUnprocessableEntity, "That is more than %d at a time. Nothing was changed; paste it in parts, or use: palisade ban add", maxPasted)
			}
		}
	}
	if len(out) == 0 {
		return nil, page.Refuse(http.StatusUnprocessableEntity, "There is no address in it. Want addresses or prefixes such as 203.0.113.7 or 2001:db8::/48, one to a line.")
	}
	return out, nil
}

// each does something for every subject and tells what came of it. All are read before the first is acted on.
func (s *Steer) each(r *page.Request, back, done string, f func(subject string) error) error {
	list, err := subjects(r.PostForm.Get("subjects"))
	if err != nil {
		return err
	}
	for _, subject := range list {
		if _, err := engine.ParseSubject(subject); err != nil {
			return page.Refuse(http.StatusUnprocessableEntity, "%s Nothing was changed.", page.Sentence(err.Error()))
		}
	}
	for i, subject := range list {
		if err := f(subject); err != nil {
			if i > 0 {
				return page.Refuse(http.StatusConflict, "%s: %s The %d before it are done, this one and the %d after it are not.", subject, page.Sentence(err.Error()), i, len(list)-i-1)
			}
			return err
		}
	}
	if len(list) == 1 {
		return r.Done(back, "%s %s.", list[0], done)
	}
	return r.Done(back, "%d subjects: %s.", len(list), done)
}

const perPage = 100

type bans struct {
	Bans    []store.Ban
	Appeals int // that wait for an answer
	Count   int
	Next    string
}

func (s *Steer) bans(r *page.Request) error {
	now := r.Now.UnixMilli()
	list, err := s.DB.StandingBans(r.Context(), r.Here.ID, now, r.FormValue("after"), perPage)
	if err != nil {
		return err
	}
	b := bans{Bans: list}
	if len(list) == perPage {
		b.Next = list[perPage-1].ID
	}
	if b.Appeals, err = s.DB.CountAppeals(r.Context(), r.Here.ID); err != nil {
		return err
	}
	if b.Count, err = s.DB.CountBans(r.Context(), r.Here.ID, now); err != nil {
		return err
	}
	return r.Render(http.StatusOK, pages, "bans.html", "Bans", b)
}

func (s *Steer) impose(r *page.Request) error {
	for_, err := length(r.PostForm.Get("for"))
	if err != nil {
		return err
	}
	note := page.Cut(r.PostForm.Get("note"), 500)
	return s.each(r, r.Path("bans"), "banned", func(subject string) error {
		_, err := s.Bans.Impose(r.Context(), r.Here.ID, subject, for_, note, r.Author())
		return err
	})
}

// proven is a ban with what it was imposed for.
type proven struct {
	store.Ban
	Event  *wire.Event
	Guard  string
	Client client.State
}

func (s *Steer) ban(r *page.Request) error {
	b, err := s.DB.StandingBan(r.Context(), r.Here.ID, r.PathValue("subject"), r.Now.UnixMilli())
	if errors.Is(err, store.ErrNotFound) {
		return r.Redirect(r.Path("client") + "?subject=" + url.QueryEscape(r.PathValue("subject")))
	}
	if err != nil {
		return err
	}
	p := proven{Ban: b}
	var proof struct {
		Event *wire.Event `json:"event"`
		Guard string      `json:"guard"`
	}
	if err := json.Unmarshal([]byte(b.Proof), &proof); err == nil {
		p.Event, p.Guard = proof.Event, proof.Guard
	}
	if p.Client, err = s.Clients.Show(r.Context(), r.Here, b.Subject); err != nil {
		return err
	}
	return r.Render(http.StatusOK, pages, "ban.html", "Ban of "+b.Subject, p)
}

// lift ends a ban and, asked for, puts the subject on the allow list, so that the same rule does not ban it again.
func (s *Steer) lift(r *page.Request) error {
	subject := strings.TrimSpace(r.PostForm.Get("subject"))
	allow := r.PostForm.Get("allow")
	if allow != "" {
		for_, err := length(allow)
		if err != nil {
			return err
		}
		if _, err := s.Bans.Allow(r.Context(), r.Here.ID, subject, for_, "lifted from the ban list", r.Author()); err != nil {
			return err
		}
	}
	err := s.Bans.Lift(r.Context(), r.Here.ID, subject, r.Author())
	if err != nil && !(allow != "" && errors.Is(err, store.ErrNotFound)) {
		return err
	}
	if allow != "" {
		return r.Done(r.Path("bans"), "%s is no longer banned and stands on the allow list for %s.", subject, allow)
	}
	return r.Done(r.Path("bans"), "%s is no longer banned.", subject)
}

func (s *Steer) allowances(r *page.Request) error {
	list, err := s.DB.Allowances(r.Context(), r.Here.ID, r.Now.UnixMilli())
	if err != nil {
		return err
	}
	return r.Render(http.StatusOK, pages, "allowances.html", "Allow list", list)
}

func (s *Steer) allow(r *page.Request) error {
	for_, err := length(r.PostForm.Get("for"))
	if err != nil {
		return err
	}
	note := page.Cut(r.PostForm.Get("note"), 500)
	return s.each(r, r.Path("allowances"), "on the allow list", func(subject string) error {
		_, err := s.Bans.Allow(r.Context(), r.Here.ID, subject, for_, note, r.Author())
		return err
	})
}

func (s *Steer) disallow(r *page.Request) error {
	subject := r.PostForm.Get("subject")
	if err := s.Bans.Disallow(r.Context(), r.Here.ID, subject, r.Author()); err != nil {
		return err
	}
	return r.Done(r.Path("allowances"), "%s is off the allow list.", subject)
}

// short is the link to know by heart: /l leads to the levers of the one site there is, or to a choice.
func (s *Steer) short(r *page.Request) error {
	all, err := s.DB.Sites(r.Context())
	if err != nil {
		return err
	}
	mine := slices.DeleteFunc(all, func(x store.Site) bool { return !r.Person.Actor.May(x.ID, access.See) })
	if len(mine) == 1 {
		return r.Redirect("/s/" + url.PathEscape(mine[0].Name) + "/levers")
	}
	return r.Render(http.StatusOK, pages, "short.html", "Levers", mine)
}

// route is a row of the levers' page.
type route struct {
	Match string
	Also  []string
	Lever *store.Lever
}

type routes struct {
	Routes []route
}

func (s *Steer) levers(r *page.Request) error {
	p, err := s.Feed.Outline(r.Context(), r.Here)
	if err != nil {
		return err
	}
	standing, err := s.DB.Levers(r.Context(), r.Here.ID, r.Now.UnixMilli())
	if err != nil {
		return err
	}
	var list []route
	taken := map[string]bool{}
	for i, l := range standing {
		list = append(list, route{Match: l.Match, Lever: &standing[i]})
		taken[l.Match] = true
	}
	for _, named := range p.Routes {
		if match := "@" + named.Name; named.Name != "" && !taken[match] {
			list = append(list, route{Match: match, Also: named.Match})
		}
	}
	return r.Render(http.StatusOK, pages, "levers.html", "Levers", routes{Routes: list})
}

// wish is a lever that is about to be moved.
type wish struct {
	ID, Match, Position, For string
	Also                     []string
	Guards                   int
}

// confirm shows what is about to happen, under an id that makes pressing twice the same as pressing once.
func (s *Steer) confirm(r *page.Request) error {
	w := wish{ID: s.ID(), Match: r.FormValue("match"), Position: r.FormValue("position"), For: r.FormValue("for")}
	if w.For == "" {
		w.For = "15m"
	}
	if !slices.Contains(engine.Positions, w.Position) || strings.TrimSpace(w.Match) == "" || len(w.Match) > 1024 {
		return page.Refuse(http.StatusUnprocessableEntity, "Want a route such as POST /users/register and one of %s.", strings.Join(engine.Positions, ", "))
	}
	guards, err := s.DB.Guards(r.Context(), r.Here.ID)
	if err != nil {
		return err
	}
	for _, g := range guards {
		if r.Now.Sub(time.UnixMilli(g.LastSeen)) < 90*time.Second {
			w.Guards++
		}
	}
	if name, ok := strings.CutPrefix(w.Match, "@"); ok {
		p, err := s.Feed.Outline(r.Context(), r.Here)
		if err != nil {
			return err
		}
		for _, named := range p.Routes {
			if named.Name == name {
				w.Also = named.Match
			}
		}
	}
	return r.Render(http.StatusOK, pages, "confirm.html", "Are you sure?", w)
}

func (s *Steer) set(r *page.Request) error {
	f := r.PostForm
	for_, err := length(f.Get("for"))
	if err != nil {
		return err
	}
	if for_ == 0 {
		for_ = 15 * time.Minute
	}
	match, position := strings.TrimSpace(f.Get("match")), f.Get("position")
	_, err = s.Levers.Set(r.Context(), r.Here.ID, f.Get("id"), match, position, for_, page.Cut(f.Get("note"), 500), r.Author())
	// Opening what is open already is what a second press on a bad line does.
	if err != nil && !(position == engine.LeverOpen && errors.Is(err, store.ErrNotFound)) {
		return err
	}
	now, err := s.DB.SiteByID(r.Context(), r.Here.ID)
	if err != nil {
		return err
	}
	q := url.Values{"revision": {strconv.FormatUint(now.Revision, 10)}, "match": {match}, "position": {position}}
	return r.Redirect(r.Path("levers", "receipts") + "?" + q.Encode())
}

type receipts struct {
	Match, Position string
	Revision        uint64
	All             bool
	Guards          []lever.Receipt
}

func (s *Steer) read(r *page.Request) (receipts, error) {
	revision, err := strconv.ParseUint(r.FormValue("revision"), 10, 64)
	if err != nil {
		return receipts{}, page.Refuse(http.StatusUnprocessableEntity, "Revision %q is no number.", r.FormValue("revision"))
	}
	v := receipts{Match: r.FormValue("match"), Position: r.FormValue("position"), Revision: revision}
	v.Guards, v.All, err = s.Levers.Receipts(r.Context(), r.Here.ID, revision)
	return v, err
}

func (s *Steer) receipts(r *page.Request) error {
	v, err := s.read(r)
	if err != nil {
		return err
	}
	return r.Render(http.StatusOK, pages, "receipts.html", "Done", v)
}

// ticking sends the receipts as they come in.
func (s *Steer) ticking(r *page.Request) error {
	return r.Keep("guards", 500*time.Millisecond, s.Now, func() (string, error) {
		v, err := s.read(r)
		if err != nil {
			return "", err
		}
		return r.Part(pages, "receipts.html", "guards", v)
	})
}

type log struct {
	Entries []store.Audited
	Next    int64
	Names   map[string]string
}

func (s *Steer) audit(r *page.Request) error {
	before, _ := strconv.ParseInt(r.FormValue("after"), 10, 64) // what is no number is the beginning
	entries, err := s.DB.AuditLog(r.Context(), store.AuditQuery{Before: before, Limit: perPage})
	if err != nil {
		return err
	}
	l := log{Entries: entries, Names: map[string]string{}}
	if len(entries) == perPage {
		l.Next = entries[perPage-1].N
	}
	sites, err := s.DB.Sites(r.Context())
	if err != nil {
		return err
	}
	for _, x := range sites {
		l.Names[x.ID] = x.Name
	}
	return r.Render(http.StatusOK, pages, "audit.html", "Audit log", l)
}

func (s *Steer) verify(r *page.Request) error {
	head, err := s.DB.VerifyAudit(r.Context(), nil)
	if errors.Is(err, store.ErrTampered) {
		return r.Sorry("/audit", "%s", page.Sentence(err.Error()))
	}
	if err != nil {
		return err
	}
	return r.Done("/audit", "All %d entries are what was written. Note the last hash elsewhere to be able to prove it later: %s", head.N, head.Hash)
}

func (s *Steer) export(r *page.Request) error {
	r.W.Header().Set("Content-Type", "application/x-ndjson")
	r.W.Header().Set("Content-Disposition", `attachment; filename="palisade-audit.jsonl"`)
	out := json.NewEncoder(r.W)
	_, err := s.DB.VerifyAudit(r.Context(), func(e store.Audited) error { return out.Encode(e) })
	if errors.Is(err, store.ErrTampered) {
		_, err = fmt.Fprintf(r.W, "%q\n", err.Error())
	}
	return err
}
