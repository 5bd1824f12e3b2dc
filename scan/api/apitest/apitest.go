// Package apitest holds a probe to its samples: it finds on those that are vulnerable, and is silent on those that are
// fixed or noisy.
package apitest

import (
	"slices"
	"testing"

	"palisade.dev/scan"
	"palisade.dev/scan/api"
	"palisade.dev/scan/api/fixture"
)

// Run scans each sample with one probe. A probe has at least one sample of each kind; the noisy one is the first fixed
// one with noise where it brings none itself.
func Run(t *testing.T, probe api.Probe, samples []fixture.Sample) {
	t.Helper()
	all := Whole(samples)
	for _, k := range []fixture.Kind{fixture.Vulnerable, fixture.Fixed, fixture.Noisy} {
		if fixture.Count(all, k) == 0 {
			t.Errorf("%s has no %s sample", probe.ID, k)
		}
	}
	for _, s := range all {
		t.Run(string(s.Kind)+"/"+s.Name, func(t *testing.T) {
			Hold(t, s, []api.Probe{probe}, probe.ID)
		})
	}
}

// Whole adds noise to a probe's first fixed sample where it has no noisy one.
func Whole(samples []fixture.Sample) []fixture.Sample {
	if fixture.Count(samples, fixture.Noisy) > 0 {
		return samples
	}
	for _, s := range samples {
		if s.Kind == fixture.Fixed {
			s.Kind = fixture.Noisy
			return append(samples[:len(samples):len(samples)], s)
		}
	}
	return samples
}

// Hold scans one sample and judges the run: of a vulnerable one the check must be found, of others nothing of medium or
// more, by any probe.
func Hold(t *testing.T, s fixture.Sample, probes []api.Probe, check string) *scan.Run {
	t.Helper()
	r, err := fixture.Scan(t.Context(), s, probes)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, f := range r.Run.Findings {
		found[f.Check] = true
		if s.Kind != fixture.Vulnerable && f.Severity >= scan.Medium {
			t.Errorf("a false alarm: %s (%s, %s) at %s: %s", f.Check, f.Severity, f.Confidence, f.Place.Where(), f.Message)
			for _, x := range f.Evidence {
				t.Logf("%s\n%s\n--\n%s", x.Title, x.Request, x.Response)
			}
		}
	}
	if s.Kind == fixture.Vulnerable {
		for _, want := range append([]string{check}, s.Also...) {
			ran := slices.ContainsFunc(probes, func(p api.Probe) bool { return p.ID == want })
			if ran && !found[want] {
				t.Errorf("%s did not find it", want)
				for _, o := range r.Run.Outcomes {
					if o.Check == want {
						t.Logf("%s at %s: %s", o.Verdict, o.Where, o.Why)
					}
				}
			}
		}
	}
	told := false
	for _, o := range r.Run.Outcomes {
		told = told || (o.Check == check && o.Verdict != scan.CouldNotTell)
		if o.Verdict == scan.CouldNotTell && (t.Failed() || testing.Verbose()) && o.Check == check {
			t.Logf("could not tell: %s at %s: %s", o.Check, o.Where, o.Why)
		}
	}
	if !told && s.Kind != fixture.Noisy {
		t.Errorf("%s said neither found nor clear", check)
	}
	return r.Run
}
