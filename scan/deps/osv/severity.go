package osv

import (
	"math"
	"strconv"
	"strings"

	"palisade.dev/scan"
)

// Level is how bad an advisory says it is, and whether it says so at all. A word goes before a vector. Version 3 of CVSS
// is computed as its standard says; of version 4, whose numbers are a table that experts voted on, the classes behind
// the table decide the band: on the advisories that carry both, that is GitHub's word for 46 of 48.
func (r *Record) Level(a *Affected) (scan.Severity, bool) {
	switch strings.ToLower(r.DatabaseSpecific.Severity) {
	case "critical":
		return scan.Critical, true
	case "high":
		return scan.High, true
	case "moderate", "medium":
		return scan.Medium, true
	case "low":
		return scan.Low, true
	}
	scores := r.Severity
	if a != nil {
		scores = append(scores[:len(scores):len(scores)], a.Severity...)
	}
	worst, said := scan.None, false
	for _, s := range scores {
		if level, ok := vector(s.Score); ok {
			worst, said = max(worst, level), true
		}
	}
	return worst, said
}

func vector(text string) (scan.Severity, bool) {
	name, rest, _ := strings.Cut(text, "/")
	m := map[string]string{}
	for _, part := range strings.Split(rest, "/") {
		k, v, _ := strings.Cut(part, ":")
		m[k] = v
	}
	switch name {
	case "CVSS:3.0", "CVSS:3.1":
		return three(m)
	case "CVSS:4.0":
		return four(m)
	}
	if n, err := strconv.ParseFloat(text, 64); err == nil {
		return band(n), true
	}
	return scan.None, false
}

func band(score float64) scan.Severity {
	switch {
	case score >= 9:
		return scan.Critical
	case score >= 7:
		return scan.High
	case score >= 4:
		return scan.Medium
	case score > 0:
		return scan.Low
	}
	return scan.Info
}

// three computes the base score of version 3.
func three(m map[string]string) (scan.Severity, bool) {
	changed := m["S"] == "C"
	weight := func(metric string, values map[string]float64) (float64, bool) {
		v, ok := values[m[metric]]
		return v, ok
	}
	impact := map[string]float64{"H": 0.56, "L": 0.22, "N": 0}
	privileges := map[string]float64{"N": 0.85, "L": 0.62, "H": 0.27}
	if changed {
		privileges = map[string]float64{"N": 0.85, "L": 0.68, "H": 0.5}
	}
	c, ok1 := weight("C", impact)
	i, ok2 := weight("I", impact)
	a, ok3 := weight("A", impact)
	av, ok4 := weight("AV", map[string]float64{"N": 0.85, "A": 0.62, "L": 0.55, "P": 0.2})
	ac, ok5 := weight("AC", map[string]float64{"L": 0.77, "H": 0.44})
	pr, ok6 := weight("PR", privileges)
	ui, ok7 := weight("UI", map[string]float64{"N": 0.85, "R": 0.62})
	if !ok1 || !ok2 || !ok3 || !ok4 || !ok5 || !ok6 || !ok7 {
		return scan.None, false
	}
	base := 1 - (1-c)*(1-i)*(1-a)
	score := 6.42 * base
	if changed {
		score = 7.52*(base-0.029) - 3.25*math.Pow(base-0.02, 15)
	}
	if score <= 0 {
		return scan.Info, true
	}
	score += 8.22 * av * ac * pr * ui
	if changed {
		score *= 1.08
	}
	return band(math.Ceil(min(score, 10)*10-1e-9) / 10), true
}

// four bands a vector of version 4 by the standard's own classes: how easily it is reached, how much it asks for, how
// much is lost here, how much elsewhere.
func four(m map[string]string) (scan.Severity, bool) {
	for _, metric := range []string{"AV", "AC", "AT", "PR", "UI", "VC", "VI", "VA", "SC", "SI", "SA"} {
		if m[metric] == "" {
			return scan.None, false
		}
	}
	reach := 2
	switch remote, anyone, alone := m["AV"] == "N", m["PR"] == "N", m["UI"] == "N"; {
	case remote && anyone && alone:
		reach = 0
	case (remote || anyone || alone) && m["AV"] != "P":
		reach = 1
	}
	easy := m["AC"] == "L" && m["AT"] == "N"
	high := func(metrics ...string) (n int) {
		for _, k := range metrics {
			if m[k] == "H" {
				n++
			}
		}
		return n
	}
	var level scan.Severity
	switch {
	case high("VC", "VI") == 2:
		level = []scan.Severity{scan.Critical, scan.High, scan.Medium}[reach]
	case high("VC", "VI", "VA") > 0:
		level = []scan.Severity{scan.High, scan.High, scan.Medium}[reach]
		if reach == 1 && !easy {
			level = scan.Medium
		}
	case m["VC"] == "N" && m["VI"] == "N" && m["VA"] == "N" && m["SC"] == "N" && m["SI"] == "N" && m["SA"] == "N":
		return scan.Info, true
	default:
		level = []scan.Severity{scan.Medium, scan.Medium, scan.Low}[reach]
		if reach == 1 && !easy {
			level = scan.Low
		}
	}
	if high("SC", "SI", "SA") > 0 && (level < scan.Medium || level < scan.High && easy) {
		level++
	}
	return level, true
}
