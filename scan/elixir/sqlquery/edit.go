package sqlquery

import (
	"fmt"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/elixir"
	"palisade.dev/scan/elixir/flow"
	"palisade.dev/scan/elixir/syntax"
)

// bind makes "… = #{id}" with one value into "… = $1" and the value a parameter, where the call has none yet. It is left to
// a person where a name of a column or table stands in the text, or quotes round the value.
func bind(_ *elixir.Pass, h *flow.Hit) []scan.Edit {
	if len(h.Nodes) != h.Sink.Arg+1 || h.Class != flow.Tainted {
		return nil
	}
	text := h.Nodes[h.Sink.Arg]
	if text == nil || text.Kind != syntax.StringParts || strings.HasPrefix(h.File.Text(text), `"""`) {
		return nil
	}
	var hole *syntax.Node
	before, after := "", ""
	for _, p := range text.Args {
		switch {
		case p.Kind == syntax.Hole && hole != nil:
			return nil
		case p.Kind == syntax.Hole:
			hole = p
		case hole == nil:
			before += p.Name
		default:
			after += p.Name
		}
	}
	if hole == nil || !compared(before) || strings.Trim(after, " ;)") != "" && !strings.HasPrefix(after, " ") && !strings.HasPrefix(after, ")") || strings.Contains(before, "$1") {
		return nil
	}
	file := h.File.Path
	return []scan.Edit{
		{File: file, Start: int(hole.Start), End: int(hole.End), New: "$1"},
		{File: file, Start: int(text.End), End: int(text.End), New: fmt.Sprintf(", [%s]", h.File.Text(hole.Args[0]))},
	}
}

// compared says whether what comes next is a value: something stands before it that compares.
func compared(sql string) bool {
	sql = strings.ToUpper(strings.TrimRight(sql, " "))
	for _, op := range []string{"=", "<", ">", " LIKE", " ILIKE", "LIMIT", "OFFSET"} {
		if strings.HasSuffix(sql, op) {
			return true
		}
	}
	return false
}
