package scan

import (
	"bytes"
	"sort"
)

// Lines turns offsets of a text into positions, without counting from its beginning each time.
type Lines struct{ starts []int }

// NewLines looks at a text once.
func NewLines(src []byte) Lines {
	starts := make([]int, 1, 1+bytes.Count(src, []byte("\n")))
	for at := 0; ; {
		i := bytes.IndexByte(src[at:], '\n')
		if i < 0 {
			return Lines{starts}
		}
		at += i + 1
		starts = append(starts, at)
	}
}

// At gives the position of an offset.
func (l Lines) At(offset int) Position {
	line := sort.SearchInts(l.starts, offset+1)
	return Position{Line: line, Column: offset - l.starts[line-1] + 1, Offset: offset}
}

// Span gives the place between two offsets of a file.
func (l Lines) Span(file string, start, end int) Place {
	return Place{File: file, Start: l.At(start), End: l.At(end)}
}
