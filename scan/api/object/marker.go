package object

import (
	"slices"
	"strings"

	"palisade.dev/scan/api"
	"palisade.dev/scan/api/answer"
	"palisade.dev/scan/api/client"
	"palisade.dev/scan/api/identity"
)

// Only names a field whose value both answers share and that the other, or nobody, was never told. Short values and
// those that many objects share (true, "open", 3) prove nothing, nor does the identifier, which may be an echo.
func Only(l *api.Look, mine, crossed *client.Exchange, owner, other *identity.Identity, id string) string {
	told := map[string]bool{}
	for _, who := range []*identity.Identity{other, nil} {
		for _, x := range l.Knows(who).Answers {
			for _, values := range answer.Values(x.Answer) {
				for _, v := range values {
					told[v] = true
				}
			}
		}
	}
	crossedValues := answer.Values(crossed.Answer)
	values := answer.Values(mine.Answer)
	var names []string
	for name := range values {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		if Personal(a) != Personal(b) {
			if Personal(a) {
				return -1
			}
			return 1
		}
		return strings.Compare(a, b)
	})
	for _, name := range names {
		for _, v := range values[name] {
			if len(v) >= 4 && !told[v] && slices.Contains(crossedValues[name], v) && v != id {
				return strings.TrimPrefix(name, ".")
			}
		}
	}
	return ""
}

// Names are those that an identity goes by in its own page.
func Names(l *api.Look, who *identity.Identity) map[string]bool {
	out := map[string]bool{}
	for path, x := range l.Knows(who).Answers {
		if !api.IsMe(path) || !x.OK() {
			continue
		}
		for name, values := range answer.Values(x.Answer) {
			last := strings.ToLower(name[strings.LastIndexByte(name, '.')+1:])
			if last == "id" || last == "email" || last == "username" || last == "login" || last == "user_id" {
				out[values[0]] = true
			}
		}
	}
	return out
}

// Personal says that a field's name speaks of a person or a secret.
func Personal(name string) bool {
	lower := strings.ToLower(name)
	for _, word := range []string{"email", "phone", "address", "birth", "ssn", "password", "card", "iban", "token", "secret", "salary", "location", "latitude"} {
		if strings.Contains(lower, word) {
			return true
		}
	}
	return false
}
