package sobelow

import (
	"fmt"
	"strings"
	"testing"
)

func TestKinds(t *testing.T) {
	if len(Kinds) != 31 {
		t.Errorf("Sobelow has 31 types, and %d are here", len(Kinds))
	}
	for name, want := range map[string]string{
		"SQL.Query": "elixir/sqlquery", "SQL": "elixir/sqlquery", "DOS": "elixir/atom", "XSS": "elixir/contenttype elixir/html elixir/raw elixir/sendresp",
		"Traversal.SendFile": "elixir/traversal", "Vuln.Ecto": "", "Nothing": "", "SQ": "",
	} {
		if got := strings.Join(Checks(name), " "); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

func TestSkips(t *testing.T) {
	skips, faults := Skips([]byte("# by hand\n\nSQL.Query: SQL injection,lib/a.ex:12,1A2B3C\r\nConfig.CSP: Missing, or weak,lib/a,b.ex:3,FF\nABCDEF01\nwhat is this\nXSS.Raw: x,lib/a.ex:99999999999999999999,AA\n"))
	var got []string
	for _, s := range skips {
		got = append(got, fmt.Sprintf("%d %s %s:%d %s", s.Line, s.Name, s.File, s.At, s.Hash))
	}
	if want := "3 SQL.Query lib/a.ex:12 1A2B3C|4 Config.CSP b.ex:3 FF|5  :0 ABCDEF01"; strings.Join(got, "|") != want {
		t.Errorf("skips are %q", got)
	}
	if want := `[line 6 is neither "type,file:line,hash" nor a hash line 7: 99999999999999999999 is no line number]`; fmt.Sprint(faults) != want {
		t.Errorf("faults are %v", faults)
	}
}

func TestConf(t *testing.T) {
	c, err := Read([]byte("[\n  verbose: true,\n  private: false,\n  skip: true,\n  router: nil,\n  exit: :high,\n  format: \"txt\",\n  threshold: \"Low\",\n  ignore: [\"Config.HTTPS\", \"XSS\"],\n  ignore_files: [\"lib/a.ex\"]\n]\n"))
	if err != nil || c.Exit != "high" || c.Threshold != "low" || !c.Skip || c.Router != "" || len(c.Ignore) != 2 || c.IgnoreFiles[0] != "lib/a.ex" || strings.Join(c.Others, " ") != "verbose private format" {
		t.Errorf("%+v, %v", c, err)
	}
	for src, want := range map[string]string{
		`[ignore: [System.cmd("x", [])]]`: "it is no list of constants: 1:11: code stands where a constant should be",
		`%{}`:                             "it is a map where a keyword list should be",
		`[:a]`:                            "it is no keyword list",
		`[exit: :loud]`:                   "exit is an atom that has no meaning there",
		`[ignore: "XSS"]`:                 "ignore is a string that has no meaning there",
		``:                                "it is no list of constants: 1:1: the text ends where a term should be",
	} {
		if _, err := Read([]byte(src)); fmt.Sprint(err) != want {
			t.Errorf("%s gives %v, want %s", src, err, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, s := range []string{`[exit: :low, skip: true]`, `[ignore: ["XSS"]]`, "SQL.Query: x,lib/a.ex:1,AA", "AABB", `["SQL.Query"]`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(_ *testing.T, data []byte) {
		if c, err := Read(data); err == nil {
			for _, n := range c.Ignore {
				Find(n)
			}
		}
		_, _ = Skips(data)
		Words(string(data))
	})
}
