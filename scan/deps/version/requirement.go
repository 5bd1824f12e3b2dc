package version

import (
	"fmt"
	"math/big"
	"strings"
)

// Requirement is what mix.exs asks of a version: alternatives, each of which is a list of bounds that all hold.
type Requirement struct{ any [][]bound }

type bound struct {
	sign string
	v    Version
}

// ParseRequirement reads a requirement as Elixir's Version does: "~> 1.2", ">= 1.0.0 and < 2.0.0 or == 3.0.0".
func ParseRequirement(text string) (Requirement, error) {
	var r Requirement
	if len(text) > 4*longest {
		return r, fmt.Errorf("%.60q… is too long for a requirement", text)
	}
	fail := fmt.Errorf("%.60q is no requirement of a version", text)
	words := split(text)
	var all []bound
	for i := 0; i < len(words); {
		sign := "=="
		switch words[i] {
		case "==", "!=", "!", ">", ">=", "<", "<=", "~>":
			sign = words[i]
			i++
		}
		if i == len(words) {
			return r, fail
		}
		v, err := Parse(words[i])
		if err != nil || words[i][0] == 'v' || v.parts != 3 && (sign != "~>" || v.parts != 2) {
			return r, fail
		}
		all = append(all, bounds(sign, v)...)
		if i++; i == len(words) {
			break
		}
		switch words[i] {
		case "and":
		case "or":
			r.any, all = append(r.any, all), nil
		default:
			return r, fail
		}
		if i++; i == len(words) {
			return r, fail
		}
	}
	if len(all) == 0 {
		return r, fail
	}
	r.any = append(r.any, all)
	return r, nil
}

// split parts a requirement into signs, versions and words, whether or not there are blanks between.
func split(text string) []string {
	for _, sign := range []string{"~>", ">=", "<=", "==", "!="} {
		text = strings.ReplaceAll(text, sign, " "+sign+" ")
	}
	var words []string
	for _, w := range strings.Fields(text) {
		for len(w) > 1 && strings.ContainsRune("<>!", rune(w[0])) && w[1] != '=' {
			words, w = append(words, w[:1]), w[1:]
		}
		words = append(words, w)
	}
	return words
}

// bounds writes ~> as two: 1.2 is below 2, 1.2.3 below 1.3, both without the pre-releases of what is above.
func bounds(sign string, v Version) []bound {
	if sign != "~>" {
		return []bound{{sign, v}}
	}
	upper := Version{numbers: v.numbers, pre: []string{"0"}, parts: 3}
	if v.parts == 2 {
		upper.numbers = [3]string{next(v.numbers[0]), "0", "0"}
	} else {
		upper.numbers = [3]string{v.numbers[0], next(v.numbers[1]), "0"}
	}
	return []bound{{">=", v}, {"<", upper}}
}

func next(n string) string {
	i, _ := new(big.Int).SetString(n, 10)
	return i.Add(i, big.NewInt(1)).String()
}

// Allows says whether a version fulfils the requirement. As Hex when it resolves, pre-releases are allowed only where a
// bound names one.
func (r Requirement) Allows(v Version) bool {
	for _, all := range r.any {
		holds, named := true, !v.Pre()
		for _, b := range all {
			c := v.Compare(b.v)
			switch b.sign {
			case "==":
				holds = holds && c == 0
			case "!=", "!":
				holds = holds && c != 0
			case ">":
				holds = holds && c > 0
			case ">=":
				holds = holds && c >= 0
			case "<":
				holds = holds && c < 0
			case "<=":
				holds = holds && c <= 0
			}
			named = named || b.v.Pre() && (len(b.v.pre) != 1 || b.v.pre[0] != "0")
		}
		if holds && named {
			return true
		}
	}
	return false
}
