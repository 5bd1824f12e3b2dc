package backend

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
)

// ask makes a request to the people's API.
func (h *house) ask(t *testing.T, method, path, body, token string) (int, map[string]any) {
	t.Helper()
	req, err := http.NewRequest(method, h.server.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if bytes.HasPrefix(bytes.TrimSpace(b), []byte("{")) {
		if err := json.Unmarshal(b, &out); err != nil {
			t.Fatalf("%s %s: %v in %s", method, path, err, b)
		}
	}
	return res.StatusCode, out
}

func (h *house) operatorText(t *testing.T) string {
	t.Helper()
	b, err := readFile(h.o.Dir, TokenFile)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestDocument walks the API's own description: each operation answers to a token and to nothing less, and each
// reference leads somewhere.
func TestDocument(t *testing.T) {
	h := newHouse(t)
	token := h.operatorText(t)
	status, doc := h.ask(t, "GET", "/api/v1/openapi.json", "", token)
	if status != 200 || !strings.HasPrefix(doc["openapi"].(string), "3.1") {
		t.Fatalf("status %d, openapi %v", status, doc["openapi"])
	}
	text, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	schemas := doc["components"].(map[string]any)["schemas"].(map[string]any)
	refs := 0
	for _, part := range strings.Split(string(text), `"#/components/schemas/`)[1:] {
		name, _, _ := strings.Cut(part, `"`)
		if _, ok := schemas[name]; !ok {
			t.Errorf("a reference to %q leads nowhere", name)
		}
		refs++
	}
	operations := 0
	for path, item := range doc["paths"].(map[string]any) {
		for method := range item.(map[string]any) {
			operations++
			target := strings.NewReplacer("{site}", "shop", "{id}", "x", "{name}", "x", "{key}", "x", "{subject}", "203.0.113.7").Replace(path)
			if status, _ := h.ask(t, strings.ToUpper(method), target, "", ""); status != 401 {
				t.Errorf("%s %s without a token: %d", method, path, status)
			}
			if status, _ := h.ask(t, strings.ToUpper(method), target, "", "pot_wrong"); status != 401 {
				t.Errorf("%s %s with a wrong token: %d", method, path, status)
			}
			if method == "delete" && path == "/api/v1/sites/{site}" {
				continue // would take the ground from under the others
			}
			status, body := h.ask(t, strings.ToUpper(method), target, "", token)
			if status == 401 || status >= 500 || status == 404 && body == nil {
				t.Errorf("%s %s with the token: %d %v", method, path, status, body)
			}
		}
	}
	if operations < 35 || refs < 50 {
		t.Errorf("%d operations and %d references were walked", operations, refs)
	}
}

func TestAPIErrors(t *testing.T) {
	h := newHouse(t)
	token := h.operatorText(t)
	cases := []struct {
		method, path, body string
		status             int
		says               string
	}{
		{"GET", "/api/v1/sites/nowhere", "", 404, "site nowhere"},
		{"POST", "/api/v1/sites", `{"name":"Shop!","environment":"","zone":"","web_facing":true,"personal_data":false}`, 422, "a-z, 0-9"},
		{"POST", "/api/v1/sites", `{"name":"shop","environment":"","zone":"","web_facing":true,"personal_data":false}`, 409, "of that name already"},
		{"POST", "/api/v1/sites/shop/bans", `{"subject":"203.0.113.7/24"}`, 422, "did you mean"},
		{"POST", "/api/v1/sites/shop/bans", `{"subject":"203.0.113.7","for":"soon"}`, 422, "no duration"},
		{"POST", "/api/v1/sites/shop/bans", `{"subject":"203.0.113.7","color":"red"}`, 422, ""},
		{"POST", "/api/v1/sites/shop/bans", `not json`, 400, ""},
		{"DELETE", "/api/v1/sites/shop/bans?subject=203.0.113.7", "", 404, "not banned"},
		{"POST", "/api/v1/sites/shop/levers", `{"match":"@nothing","position":"closed"}`, 422, "no route of this site is named"},
		{"POST", "/api/v1/sites/shop/levers", `{"match":"POST /x","position":"ajar"}`, 422, ""},
		{"POST", "/api/v1/sites/shop/levers", `{"match":"POST /x","position":"closed","for":"90d"}`, 422, "returns by itself"},
		{"PUT", "/api/v1/sites/shop/rules/x", `{"name":"x","match":"POST /x","limit":"5 pr 1m"}`, 422, "5 per 1m"},
		{"PUT", "/api/v1/sites/shop/blocks/x", `{"match":"POST /x","networks":[]}`, 422, "at least one list"},
		{"PUT", "/api/v1/sites/shop/traps/x", `{"name":"x","paths":["*.p*p"]}`, 422, "extension"},
		{"GET", "/api/v1/networks/lookup?address=here", "", 422, "203.0.113.7"},
		{"GET", "/api/v1/sites/shop/clients/here", "", 422, "no address or prefix"},
		{"POST", "/api/v1/sites/shop/principals", `{"api_key":"k","account":"acme"}`, 422, "declares no API keys"},
	}
	for _, c := range cases {
		status, body := h.ask(t, c.method, c.path, c.body, token)
		text, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		if status != c.status || !strings.Contains(string(text), c.says) {
			t.Errorf("%s %s %s: %d %s, want %d with %q", c.method, c.path, c.body, status, text, c.status, c.says)
		}
	}
	if len(cases) < 17 {
		t.Error("cases are missing")
	}
}

func TestAnotherSitesPageCannotSteer(t *testing.T) {
	h := newHouse(t)
	req, err := http.NewRequest("POST", h.server.URL+"/api/v1/sites/shop/bans", strings.NewReader(`{"subject":"203.0.113.7"}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+h.operatorText(t))
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusForbidden {
		t.Errorf("status %d", res.StatusCode)
	}
}

func TestSecretsAreNotShown(t *testing.T) {
	h := newHouse(t)
	token := h.operatorText(t)
	for _, path := range []string{"/api/v1/sites", "/api/v1/sites/shop", "/api/v1/sites/shop/policy", "/api/v1/sites/shop/keys"} {
		req, err := http.NewRequest("GET", h.server.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err != nil || res.StatusCode != 200 {
			t.Fatal(res.Status, err)
		}
		for _, word := range []string{`"secret":"`, `"hash"`, h.key.String()[4:30]} {
			if bytes.Contains(b, []byte(word)) {
				t.Errorf("%s shows %q", path, word)
			}
		}
	}
}
