package wire

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Rule is one rule as people write it; the same shape in YAML files, the API and the console.
type Rule struct {
	Name     string `json:"name" yaml:"name"`
	Match    Match  `json:"match" yaml:"match"`
	Count    string `json:"count,omitempty" yaml:"count"`       // requests (default), an outcome ("login.failed"), "status.404", "trap"
	Distinct string `json:"distinct,omitempty" yaml:"distinct"` // count distinct subjects instead: "login.account"
	By       Words  `json:"by,omitempty" yaml:"by"`
	Limit    string `json:"limit" yaml:"limit"` // "5 per 1m"
	Then     Words  `json:"then,omitempty" yaml:"then"`
	Spare    string `json:"spare,omitempty" yaml:"spare"`
	Mode     string `json:"mode,omitempty" yaml:"mode"` // on (default), rehearse, off
	Source   string `json:"source,omitempty" yaml:"-"`  // default, file or console: who put it here
}

// Match is which requests a rule is about. In YAML and JSON a plain string is its Route.
type Match struct {
	Route   string            `json:"route,omitempty" yaml:"route"`
	Host    Words             `json:"host,omitempty" yaml:"host"`
	Header  map[string]string `json:"header,omitempty" yaml:"header"`
	Network Words             `json:"network,omitempty" yaml:"network"`
	Kind    Words             `json:"kind,omitempty" yaml:"kind"`
}

type matchFields Match

func (m Match) plain() bool {
	return len(m.Host) == 0 && len(m.Header) == 0 && len(m.Network) == 0 && len(m.Kind) == 0
}

// MarshalJSON writes a match that is only a route as a string.
func (m Match) MarshalJSON() ([]byte, error) {
	if m.plain() {
		return json.Marshal(m.Route)
	}
	return json.Marshal(matchFields(m))
}

// UnmarshalJSON reads a route or the whole object; a field it does not know is an error.
func (m *Match) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		*m = Match{}
		return json.Unmarshal(b, &m.Route)
	}
	d := json.NewDecoder(strings.NewReader(string(b)))
	d.DisallowUnknownFields()
	if err := d.Decode((*matchFields)(m)); err != nil {
		return fmt.Errorf("match: want a route such as \"POST /users/log_in\" or an object of route, host, header, network, kind: %w", err)
	}
	return nil
}

// UnmarshalYAML is UnmarshalJSON for configuration files.
func (m *Match) UnmarshalYAML(decode func(any) error) error {
	var route string
	if decode(&route) == nil {
		*m = Match{Route: route}
		return nil
	}
	return decode((*matchFields)(m))
}

// Words is a list that may be written as one word.
type Words []string

// MarshalJSON writes one word as a string.
func (w Words) MarshalJSON() ([]byte, error) {
	if len(w) == 1 {
		return json.Marshal(w[0])
	}
	return json.Marshal([]string(w))
}

// UnmarshalJSON reads a string or a list of strings.
func (w *Words) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		*w = Words{""}
		return json.Unmarshal(b, &(*w)[0])
	}
	return json.Unmarshal(b, (*[]string)(w))
}

// UnmarshalYAML reads a string or a list of strings.
func (w *Words) UnmarshalYAML(decode func(any) error) error {
	var one string
	if decode(&one) == nil {
		*w = Words{one}
		return nil
	}
	return decode((*[]string)(w))
}
