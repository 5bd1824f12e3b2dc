package forge

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/late"
	"palisade.dev/scan/report"
)

var (
	pull    = late.Pattern(`^refs/pull/(\d+)/`)
	project = late.Pattern(`^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$`)
	sha     = late.Pattern(`^[0-9a-f]{40,64}$`)
)

// FromEnvironment reads what a pipeline of GitHub or GitLab hands over. Read gives a file, for GitHub's description of
// the event; it may be nil.
func FromEnvironment(env func(string) (string, bool), read func(string) ([]byte, error)) (Place, error) {
	get := func(names ...string) string {
		for _, n := range names {
			if v, ok := env(n); ok && v != "" {
				return v
			}
		}
		return ""
	}
	var p Place
	switch {
	case get("GITHUB_ACTIONS") == "true":
		p = Place{API: get("GITHUB_API_URL"), Header: "Authorization", Token: get("GITHUB_TOKEN"), Project: get("GITHUB_REPOSITORY"), Commit: get("GITHUB_SHA"), Ref: get("GITHUB_REF")}
		if m := pull.FindStringSubmatch(p.Ref); m != nil {
			p.Request, _ = strconv.Atoi(m[1])
		}
		// What is checked out for a pull request is a merge that nobody sees; comments go to the head of the branch.
		if data, err := file(read, get("GITHUB_EVENT_PATH")); err == nil {
			var event struct {
				Pull struct {
					Head struct {
						SHA string `json:"sha"`
					} `json:"head"`
				} `json:"pull_request"`
			}
			if json.Unmarshal(data, &event) == nil && sha.MatchString(event.Pull.Head.SHA) {
				p.Commit = event.Pull.Head.SHA
			}
		}
		if !project.MatchString(p.Project) {
			return p, fmt.Errorf("GITHUB_REPOSITORY is %q, want owner/name", p.Project)
		}
		if p.Token == "" {
			return p, errors.New("GITHUB_TOKEN is not set; in the workflow: env: GITHUB_TOKEN: ${{ github.token }}")
		}
	case get("GITLAB_CI") == "true":
		p = Place{API: get("CI_API_V4_URL"), Header: "PRIVATE-TOKEN", Token: get("PALISADE_GITLAB_TOKEN"), Project: get("CI_PROJECT_ID"), Commit: get("CI_COMMIT_SHA"), Ref: get("CI_COMMIT_REF_NAME"), GitLab: true}
		p.Request, _ = strconv.Atoi(get("CI_MERGE_REQUEST_IID"))
		if p.Project == "" {
			return p, errors.New("CI_PROJECT_ID is not set")
		}
		if p.Token == "" {
			return p, errors.New("PALISADE_GITLAB_TOKEN is not set: a project access token with the scope api, as a masked variable; the job's own token may not write comments")
		}
	default:
		return p, errors.New("this is neither a workflow of GitHub nor a pipeline of GitLab: GITHUB_ACTIONS and GITLAB_CI are not true")
	}
	if u, err := url.Parse(p.API); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return p, fmt.Errorf("the address of the API is %q, want one such as https://api.github.com", p.API)
	}
	return p, nil
}

func file(read func(string) ([]byte, error), name string) ([]byte, error) {
	if read == nil || name == "" {
		return nil, errors.New("none")
	}
	return read(name)
}

// mostAnnotations is what GitHub shows of each kind in a step.
const mostAnnotations = 10

// Annotate writes the worst findings as commands that GitHub shows beside the lines.
func Annotate(w io.Writer, run *scan.Run, newOnly bool) {
	counts := map[string]int{}
	for _, f := range report.Worst(run.Open(newOnly)) {
		kind := "notice"
		switch f.Severity {
		case scan.Critical, scan.High:
			kind = "error"
		case scan.Medium:
			kind = "warning"
		}
		if counts[kind]++; counts[kind] > mostAnnotations {
			continue
		}
		if f.Place.File == "" { // of an API: it is told with its address and beside no line
			fmt.Fprintf(w, "::%s title=%s::%s\n", kind, property(f.Check+": "+f.Title), value(f.Place.Where()+": "+f.Message))
			continue
		}
		line := max(1, f.Place.Start.Line)
		fmt.Fprintf(w, "::%s file=%s,line=%d,endLine=%d,title=%s::%s\n", kind, property(f.Place.File), line, max(line, f.Place.End.Line), property(f.Check+": "+f.Title), value(f.Message))
	}
}

// value and property escape what would end a command, as GitHub's own toolkit does.
func value(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(s)
}

func property(s string) string {
	return strings.NewReplacer(":", "%3A", ",", "%2C").Replace(value(s))
}
