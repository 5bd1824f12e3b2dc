package client

import (
	"slices"
	"strings"
	"testing"
)

func accounts(n int, ok, failed uint64) (list []SignIns) {
	for i := range n {
		list = append(list, SignIns{Account: string(rune('a' + i%26)), OK: ok, Failed: failed})
	}
	return list
}

func TestJudge(t *testing.T) {
	cases := []struct {
		name    string
		state   State
		leaning Leaning
		title   string
		because string
	}{
		{"an office", State{By: "address", Requests: 4000, SignIns: accounts(22, 3, 0)}, People, "office", "66 successful sign-ins of 22 accounts"},
		{"an office with a guesser in it", State{By: "address", Requests: 4000, SignIns: append(accounts(3, 1, 0), accounts(20, 0, 9)...)}, Unclear, "so does somebody who guesses", "180 failed sign-ins to 23 accounts"},
		{"stuffing", State{By: "address", Requests: 400, SignIns: accounts(20, 0, 5)}, Machine, "credential stuffing", "100 failed sign-ins to 20 accounts"},
		{"stuffing that hit one account", State{By: "address", Requests: 400, SignIns: append(accounts(19, 0, 5), SignIns{Account: "hit", OK: 1})}, Machine, "credential stuffing", "1 successful sign-in of 1 account"},
		{"guessing one password", State{By: "address", Requests: 40, SignIns: accounts(1, 0, 30)}, Machine, "password guessing", "30 failed sign-ins to 1 account"},
		{"a scanner", State{By: "address", Requests: 100, Actions: map[string]uint64{"ban": 90, "allow": 10}}, Machine, "looks like a machine", "90 of them refused"},
		{"a person who mistyped", State{By: "address", Requests: 30, SignIns: accounts(1, 1, 3)}, People, "a person", "3 failed"},
		{"a crawler", State{By: "address", Requests: 900, Networks: []Found{{"crawler/googlebot", "crawler", "Googlebot"}}}, Unclear, "published by its operator", "Googlebot"},
		{"a stranger", State{By: "address", Requests: 3}, Unclear, "too little", "3 requests"},
		{"nobody", State{By: "address"}, Unclear, "nothing was seen", ""},
		{"a network of people", State{By: "network", Requests: 900, SignIns: accounts(9, 2, 1)}, People, "network", "18 successful"},
	}
	for _, c := range cases {
		j := Judge(c.state)
		if j.Leaning != c.leaning || !strings.Contains(j.Title, c.title) {
			t.Errorf("%s: %s, %q", c.name, j.Leaning, j.Title)
		}
		if !slices.ContainsFunc(j.Because, func(b string) bool { return strings.Contains(b, c.because) }) && c.because != "" {
			t.Errorf("%s: because %q", c.name, j.Because)
		}
	}
	if len(cases) < 11 {
		t.Errorf("%d cases", len(cases))
	}
}
