package network

import (
	"bytes"
	"compress/gzip"
	"embed"
	"encoding/json"
	"fmt"
	"io"
	"path"
	"slices"
	"time"

	"palisade.dev/guard/prefix"
)

//go:embed snapshot
var snapshot embed.FS

// Entry describes one list of the snapshot, as its manifest.json says it.
type Entry struct {
	Name     string `json:"name"`
	Kind     string `json:"kind"`
	Title    string `json:"title"`
	File     string `json:"file"`
	Source   string `json:"source"`
	Official string `json:"official"`
	Licence  string `json:"licence"`
	Date     string `json:"date"`
	Prefixes int    `json:"prefixes"`
	Checksum string `json:"checksum"`
}

// The largest bundled list has 0.8 MB of text.
const maxBundled = 8 << 20

// Bundled reads the lists that came with this binary, in rank order. It fails only when the binary was built from a
// damaged tree.
func Bundled() ([]List, error) {
	raw, err := snapshot.ReadFile("snapshot/manifest.json")
	if err != nil {
		return nil, fmt.Errorf("reading the bundled network lists: %w", err)
	}
	var entries []Entry
	if err := json.Unmarshal(raw, &entries); err != nil {
		return nil, fmt.Errorf("reading the manifest of the bundled network lists: %w", err)
	}
	lists := make([]List, 0, len(entries))
	for _, e := range entries {
		l, err := bundledList(e)
		if err != nil {
			return nil, fmt.Errorf("bundled network list %s: %w", e.Name, err)
		}
		lists = append(lists, l)
	}
	slices.SortFunc(lists, Compare)
	return lists, nil
}

func bundledList(e Entry) (List, error) {
	l := List{
		Name: e.Name, Kind: e.Kind, Title: e.Title, Source: e.Source, Official: e.Official, Licence: e.Licence,
		Checksum: e.Checksum,
	}
	var err error
	if l.Date, err = time.Parse(time.DateOnly, e.Date); err != nil {
		return l, err
	}
	packed, err := snapshot.ReadFile(path.Join("snapshot", e.File))
	if err != nil {
		return l, err
	}
	zr, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return l, err
	}
	if l.Prefixes, err = prefix.Parse(io.LimitReader(zr, maxBundled)); err != nil {
		return l, err
	}
	if sum := Checksum(l.Prefixes); sum != e.Checksum {
		return l, fmt.Errorf("its checksum is %s and should be %s", sum, e.Checksum)
	}
	return l, nil
}

// Notice is the text of credits and licences that must go with the bundled lists.
func Notice() string {
	raw, err := snapshot.ReadFile("snapshot/NOTICE")
	if err != nil {
		panic("the notice is embedded beside the lists: " + err.Error())
	}
	return string(raw)
}
