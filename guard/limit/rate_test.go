package limit

import (
	"strings"
	"testing"
	"time"
)

var rates = []struct {
	text, prints string
	want         Rate
}{
	{"5 per 1m", "5 per 1m", Rate{5, time.Minute}},
	{"5 per m", "5 per 1m", Rate{5, time.Minute}},
	{"  100   per\th ", "100 per 1h", Rate{100, time.Hour}},
	{"1 per 1s", "1 per 1s", Rate{1, time.Second}},
	{"1 per 60s", "1 per 1m", Rate{1, time.Minute}},
	{"2 per 1m30s", "2 per 1m30s", Rate{2, 90 * time.Second}},
	{"3 per 1.5s", "3 per 1.5s", Rate{3, 1500 * time.Millisecond}},
	{"1000 per 7d", "1000 per 7d", Rate{1000, 7 * day}},
	{"1 per 24h", "1 per 1d", Rate{1, day}},
	{"1000000000 per 400d", "1000000000 per 400d", Rate{1e9, 400 * day}},
}

func TestParseRate(t *testing.T) {
	for _, c := range rates {
		r, err := ParseRate(c.text)
		if err != nil || r != c.want || r.String() != c.prints {
			t.Errorf("%q: %v, %v; want %v", c.text, r, err, c.want)
		}
	}
	if len(rates) < 10 {
		t.Errorf("%d cases", len(rates))
	}
}

var faultyRates = map[string]string{
	"":                       `rate "": want a count and a time, such as "5 per 1m"`,
	"5":                      `rate "5": want a count and a time, such as "5 per 1m"`,
	"5/m":                    `rate "5/m": want a count and a time, such as "5 per 1m"`,
	"5 a 1m":                 `rate "5 a 1m": want a count and a time, such as "5 per 1m"`,
	"5 per 1 m":              `rate "5 per 1 m": want a count and a time, such as "5 per 1m"`,
	"0 per 1m":               `rate "0 per 1m": the count "0" is not a number from 1 to 1000000000`,
	"-3 per 1m":              `rate "-3 per 1m": the count "-3" is not a number from 1 to 1000000000`,
	"five per 1m":            `rate "five per 1m": the count "five" is not a number from 1 to 1000000000`,
	"1000000001 per 1m":      `rate "1000000001 per 1m": the count "1000000001" is not a number from 1 to 1000000000`,
	"5 per fortnight":        `rate "5 per fortnight": the time "fortnight" is not one such as 30s, 1m, 1h or 7d`,
	"5 per d2d":              `rate "5 per d2d": the time "d2d" is not one such as 30s, 1m, 1h or 7d`,
	"5 per -1d":              `rate "5 per -1d": the time "-1d" is not one such as 30s, 1m, 1h or 7d`,
	"5 per 99999d":           `rate "5 per 99999d": the time "99999d" is not one such as 30s, 1m, 1h or 7d`,
	"5 per 401d":             `rate "5 per 401d": the time "401d" is not between 1s and 400d`,
	"5 per 999ms":            `rate "5 per 999ms": the time "999ms" is not between 1s and 400d`,
	"5 per 0d":               `rate "5 per 0d": the time "0d" is not between 1s and 400d`,
	strings.Repeat("9", 100): `rate "` + strings.Repeat("9", 64) + `…": want a count and a time, such as "5 per 1m"`,
}

func TestParseRateSaysWhatItWanted(t *testing.T) {
	for text, want := range faultyRates {
		if r, err := ParseRate(text); err == nil || err.Error() != want {
			t.Errorf("%q: %v, %v\nwant %s", text, r, err, want)
		}
	}
	if len(faultyRates) < 17 {
		t.Errorf("%d cases", len(faultyRates))
	}
}

func FuzzParseRate(f *testing.F) {
	seeds := 0
	for _, c := range rates {
		f.Add(c.text)
		seeds++
	}
	for text := range faultyRates {
		f.Add(text)
		seeds++
	}
	if seeds < 27 {
		f.Fatalf("%d seeds", seeds)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := ParseRate(s)
		if err != nil {
			if len(err.Error()) > 600 {
				t.Errorf("an error of %d bytes", len(err.Error()))
			}
			return
		}
		if r.Count < 1 || r.Count > MaxCount || r.Per < MinPer || r.Per > MaxPer {
			t.Errorf("%q: %v is out of bounds", s, r)
		}
		if again, err := ParseRate(r.String()); err != nil || again != r {
			t.Errorf("%q prints as %q, which reads as %v, %v", s, r, again, err)
		}
		if l := r.Limit(); l.interval < 1 || l.tolerance < int64(r.Per) {
			t.Errorf("%q: %+v", s, l)
		}
	})
}
