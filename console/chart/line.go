package chart

import (
	"fmt"
	"html/template"
	"strings"
	"time"
)

// Dot is a value at a time.
type Dot struct {
	At    time.Time
	Value int
}

// Line is one value over time, from nothing to Most; each dot is a run of something, not a sum of what lies between.
type Line struct {
	Title string // what a screen reader says instead of the picture
	Dots  []Dot  // in the order of time
	Most  int
	Zone  *time.Location
}

// SVG draws it. Dots stand where their times are, so a gap in a schedule is a gap in the picture.
func (c Line) SVG() template.HTML {
	var b strings.Builder
	plot := float64(height - bottom - top)
	fmt.Fprintf(&b, `<svg viewBox="0 0 %d %d" role="img" aria-label="%s">`, width, height, template.HTMLEscapeString(c.Title))
	for i := range 3 {
		y := top + plot*float64(i)/2
		fmt.Fprintf(&b, `<line x1="%d" x2="%d" y1="%.1f" y2="%.1f" stroke="currentColor" stroke-opacity=".35"/>`, left, width, y, y)
		fmt.Fprintf(&b, `<text x="%d" y="%.1f" text-anchor="end" font-size="11" fill="currentColor">%d</text>`, left-6, y+4, c.Most*(2-i)/2)
	}
	if len(c.Dots) > 0 && c.Most > 0 {
		first, last := c.Dots[0].At, c.Dots[len(c.Dots)-1].At
		whole := max(last.Sub(first), time.Second)
		var way, dots strings.Builder
		lettered := -width
		for _, d := range c.Dots {
			x := left + 6 + int(float64(width-left-12)*float64(d.At.Sub(first))/float64(whole))
			y := top + plot*(1-float64(min(max(d.Value, 0), c.Most))/float64(c.Most))
			fmt.Fprintf(&way, "%d,%.1f ", x, y)
			fmt.Fprintf(&dots, `<circle class="allow" cx="%d" cy="%.1f" r="4"/>`, x, y)
			if x-lettered >= width/marks && x < width-48 { // a label needs that much room
				lettered = x
				fmt.Fprintf(&dots, `<text x="%d" y="%d" font-size="11" fill="currentColor">%s</text>`, x, height-6, c.day(d.At))
			}
		}
		fmt.Fprintf(&b, `<polyline points="%s" fill="none" stroke="currentColor" stroke-width="2"/>`, strings.TrimSpace(way.String()))
		b.WriteString(dots.String())
	}
	b.WriteString("</svg>")
	return template.HTML(b.String())
}

func (c Line) day(t time.Time) string {
	if c.Zone != nil {
		t = t.In(c.Zone)
	}
	return t.Format("2 Jan")
}
