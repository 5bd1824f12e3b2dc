package reach

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
)

// message is what of govulncheck's stream matters here.
type message struct {
	Finding *struct {
		OSV   string  `json:"osv"`
		Trace []frame `json:"trace"`
	} `json:"finding"`
}

type frame struct {
	Module   string `json:"module"`
	Version  string `json:"version"`
	Package  string `json:"package"`
	Function string `json:"function"`
	Receiver string `json:"receiver"`
	Position *struct {
		Filename string `json:"filename"`
		Line     int    `json:"line"`
	} `json:"position"`
}

func (f frame) name() string {
	name := f.Function
	if f.Receiver != "" {
		name = strings.TrimPrefix(f.Receiver, "*") + "." + name
	}
	return name
}

// read takes the farthest of what is said of an advisory and a module: called outranks imported outranks required.
func read(r io.Reader) (Answers, error) {
	answers := Answers{}
	rank := map[string]int{"": 0, "required": 1, "imported": 2}
	far := func(s string) int {
		if n, ok := rank[s]; ok {
			return n
		}
		return 3
	}
	for d := json.NewDecoder(r); ; {
		var m message
		if err := d.Decode(&m); err != nil {
			if errors.Is(err, io.EOF) {
				return answers, nil
			}
			return nil, fmt.Errorf("reading what govulncheck says: %w", err)
		}
		if m.Finding == nil || len(m.Finding.Trace) == 0 {
			continue
		}
		at := m.Finding.Trace[0]
		text := "required"
		switch {
		case at.Function != "":
			own := m.Finding.Trace[len(m.Finding.Trace)-1]
			text = "called: " + own.name()
			if own.Position != nil && own.Position.Filename != "" {
				text += fmt.Sprintf(" at %s:%d", filepath.ToSlash(own.Position.Filename), own.Position.Line)
			}
			text += " reaches " + at.name()
		case at.Package != "":
			text = "imported"
		}
		k := [2]string{m.Finding.OSV, at.Module}
		if far(text) > far(answers[k]) {
			answers[k] = text
		}
	}
}
