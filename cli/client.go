package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"palisade.dev/backend"
)

// unreachable says that the back end did not answer.
type unreachable struct{ error }

func (u unreachable) Unwrap() error { return u.error }

// maxAnswer bounds what the command line reads of an answer.
const maxAnswer = 64 << 20

// request makes a request to the back end's API.
func (s *session) request(method, path string, body any) (*http.Request, error) {
	base, err := url.Parse(s.Server)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return nil, misuse{fmt.Errorf("--server %q: want an address such as http://127.0.0.1:9090", s.Server)}
	}
	token, err := s.token()
	if err != nil {
		return nil, err
	}
	var r io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		r = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(s.ctx, method, strings.TrimSuffix(base.String(), "/")+"/api/v1"+path, r)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return req, nil
}

func (s *session) token() (string, error) {
	if s.Token != "" {
		return s.Token, nil
	}
	path := filepath.Join(s.Data, backend.TokenFile)
	b, err := os.ReadFile(path)
	if err != nil {
		return "", misuse{fmt.Errorf("no token: %s cannot be read (%w); say --data DIR, or set PALISADE_TOKEN", path, err)}
	}
	return strings.TrimSpace(string(b)), nil
}

// call asks the back end and decodes its answer.
func (s *session) call(method, path string, body, into any) error {
	req, err := s.request(method, path, body)
	if err != nil {
		return err
	}
	res, err := (&http.Client{Timeout: 10 * time.Minute}).Do(req)
	if err != nil {
		return unreachable{fmt.Errorf("the back end at %s does not answer: %w; is it running? Start it with: palisade run", s.Server, plain(err))}
	}
	defer res.Body.Close()
	if res.StatusCode >= 300 {
		return refused(res)
	}
	if into == nil {
		return nil
	}
	if err := json.NewDecoder(io.LimitReader(res.Body, maxAnswer)).Decode(into); err != nil {
		return fmt.Errorf("the back end's answer: %w", err)
	}
	return nil
}

// plain takes the address out of a network error, where it stands already.
func plain(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// refused reads why the back end said no.
func refused(res *http.Response) error {
	var p struct {
		Title, Detail string
		Errors        []struct{ Message, Location string }
	}
	_ = json.NewDecoder(io.LimitReader(res.Body, 1<<20)).Decode(&p)
	text := p.Detail
	for _, e := range p.Errors {
		text += "\n  " + e.Message
		if e.Location != "" {
			text += " (" + e.Location + ")"
		}
	}
	if text == "" {
		text = res.Status
	}
	err := errors.New(clean(text))
	if res.StatusCode == http.StatusUnprocessableEntity || res.StatusCode == http.StatusUnauthorized {
		return misuse{err}
	}
	return err
}

// on gives the path of a site: the one named, or the only one there is.
func (s *session) site(name string) (string, error) {
	if name != "" {
		return "/sites/" + url.PathEscape(name), nil
	}
	var sites []struct{ Name string }
	if err := s.call("GET", "/sites", nil, &sites); err != nil {
		return "", err
	}
	switch len(sites) {
	case 0:
		return "", misuse{errors.New("there is no site yet; make one with: palisade site add NAME")}
	case 1:
		return "/sites/" + url.PathEscape(sites[0].Name), nil
	}
	var names []string
	for _, x := range sites {
		names = append(names, x.Name)
	}
	return "", misuse{fmt.Errorf("which site? Say --site with one of %s", strings.Join(names, ", "))}
}

// onSite is the flag of commands about one site.
type onSite struct {
	Site string `help:"Name of the site; not needed where there is one." env:"PALISADE_SITE" placeholder:"NAME"`
}

// show prints an answer: JSON as it is, or the text that f writes.
func (s *session) show(v any, f func(w io.Writer)) error {
	if s.JSON {
		e := json.NewEncoder(s.Out)
		e.SetIndent("", "  ")
		e.SetEscapeHTML(false)
		return e.Encode(v)
	}
	f(s.Out)
	return nil
}
