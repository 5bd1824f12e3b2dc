package forge

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"palisade.dev/scan"
	"palisade.dev/scan/report"
	"palisade.dev/scan/report/markdown"
)

// forge plays the API of both forges, as far as it is used.
type forge struct {
	mu     sync.Mutex
	notes  map[int64]string
	frozen map[int64]bool // of somebody else
	asked  []string
	refuse int
	sarif  string
}

func (f *forge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if r.Header.Get("Authorization") != "Bearer secret" && r.Header.Get("PRIVATE-TOKEN") != "secret" {
		http.Error(w, "who are you", http.StatusUnauthorized)
		return
	}
	f.asked = append(f.asked, r.Method+" "+r.URL.Path)
	if f.refuse > 0 {
		http.Error(w, "not\nnow", f.refuse)
		return
	}
	var body map[string]any
	if r.Method != http.MethodGet {
		_ = json.NewDecoder(r.Body).Decode(&body)
	}
	text, _ := body["body"].(string)
	switch {
	case strings.HasSuffix(r.URL.Path, "/sarifs"):
		f.sarif, _ = body["sarif"].(string)
		w.WriteHeader(http.StatusAccepted)
		fmt.Fprint(w, "{}")
	case r.Method == http.MethodGet:
		var ids []int64
		for id := range f.notes {
			ids = append(ids, id)
		}
		slices.Sort(ids)
		page := 1
		_, _ = fmt.Sscan(r.URL.Query().Get("page"), &page)
		list := []note{}
		for _, id := range ids[min(len(ids), (page-1)*100):min(len(ids), page*100)] {
			list = append(list, note{id, f.notes[id]})
		}
		_ = json.NewEncoder(w).Encode(list)
	case r.Method == http.MethodPost:
		if body["path"] == "off.ex" {
			http.Error(w, "line must be part of the diff", http.StatusUnprocessableEntity)
			return
		}
		f.notes[int64(len(f.notes)+1)] = text
		w.WriteHeader(http.StatusCreated)
		fmt.Fprint(w, "{}")
	default:
		var id int64
		_, _ = fmt.Sscan(r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:], &id)
		if f.frozen[id] {
			http.Error(w, "not yours", http.StatusForbidden)
			return
		}
		f.notes[id] = text
		fmt.Fprint(w, "{}")
	}
}

func start(t *testing.T, gitlab bool) (*forge, *Publisher) {
	t.Helper()
	f := &forge{notes: map[int64]string{}, frozen: map[int64]bool{}}
	s := httptest.NewServer(f)
	t.Cleanup(s.Close)
	p := Place{API: s.URL, Header: "Authorization", Token: "secret", Project: "acme/shop", Request: 7, Commit: strings.Repeat("a", 40), Ref: "refs/pull/7/merge"}
	if gitlab {
		p.Header, p.Project, p.GitLab = "PRIVATE-TOKEN", "12", true
	}
	return f, &Publisher{Place: p}
}

func run() *scan.Run {
	return &scan.Run{Kind: "code", Tool: "palisade", Findings: scan.Stamp([]scan.Finding{
		{Check: "a/b", Title: "Bad", Message: "it is", Severity: scan.High, Place: scan.Place{File: "a.ex", Start: scan.Position{Line: 2, Column: 1}}, Fix: &scan.Fix{Text: "mend", Edits: []scan.Edit{{File: "a.ex", Start: 4, End: 7, New: "TWO"}}}},
		{Check: "a/b", Title: "Bad", Message: "it is\n::error::x %", Severity: scan.Low, Place: scan.Place{File: "off,x:y.ex", Start: scan.Position{Line: 2}}, Key: "x"},
		{Check: "a/b", Title: "Off", Message: "not in the request", Severity: scan.Low, Place: scan.Place{File: "off.ex", Start: scan.Position{Line: 1}}, Key: "y", Fix: &scan.Fix{Text: "mend", Edits: []scan.Edit{{File: "off.ex", Start: 0, End: 3, New: "ONE"}}}},
	})}
}

var options = report.Options{Source: func(string) ([]byte, error) { return []byte("one\ntwo\nthree\n"), nil }}

func TestOneComment(t *testing.T) {
	for _, gitlab := range []bool{false, true} {
		f, p := start(t, gitlab)
		for i := range 230 { // so that the comment is on the third page
			f.notes[int64(i+1)] = "a person's words"
		}
		f.notes[200] = markdown.Mark("code") + "\nwritten by somebody else"
		f.frozen[200] = true
		for range 3 {
			if err := p.Comment(context.Background(), run(), options); err != nil {
				t.Fatal(err)
			}
		}
		ours := 0
		for id, text := range f.notes {
			if strings.HasPrefix(text, markdown.Mark("code")) && !f.frozen[id] {
				ours++
			}
		}
		if ours != 1 || len(f.notes) != 231 {
			t.Errorf("gitlab %v: three runs leave %d comments, %d in all", gitlab, ours, len(f.notes))
		}
	}
}

func TestSuggestionsOnce(t *testing.T) {
	f, p := start(t, false)
	for i, want := range []int{1, 0} {
		if n, err := p.Suggest(context.Background(), run(), options); err != nil || n != want {
			t.Errorf("run %d posts %d, %v, want %d", i+1, n, err, want)
		}
	}
	if len(f.notes) != 1 || !strings.Contains(f.notes[1], "```suggestion\nTWO\n```") {
		t.Errorf("%v", f.notes)
	}
}

func TestSARIF(t *testing.T) {
	f, p := start(t, false)
	if err := p.SARIF(context.Background(), run(), options); err != nil {
		t.Fatal(err)
	}
	data, err := base64.StdEncoding.DecodeString(f.sarif)
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(z); err != nil || !json.Valid(text) {
		t.Errorf("no JSON arrives: %v", err)
	}
}

func TestRefusals(t *testing.T) {
	f, p := start(t, false)
	f.refuse = http.StatusForbidden
	if err := p.Comment(context.Background(), run(), options); fmt.Sprint(err) != "reading the comments: the forge answers 403: not now" {
		t.Error(err)
	}
	// A redirect is not followed: the token would go elsewhere.
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the token went elsewhere") }))
	defer elsewhere.Close()
	here := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect))
	defer here.Close()
	p.Place.API = here.URL
	if err := p.Comment(context.Background(), run(), options); status(err) != http.StatusTemporaryRedirect {
		t.Error(err)
	}
	p.Place.Request = 0
	if err := p.Comment(context.Background(), run(), options); err != nil {
		t.Errorf("a plain push has no comment to write: %v", err)
	}
}

func TestEnvironment(t *testing.T) {
	read := func(name string) ([]byte, error) {
		if name != "event.json" {
			return nil, errors.New("none")
		}
		return []byte(`{"pull_request": {"head": {"sha": "` + strings.Repeat("b", 40) + `"}}}`), nil
	}
	github := map[string]string{"GITHUB_ACTIONS": "true", "GITHUB_API_URL": "https://api.github.com", "GITHUB_TOKEN": "t", "GITHUB_REPOSITORY": "acme/shop", "GITHUB_SHA": strings.Repeat("a", 40), "GITHUB_REF": "refs/pull/12/merge", "GITHUB_EVENT_PATH": "event.json"}
	gitlab := map[string]string{"GITLAB_CI": "true", "CI_API_V4_URL": "https://gitlab.com/api/v4", "PALISADE_GITLAB_TOKEN": "t", "CI_PROJECT_ID": "5", "CI_MERGE_REQUEST_IID": "3", "CI_COMMIT_SHA": "c"}
	with := func(base map[string]string, name, value string) func(string) (string, bool) {
		return func(n string) (string, bool) {
			if n == name {
				return value, true
			}
			v, ok := base[n]
			return v, ok
		}
	}
	p, err := FromEnvironment(with(github, "", ""), read)
	if err != nil || p.Request != 12 || p.Commit != strings.Repeat("b", 40) || p.Project != "acme/shop" {
		t.Errorf("%+v, %v", p, err)
	}
	p, err = FromEnvironment(with(gitlab, "", ""), nil)
	if err != nil || p.Request != 3 || !p.GitLab || p.Header != "PRIVATE-TOKEN" {
		t.Errorf("%+v, %v", p, err)
	}
	for _, c := range []struct {
		env  func(string) (string, bool)
		want string
	}{
		{with(nil, "", ""), "this is neither a workflow of GitHub nor a pipeline of GitLab"},
		{with(github, "GITHUB_REPOSITORY", "a/b/../c"), `GITHUB_REPOSITORY is "a/b/../c", want owner/name`},
		{with(github, "GITHUB_TOKEN", ""), "GITHUB_TOKEN is not set; in the workflow"},
		{with(github, "GITHUB_API_URL", "file:///etc"), `the address of the API is "file:///etc"`},
		{with(gitlab, "PALISADE_GITLAB_TOKEN", ""), "PALISADE_GITLAB_TOKEN is not set"},
	} {
		if _, err := FromEnvironment(c.env, nil); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%v, want %s", err, c.want)
		}
	}
}

func TestAnnotations(t *testing.T) {
	var b strings.Builder
	Annotate(&b, run(), false)
	want := "::error file=a.ex,line=2,endLine=2,title=a/b%3A Bad::it is\n" +
		"::notice file=off%2Cx%3Ay.ex,line=2,endLine=2,title=a/b%3A Bad::it is%0A::error::x %25\n" +
		"::notice file=off.ex,line=1,endLine=1,title=a/b%3A Off::not in the request\n"
	if b.String() != want {
		t.Errorf("%s", b.String())
	}
}
