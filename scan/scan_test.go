package scan

import (
	"encoding/json"
	"strings"
	"testing"
)

func finding(check, file string, line int, symbol, key string) Finding {
	return Finding{Check: check, Place: Place{File: file, Start: Position{Line: line, Column: 3}, Symbol: symbol}, Key: key}
}

func TestFingerprintsSurviveMovedLines(t *testing.T) {
	before := Stamp([]Finding{finding("elixir/sqlquery", "lib/a.ex", 10, "A.run/1", "Repo.query(sql)"), finding("elixir/sqlquery", "lib/a.ex", 12, "A.run/1", "Repo.query(sql)")})
	after := Stamp([]Finding{finding("elixir/sqlquery", "lib/a.ex", 31, "A.run/1", "Repo.query(  sql)\n"), finding("elixir/sqlquery", "lib/a.ex", 30, "A.run/1", "Repo.query(sql)")})
	for i := range before {
		if before[i].Fingerprint != after[i].Fingerprint {
			t.Errorf("finding %d has another fingerprint after lines moved", i)
		}
	}
	if before[0].Fingerprint == before[1].Fingerprint {
		t.Error("two findings in one function share a fingerprint")
	}
	other := Stamp([]Finding{finding("elixir/sqlquery", "lib/a.ex", 10, "A.other/1", "Repo.query(sql)")})
	if other[0].Fingerprint == before[0].Fingerprint {
		t.Error("findings of two functions share a fingerprint")
	}
}

func TestStampDropsWhatIsSaidTwice(t *testing.T) {
	f := finding("go/timeout", "main.go", 3, "main", "x")
	if got := Stamp([]Finding{f, f, f}); len(got) != 1 {
		t.Errorf("%d findings are left of three that are the same", len(got))
	}
}

func TestWords(t *testing.T) {
	for i, w := range severities {
		s, err := ParseSeverity(w)
		if err != nil || s != Severity(i) || s.String() != w {
			t.Errorf("%q is read as %v, %v", w, s, err)
		}
	}
	_, err := ParseSeverity("urgent")
	if err == nil || !strings.Contains(err.Error(), `"urgent" is no severity: it is one of none, info, low`) {
		t.Errorf("a wrong word gives %v", err)
	}
	var f Finding
	if err := json.Unmarshal([]byte(`{"severity":"high","confidence":"confirmed"}`), &f); err != nil || f.Severity != High || f.Confidence != Confirmed {
		t.Errorf("the words are read from JSON as %v %v, %v", f.Severity, f.Confidence, err)
	}
}
