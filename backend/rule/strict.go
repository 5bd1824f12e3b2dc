package rule

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// strict reads JSON in which every field is known.
func strict[T any](b []byte) (v T, err error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		return v, fmt.Errorf("reading it: %w", err)
	}
	return v, nil
}
