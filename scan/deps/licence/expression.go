package licence

import (
	"strings"
)

// expression is SPDX's: identifiers with OR, AND and brackets between them. Of an OR one side is enough, of an AND both count.
type expression struct {
	id   string // of a single licence, with its exception
	all  bool   // of parts, all count
	list []expression
}

// allowed says whether something may be used under an expression, where ok tells it of a single licence.
func (e expression) allowed(ok func(id string) bool) bool {
	if e.id != "" {
		return ok(e.id)
	}
	for _, part := range e.list {
		if part.allowed(ok) != e.all {
			return !e.all
		}
	}
	return e.all
}

// deepest is how far brackets nest; people write one or two.
const deepest = 20

// parse reads an expression. What is none is a licence of that name, which no policy knows.
func parse(text string) expression {
	words := strings.Fields(strings.NewReplacer("(", " ( ", ")", " ) ").Replace(text))
	p := parser{words: words}
	if e, ok := p.either(0); ok && len(p.words) == 0 {
		return e
	}
	return expression{id: strings.Join(words, " ")}
}

type parser struct{ words []string }

func (p *parser) take(word string) bool {
	if len(p.words) > 0 && strings.EqualFold(p.words[0], word) {
		p.words = p.words[1:]
		return true
	}
	return false
}

func (p *parser) either(depth int) (expression, bool) {
	return p.row("OR", false, func() (expression, bool) {
		return p.row("AND", true, func() (expression, bool) { return p.single(depth) })
	})
}

// row reads parts with a word between them.
func (p *parser) row(word string, all bool, part func() (expression, bool)) (expression, bool) {
	e := expression{all: all}
	for {
		one, ok := part()
		if !ok {
			return e, false
		}
		e.list = append(e.list, one)
		if !p.take(word) {
			break
		}
	}
	if len(e.list) == 1 {
		return e.list[0], true
	}
	return e, true
}

func (p *parser) single(depth int) (expression, bool) {
	if depth > deepest || len(p.words) == 0 {
		return expression{}, false
	}
	if p.take("(") {
		e, ok := p.either(depth + 1)
		return e, ok && p.take(")")
	}
	id := p.words[0]
	if id == ")" || strings.EqualFold(id, "OR") || strings.EqualFold(id, "AND") || strings.EqualFold(id, "WITH") {
		return expression{}, false
	}
	p.words = p.words[1:]
	if p.take("WITH") {
		if len(p.words) == 0 {
			return expression{}, false
		}
		id += " WITH " + p.words[0]
		p.words = p.words[1:]
	}
	return expression{id: id}, true
}
