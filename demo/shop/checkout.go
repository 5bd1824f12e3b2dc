package shop

import (
	"net/http"
	"strings"
)

// Cards whose numbers end so are declined, each for a reason of its own; all others are taken. No number is stored and
// nothing is charged.
var declined = map[string]string{
	"0002": "The bank declined this card.",
	"9995": "There is not enough money on this card.",
	"0069": "This card has expired.",
}

// parseCard keeps the digits of a card number, or gives "" when it cannot be one.
func parseCard(s string) string {
	if len(s) > 40 {
		return ""
	}
	digits := strings.NewReplacer(" ", "", "-", "").Replace(s)
	if len(digits) < 12 || len(digits) > 19 || strings.Trim(digits, "0123456789") != "" {
		return ""
	}
	return digits
}

func (s *Shop) showCheckout(w http.ResponseWriter, r *http.Request) {
	s.checkout(w, r, http.StatusOK, "")
}

func (s *Shop) checkout(w http.ResponseWriter, r *http.Request, status int, fault string) {
	lines, total := readCart(r).lines()
	s.show(w, r, status, "checkout", view{Title: "Checkout", Cart: lines, Total: total, Error: fault})
}

// pay answers 303 when the card was taken, 402 when it was declined and 422 when there was nothing to try.
func (s *Shop) pay(w http.ResponseWriter, r *http.Request) {
	if !s.readForm(w, r) {
		return
	}
	if readCart(r).things() == 0 {
		s.checkout(w, r, http.StatusUnprocessableEntity, "Your cart is empty.")
		return
	}
	card := parseCard(r.PostForm.Get("card[number]"))
	if card == "" {
		s.checkout(w, r, http.StatusUnprocessableEntity, "Please give a card number of 12 to 19 digits.")
		return
	}
	s.count.payments.Add(1)
	if why := declined[card[len(card)-4:]]; why != "" {
		s.count.declined.Add(1)
		s.checkout(w, r, http.StatusPaymentRequired, why)
		return
	}
	http.SetCookie(w, &http.Cookie{Name: cartCookie, Path: "/", MaxAge: -1})
	http.Redirect(w, r, "/checkout/thanks", http.StatusSeeOther)
}

func (s *Shop) thanks(w http.ResponseWriter, r *http.Request) {
	s.show(w, r, http.StatusOK, "thanks", view{Title: "Thank you"})
}
