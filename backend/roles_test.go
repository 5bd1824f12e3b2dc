package backend

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"palisade.dev/backend/access"
	"palisade.dev/backend/api"
	"palisade.dev/backend/people"
)

// For each operation of the API: the least permission, whether it is needed everywhere, and a request that would be
// sound. An operation that is not in the table fails the test.
var operations = map[string]struct {
	need       access.Permission
	everywhere bool
	query      string
	body       string
}{
	"list-sites": {}, "list-networks": {}, "get-status": {}, "lookup-network": {query: "?address=203.0.113.7"},
	"get-site": {need: access.See}, "get-policy": {need: access.See}, "list-site-keys": {need: access.See}, "list-principals": {need: access.See},
	"list-rule-templates": {}, "get-rule": {need: access.See}, "get-rule-hits": {need: access.See}, "check-rule": {need: access.See, body: `{"yaml":"name: x"}`},
	"set-rule-mode": {need: access.Change, body: `{"mode":"off"}`}, "move-rule": {need: access.Change, body: `{"to":"up"}`},
	"list-rules": {need: access.See}, "get-rule-history": {need: access.See}, "list-bans": {need: access.See}, "list-allowances": {need: access.See},
	"list-levers": {need: access.See}, "list-blocks": {need: access.See}, "list-traps": {need: access.See}, "list-routes": {need: access.See},
	"list-monitors": {need: access.See}, "get-monitor-proof": {need: access.Change}, "pause-monitor": {need: access.Change}, "run-monitor": {need: access.Change}, "delete-monitor": {need: access.Change},
	"add-monitor":     {need: access.Change, body: `{"kind":"api","schedule":"6h","settings":{}}`},
	"list-detections": {need: access.See}, "get-detection": {need: access.See}, "list-recipes": {},
	"answer-detection": {need: access.Respond, body: `{"answer":"handled"}`},
	"list-scans":       {need: access.See}, "get-scan-report": {need: access.See}, "list-findings": {need: access.See}, "get-finding": {need: access.See},
	"bring-scan":     {need: access.Report, body: `{}`},
	"accept-finding": {need: access.Respond, body: `{"reason":"staff only"}`}, "reopen-finding": {need: access.Respond},
	"find-events": {need: access.See}, "get-client": {need: access.See}, "get-summary": {need: access.See},
	"reveal-address":   {need: access.Respond, body: `{"pseudonym":"~203.0.113.7","reason":"to ask its operator"}`},
	"get-receipts":     {need: access.See, query: "?revision=1"},
	"rehearse-rule":    {need: access.See, body: `{"rule":{"name":"x","match":"/x","limit":"5 per 1m"}}`},
	"test-rule":        {need: access.See, body: `{"target":"/","address":"203.0.113.7"}`},
	"challenge-client": {need: access.Respond, body: `{"subject":"203.0.113.7"}`},
	"impose-ban":       {need: access.Respond, body: `{"subject":"203.0.113.7"}`},
	"lift-ban":         {need: access.Respond, query: "?subject=203.0.113.7"},
	"allow":            {need: access.Respond, body: `{"subject":"203.0.113.7"}`},
	"disallow":         {need: access.Respond, query: "?subject=203.0.113.7"},
	"set-lever":        {need: access.Respond, body: `{"match":"POST /x","position":"closed"}`},
	"put-rule":         {need: access.Change, body: `{"name":"x","match":"/x","limit":"5 per 1m"}`},
	"delete-rule":      {need: access.Change}, "undo-rule": {need: access.Change, body: `{"n":1}`},
	"put-block": {need: access.Change, body: `{"match":"/x","networks":["tor"]}`}, "delete-block": {need: access.Change},
	"put-trap": {need: access.Change, body: `{"paths":["/x"]}`}, "delete-trap": {need: access.Change},
	"put-route": {need: access.Change, body: `{"match":"/x"}`}, "delete-route": {need: access.Change},
	"add-principal": {need: access.Change, body: `{"api_key":"k","account":"a"}`}, "delete-principal": {need: access.Change},
	"add-site-key": {need: access.Own, body: `{}`}, "revoke-site-key": {need: access.Own}, "delete-site": {need: access.Own},
	"create-site":         {need: access.Own, everywhere: true, body: `{"name":"x","environment":"prod","zone":"UTC","web_facing":true,"personal_data":false}`},
	"refresh-network":     {need: access.Change, everywhere: true, body: `{"name":"none"}`},
	"list-site-networks":  {need: access.See},
	"lookup-address":      {need: access.See, query: "?address=203.0.113.7"},
	"list-own-networks":   {need: access.See, everywhere: true},
	"put-own-network":     {need: access.Change, everywhere: true, body: `{"text":"203.0.113.7"}`},
	"delete-own-network":  {need: access.Change, everywhere: true},
	"get-trap":            {need: access.See},
	"lay-trap":            {need: access.Change, body: `{"kind":"form"}`},
	"set-trap-mode":       {need: access.Change, body: `{"mode":"off"}`},
	"put-alert-channel":   {need: access.Change, everywhere: true, body: `{"name":"x"}`},
	"mute-alert-channel":  {need: access.Change, everywhere: true, body: `{}`},
	"rotate-alert-secret": {need: access.Change, everywhere: true, body: `{}`},
	"get-site-settings":   {need: access.Change}, "change-site": {need: access.Change, body: `{"zone":"UTC"}`}, "forget-guard": {need: access.Change},
	"get-retention": {need: access.See, everywhere: true}, "set-retention": {need: access.Own, everywhere: true, body: `{"days":30}`}, "reset-retention": {need: access.Own, everywhere: true},
	"try-address": {need: access.Change, body: `{"peer":"203.0.113.7"}`}, "list-appeals": {need: access.See},
	"offer-appeal":          {need: access.Respond, body: `{"subject":"203.0.113.7"}`},
	"answer-appeal":         {need: access.Respond, body: `{"answer":"declined"}`},
	"list-alert-channels":   {need: access.Change, everywhere: true},
	"add-alert-channel":     {need: access.Change, everywhere: true, body: `{"kind":"webhook","name":"x","settings":{}}`},
	"delete-alert-channel":  {need: access.Change, everywhere: true},
	"test-alert-channel":    {need: access.Change, everywhere: true},
	"list-alert-deliveries": {need: access.Change, everywhere: true},
	"list-audit":            {need: access.Audit, everywhere: true},
	"verify-audit":          {need: access.Audit, everywhere: true},
	"create-sign-in-link":   {need: access.Own, everywhere: true},
	"list-people":           {need: access.Own, everywhere: true},
	"list-sign-ins":         {need: access.Own, everywhere: true},
	"disable-person":        {need: access.Own, everywhere: true},
	"enable-person":         {need: access.Own, everywhere: true},
	"remove-person":         {need: access.Own, everywhere: true},
	"end-sessions":          {need: access.Own, everywhere: true},
	"recover-person":        {need: access.Own, everywhere: true, body: `{}`},
	"grant-role":            {need: access.Own, everywhere: true, body: `{"role":"viewer"}`},
	"revoke-role":           {need: access.Own, everywhere: true},
	"grant-site-role":       {need: access.Own, body: `{"role":"viewer"}`},
	"revoke-site-role":      {need: access.Own},
	// What these do is bound to who asks: their own things, and sites that they own.
	"get-self": {}, "list-tokens": {}, "revoke-token": {}, "list-invitations": {}, "invite-person": {}, "withdraw-invitation": {},
}

// Each role tries each operation, on its own site and on one it has no role on, and gets no further than it may.
func TestRolesAgainstEveryOperation(t *testing.T) {
	h := newHouse(t)
	actor := access.Actor{}
	handler := api.New(api.Parts{
		DB: h.DB, Sites: h.Sites, Bans: h.Bans, Levers: h.Levers, Feed: h.Feed, Events: h.Events, Search: h.Search, Networks: h.Networks,
		Rules: h.Rules, Clients: h.Clients, Entry: h.Entry, Alerts: h.Alerts, Appeals: h.Appeals, Desk: h.Desk, Traps: h.Traps, Retention: h.Retention, Version: "test", Now: h.o.Now, ID: h.id, Log: h.o.Log,
		People: h.People, Findings: h.Findings, Watch: h.Watch, Owner: h.OwnerToken, Actor: func(*http.Request) (access.Actor, error) {
			if actor.Name == "" {
				return actor, people.ErrUnauthorized
			}
			return actor, nil
		}, Operator: func(string) {},
	})
	ask := func(method, path, body string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, path, strings.NewReader(body))
		if body != "" {
			r.Header.Set("Content-Type", "application/json")
		}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		return w
	}
	actor = access.Operator
	var doc struct {
		Paths map[string]map[string]struct {
			OperationID string `json:"operationId"`
		}
	}
	if err := json.Unmarshal(ask("GET", "/api/v1/openapi.json", "").Body.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	all := access.Operator.Scope
	seen, tried := 0, 0
	for path, methods := range doc.Paths {
		for method, o := range methods {
			want, ok := operations[o.OperationID]
			if !ok {
				t.Errorf("%s: who may it?", o.OperationID)
				continue
			}
			seen++
			at := strings.NewReplacer("{site}", "shop", "{name}", "x", "{id}", "none", "{person}", "none", "{key}", "none", "{subject}", "203.0.113.7").Replace(path) + want.query
			for _, who := range []struct {
				name  string
				actor access.Actor
				here  bool // the site is seen
			}{
				{"an auditor of the site", access.Actor{Name: "a", Roles: map[string]access.Role{h.site.ID: access.Auditor}, Scope: all}, true},
				{"a viewer of the site", access.Actor{Name: "v", Roles: map[string]access.Role{h.site.ID: access.Viewer}, Scope: all}, true},
				{"a responder of the site", access.Actor{Name: "r", Roles: map[string]access.Role{h.site.ID: access.Responder}, Scope: all}, true},
				{"an owner of another site", access.Actor{Name: "o", Roles: map[string]access.Role{"other": access.Owner}, Scope: all}, false},
				{"an owner's token that only sees", access.Actor{Name: "t", Token: "t", Roles: map[string]access.Role{access.Everywhere: access.Owner}, Scope: access.See}, true},
			} {
				actor = who.actor
				where := h.site.ID
				if want.everywhere {
					where = access.Everywhere
				}
				if want.need == 0 || actor.May(where, want.need) {
					continue // what it does is tested elsewhere
				}
				tried++
				refusal := http.StatusForbidden
				if !who.here && !want.everywhere {
					refusal = http.StatusNotFound
				}
				if w := ask(strings.ToUpper(method), at, want.body); w.Code != refusal {
					t.Errorf("%s, %s: %d %s", who.name, o.OperationID, w.Code, w.Body)
				}
			}
			actor = access.Actor{}
			if w := ask(strings.ToUpper(method), at, want.body); w.Code != http.StatusUnauthorized {
				t.Errorf("nobody, %s: %d", o.OperationID, w.Code)
			}
		}
	}
	if seen != len(operations) || tried < 100 {
		t.Errorf("%d operations of %d, %d refusals", seen, len(operations), tried)
	}
}
