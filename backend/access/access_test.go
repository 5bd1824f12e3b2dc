package access

import (
	"errors"
	"strings"
	"testing"
)

func TestMay(t *testing.T) {
	all := Operator.Scope
	cases := []struct {
		name  string
		actor Actor
		site  string
		p     Permission
		want  bool
	}{
		{"nobody sees nothing", Actor{}, "a", See, false},
		{"an owner everywhere owns a site", Actor{Roles: map[string]Role{Everywhere: Owner}, Scope: all}, "a", Own, true},
		{"a role on one site is none on another", Actor{Roles: map[string]Role{"a": Owner}, Scope: all}, "b", See, false},
		{"a role on one site is none everywhere", Actor{Roles: map[string]Role{"a": Owner}, Scope: all}, Everywhere, See, false},
		{"a responder bans", Actor{Roles: map[string]Role{"a": Responder}, Scope: all}, "a", Respond, true},
		{"a responder changes no rule", Actor{Roles: map[string]Role{"a": Responder}, Scope: all}, "a", Change, false},
		{"a responder reads no audit log", Actor{Roles: map[string]Role{"a": Responder}, Scope: all}, "a", Audit, false},
		{"a viewer bans nobody", Actor{Roles: map[string]Role{"a": Viewer}, Scope: all}, "a", Respond, false},
		{"an auditor reads the audit log", Actor{Roles: map[string]Role{"a": Auditor}, Scope: all}, "a", Audit, true},
		{"an auditor bans nobody", Actor{Roles: map[string]Role{"a": Auditor}, Scope: all}, "a", Respond, false},
		{"the wider of two roles counts", Actor{Roles: map[string]Role{Everywhere: Viewer, "a": Owner}, Scope: all}, "a", Own, true},
		{"a token's scope narrows", Actor{Roles: map[string]Role{Everywhere: Owner}, Scope: See}, "a", Respond, false},
		{"a token's sites narrow", Actor{Roles: map[string]Role{Everywhere: Owner}, Scope: all, Sites: []string{"b"}}, "a", See, false},
		{"a token of one site does nothing everywhere", Actor{Roles: map[string]Role{Everywhere: Owner}, Scope: all, Sites: []string{"a"}}, Everywhere, Own, false},
		{"an unknown role may nothing", Actor{Roles: map[string]Role{"a": "root"}, Scope: all}, "a", See, false},
		{"no permission is no permission", Actor{Roles: map[string]Role{"a": Owner}, Scope: all}, "a", 0, false},
	}
	for _, c := range cases {
		if got := c.actor.May(c.site, c.p); got != c.want {
			t.Errorf("%s: got %v", c.name, got)
		}
	}
	if len(cases) < 16 {
		t.Errorf("%d cases", len(cases))
	}
}

func TestCheckTellsWhatIsLacking(t *testing.T) {
	ctx := With(t.Context(), Actor{Roles: map[string]Role{"a": Owner}, Scope: See, Token: "t"})
	if err := Check(ctx, "a", Respond); !errors.Is(err, ErrForbidden) || !strings.Contains(err.Error(), "scopes are see; the operation needs respond") {
		t.Error(err)
	}
	ctx = With(t.Context(), Actor{Roles: map[string]Role{"a": Viewer}, Scope: Operator.Scope})
	if err := Check(ctx, "a", Change); !errors.Is(err, ErrForbidden) || !strings.Contains(err.Error(), "permission to change on this site") {
		t.Error(err)
	}
	if err := Check(t.Context(), "a", See); !errors.Is(err, ErrForbidden) {
		t.Error(err)
	}
}

func TestScopes(t *testing.T) {
	set, err := ParseScopes(Scopes())
	if err != nil || set != Operator.Scope {
		t.Errorf("%v %v", set, err)
	}
	if _, err := ParseScopes([]string{"see", "root"}); err == nil || !strings.Contains(err.Error(), `scope "root": want one or more of see, audit, respond, change, own`) {
		t.Error(err)
	}
}

func TestReaches(t *testing.T) {
	if sites, all := Operator.Reaches(); sites != nil || !all {
		t.Error(sites, all)
	}
	a := Actor{Roles: map[string]Role{"a": Viewer, "b": Owner}, Scope: Operator.Scope, Sites: []string{"b"}}
	if sites, all := a.Reaches(); len(sites) != 1 || sites[0] != "b" || all {
		t.Error(sites, all)
	}
}
