package evidence

import (
	"strings"
	"testing"
)

// TestPersonal keeps data of people out of what is shown; the numbers are made up.
func TestPersonal(t *testing.T) {
	r := New(nil)
	for _, c := range [][2]string{
		{`{"mobile_phone":"+49 30 901820"}`, "901820"},
		{`{"date_of_birth":"1984-02-29"}`, "1984"},
		{`{"ssn":"536-22-8145"}`, "8145"},
		{`{"iban":"DE89 3704 0044 0532 0130 00"}`, "0400440532"},
		{`{"iban":"DE89370400440532013000"}`, "0400440532"},
	} {
		if got := strings.ReplaceAll(r.Text(c[0]), " ", ""); strings.Contains(got, c[1]) || !strings.HasPrefix(got, `{"`) || !strings.HasSuffix(got, `"}`) {
			t.Errorf("%s is shown as %s", c[0], got)
		}
	}
	if same := `{"order":"AB12 3456 7890 1234 5678","page":"12"}`; r.Text(same) != same {
		t.Errorf("%s is shown as %s", same, r.Text(same))
	}
	for _, s := range []string{"", "DE", "DE89", "DE89370400440532013001", "de89370400440532013000", strings.Repeat("A", 40), "DE8937040044053201300\xff"} {
		if IBAN(s) {
			t.Errorf("%q is an account number", s)
		}
	}
}
