// Package chart draws counts over time as SVG that needs no script, reads without hovering and takes its colours from
// the page's style sheet. Each chart comes with the same figures as a table, for those who cannot or would not see it.
package chart

import (
	"fmt"
	"html/template"
	"strings"
	"time"
)

// Bar is one step of time.
type Bar struct {
	Start  time.Time
	Values []uint64 // one for each series
}

// Series is one colour of the bars; its class is a word of the style sheet.
type Series struct{ Name, Class string }

// Bars is a stacked bar chart.
type Bars struct {
	Title  string // what a screen reader says instead of the picture
	Series []Series
	Bars   []Bar
	Step   time.Duration
	Zone   *time.Location
}

// The drawing's own units; it is as wide as the page lets it.
const (
	width, height = 720, 200
	left, bottom  = 44, 22
	top           = 8
	marks         = 6 // labels under the bars, about
)

// SVG draws it.
func (c Bars) SVG() template.HTML {
	var b strings.Builder
	most := uint64(1)
	for _, bar := range c.Bars {
		most = max(most, bar.total())
	}
	ceiling := ceil(most)
	plot := float64(height - bottom - top)
	fmt.Fprintf(&b, `<svg viewBox="0 0 %d %d" role="img" aria-label="%s">`, width, height, template.HTMLEscapeString(c.Title))
	for i := range 3 {
		value := ceiling * uint64(2-i) / 2
		y := top + plot*float64(i)/2
		fmt.Fprintf(&b, `<line x1="%d" x2="%d" y1="%.1f" y2="%.1f" stroke="currentColor" stroke-opacity=".35"/>`, left, width, y, y)
		fmt.Fprintf(&b, `<text x="%d" y="%.1f" text-anchor="end" font-size="11" fill="currentColor">%s</text>`, left-6, y+4, short(value))
	}
	if n := len(c.Bars); n > 0 {
		step := float64(width-left) / float64(n)
		wide := max(step-1.5, step*.6)
		every := max((n+marks-1)/marks, 1)
		for i, bar := range c.Bars {
			x := left + step*float64(i)
			y := float64(height - bottom)
			for j, v := range bar.Values {
				if v == 0 || j >= len(c.Series) {
					continue
				}
				h := max(plot*float64(v)/float64(ceiling), .75) // one refused request among thousands is still seen
				y -= h
				fmt.Fprintf(&b, `<rect class="%s" x="%.1f" y="%.1f" width="%.1f" height="%.1f"/>`, c.Series[j].Class, x, max(y, 0), wide, h)
			}
			if i%every == 0 {
				fmt.Fprintf(&b, `<text x="%.1f" y="%d" font-size="11" fill="currentColor">%s</text>`, x, height-6, c.label(bar.Start))
			}
		}
	}
	b.WriteString("</svg>")
	return template.HTML(b.String())
}

func (b Bar) total() (n uint64) {
	for _, v := range b.Values {
		n += v
	}
	return n
}

// label names a step as shortly as it can be told apart.
func (c Bars) label(t time.Time) string {
	if c.Zone != nil {
		t = t.In(c.Zone)
	}
	if c.Step >= 6*time.Hour {
		return t.Format("Mon 2 Jan")
	}
	return t.Format("15:04")
}

// Label names a step in the table.
func (c Bars) Label(t time.Time) string {
	if c.Zone != nil {
		t = t.In(c.Zone)
	}
	return t.Format("2 Jan 15:04")
}

// ceil is the next of 2, 4, 10, 20, 40, 100 …: even, so that its half is whole.
func ceil(n uint64) uint64 {
	for unit := uint64(1); ; unit *= 10 {
		for _, m := range []uint64{2, 4, 10} {
			if unit*m >= n {
				return unit * m
			}
		}
		if unit > 1<<60 {
			return n
		}
	}
}

// short writes a number in at most four characters.
func short(n uint64) string {
	for _, u := range []struct {
		size uint64
		name string
	}{{1e12, "T"}, {1e9, "G"}, {1e6, "M"}, {1e3, "k"}} {
		if n >= u.size {
			if n%u.size == 0 || n >= 10*u.size {
				return fmt.Sprintf("%d%s", n/u.size, u.name)
			}
			return fmt.Sprintf("%.1f%s", float64(n)/float64(u.size), u.name)
		}
	}
	return fmt.Sprint(n)
}
