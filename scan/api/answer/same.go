package answer

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Volatile are the parts of an answer that change by themselves: paths of JSON values, and words of a page.
type Volatile struct {
	paths map[string]bool
	words map[string]bool
}

// Learn compares answers to one and the same request and notes what differs between them.
func Learn(answers ...*Answer) Volatile {
	v := Volatile{paths: map[string]bool{}, words: map[string]bool{}}
	for i := 1; i < len(answers); i++ {
		a, b := answers[0], answers[i]
		ja, jb := a.JSON(), b.JSON()
		if ja != nil && jb != nil {
			la, lb := leaves(ja), leaves(jb)
			for path, values := range la {
				if !slices.Equal(values, lb[path]) {
					v.paths[path] = true
				}
			}
			continue
		}
		wa, wb := words(a.Body), words(b.Body)
		for w := range wa {
			if !wb[w] {
				v.words[w] = true
			}
		}
		for w := range wb {
			if !wa[w] {
				v.words[w] = true
			}
		}
	}
	return v
}

// What two answers must share to be the same. Nine tenths of the words leaves room for a greeting with a name in it and
// none for another object.
const alike = 0.9

// Same says that two answers tell the same, as far as anybody could see: the same kind and status, the same shape, and
// nine of ten values.
func Same(a, b *Answer, v Volatile) bool {
	return a.Kind() == b.Kind() && a.Status == b.Status && a.Media() == b.Media() && Likeness(a, b, v) >= alike
}

// Likeness is the share of values that two bodies have in common, 0 where their shapes differ.
func Likeness(a, b *Answer, v Volatile) float64 {
	if bytes.Equal(a.Body, b.Body) {
		return 1
	}
	ja, jb := a.JSON(), b.JSON()
	if (ja == nil) != (jb == nil) {
		return 0
	}
	var sa, sb map[string]bool
	if ja != nil {
		la, lb := leaves(ja), leaves(jb)
		if !sameShape(la, lb) {
			return 0
		}
		sa, sb = v.tokens(la), v.tokens(lb)
	} else {
		sa, sb = words(a.Body), words(b.Body)
		for w := range v.words {
			delete(sa, w)
			delete(sb, w)
		}
	}
	if len(sa) == 0 && len(sb) == 0 {
		return 1
	}
	both := 0
	for t := range sa {
		if sb[t] {
			both++
		}
	}
	return 2 * float64(both) / float64(len(sa)+len(sb))
}

// SameShape says that two JSON answers have the same fields, whatever their values.
func SameShape(a, b *Answer) bool {
	ja, jb := a.JSON(), b.JSON()
	if ja == nil || jb == nil {
		return ja == nil && jb == nil && a.Media() == b.Media()
	}
	return sameShape(leaves(ja), leaves(jb))
}

// sameShape lets two of ten fields be there in one answer only: optional fields come and go with the object.
func sameShape(a, b map[string][]string) bool {
	if len(a) == 0 || len(b) == 0 {
		return len(a) == len(b)
	}
	both := 0
	for path := range a {
		if _, ok := b[path]; ok {
			both++
		}
	}
	return 2*float64(both)/float64(len(a)+len(b)) >= 0.8
}

func (v Volatile) tokens(leaves map[string][]string) map[string]bool {
	out := map[string]bool{}
	for path, values := range leaves {
		if v.paths[path] {
			continue
		}
		for _, value := range values {
			out[path+"="+value] = true
		}
	}
	return out
}

// Most leaves that are looked at: beyond, two answers are compared by their beginning.
const maxLeaves = 20_000

// leaves gives the plain values of a JSON document by the path of names to them; the places in lists are no part of it.
func leaves(v any) map[string][]string {
	out := map[string][]string{}
	n := 0
	var walk func(v any, path string, depth int)
	walk = func(v any, path string, depth int) {
		if n++; n > maxLeaves || depth > 64 {
			return
		}
		switch v := v.(type) {
		case map[string]any:
			for _, name := range sortedNames(v) {
				walk(v[name], path+"."+name, depth+1)
			}
		case []any:
			for _, item := range v {
				walk(item, path+"[]", depth+1)
			}
		default:
			out[path] = append(out[path], scalar(v))
		}
	}
	walk(v, "", 0)
	return out
}

func sortedNames(m map[string]any) []string {
	names := make([]string, 0, len(m))
	for n := range m {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

func scalar(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64) // never 1e+06: it may be an identifier
	case nil:
		return "null"
	}
	return fmt.Sprint(v)
}

// Values gives every plain value in an answer with the path of names to it.
func Values(a *Answer) map[string][]string {
	if v := a.JSON(); v != nil {
		return leaves(v)
	}
	return nil
}

// words are those of a text, without tags, at most the first 20 000.
func words(body []byte) map[string]bool {
	out := map[string]bool{}
	n := 0
	for w := range strings.FieldsFuncSeq(string(body[:min(len(body), 512<<10)]), func(r rune) bool {
		return r <= ' ' || strings.ContainsRune(`<>"'=,;(){}[]`, r)
	}) {
		if n++; n > maxLeaves {
			break
		}
		out[w] = true
	}
	return out
}
