// Package refresh fetches advisories in bulk and keeps the last good copy of them, with the day on which it was fetched.
// A scan takes what is newer, that copy or what is built in, and asks no network itself; so it works where there is none,
// and says how old its knowledge is. A source that fails, or that suddenly knows much less, replaces nothing.
package refresh

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"
)

// Source is where advisories are fetched.
type Source struct {
	Ecosystem string   // whose; empty keeps whatever it holds of those that are scanned
	URLs      []string // that make up the whole together: all are fetched, or nothing is kept
	Large     bool     // far above what others hold: spooled to the disk, under bounds of its own
}

// Defaults are asked where nobody says otherwise.
var Defaults = []Source{
	{Ecosystem: "Hex", URLs: []string{"https://osv-vulnerabilities.storage.googleapis.com/Hex/all.zip"}},
	{Ecosystem: "Go", URLs: []string{"https://vuln.go.dev/vulndb.zip"}}, // OSV's own for Go mix in advisories without symbols, which cannot be followed
}

// NPM is asked for when it is named: its archive has some 200 MB, and nine in ten of them are about packages that were
// malicious from the first day and gone on the second. Those are left out.
var NPM = Source{Ecosystem: "npm", URLs: []string{"https://osv-vulnerabilities.storage.googleapis.com/npm/all.zip"}, Large: true}

// leastNPM is what no whole set of npm's advisories is below. Sources for Hex hold a few that came along, and those alone
// would make a scan take its silence for good news.
const leastNPM = 2000

// Client makes a client that gives up after a while, and follows redirects within one host alone.
func Client(whole time.Duration) *http.Client {
	return &http.Client{
		Timeout: whole,
		Transport: &http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			DialContext:            (&net.Dialer{Timeout: min(whole, 10*time.Second)}).DialContext,
			TLSHandshakeTimeout:    10 * time.Second,
			ResponseHeaderTimeout:  min(whole, 30*time.Second),
			MaxResponseHeaderBytes: 64 << 10,
			DisableKeepAlives:      true,
			ForceAttemptHTTP2:      true,
		},
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			switch first := via[0].URL; {
			case r.URL.Host != first.Host || r.URL.Scheme != first.Scheme:
				return fmt.Errorf("it leads on to %s, another host: if you trust that one, give its address with --from", r.URL.Host)
			case len(via) > 3:
				return errors.New("it leads on more than 3 times")
			}
			return nil
		},
	}
}

// Refresher fetches.
type Refresher struct {
	Client *http.Client
	Dir    string // where copies are kept
	Now    func() time.Time
}

// Copy is what was fetched of one ecosystem.
type Copy struct {
	Ecosystem string    `json:"ecosystem"`
	Records   int       `json:"records"`
	Newest    time.Time `json:"newest,omitzero"` // the last change of any of them
	Fetched   time.Time `json:"fetched"`
	File      string    `json:"file"`
}

// Fetch replaces the copies of one source. What it gives was kept, even where the error says that something else failed.
func (r *Refresher) Fetch(ctx context.Context, s Source) ([]Copy, error) {
	all := bulk{}
	bounds := small
	if s.Large {
		bounds = large
	}
	var from []string
	for _, address := range s.URLs {
		u, err := check(address)
		if err != nil {
			return nil, r.stays(s, err)
		}
		// Messages and copies name an address without what may be secret in it.
		shown := (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
		from = append(from, shown)
		if err := r.take(ctx, u, bounds, all); err != nil {
			return nil, r.stays(s, fmt.Errorf("fetching advisories from %s: %w", shown, err))
		}
	}
	where := strings.Join(from, " and ")
	if n := len(all["npm"]); n < leastNPM {
		if s.Ecosystem == "npm" && n > 0 {
			return nil, r.stays(s, fmt.Errorf("%s holds %d advisories for npm, and there are more than %d: is it all of them?", where, n, leastNPM))
		}
		delete(all, "npm")
	}
	if s.Ecosystem != "" {
		maps.DeleteFunc(all, func(name string, _ map[string]advisory) bool { return name != s.Ecosystem })
	}
	if len(all) == 0 {
		wanted := s.Ecosystem
		if wanted == "" {
			wanted = strings.Join(ecosystems, ", ")
		}
		return nil, r.stays(s, fmt.Errorf("%s holds no advisories for %s: is it OSV's bulk data?", where, wanted))
	}
	var done []Copy
	var faults []error
	for _, name := range slices.Sorted(maps.Keys(all)) {
		c, err := r.replace(name, where, all[name])
		if err != nil {
			faults = append(faults, r.stays(Source{Ecosystem: name}, err))
			continue
		}
		done = append(done, c)
	}
	return done, errors.Join(faults...)
}

// replace keeps a copy unless it knows much less than what is there: advisories are added and hardly ever taken back, so
// half of them is a broken source, and a scan would take its silence for good news.
func (r *Refresher) replace(name, from string, list map[string]advisory) (Copy, error) {
	had, _, day, err := built(name)
	if err != nil {
		return Copy{}, err
	}
	if c, err := load(r.Dir, name); err == nil && c.at.After(day) {
		had = c.db
	}
	if 2*len(list) < had.Len() {
		return Copy{}, fmt.Errorf("%s holds %d advisories for %s, and %d are at hand already: is it all of them? A folder with some is read by palisade scan code --advisories DIR", from, len(list), name, had.Len())
	}
	c := Copy{Ecosystem: name, Records: len(list), Fetched: r.Now().UTC().Truncate(time.Second), File: file(r.Dir, name)}
	for _, a := range list {
		if a.record.Modified.After(c.Newest) {
			c.Newest = a.record.Modified
		}
	}
	if err := keep(r.Dir, name, from, c.Fetched, list); err != nil {
		return Copy{}, fmt.Errorf("keeping the advisories for %s: %w", name, err)
	}
	return c, nil
}

// stays says beside a failure what scans go on with.
func (r *Refresher) stays(s Source, err error) error {
	names := ecosystems
	if s.Ecosystem != "" {
		names = []string{s.Ecosystem}
	}
	var words []string
	for _, name := range names {
		db, _, day, fault := built(name)
		if fault != nil || db.Len() == 0 {
			continue
		}
		a := Age{Ecosystem: name, Day: day, Built: true}
		if c, err := load(r.Dir, name); err == nil && c.at.After(a.Day) {
			a.Day, a.Built = c.at, false
		} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
			words = append(words, fmt.Sprintf("%s cannot be read (%v)", file(r.Dir, name), err))
		}
		of, _ := a.Of(r.Now())
		words = append(words, name+": "+of)
	}
	return fmt.Errorf("%w\nScans go on with what is at hand (%s)", err, strings.Join(words, "; "))
}

// check reads an address. Without TLS anybody on the way could take advisories out, so only this machine may do without.
func check(address string) (*url.URL, error) {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return nil, fmt.Errorf("%.80q is no address to fetch advisories from: write https://HOST/PATH", address)
	case u.Scheme == "http" && !loopback(u.Hostname()):
		return nil, fmt.Errorf("advisories are not fetched from %s without TLS, as anybody on the way could take some out: write https://", u.Host)
	}
	return u, nil
}

func loopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return err == nil && a.IsLoopback() || host == "localhost"
}

// take fetches one address and takes up what it holds.
func (r *Refresher) take(ctx context.Context, u *url.URL, l limits, all bulk) error {
	body, err := r.get(ctx, u)
	if err != nil {
		return err
	}
	defer body.Close()
	spool, err := os.CreateTemp("", "palisade-advisories-")
	if err != nil {
		return err
	}
	defer os.Remove(spool.Name())
	defer spool.Close()
	n, err := io.Copy(spool, io.LimitReader(body, l.packed+1))
	switch {
	case err != nil:
		return fmt.Errorf("its answer breaks off after %d bytes: %w", n, err)
	case n > l.packed:
		return fmt.Errorf("it is larger than %d MB", l.packed>>20)
	}
	return all.read(spool, n, l)
}

func (r *Refresher) get(ctx context.Context, u *url.URL) (io.ReadCloser, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), http.NoBody)
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", "palisade")
	res, err := r.Client.Do(req)
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err // its address is named without secrets by whoever asked
	}
	if err != nil {
		return nil, err
	}
	if res.StatusCode != http.StatusOK {
		_ = res.Body.Close()
		return nil, fmt.Errorf("it answers %s", res.Status)
	}
	return res.Body, nil
}
