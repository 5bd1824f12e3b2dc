package personal

import (
	"fmt"
	"strings"
	"testing"

	"palisade.dev/scan/api/apitest"
)

func TestProbe(t *testing.T) { apitest.Run(t, Probe, Samples) }

// The numbers are made up; their check digits are right.
var finds = []struct{ text, want string }{
	{`{"iban":"` + ibanA + `"}`, "account numbers (IBAN) " + strings.ToLower(ibanA)},
	{`{"iban":"` + ibanA[:4] + " " + ibanA[4:8] + " " + ibanA[8:12] + " " + ibanA[12:16] + " " + ibanA[16:20] + " " + ibanA[20:] + `"}`, "account numbers (IBAN) " + strings.ToLower(ibanA)},
	{`{"iban":"DE89370400440532013000"}`, ""},
	{`{"iban":"DE00370400440532013000"}`, ""},
	{`{"ssn":"536-22-8145"}`, "numbers of social security 536-22-8145"},
	{`{"part":"536-22-8145"}`, ""},
	{`{"ssn":"666-22-8145","other_ssn":"078-05-1120"}`, ""},
	{`{"date_of_birth":"1984-02-29T00:00:00Z"}`, "dates of birth 1984-02-29"},
	{`{"published":"1984-02-29"}`, ""},
	{`{"email":"Ida.Hansen@books.test"}`, "mail addresses or telephone numbers ida.hansen@books.test"},
	{`{"email":"info@books.test","to":"x@example.com","img":"logo@2x.png"}`, ""},
	{`{"mobile_phone":"+49 30 901820"}`, "mail addresses or telephone numbers 4930901820"},
	{`{"phone":"+1 555 0100 000","fax":"+49 30 901820","phones":"0000000000"}`, ""},
}

func TestFind(t *testing.T) {
	for _, c := range finds {
		got := ""
		for _, d := range Find([]byte(c.text)) {
			got += fmt.Sprint(d.Kind, " ", d.Value)
		}
		if got != c.want {
			t.Errorf("%s: %q, not %q", c.text, got, c.want)
		}
	}
}

func FuzzFind(f *testing.F) {
	for _, c := range finds {
		f.Add([]byte(c.text))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, d := range Find(body) {
			if d.Value == "" || strings.Contains(d.Value, " ") {
				t.Errorf("%q", d)
			}
		}
	})
}
