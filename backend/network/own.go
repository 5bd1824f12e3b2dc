package network

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"palisade.dev/guard/prefix"
)

// OwnList is a list that the operator of this installation declares: from a file, from an address, or written out. Just
// one of File, URL and Entries is set.
type OwnList struct {
	Name    string
	Kind    string // Own when empty; a kind such as cloud makes rules about that kind mean this list too
	Title   string
	File    string
	URL     string
	Format  string // of an answer, plain when empty
	Every   time.Duration
	Entries []string
	// By and Written say who wrote the entries out, and when, where that was not in the configuration.
	By      string
	Written time.Time
	// Private says that URL may be in a private network and may be http. Without it only https to public addresses is
	// fetched, so that who may add a list cannot use it to ask machines inside.
	Private bool
}

// The shortest and longest time between two looks at an own list's address.
const (
	minEvery = time.Minute
	maxEvery = 30 * day
)

// How often a file is looked at. It is read only when its size or time has changed.
const fileEvery = 30 * time.Second

// Check reports everything that is wrong with the declaration of a list.
func (o OwnList) Check() error {
	var faults []error
	say := func(format string, args ...any) {
		faults = append(faults, fmt.Errorf("network list %s: "+format, append([]any{o.Name}, args...)...))
	}
	if err := CheckName(o.Name); err != nil {
		faults = append(faults, err)
	}
	if o.Kind != "" && Rank(o.Kind) == len(kinds) {
		say("kind %q is none of %s", o.Kind, strings.Join(kinds, ", "))
	}
	set := 0
	for _, there := range []bool{o.File != "", o.URL != "", len(o.Entries) > 0} {
		if there {
			set++
		}
	}
	if set != 1 {
		say("want one of file, url and entries, not %d of them", set)
	}
	if o.Format != "" && !slices.Contains(Formats(), o.Format) {
		say("format %q is none of %s", o.Format, strings.Join(Formats(), ", "))
	}
	if o.Format != "" && o.URL == "" {
		say("format goes with url only: a file has a prefix a line")
	}
	if o.Every != 0 && (o.Every < minEvery || o.Every > maxEvery) {
		say("every %s is not between %s and %d days", o.Every, minEvery, maxEvery/day)
	}
	if o.URL != "" {
		switch u, err := url.Parse(o.URL); {
		case err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http"):
			say("its url is no https address")
		case u.User != nil:
			say("its url holds a user name or password, which would be shown to everybody who may see the list")
		case u.Scheme == "http" && !o.Private:
			say("its url is http: want https, or private: true for a machine in your own network")
		}
	}
	if len(o.Entries) > 0 {
		if _, err := o.inline(); err != nil {
			faults = append(faults, err)
		}
	}
	return errors.Join(faults...)
}

func (o OwnList) source() string {
	switch {
	case o.File != "":
		return o.File
	case o.URL != "":
		return shown(o.URL)
	case o.By != "":
		return "written by " + o.By
	}
	return "configuration"
}

// list is the declaration without prefixes.
func (o OwnList) list() List {
	l := List{Name: o.Name, Kind: o.Kind, Title: o.Title, Source: o.source(), Official: o.source(), Licence: "your own", Own: true}
	if l.Kind == "" {
		l.Kind = Own
	}
	if l.Title == "" {
		l.Title = o.Name
	}
	return l
}

func (o OwnList) inline() ([]netip.Prefix, error) {
	var faults []error
	var ps []netip.Prefix
	for i, e := range o.Entries {
		p, err := prefix.ParsePrefix(e)
		if err != nil {
			faults = append(faults, fmt.Errorf("network list %s: entry %d: %w", o.Name, i+1, err))
			continue
		}
		ps = append(ps, p)
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	ps = Canonical(ps)
	if err := Sane(ps, true); err != nil {
		return nil, fmt.Errorf("network list %s: %w", o.Name, err)
	}
	return ps, nil
}

// ReadOwn reads the text of a list that somebody wrote: a prefix or address a line, comments after a #. All faults are told,
// each with its line.
func ReadOwn(text string) ([]netip.Prefix, error) {
	ps, err := prefix.Parse(strings.NewReader(text))
	if err != nil {
		return nil, err
	}
	ps = Canonical(ps)
	return ps, Sane(ps, true)
}

// errSeen says that a file has not been touched since it was read.
var errSeen = errors.New("not touched")

// stamp tells whether a file may have changed.
type stamp struct {
	size     int64
	modified time.Time
}

// Disk is where files of own lists are read.
type Disk struct{}

// Open opens a file by its path.
func (Disk) Open(path string) (fs.File, error) { return os.Open(path) }

// Stat looks at a file by its path.
func (Disk) Stat(path string) (fs.FileInfo, error) { return os.Stat(path) }

func look(files fs.StatFS, path string) (stamp, error) {
	info, err := files.Stat(path)
	if err != nil {
		return stamp{}, fmt.Errorf("looking at its file: %w", err)
	}
	if !info.Mode().IsRegular() { // reading a pipe or a device would never end
		return stamp{}, fmt.Errorf("%s is no regular file", path)
	}
	return stamp{size: info.Size(), modified: info.ModTime()}, nil
}

func readFile(files fs.StatFS, path string, maxBytes int64) ([]netip.Prefix, error) {
	f, err := files.Open(path)
	if err != nil {
		return nil, fmt.Errorf("opening its file: %w", err)
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, maxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("reading its file: %w", err)
	}
	if int64(len(raw)) > maxBytes {
		return nil, fmt.Errorf("%s has more than %s bytes", path, thousands(uint64(maxBytes)))
	}
	ps, err := prefix.Parse(bytes.NewReader(raw))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return Canonical(ps), nil
}
