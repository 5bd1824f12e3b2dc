package api

import (
	"cmp"
	"context"
	"math/rand/v2"
	"slices"
	"strings"

	"palisade.dev/scan/api/answer"
	"palisade.dev/scan/api/client"
	"palisade.dev/scan/api/identity"
	"palisade.dev/scan/api/spec"
)

// Known is what an identity was told: the answers to everything it may read without knowing an identifier, and then to
// what those identifiers lead to.
type Known struct {
	Answers map[string]*client.Exchange // by the operation's path
	values  map[string][]string         // by path and the names to the value
}

// harvestMost bounds what is read to learn values, for each identity.
const harvestMost = 120

// harvest reads as an identity, or as nobody: collections first, since they name the objects.
func (t *Target) harvest(ctx context.Context, who *identity.Identity) {
	name := nameOf(who)
	k := &Known{Answers: map[string]*client.Exchange{}, values: map[string][]string{}}
	t.mu.Lock()
	t.known[name] = k
	t.mu.Unlock()
	reads := 0
	for depth := range 3 {
		for _, op := range t.Operations {
			if op.Method != "GET" || len(op.PathParams()) != depth || reads >= harvestMost || Drastic(op) {
				continue
			}
			if depth > 0 && !t.knows(op, who) {
				continue
			}
			reads++
			x := t.Client.Do(ctx, t.Request(op, who).By(who))
			x.Title = "control: what " + name + " may read"
			if x.Kind() == answer.Denied && who != nil && reads == 1 {
				if fresh, err := t.Refresh(ctx, who); err == nil && fresh {
					x = t.Client.Do(ctx, x.Request)
				}
			}
			t.mu.Lock()
			k.Answers[op.Path] = x
			if x.OK() {
				for where, values := range answer.Values(x.Answer) {
					k.values[op.Path+" "+where] = values
				}
			}
			t.mu.Unlock()
			t.Keep(x)
		}
	}
}

func nameOf(who *identity.Identity) string {
	if who == nil {
		return "nobody"
	}
	return who.Name
}

// Knows gives what an identity, or nobody, was told.
func (t *Target) Knows(who *identity.Identity) *Known {
	t.mu.Lock()
	defer t.mu.Unlock()
	if k := t.known[nameOf(who)]; k != nil {
		return k
	}
	return &Known{}
}

func (t *Target) knows(op *spec.Operation, who *identity.Identity) bool {
	for _, name := range op.PathParams() {
		if p := op.Param("path", name); len(t.IDs(op, name, who)) == 0 && (p == nil || (p.Example == nil && !p.Schema.Exemplified())) {
			return false
		}
	}
	return true
}

// IDs are the values an identity was told that fit a path parameter, the likeliest first: those of the collection the
// parameter stands behind, then those of the same name anywhere.
func (t *Target) IDs(op *spec.Operation, param string, who *identity.Identity) []string {
	before, _, _ := strings.Cut(op.Path, "{"+param+"}")
	collection := strings.TrimSuffix(before, "/")
	thing := singular(collection[strings.LastIndexByte(collection, '/')+1:])
	type found struct {
		rank  int
		where string
		value string
	}
	var all []found
	t.mu.Lock()
	k := t.known[nameOf(who)]
	if k != nil {
		for key, values := range k.values {
			from, names, _ := strings.Cut(key, " ")
			rank := fit(names, param, thing)
			if rank == 3 && (namesThing(from, param) || namesThing(holderOf(names), param)) {
				rank = 2 // order_id is the id in a list of /orders, or in {"orders":[…]}
			}
			if rank == 0 {
				continue
			}
			switch {
			case strings.EqualFold(from, collection):
			case rank == 3: // a bare id of something else
				// "me" answers with the identifier of oneself, which is what a user's parameter wants.
				if !strings.Contains(thing, "user") && !strings.Contains(thing, "account") || !IsMe(from) {
					continue
				}
				rank = 6
			default:
				rank += 3
			}
			for _, v := range values {
				if v != "" && v != "null" && len(v) < 200 {
					all = append(all, found{rank, key, v})
				}
			}
		}
	}
	t.mu.Unlock()
	slices.SortStableFunc(all, func(a, b found) int { return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.where, b.where)) })
	var out []string
	for _, f := range all {
		if !slices.Contains(out, f.value) {
			out = append(out, f.value)
		}
		if len(out) == 20 {
			break
		}
	}
	return out
}

// IsMe says that a path answers with who asks.
func IsMe(path string) bool {
	last := strings.ToLower(path[strings.LastIndexByte(path, '/')+1:])
	return slices.Contains([]string{"me", "profile", "account", "whoami", "self", "current", "userinfo", "user"}, last)
}

// namesThing says that a parameter speaks of what a collection lists.
func namesThing(collection, param string) bool {
	thing := flat(singular(collection[strings.LastIndexByte(collection, '/')+1:]))
	p := flat(param)
	return thing != "" && (p == thing+"id" || p == thing+"uuid" || p == thing)
}

// holderOf is the name that a value's object stands under: customers for .data.customers[].id.
func holderOf(names string) string {
	steps := strings.Split(strings.ReplaceAll(names, "[]", ""), ".")
	if len(steps) < 2 {
		return ""
	}
	return steps[len(steps)-2]
}

// fit says how well the names that lead to a value fit a parameter, 1 the best, 0 not at all.
func fit(names, param, thing string) int {
	last := flat(strings.TrimSuffix(names[strings.LastIndexByte(names, '.')+1:], "[]"))
	p := flat(param)
	switch {
	case last == p && p != "id":
		return 1
	case last == flat(thing)+"id" || last == flat(thing)+p:
		return 2
	case last == "id" || last == "uuid" || last == "guid":
		if p == "id" || strings.HasSuffix(p, "id") {
			return 3
		}
	case strings.TrimPrefix(p, flat(thing)) == last && last != "":
		return 3 // user_name behind /users wants a name
	}
	return 0
}

func flat(s string) string {
	return strings.NewReplacer("_", "", "-", "", ".", "").Replace(strings.ToLower(s))
}

func singular(s string) string {
	switch {
	case strings.HasSuffix(s, "ies"):
		return s[:len(s)-3] + "y"
	case strings.HasSuffix(s, "ses"), strings.HasSuffix(s, "xes"):
		return s[:len(s)-2]
	}
	return strings.TrimSuffix(s, "s")
}

// Value is what to put into a path parameter: what the identity was told, what the first was told, an example, anything
// of the right type.
func (t *Target) Value(op *spec.Operation, param string, who *identity.Identity, chance *rand.Rand) string {
	for _, i := range []*identity.Identity{who, t.First(), nil} {
		if ids := t.IDs(op, param, i); len(ids) > 0 {
			return ids[0]
		}
	}
	p := op.Param("path", param)
	if p == nil {
		return "1"
	}
	if v := plain(paramValue(p, chance)); v != "" {
		return v
	}
	return "1"
}

// Nowhere is a value of a parameter's shape that names nothing.
func (t *Target) Nowhere(op *spec.Operation, param string, who *identity.Identity) string {
	chance := rand.New(rand.NewPCG(t.Seed, 2))
	like := t.Value(op, param, who, chance)
	digits, hexes := true, len(like) >= 16
	for _, r := range like {
		digits = digits && r >= '0' && r <= '9'
		hexes = hexes && strings.ContainsRune("0123456789abcdefABCDEF-", r)
	}
	switch {
	case digits:
		return "2147480003" // large, odd, and still 32 bits: a larger one is another error in many databases
	case len(like) == 36 && hexes:
		return spec.UUID(chance)
	}
	b := []byte(like)
	for i, c := range b {
		switch {
		case c >= '0' && c <= '9':
			b[i] = '0' + byte(chance.IntN(10))
		case hexes && (c >= 'a' && c <= 'f'):
			b[i] = 'a' + byte(chance.IntN(6))
		case c >= 'a' && c <= 'z':
			b[i] = 'a' + byte(chance.IntN(26))
		case c >= 'A' && c <= 'Z':
			b[i] = 'A' + byte(chance.IntN(26))
		}
	}
	return string(b)
}

// KnownTo gives what an identity was told, by its name; "nobody" is one too.
func (t *Target) KnownTo(name string) *Known {
	t.mu.Lock()
	defer t.mu.Unlock()
	if k := t.known[name]; k != nil {
		return k
	}
	return &Known{}
}
