// Package forge tells pull requests what a run found: one comment that later runs update, suggestions that a person
// accepts with a click, findings for the security page, annotations in the log. It talks to GitHub and GitLab with what
// their pipelines hand over in the environment, and never decides whether a pipeline fails: that is the scan's exit code.
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
	"net/url"
	"strings"
	"time"

	"palisade.dev/scan"
	"palisade.dev/scan/report"
	"palisade.dev/scan/report/markdown"
	"palisade.dev/scan/report/sarif"
	"palisade.dev/scan/report/suggest"
)

// Place is where a pipeline runs for, read off its environment.
type Place struct {
	API     string
	Header  string // in which the token goes
	Token   string
	Project string // owner/name, or GitLab's number
	Request int    // of the pull or merge request; 0 is a plain push
	Commit  string
	Ref     string
	GitLab  bool
}

// Publisher publishes runs.
type Publisher struct {
	Place  Place
	Client *http.Client // nil is one with a time-out that follows no redirects
}

// Bounds of what is asked of a forge in a run.
const (
	mostPages       = 20
	mostSuggestions = 20
	mostAnswer      = 8 << 20
	patience        = 30 * time.Second
)

// refusal is an answer that is no success.
type refusal struct {
	what   string
	status int
	text   string
}

func (r refusal) Error() string {
	return fmt.Sprintf("%s: the forge answers %d: %.200s", r.what, r.status, strings.Join(strings.Fields(r.text), " "))
}

func status(err error) int {
	var r refusal
	if errors.As(err, &r) {
		return r.status
	}
	return 0
}

// call asks the API. The token goes to its address alone: redirects are not followed.
func (p *Publisher) call(ctx context.Context, what, method, path string, body, into any) error {
	var in io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return err
		}
		in = bytes.NewReader(data)
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(p.Place.API, "/")+path, in)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if p.Place.Header == "Authorization" {
		req.Header.Set("Authorization", "Bearer "+p.Place.Token)
	} else {
		req.Header.Set(p.Place.Header, p.Place.Token)
	}
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	client := p.Client
	if client == nil {
		client = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	res, err := client.Do(req)
	if err != nil {
		var u *url.Error // it holds the address, which may hold what is not for a log
		if errors.As(err, &u) {
			err = u.Err
		}
		return fmt.Errorf("%s: %w", what, err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(io.LimitReader(res.Body, mostAnswer))
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if res.StatusCode >= 300 {
		return refusal{what, res.StatusCode, string(data)}
	}
	if into != nil {
		if err := json.Unmarshal(data, into); err != nil {
			return fmt.Errorf("%s: the forge's answer is not understood: %w", what, err)
		}
	}
	return nil
}

// note is a comment, as both forges tell it.
type note struct {
	ID   int64  `json:"id"`
	Body string `json:"body"`
}

// pages reads all comments below a path.
func (p *Publisher) pages(ctx context.Context, path string) ([]note, error) {
	var all []note
	for page := 1; page <= mostPages; page++ {
		var some []note
		if err := p.call(ctx, "reading the comments", http.MethodGet, fmt.Sprintf("%s?per_page=100&page=%d", path, page), nil, &some); err != nil {
			return nil, err
		}
		all = append(all, some...)
		if len(some) < 100 {
			break
		}
	}
	return all, nil
}

// Comment writes the comment of a run, or writes the one that is there anew.
func (p *Publisher) Comment(ctx context.Context, run *scan.Run, o report.Options) error {
	if p.Place.Request == 0 {
		return nil
	}
	var b strings.Builder
	if err := markdown.Write(&b, run, o); err != nil {
		return err
	}
	body := map[string]string{"body": b.String()}
	list := fmt.Sprintf("/repos/%s/issues/%d/comments", p.Place.Project, p.Place.Request)
	one, change := fmt.Sprintf("/repos/%s/issues/comments/", p.Place.Project), http.MethodPatch
	if p.Place.GitLab {
		list = fmt.Sprintf("/projects/%s/merge_requests/%d/notes", url.PathEscape(p.Place.Project), p.Place.Request)
		one, change = list+"/", http.MethodPut
	}
	notes, err := p.pages(ctx, list)
	if err != nil {
		return err
	}
	for _, n := range notes {
		if !strings.HasPrefix(n.Body, markdown.Mark(run.Kind)) {
			continue
		}
		err := p.call(ctx, "updating the comment", change, fmt.Sprint(one, n.ID), body, nil)
		if s := status(err); s == http.StatusForbidden || s == http.StatusNotFound {
			continue // somebody else wrote our mark
		}
		return err
	}
	return p.call(ctx, "writing the comment", http.MethodPost, list, body, nil)
}

// Suggest posts fixes as suggestions, on GitHub, each once in the life of a pull request. What is not on a line of the
// request is refused by the forge and passed over.
func (p *Publisher) Suggest(ctx context.Context, run *scan.Run, o report.Options) (posted int, err error) {
	if p.Place.Request == 0 || p.Place.GitLab {
		return 0, nil
	}
	suggestions := suggest.Of(run, o)
	if len(suggestions) == 0 {
		return 0, nil
	}
	path := fmt.Sprintf("/repos/%s/pulls/%d/comments", p.Place.Project, p.Place.Request)
	notes, err := p.pages(ctx, path)
	if err != nil {
		return 0, err
	}
	for _, s := range suggestions {
		there := false
		for _, n := range notes {
			there = there || strings.Contains(n.Body, "palisade-finding:"+s.Fingerprint)
		}
		if there {
			continue
		}
		if posted == mostSuggestions {
			break
		}
		body := map[string]any{"path": s.Path, "line": s.Line, "side": s.Side, "body": s.Body, "commit_id": p.Place.Commit}
		if s.StartLine > 0 {
			body["start_line"], body["start_side"] = s.StartLine, s.StartSide
		}
		err := p.call(ctx, "posting a suggestion", http.MethodPost, path, body, nil)
		if status(err) == http.StatusUnprocessableEntity {
			continue
		}
		if err != nil {
			return posted, err
		}
		posted++
	}
	return posted, nil
}

// SARIF hands the findings to GitHub's security page.
func (p *Publisher) SARIF(ctx context.Context, run *scan.Run, o report.Options) error {
	if p.Place.GitLab {
		return nil
	}
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if err := errors.Join(sarif.Write(z, run, o), z.Close()); err != nil {
		return err
	}
	body := map[string]string{"commit_sha": p.Place.Commit, "ref": p.Place.Ref, "sarif": base64.StdEncoding.EncodeToString(b.Bytes()), "tool_name": "Palisade"}
	return p.call(ctx, "handing over SARIF", http.MethodPost, "/repos/"+p.Place.Project+"/code-scanning/sarifs", body, nil)
}
