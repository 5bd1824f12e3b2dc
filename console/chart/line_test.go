package chart

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
)

func TestLine(t *testing.T) {
	at := func(day int) time.Time { return time.Date(2026, 11, day, 3, 0, 0, 0, time.UTC) }
	c := Line{Title: `"><script>`, Most: 100, Dots: []Dot{{at(1), 40}, {at(2), 74}, {at(9), 130}, {at(24), -1}}}
	svg := string(c.SVG())
	for _, want := range []string{`aria-label="&#34;&gt;&lt;script&gt;"`, ">100<", ">50<", ">0<", ">1 Nov<", ">9 Nov<"} {
		if !strings.Contains(svg, want) {
			t.Errorf("no %s in %s", want, svg)
		}
	}
	if n := strings.Count(svg, "<circle"); n != 4 {
		t.Errorf("%d dots", n)
	}
	// The second day stands close to the first and has no room for its name; what is out of bounds is drawn at the bound.
	if strings.Contains(svg, ">2 Nov<") || strings.Contains(svg, `cy="-`) || strings.Contains(svg, `cy="200`) {
		t.Error(svg)
	}
	for _, odd := range []Line{{}, {Most: 100}, {Most: 100, Dots: []Dot{{at(1), 5}}}, {Dots: []Dot{{at(1), 5}}}} {
		svg := string(odd.SVG())
		if strings.Contains(svg, "NaN") || strings.Contains(svg, "Inf") {
			t.Error(svg)
		}
		for d := xml.NewDecoder(strings.NewReader(svg)); ; {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%v: %s", err, svg)
			}
		}
	}
}
