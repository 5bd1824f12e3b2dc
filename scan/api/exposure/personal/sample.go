package personal

import (
	"fmt"

	"palisade.dev/scan/api/fixture"
)

// The numbers are made up; their check digits are right.
const (
	ibanA = "DE12500105170648489890"
	ibanB = "DE04100110012620778431"
)

func saying(pattern string, v func(c *fixture.Call) any) func(*fixture.Shop) {
	return func(s *fixture.Shop) {
		s.Route(pattern).Do = func(c *fixture.Call) { c.JSON(200, v(c)) }
	}
}

// people are readers of the shop, each with an address.
func people(n int) []any {
	list := []any{}
	for i := range n {
		list = append(list, map[string]any{"id": i, "email": fmt.Sprintf("reader%d@books.test", i)})
	}
	return list
}

// Samples are shops with and without the fault.
var Samples = []fixture.Sample{
	{Name: "an account for everybody", Kind: fixture.Vulnerable, Make: saying("GET /books", func(*fixture.Call) any { return []any{map[string]any{"title": "x", "seller": ibanA}} })},
	{Name: "a number of social security for everybody", Kind: fixture.Vulnerable, As: []string{}, Make: saying("GET /books", func(*fixture.Call) any { return map[string]any{"author": "x", "ssn": "536-22-8145"} })},
	{Name: "readers, for everybody", Kind: fixture.Vulnerable, Make: saying("GET /books", func(*fixture.Call) any { return people(12) })},
	{Name: "an account of somebody else for all who sign in", Kind: fixture.Vulnerable, Make: saying("GET /orders", func(c *fixture.Call) any {
		return []any{map[string]any{"id": c.User.ID, "buyer_iban": ibanA}}
	})},
	{Name: "a birthday for all who sign in", Kind: fixture.Vulnerable, Make: saying("GET /orders", func(c *fixture.Call) any {
		return []any{map[string]any{"id": c.User.ID, "author": map[string]any{"birth_date": "1984-02-29"}}}
	})},
	{Name: "each their own", Kind: fixture.Fixed, Make: saying("GET /orders", func(c *fixture.Call) any {
		return []any{map[string]any{"id": c.User.ID, "iban": map[string]string{"alice": ibanA, "bob": ibanB}[c.User.Name], "email": c.User.Email}}
	})},
	{Name: "what everybody may know", Kind: fixture.Fixed, Make: saying("GET /books", func(*fixture.Call) any {
		return map[string]any{"contact": "info@books.test", "example": "DE89370400440532013000", "part": "536-22-8145", "phone": "+1 555 0100 123", "published": "1984-02-29", "author": "ida@books.test"}
	})},
	{Name: "who may read of others does", Kind: fixture.Fixed, As: []string{"alice", "bob", "root"}},
}
