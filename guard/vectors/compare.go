package vectors

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"palisade.dev/guard/engine"
	"palisade.dev/guard/wire"
)

// expectations are the words that may follow the action and reason.
var expectations = []string{
	"by", "status", "retry", "after", "marks", "quota", "account", "kind", "list", "route", "orders",
	"address", "path", "outcomes", "alert", "cookie",
}

func compare(expect []string, action string, v engine.Verdict, status int, h http.Header, e *wire.Event) []string {
	var faults []string
	differ := func(what, want, got string) {
		if want != got {
			faults = append(faults, fmt.Sprintf("%s: want %q, got %q (%s %s rule=%s)", what, want, got, v.Action, v.Reason, v.Rule))
		}
	}
	differ("action", expect[0], action)
	rest, reason := expect[1:], ""
	if len(rest) > 0 && !slices.Contains(expectations, rest[0]) {
		reason, rest = rest[0], rest[1:]
	}
	if reason != "" || expect[0] == "allow" {
		differ("reason", reason, string(v.Reason))
	}
	for i := 0; i+1 < len(rest); i += 2 {
		want := rest[i+1]
		switch rest[i] {
		case "by":
			differ("by", want, dash(v.Rule))
		case "status":
			differ("status", want, fmt.Sprint(status))
		case "retry":
			d, err := time.ParseDuration(want)
			if err != nil || d != v.RetryAfter {
				differ("retry", want, v.RetryAfter.String())
			}
		case "marks":
			differ("marks", want, dash(strings.Join(e.Marks, ",")))
		case "quota": // what the response tells, "-" for nothing
			got := dash(h.Get("RateLimit"))
			if v.Quota.Rule != "" && got != "-" {
				got = fmt.Sprintf("%s:%d/%d", v.Quota.Rule, v.Quota.Remaining, v.Quota.Count)
			}
			differ("quota", want, got)
		case "account":
			differ("account", want, dash(e.Account))
		case "kind":
			differ("kind", want, e.Kind)
		case "list":
			differ("list", want, dash(strings.Join(e.Networks, ",")))
		case "route":
			differ("route", want, e.Route)
		case "after": // the Retry-After field, "-" where it is not told
			differ("after", want, dash(h.Get("Retry-After")))
		case "address":
			differ("address", want, e.Address.String())
		case "path":
			differ("path", want, e.Path)
		case "outcomes":
			var got []string
			for _, o := range e.Outcomes {
				got = append(got, o.Kind+"."+o.Result+":"+o.Subject)
			}
			differ("outcomes", want, dash(strings.Join(got, ",")))
		case "alert":
			differ("alert", want, yes(e.Alert))
		case "cookie": // whether the device is told to remember itself
			differ("cookie", want, yes(h.Get("Set-Cookie") != ""))
		case "orders":
			got := "-"
			if e.Ban != nil {
				got = fmt.Sprintf("%s/%s", e.Ban.Subject, time.Duration(e.Ban.Seconds)*time.Second)
			}
			differ("orders", want, got)
		default:
			faults = append(faults, fmt.Sprintf("expectation %q is not known", rest[i]))
		}
	}
	if len(rest)%2 == 1 {
		faults = append(faults, fmt.Sprintf("expectation %q lacks its value", rest[len(rest)-1]))
	}
	return faults
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
