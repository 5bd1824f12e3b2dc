package chart

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
)

func TestBars(t *testing.T) {
	c := Bars{
		Title: `"><script>`, Step: time.Hour, Series: []Series{{"Allowed", "allow"}, {"Refused", "refuse"}},
		Bars: []Bar{{time.Unix(0, 0).UTC(), []uint64{90_000, 1}}, {time.Unix(3600, 0).UTC(), []uint64{0, 0}}},
	}
	svg := string(c.SVG())
	for _, want := range []string{`aria-label="&#34;&gt;&lt;script&gt;"`, `class="allow"`, `class="refuse"`, ">100k<", ">50k<", ">00:00<"} {
		if !strings.Contains(svg, want) {
			t.Errorf("no %s in %s", want, svg)
		}
	}
	if n := strings.Count(svg, "<rect"); n != 2 { // one refused among 90,000 is seen; nothing is not drawn
		t.Errorf("%d bars: %s", n, svg)
	}
	for d := xml.NewDecoder(strings.NewReader(svg)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("%v: %s", err, svg)
		}
	}
	if empty := string(Bars{}.SVG()); strings.Contains(empty, "NaN") || strings.Contains(empty, "<rect") {
		t.Error(empty)
	}
}

func TestCeil(t *testing.T) {
	for n, want := range map[uint64]uint64{0: 2, 1: 2, 3: 4, 5: 10, 11: 20, 90_000: 100_000, 1 << 63: 10_000_000_000_000_000_000} {
		if got := ceil(n); got != want {
			t.Errorf("%d: %d, want %d", n, got, want)
		}
	}
}
