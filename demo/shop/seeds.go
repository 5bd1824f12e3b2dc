package shop

// A Seed is a customer whom every shop knows from the start.
type Seed struct {
	Email    string
	Password string
	Leaked   bool // the password is also in the list that the demo's attacker bought
}

// Seeds are the customers that README.md lists. Their passwords are public: the shop is for trying things out.
func Seeds() []Seed {
	return []Seed{
		{Email: "alice@example.com", Password: "wheel-thrown-teapot"},
		{Email: "bob@example.com", Password: "salt-glaze-on-sunday"},
		{Email: "carol@example.com", Password: "Summer2019!", Leaked: true},
		{Email: "dave@example.com", Password: "liverpool1", Leaked: true},
	}
}

// An APIKey opens /api/orders for one account. Case matters to the shop.
type APIKey struct {
	Account string
	Key     string
}

// APIKeys are the keys that README.md lists; two of them belong to one account.
func APIKeys() []APIKey {
	return []APIKey{
		{Account: "acme", Key: "demo_00000000000000000000ac01"},
		{Account: "acme", Key: "demo_00000000000000000000ac02"},
		{Account: "globex", Key: "demo_00000000000000000000b0e1"},
	}
}

type product struct {
	Slug  string `json:"slug"`
	Name  string `json:"name"`
	Cents int    `json:"price_cents"`
	About string `json:"about"`
}

var products = []product{
	{"tea-bowl", "Tea bowl", 2400, "Thrown in one go, glazed in ash. Holds two gulps or one long thought."},
	{"pouring-jug", "Pouring jug", 3900, "Does not drip. We tested it over somebody's thesis."},
	{"bud-vase", "Bud vase", 1800, "For the one flower you were given on the way home."},
	{"supper-plate", "Supper plate", 3200, "Wide rim, warm grey, and it stacks. Oven-safe to 230 °C."},
	{"salt-pot", "Salt pot", 2100, "A lid that stays where you put it, and a spoon that fits the lid."},
	{"big-teapot", "Big teapot", 8600, "Six cups and a handle for two fingers. Ask before you buy it as a gift."},
}

func findProduct(slug string) (product, bool) {
	for _, p := range products {
		if p.Slug == slug {
			return p, true
		}
	}
	return product{}, false
}

type order struct {
	ID      string `json:"id"`
	Account string `json:"-"`
	Product string `json:"product"`
	Count   int    `json:"count"`
	State   string `json:"state"`
}

var orders = []order{
	{"1001", "acme", "supper-plate", 120, "sent"},
	{"1002", "globex", "tea-bowl", 40, "sent"},
	{"1003", "acme", "salt-pot", 60, "packed"},
	{"1004", "acme", "pouring-jug", 12, "in the kiln"},
	{"1005", "globex", "big-teapot", 4, "packed"},
}
