package shop

import (
	"net/http"
	"strconv"
	"strings"
)

const (
	cartCookie = "shop_cart"
	maxEach    = 9 // of one product in one cart
)

// A cart is how many of each product, in the order of the catalogue. It lives in the visitor's own cookie, so that
// strangers' carts cost the shop no memory: "0.2-4.1" is two of the first product and one of the fifth.
type cart [6]int // one for each of products; TestCatalogue holds them together

type line struct {
	Product product
	Count   int
}

// parseCart reads what it can: a cookie that somebody else wrote gives an empty cart, never an error page.
func parseCart(s string) cart {
	var c cart
	if len(s) > 64 {
		return cart{}
	}
	for part := range strings.SplitSeq(s, "-") {
		place, count, ok := strings.Cut(part, ".")
		i, err1 := strconv.Atoi(place)
		n, err2 := strconv.Atoi(count)
		if !ok || err1 != nil || err2 != nil || i < 0 || i >= len(c) || n < 0 || n > maxEach {
			return cart{}
		}
		c[i] = n
	}
	return c
}

func (c cart) String() string {
	var parts []string
	for i, n := range c {
		if n > 0 {
			parts = append(parts, strconv.Itoa(i)+"."+strconv.Itoa(n))
		}
	}
	return strings.Join(parts, "-")
}

func (c cart) things() (n int) {
	for _, each := range c {
		n += each
	}
	return n
}

func (c cart) lines() (lines []line, total int) {
	for i, n := range c {
		if n > 0 {
			lines = append(lines, line{products[i], n})
			total += n * products[i].Cents
		}
	}
	return lines, total
}

func readCart(r *http.Request) cart {
	c, err := r.Cookie(cartCookie)
	if err != nil {
		return cart{}
	}
	return parseCart(c.Value)
}

func (s *Shop) showCart(w http.ResponseWriter, r *http.Request) {
	lines, total := readCart(r).lines()
	s.show(w, r, http.StatusOK, "cart", view{Title: "Your cart", Cart: lines, Total: total})
}

// changeCart sets or adds to the number of one product: fields "product" and "count" (set) or "add".
func (s *Shop) changeCart(w http.ResponseWriter, r *http.Request) {
	if !s.readForm(w, r) {
		return
	}
	c := readCart(r)
	field, from := "count", 0
	if r.PostForm.Has("add") {
		field = "add"
	}
	n, err := strconv.Atoi(r.PostForm.Get(field))
	for i, p := range products {
		if p.Slug != r.PostForm.Get("product") {
			continue
		}
		if field == "add" {
			from = c[i]
		}
		if err != nil || n < 0 || n > maxEach {
			break
		}
		c[i] = min(from+n, maxEach)
		http.SetCookie(w, &http.Cookie{
			Name: cartCookie, Value: c.String(), Path: "/",
			HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: r.TLS != nil,
		})
		http.Redirect(w, r, "/cart", http.StatusSeeOther)
		return
	}
	lines, total := c.lines()
	s.show(w, r, http.StatusUnprocessableEntity, "cart", view{
		Title: "Your cart", Cart: lines, Total: total, Error: "Please choose a product and a number from 0 to 9.",
	})
}
