package network

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

func TestOwnLists(t *testing.T) {
	s := newScene(t)
	disk := fstest.MapFS{"lists/office.txt": {Data: []byte("# us\n10.0.0.0/8\n9.0.2.0/24\n"), ModTime: noon}}
	s.Files = disk
	s.start()
	s.answer = text("7.7.7.0/24\n")
	own := []OwnList{
		{Name: "office", File: "lists/office.txt"},
		{Name: "partner", Entries: []string{"8.8.8.8", "2a00::/32"}, Title: "Partners"},
		{Name: "cloud/hetzner", Kind: Cloud, URL: s.server.URL + "/x?key=secret", Private: true, Every: time.Hour},
	}
	if err := s.SetOwn(t.Context(), own); err != nil {
		t.Fatal(err)
	}
	s.Tick(t.Context())
	names := func(a string) (out []string) {
		for _, m := range s.Lookup(netip.MustParseAddr(a)) {
			out = append(out, m.Name)
		}
		return out
	}
	for a, want := range map[string]string{"10.1.1.1": "office", "9.0.2.1": "office cloud/test", "8.8.8.8": "partner", "7.7.7.7": "cloud/hetzner"} {
		if got := strings.Join(names(a), " "); got != want {
			t.Errorf("%s is in %q, want %q", a, got, want)
		}
	}
	if all := fmt.Sprint(s.Status(), s.store.kept["cloud/hetzner"]); strings.Contains(all, "key=secret") {
		t.Errorf("the key in an address is shown: %s", all)
	}
	if len(s.changed) != 3 {
		t.Errorf("told %v", s.changed)
	}

	disk["lists/office.txt"] = &fstest.MapFile{Data: []byte("10.0.0.0/8\nnonsense\n"), ModTime: noon.Add(time.Second)}
	s.now = s.now.Add(time.Minute)
	s.Tick(t.Context())
	st := s.status("office")
	if !strings.HasPrefix(st.LastError, `kept the list of 2026-11-24: lists/office.txt: line 2: "nonsense" is no address or prefix`) || len(names("9.0.2.1")) != 2 {
		t.Errorf("%+v", st)
	}
	s.Own = own
	s.start()
	if st = s.status("office"); st.Prefixes != 2 || st.LastError == "" {
		t.Errorf("a restart with a broken file lost the list: %+v", st)
	}
	disk["lists/office.txt"] = &fstest.MapFile{Data: []byte("10.0.0.0/8\n"), ModTime: noon.Add(2 * time.Second)}
	s.now = s.now.Add(time.Minute)
	s.Tick(t.Context())
	if st = s.status("office"); st.Prefixes != 1 || st.LastError != "" || len(names("9.0.2.1")) != 1 {
		t.Errorf("%+v", st)
	}
	delete(disk, "lists/office.txt")
	s.now = s.now.Add(time.Minute)
	s.Tick(t.Context())
	if st = s.status("office"); st.Prefixes != 1 || !strings.Contains(st.LastError, "looking at its file") {
		t.Errorf("%+v", st)
	}

	if err := s.SetOwn(t.Context(), own[1:]); err != nil || len(names("10.1.1.1")) != 0 || strings.Join(names("7.7.7.7"), " ") != "cloud/hetzner" {
		t.Errorf("%v, %v", err, names("7.7.7.7"))
	}
	if last := s.changed[len(s.changed)-1]; last != "office " {
		t.Errorf("told %q of a list that went", last)
	}
}

func TestOwnListFaults(t *testing.T) {
	s := newScene(t)
	cases := []struct {
		list OwnList
		want string
	}{
		{OwnList{Name: "Office", Entries: []string{"8.8.8.8"}}, `"Office" is no name for a network list`},
		{OwnList{Name: "a"}, "network list a: want one of file, url and entries, not 0 of them"},
		{OwnList{Name: "a", File: "x", URL: "https://e.example/"}, "not 2 of them"},
		{OwnList{Name: "a", Kind: "friend", File: "x"}, `network list a: kind "friend" is none of own, crawler,`},
		{OwnList{Name: "a", URL: "http://e.example/"}, "its url is http: want https, or private: true"},
		{OwnList{Name: "a", URL: "ftp://e.example/"}, "its url is no https address"},
		{OwnList{Name: "a", URL: "https://me:pw@e.example/"}, "its url holds a user name or password"},
		{OwnList{Name: "a", URL: "https://e.example/", Format: "xml"}, `format "xml" is none of ahrefs`},
		{OwnList{Name: "a", File: "x", Format: "csv"}, "format goes with url only"},
		{OwnList{Name: "a", URL: "https://e.example/", Every: time.Second}, "every 1s is not between 1m0s and 30 days"},
		{OwnList{Name: "a", Entries: []string{"8.8.8.8/24"}}, "network list a: entry 1: 8.8.8.8/24 has host bits set; did you mean 8.8.8.0/24?"},
		{OwnList{Name: "a", Entries: []string{"0.0.0.0/0"}}, "network list a: it covers 100 % of all IPv4 addresses"},
		{OwnList{Name: "cloud/test", Entries: []string{"8.8.8.8"}}, "network list cloud/test: there is one of this name already: give yours another"},
	}
	n := 0
	for _, c := range cases {
		err := s.SetOwn(t.Context(), []OwnList{{Name: "good", Entries: []string{"8.8.8.8"}}, c.list})
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "pw@") {
			t.Errorf("%+v: %v, want %s", c.list, err, c.want)
		}
		n++
	}
	if n < 13 || len(s.Lookup(netip.MustParseAddr("8.8.8.8"))) != 0 {
		t.Errorf("%d cases, or half a declaration is in force", n)
	}
}
