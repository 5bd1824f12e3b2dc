// Package access says who may do what. A person, or a token acting for one, is an Actor; an Actor has a role on each
// site; a role holds permissions. Every operation of the API names the permission it needs and asks here, whichever door
// the request came through. It keeps nothing: package people knows who has which role.
package access

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Permission is one kind of thing that can be done.
type Permission uint8

// The permissions.
const (
	See     Permission = 1 << iota // look at events, clients, bans, rules
	Audit                          // read and export the audit log
	Respond                        // levers, bans and allowances
	Change                         // rules, networks, traps, settings, alerts
	Own                            // site keys, people and their roles, deleting a site
	Report                         // bring the results of scans
)

var permissions = []struct {
	p    Permission
	name string
}{{See, "see"}, {Audit, "audit"}, {Respond, "respond"}, {Change, "change"}, {Own, "own"}, {Report, "report"}}

// Scopes are the permissions' names, as tokens state them.
func Scopes() []string {
	var names []string
	for _, p := range permissions {
		names = append(names, p.name)
	}
	return names
}

// String names the permissions in a set.
func (p Permission) String() string {
	var names []string
	for _, have := range permissions {
		if p&have.p != 0 {
			names = append(names, have.name)
		}
	}
	return strings.Join(names, ", ")
}

// ParseScopes reads names of permissions into a set.
func ParseScopes(names []string) (Permission, error) {
	var set Permission
next:
	for _, n := range names {
		for _, have := range permissions {
			if n == have.name {
				set |= have.p
				continue next
			}
		}
		return 0, fmt.Errorf("scope %q: want one or more of %s", n, strings.Join(Scopes(), ", "))
	}
	return set, nil
}

// Role is what somebody is on a site.
type Role string

// The roles.
const (
	Owner     Role = "owner"     // everything
	Responder Role = "responder" // sees, and moves levers, bans and allowances
	Viewer    Role = "viewer"    // sees
	Auditor   Role = "auditor"   // sees, and reads the audit log
)

// Roles are all of them, with what each may.
var Roles = []Role{Owner, Responder, Viewer, Auditor}

var may = map[Role]Permission{
	Owner:     See | Audit | Respond | Change | Own | Report,
	Responder: See | Respond | Report,
	Viewer:    See,
	Auditor:   See | Audit,
}

// May is what a role may; a role of no known name may nothing.
func (r Role) May() Permission { return may[r] }

// Valid reports whether the role is one of the four.
func (r Role) Valid() bool { return may[r] != 0 }

// Everywhere stands for all sites, those to come included, in an Actor's roles. What concerns the installation as a
// whole (people, alerts, a new site) needs the permission everywhere.
const Everywhere = "*"

// Actor is who does something.
type Actor struct {
	ID    string          // of the person; "" for the operator's token and the configuration file
	Name  string          // as the audit log and lists show it
	Roles map[string]Role // by the site's id, or Everywhere
	Token string          // id of the token it came with; "" for a person at the console
	Scope Permission      // what the token is limited to; a person's is all
	Sites []string        // ids of the sites that the token is limited to; none: no limit
}

// Operator is who holds the operator's token of the data folder: whoever can read that file owns the installation.
var Operator = Actor{Name: "operator", Roles: map[string]Role{Everywhere: Owner}, Scope: See | Audit | Respond | Change | Own | Report}

// May reports whether the actor may do something on a site.
func (a Actor) May(site string, p Permission) bool {
	if len(a.Sites) > 0 && !slices.Contains(a.Sites, site) {
		return false
	}
	return (a.Roles[site].May()|a.Roles[Everywhere].May())&a.Scope&p == p && p != 0
}

// Anywhere reports whether the actor may do something on some site.
func (a Actor) Anywhere(p Permission) bool {
	for _, role := range a.Roles {
		if role.May()&a.Scope&p == p {
			return true
		}
	}
	return false
}

// Steers reports whether the actor may respond somewhere. Who only looks is protected from no ban.
func (a Actor) Steers() bool { return a.Anywhere(Respond) }

// Role gives the farther-reaching of the actor's roles on a site and everywhere.
func (a Actor) Role(site string) Role {
	here, all := a.Roles[site], a.Roles[Everywhere]
	for _, r := range Roles {
		if here == r || all == r {
			return r
		}
	}
	return ""
}

// Reaches lists the ids of the sites the actor has a role on; all reports that it is every site.
func (a Actor) Reaches() (sites []string, all bool) {
	if a.Roles[Everywhere].Valid() {
		return a.Sites, len(a.Sites) == 0
	}
	for _, site := range slices.Sorted(maps.Keys(a.Roles)) {
		if a.May(site, See) {
			sites = append(sites, site)
		}
	}
	return sites, false
}

type actorKey struct{}

// With gives a context in which the actor acts.
func With(ctx context.Context, a Actor) context.Context { return context.WithValue(ctx, actorKey{}, a) }

// Of gives who acts. Nobody may nothing.
func Of(ctx context.Context) Actor {
	a, _ := ctx.Value(actorKey{}).(Actor)
	return a
}

// ErrForbidden is what somebody gets who sees a site but may not do the thing.
var ErrForbidden = errors.New("not allowed")

// Check fails unless the context's actor may. The error says what is lacking and whom to ask.
func Check(ctx context.Context, site string, p Permission) error {
	a := Of(ctx)
	if a.May(site, p) {
		return nil
	}
	if a.Token != "" && a.Scope&p != p {
		return fmt.Errorf("%w: this token's scopes are %s; the operation needs %s", ErrForbidden, a.Scope, p)
	}
	where := "on this site"
	if site == Everywhere {
		where = "on all sites"
	}
	return fmt.Errorf("%w: this needs the permission to %s %s; an owner can give it to you", ErrForbidden, p, where)
}
