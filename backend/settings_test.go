package backend

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
)

// What a page can do, a program can: settings are read and changed without their secrets, an address is tried, an appeal is
// heard and answered.
func TestSettingsAndAppealsOverTheAPI(t *testing.T) {
	h := newHouse(t)
	token := h.operatorText(t)
	site := "/api/v1/sites/shop"
	ask := func(want int, method, path, body string) map[string]any {
		t.Helper()
		status, out := h.ask(t, method, path, body, token)
		if status != want {
			t.Fatalf("%s %s: %d %v, want %d", method, path, status, out, want)
		}
		return out
	}
	const secret = "a-secret-of-thirty-two-bytes-or-more"
	out := ask(200, "PATCH", site+"/settings", `{"zone":"Europe/Berlin","identity":{"path":{},"token":{"from":"header:Authorization","algorithm":"HS256","key":"`+secret+`","claim":"sub"}},"answer":{"uniform":true}}`)
	if out["zone"] != "Europe/Berlin" || strings.Contains(fmt.Sprint(out), secret) {
		t.Errorf("%v", out)
	}
	identity := out["identity"].(map[string]any)
	if identity["token"].(map[string]any)["key"] != "" {
		t.Errorf("the key is shown: %v", identity)
	}
	// Sent back as it was shown, the key stays.
	ask(200, "PATCH", site+"/settings", `{"identity":{"path":{},"session":"_shop","token":{"from":"header:Authorization","algorithm":"HS256","key":"","claim":"sub"}}}`)
	s, err := h.DB.SiteByName(t.Context(), "shop")
	if err != nil || !strings.Contains(s.Settings, secret) || !strings.Contains(s.Settings, "_shop") || s.Environment != "prod" || !s.WebFacing {
		t.Errorf("%+v %v", s, err)
	}
	if out := ask(422, "PATCH", site+"/settings", `{"zone":"Mars"}`); !strings.Contains(out["detail"].(string), "want a name such as Europe/Berlin") {
		t.Errorf("%v", out)
	}
	if out := ask(200, "POST", site+"/settings/address", `{"proxies":["10.0.0.0/8"],"header":"x-forwarded-for","peer":"10.0.0.1","values":["203.0.113.7, 10.0.0.2"]}`); out["address"] != "203.0.113.7" || out["how"] != "header" {
		t.Errorf("%v", out)
	}
	ask(422, "POST", site+"/settings/address", `{"proxies":["ten"],"header":"x-forwarded-for","peer":"10.0.0.1"}`)
	ask(404, "DELETE", site+"/guards/none", "")

	ask(404, "POST", site+"/appeals", `{"subject":"203.0.113.7"}`)
	ask(200, "POST", site+"/bans", `{"subject":"203.0.113.7"}`)
	link := ask(200, "POST", site+"/appeals", `{"subject":"203.0.113.7"}`)
	code := strings.TrimPrefix(link["path"].(string), "/appeal/")
	if err := h.Appeals.Send(t.Context(), code, "hello", "", netip.MustParseAddr("198.51.100.1")); err != nil {
		t.Fatal(err)
	}
	ask(422, "POST", site+"/appeals/"+link["id"].(string)+"/answer", `{"answer":"perhaps"}`)
	if out := ask(200, "POST", site+"/appeals/"+link["id"].(string)+"/answer", `{"answer":"lifted","reason":"sorry"}`); out["answer"] != "lifted" || out["answerer"] != "operator" {
		t.Errorf("%v", out)
	}
	ask(409, "POST", site+"/appeals/"+link["id"].(string)+"/answer", `{"answer":"declined"}`)
	ask(404, "DELETE", site+"/bans?subject=203.0.113.7", "")
}
