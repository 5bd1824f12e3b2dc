// Package template looks whether a value is computed as a template.
package template

import (
	"context"
	_ "embed"
	"fmt"
	"strconv"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/api"
	"palisade.dev/scan/api/client"
	"palisade.dev/scan/api/input"
)

//go:embed doc.md
var doc string

// Probe is the probe.
var Probe = api.Probe{
	Check: scan.Check{
		ID: "api/input/template", Title: "A value is run as a template", Severity: scan.Critical, CWE: []int{1336, 94},
		Standards: []string{"OWASP API8:2023", "PCI DSS 4.0 6.2.4", "SOC 2 CC7.1"}, Doc: doc,
	},
	Mode: api.Active,
	Fits: input.Fits,
	Fix:  "Give values to a template as data (assigns, fields), and never make a template of what somebody sent.",
	Run:  run,
}

// forms are how the usual engines write a product.
var forms = []string{"{{%d*%d}}", "${%d*%d}", "<%%= %d*%d %%>", "#{%d*%d}", "{%d*%d}", "@(%d*%d)", "*{%d*%d}"}

func run(ctx context.Context, l *api.Look) {
	base := input.Base(ctx, l)
	if base == nil {
		return
	}
	places := input.Texts(l.Op)
	for _, p := range places {
		// All at once first: an answer without the product is without it for each.
		if computed, _ := try(ctx, l, base, p, strings.Join(forms, " ")); computed == nil {
			continue
		}
		for _, f := range forms {
			first, _ := try(ctx, l, base, p, f)
			second, sent := try(ctx, l, base, p, f)
			if first == nil || second == nil {
				continue
			}
			l.Found(api.Hit{
				Confidence: scan.Confirmed, Param: p.Param(), Key: p.Name, Evidence: api.Show(base, first, second),
				Message: fmt.Sprintf("%s computes what is in %s: %s came back as its product, and another one too.", l.Op.Name(), p.Name, sent),
			})
			return
		}
	}
	l.Clear(fmt.Sprintf("%d places give no value that was computed", len(places)))
}

// try sends a product of two numbers drawn by chance, and gives the exchange where the answer has it computed.
func try(ctx context.Context, l *api.Look, base *client.Exchange, p input.Place, form string) (*client.Exchange, string) {
	a, b := 1000+l.Chance.IntN(9000), 1000+l.Chance.IntN(9000)
	numbers := make([]any, 0, 2*strings.Count(form, "%d"))
	for range strings.Count(form, "%d") / 2 {
		numbers = append(numbers, a, b)
	}
	sent := fmt.Sprintf(form, numbers...)
	x := l.Ask(ctx, "a template", input.Put(l, base.Request, p, "pal"+sent+"lap"))
	if !strings.Contains(string(x.Body), "pal"+strconv.Itoa(a*b)+"lap") && !(strings.Count(form, "%d") > 2 && strings.Contains(string(x.Body), strconv.Itoa(a*b))) {
		return nil, sent
	}
	return x, sent
}
