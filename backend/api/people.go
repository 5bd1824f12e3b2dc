package api

import (
	"context"
	"fmt"

	"palisade.dev/backend/access"
	"palisade.dev/backend/people"
	"palisade.dev/store"
)

// Self is who makes the request.
type Self struct {
	Name   string                 `json:"name" doc:"an e-mail address; operator for the operator's token"`
	Roles  map[string]access.Role `json:"roles" doc:"by the site's id; * is all sites"`
	Scopes string                 `json:"scopes" doc:"what the token is limited to"`
}

// OpenLink opens something once, for whoever has it.
type OpenLink struct {
	Path    string `json:"path" doc:"of the console; it is shown this once, and works once"`
	Email   string `json:"email"`
	Expires int64  `json:"expires" doc:"unix milliseconds"`
}

// Person is a person that a path names. It is exported because the library fills only exported fields.
type Person struct {
	Person string `path:"person" doc:"id or e-mail address"`
}

func (a *api) people() {
	op(a, anyone, "GET", "/self", "get-self", "Who you are and what you may", func(ctx context.Context, _ *struct{}) (Self, error) {
		who := access.Of(ctx)
		return Self{who.Name, who.Roles, who.Scope.String()}, nil
	})
	op(a, everywhere(access.Own), "GET", "/people", "list-people", "Who can sign in, and who they are where", func(ctx context.Context, in *struct {
		After string `query:"after" maxLength:"254" doc:"e-mail address of the last one seen"`
		Limit int    `query:"limit" default:"100" minimum:"1" maximum:"500"`
	},
	) ([]people.Member, error) {
		list, err := a.People.List(ctx, in.After, in.Limit)
		return append([]people.Member{}, list...), err
	})
	op(a, everywhere(access.Own), "GET", "/sign-ins", "list-sign-ins", "Tries to sign in, newest first", func(ctx context.Context, in *struct {
		Person string `query:"person" maxLength:"254" doc:"id or e-mail address; everybody without"`
		Before string `query:"before" doc:"id of the last one seen"`
		Limit  int    `query:"limit" default:"100" minimum:"1" maximum:"500"`
	},
	) ([]store.Signin, error) {
		id := ""
		if in.Person != "" {
			m, err := a.People.Find(ctx, in.Person)
			if err != nil {
				return nil, err
			}
			id = m.ID
		}
		list, err := a.People.Signins(ctx, id, in.Before, in.Limit)
		return append([]store.Signin{}, list...), err
	})
	a.invitations()
	a.roles()
	for _, act := range []struct {
		method, path, id, summary, told string
		do                              func(context.Context, string) error
	}{
		{"POST", "/disable", "disable-person", "Keep somebody out, at once and until they are enabled", "now kept out and signed out everywhere", a.People.Disable},
		{"POST", "/enable", "enable-person", "Let a disabled person in again", "may sign in again", a.People.Enable},
		{"DELETE", "", "remove-person", "Remove a person; what they did stays in the audit log", "removed", a.People.Remove},
		{"DELETE", "/sessions", "end-sessions", "Sign somebody out everywhere", "signed out everywhere", a.People.EndAll},
	} {
		op(a, everywhere(access.Own), act.method, "/people/{person}"+act.path, act.id, act.summary, func(ctx context.Context, in *struct{ Person }) (done, error) {
			m, err := a.People.Find(ctx, in.Person.Person)
			if err == nil {
				err = act.do(ctx, m.ID)
			}
			return done{act.told + ": " + m.Email}, err
		})
	}
	op(a, everywhere(access.Own), "POST", "/people/{person}/recover", "recover-person", "Make a link by which somebody sets a new password; whoever has it can be that person", func(ctx context.Context, in *struct {
		Person
		Body struct {
			All bool `json:"all,omitempty" doc:"one-time codes, passkeys, tied accounts and tokens go too"`
		}
	},
	) (OpenLink, error) {
		m, err := a.People.Find(ctx, in.Person.Person)
		if err != nil {
			return OpenLink{}, err
		}
		code, until, err := a.People.RecoverLink(ctx, m.Email, in.Body.All)
		return OpenLink{"/join/" + code, m.Email, until.UnixMilli()}, err
	})
	op(a, anyone, "GET", "/tokens", "list-tokens", "Your tokens", func(ctx context.Context, _ *struct{}) ([]people.Token, error) {
		list, err := a.People.Tokens(ctx, access.Of(ctx).ID)
		return append([]people.Token{}, list...), err
	})
	op(a, anyone, "DELETE", "/tokens/{id}", "revoke-token", "Revoke a token of yours", func(ctx context.Context, in *struct {
		ID string `path:"id"`
	},
	) (done, error) {
		return done{"token " + in.ID + " works no more"}, a.People.RevokeToken(ctx, access.Of(ctx).ID, in.ID)
	})
}

func (a *api) invitations() {
	op(a, anyone, "GET", "/invitations", "list-invitations", "Invitations that stand open, on sites that you own", func(ctx context.Context, _ *struct{}) ([]people.Invitation, error) {
		return a.People.Invitations(ctx)
	})
	op(a, anyone, "POST", "/invitations", "invite-person", "Invite somebody to sites that you own", func(ctx context.Context, in *struct {
		Body struct {
			Email string      `json:"email" maxLength:"254"`
			Role  access.Role `json:"role" enum:"owner,responder,viewer,auditor"`
			Sites []string    `json:"sites,omitempty" maxItems:"100" doc:"names; all sites without"`
		}
	},
	) (OpenLink, error) {
		roles := map[string]access.Role{}
		for _, name := range in.Body.Sites {
			s, err := a.DB.SiteByName(ctx, name)
			if err == nil && !access.Of(ctx).May(s.ID, access.See) {
				err = fmt.Errorf("%w: site %s", store.ErrNotFound, name)
			}
			if err != nil {
				return OpenLink{}, err
			}
			roles[s.ID] = in.Body.Role
		}
		if len(in.Body.Sites) == 0 {
			roles[access.Everywhere] = in.Body.Role
		}
		i, code, err := a.People.Invite(ctx, in.Body.Email, roles)
		return OpenLink{"/join/" + code, i.Email, i.Expires}, err
	})
	op(a, anyone, "DELETE", "/invitations/{id}", "withdraw-invitation", "Withdraw an invitation: its link opens nothing more", func(ctx context.Context, in *struct {
		ID string `path:"id"`
	},
	) (done, error) {
		return done{"the invitation is withdrawn"}, a.People.Withdraw(ctx, in.ID)
	})
}

// given is what a role is given as.
type given struct {
	Role access.Role `json:"role" enum:"owner,responder,viewer,auditor"`
}

func (a *api) roles() {
	grant := func(ctx context.Context, who, site string, role access.Role) (done, error) {
		m, err := a.People.Find(ctx, who)
		if err == nil {
			err = a.People.Grant(ctx, m.ID, site, role)
		}
		return done{fmt.Sprintf("the role %s is given to %s", role, m.Email)}, err
	}
	revoke := func(ctx context.Context, who, site string) (done, error) {
		m, err := a.People.Find(ctx, who)
		if err == nil {
			err = a.People.Revoke(ctx, m.ID, site)
		}
		return done{"the role of " + m.Email + " is taken"}, err
	}
	op(a, everywhere(access.Own), "PUT", "/people/{person}/role", "grant-role", "Give somebody a role on all sites", func(ctx context.Context, in *struct {
		Person
		Body given
	},
	) (done, error) {
		return grant(ctx, in.Person.Person, access.Everywhere, in.Body.Role)
	})
	op(a, everywhere(access.Own), "DELETE", "/people/{person}/role", "revoke-role", "Take somebody's role on all sites", func(ctx context.Context, in *struct{ Person }) (done, error) {
		return revoke(ctx, in.Person.Person, access.Everywhere)
	})
	op(a, on(access.Own), "PUT", "/sites/{site}/people/{person}/role", "grant-site-role", "Give somebody a role on a site", func(ctx context.Context, in *struct {
		On
		Person
		Body given
	},
	) (done, error) {
		s, err := a.site(ctx, in.Site)
		if err != nil {
			return done{}, err
		}
		return grant(ctx, in.Person.Person, s.ID, in.Body.Role)
	})
	op(a, on(access.Own), "DELETE", "/sites/{site}/people/{person}/role", "revoke-site-role", "Take somebody's role on a site", func(ctx context.Context, in *struct {
		On
		Person
	},
	) (done, error) {
		s, err := a.site(ctx, in.Site)
		if err != nil {
			return done{}, err
		}
		return revoke(ctx, in.Person.Person, s.ID)
	})
}
