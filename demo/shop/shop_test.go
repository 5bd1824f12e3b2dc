package shop

import (
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"
	"time"
)

var noon = time.Date(2030, 5, 4, 12, 0, 0, 0, time.UTC)

// open gives a shop whose clock the test holds.
func open(t *testing.T) (*Shop, *time.Time) {
	t.Helper()
	at := noon
	return New(func() time.Time { return at }, rand.NewChaCha8([32]byte{1}), "open-sesame"), &at
}

// send plays one request; form is "" for none.
func send(h http.Handler, method, target, form string, header ...string) *http.Response {
	r := httptest.NewRequest(method, target, strings.NewReader(form))
	if form != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, r *http.Response) string {
	t.Helper()
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func pair(email, password string) string {
	return url.Values{"user[email]": {email}, "user[password]": {password}}.Encode()
}

const (
	acmeKey   = "demo_00000000000000000000ac01"
	globexKey = "demo_00000000000000000000b0e1"
)

func TestAnswers(t *testing.T) {
	rightPair := pair("alice@example.com", "wheel-thrown-teapot")
	cases := []struct {
		name, method, target, form string
		header                     []string
		status                     int
		has                        string // in the body, or the Location of a redirect
	}{
		{"home", "GET", "/", "", nil, 200, "Tea bowl"},
		{"head of home", "HEAD", "/", "", nil, 200, ""},
		{"product", "GET", "/products/salt-pot", "", nil, 200, "€21.00"},
		{"no such product", "GET", "/products/axe", "", nil, 404, "no such page"},
		{"sign-in form", "GET", "/users/log_in", "", nil, 200, `name="user[email]"`},
		{"sign in", "POST", "/users/log_in", rightPair, nil, 303, "/"},
		{"sign in, e-mail spelt differently", "POST", "/users/log_in", pair(" Alice@Example.COM ", "wheel-thrown-teapot"), nil, 303, "/"},
		{"wrong password", "POST", "/users/log_in", pair("alice@example.com", "wheel"), nil, 200, "password is wrong"},
		{"unknown account", "POST", "/users/log_in", pair("zoe@example.com", "wheel-thrown-teapot"), nil, 200, "password is wrong"},
		{"empty sign-in", "POST", "/users/log_in", "", nil, 200, "password is wrong"},
		{"markup is shown as text", "POST", "/users/log_in", pair(`"><script>`, "x"), nil, 200, "&#34;&gt;&lt;script&gt;"},
		{"broken form", "POST", "/users/log_in", "a=%zz", nil, 400, "could not read this form"},
		{"form too large", "POST", "/users/log_in", "a=" + strings.Repeat("x", maxForm), nil, 413, "16 KiB"},
		{"sign in from another site", "POST", "/users/log_in", rightPair, []string{"Sec-Fetch-Site", "cross-site"}, 403, "cross-origin"},
		{"sign-up form", "GET", "/users/register", "", nil, 200, `name="user[password]"`},
		{"sign up", "POST", "/users/register", pair("new@example.net", "12345678"), nil, 303, "/"},
		{"sign up twice", "POST", "/users/register", pair("bob@example.com", "12345678"), nil, 422, "has an account already"},
		{"sign up, short password", "POST", "/users/register", pair("new@example.net", "1234567"), nil, 422, "8 to 128"},
		{"sign up, no address", "POST", "/users/register", pair("new", "12345678"), nil, 422, "give an e-mail address"},
		{"reset form", "GET", "/users/reset_password", "", nil, 200, "Send me a letter"},
		{"reset", "POST", "/users/reset_password", pair("alice@example.com", ""), nil, 200, "If we know this address"},
		{"reset of nobody", "POST", "/users/reset_password", pair("zoe@example.com", ""), nil, 200, "If we know this address"},
		{"sign out without a session", "DELETE", "/users/log_out", "", nil, 303, "/"},
		{"account of nobody", "GET", "/account", "", nil, 303, "/users/log_in"},
		{"account with a made-up session", "GET", "/account", "", []string{"Cookie", "shop_session=0000"}, 303, "/users/log_in"},
		{"empty cart", "GET", "/cart", "", nil, 200, "Nothing in it yet"},
		{"full cart", "GET", "/cart", "", []string{"Cookie", "shop_cart=0.2-4.1"}, 200, "€69.00"},
		{"broken cart", "GET", "/cart", "", []string{"Cookie", "shop_cart=0.2-x"}, 200, "Nothing in it yet"},
		{"into the cart", "POST", "/cart", "product=tea-bowl&add=1", nil, 303, "/cart"},
		{"into the cart, no such product", "POST", "/cart", "product=axe&add=1", nil, 422, "choose a product"},
		{"into the cart, too many", "POST", "/cart", "product=tea-bowl&count=10", nil, 422, "0 to 9"},
		{"checkout", "GET", "/checkout", "", []string{"Cookie", "shop_cart=0.2"}, 200, "Pay €48.00"},
		{"pay for nothing", "POST", "/checkout", "card[number]=4242424242424242", nil, 422, "cart is empty"},
		{"pay", "POST", "/checkout", "card[number]=4242+4242-4242+4242", []string{"Cookie", "shop_cart=0.2"}, 303, "/checkout/thanks"},
		{"pay with a declined card", "POST", "/checkout", "card[number]=4000000000000002", []string{"Cookie", "shop_cart=0.2"}, 402, "declined this card"},
		{"pay with an empty card", "POST", "/checkout", "card[number]=4000000000009995", []string{"Cookie", "shop_cart=0.2"}, 402, "not enough money"},
		{"pay with words", "POST", "/checkout", "card[number]=please", []string{"Cookie", "shop_cart=0.2"}, 422, "12 to 19 digits"},
		{"thanks", "GET", "/checkout/thanks", "", nil, 200, "imaginary"},
		{"API products", "GET", "/api/products", "", nil, 200, `"price_cents":2400`},
		{"API orders", "GET", "/api/orders", "", []string{"X-API-Key", acmeKey}, 200, `"id":"1004"`},
		{"API orders without a key", "GET", "/api/orders", "", nil, 401, `"code":"unauthorized"`},
		{"API orders, unknown key", "GET", "/api/orders", "", []string{"X-API-Key", "demo_0000000000000000000000ff"}, 401, `"code":"unauthorized"`},
		{"API orders, key in capitals", "GET", "/api/orders", "", []string{"X-API-Key", strings.ToUpper(acmeKey)}, 401, `"code":"unauthorized"`},
		{"API order", "GET", "/api/orders/1002", "", []string{"X-API-Key", globexKey}, 200, `"tea-bowl"`},
		{"API order of another account", "GET", "/api/orders/1002", "", []string{"X-API-Key", acmeKey}, 404, `"code":"not_found"`},
		{"API order that is not", "GET", "/api/orders/1", "", []string{"X-API-Key", acmeKey}, 404, `"code":"not_found"`},
		{"workshop", "GET", "/workshop", "", nil, 200, "workshop.js"},
		{"socket without an upgrade", "GET", "/live", "", nil, 426, "protocol"},
		{"health", "GET", "/health", "", nil, 200, `{"status":"ok"}`},
		{"style sheet", "GET", "/static/shop.css", "", nil, 200, "light-dark"},
		{"no listing", "GET", "/static/", "", nil, 404, "no such page"},
		{"unknown path", "GET", "/wp-login.php", "", nil, 404, "no such page"},
		{"unknown method", "POST", "/", "", nil, 404, "no such page"},
		{"dot segments are not tidied", "GET", "/../../etc/passwd", "", nil, 404, "no such page"},
		{"encoded dot segments", "GET", "/%2e%2e/%2e%2e/etc/passwd", "", nil, 404, "no such page"},
		{"doubled slash", "GET", "//products/salt-pot", "", nil, 404, "no such page"},
		{"stats without the token", "GET", "/demo/stats", "", nil, 404, "no such page"},
		{"stats", "GET", "/demo/stats", "", []string{"Authorization", "Bearer open-sesame"}, 200, `"accounts":0`},
	}
	if len(cases) < 55 {
		t.Fatalf("only %d cases are left", len(cases))
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s, _ := open(t)
			r := send(s, c.method, c.target, c.form, c.header...)
			got := r.Header.Get("Location")
			if got == "" {
				got = body(t, r)
			}
			if r.StatusCode != c.status || !strings.Contains(got, c.has) {
				t.Errorf("%s %s answered %d %q, expected %d with %q", c.method, c.target, r.StatusCode, got, c.status, c.has)
			}
			if r.Header.Get("Content-Security-Policy") == "" {
				t.Error("the answer has no Content-Security-Policy")
			}
		})
	}
}

func TestSessionIsOneVisitors(t *testing.T) {
	s, at := open(t)
	r := send(s, "POST", "/users/log_in", pair("alice@example.com", "wheel-thrown-teapot"))
	cookie := strings.Split(r.Header.Get("Set-Cookie"), ";")[0]
	for _, want := range []string{"HttpOnly", "SameSite=Lax", "Path=/"} {
		if !strings.Contains(r.Header.Get("Set-Cookie"), want) {
			t.Errorf("the session cookie lacks %s: %s", want, r.Header.Get("Set-Cookie"))
		}
	}
	if got := body(t, send(s, "GET", "/account", "", "Cookie", cookie)); !strings.Contains(got, "alice@example.com") {
		t.Errorf("the account page does not know Alice: %s", got)
	}
	*at = noon.Add(sessionLife)
	if r := send(s, "GET", "/account", "", "Cookie", cookie); r.StatusCode != 303 {
		t.Errorf("a session of 12 hours still answers %d", r.StatusCode)
	}
	*at = noon
	send(s, "POST", "/users/log_out", "", "Cookie", cookie)
	if r := send(s, "GET", "/account", "", "Cookie", cookie); r.StatusCode != 303 {
		t.Errorf("a closed session still answers %d", r.StatusCode)
	}
}

func TestReadmeTellsTheTruth(t *testing.T) {
	raw, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	s, _ := open(t)
	people := regexp.MustCompile(`(?m)^\| (\S+@\S+) \| (\S+) \|`).FindAllStringSubmatch(string(raw), -1)
	if len(people) != len(Seeds()) {
		t.Fatalf("README.md lists %d customers, the shop opens with %d", len(people), len(Seeds()))
	}
	for _, p := range people {
		if r := send(s, "POST", "/users/log_in", pair(p[1], p[2])); r.StatusCode != 303 {
			t.Errorf("%s cannot sign in: %d", p[1], r.StatusCode)
		}
	}
	keys := regexp.MustCompile(`(?m)^\| (\w+) \| (demo_[0-9a-f]{24}) \|$`).FindAllStringSubmatch(string(raw), -1)
	if len(keys) != len(APIKeys()) {
		t.Fatalf("README.md lists %d keys, the shop opens with %d", len(keys), len(APIKeys()))
	}
	for _, k := range keys {
		r := send(s, "GET", "/api/orders", "", "X-API-Key", k[2])
		if got := body(t, r); !strings.Contains(got, `"account":"`+k[1]+`"`) {
			t.Errorf("the key %s does not open %s: %s", k[2], k[1], got)
		}
	}
}

func TestCatalogue(t *testing.T) {
	if len(cart{}) != len(products) {
		t.Fatalf("a cart holds %d products, the catalogue %d", len(cart{}), len(products))
	}
	s, _ := open(t)
	for _, p := range products {
		for _, target := range []string{"/products/" + p.Slug, path.Join("/static", p.Slug+".svg")} {
			if r := send(s, "GET", target, ""); r.StatusCode != 200 {
				t.Errorf("%s answers %d", target, r.StatusCode)
			}
		}
	}
	for _, o := range orders {
		if _, ok := findProduct(o.Product); !ok {
			t.Errorf("order %s is for %s, which we do not sell", o.ID, o.Product)
		}
	}
}
