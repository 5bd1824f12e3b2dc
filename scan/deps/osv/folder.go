package osv

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
)

// mostFiles bounds a folder of advisories; all of npm's are about 250,000.
const mostFiles = 500_000

// Folder reads a folder of advisories: OSV's files with one each, or lists of them a line each, compressed or not.
// Other files are passed over; a file of advisories that cannot be read is an error, since half of them is worse than
// to be told.
func Folder(root fs.FS, name string) (*Database, []Source, error) {
	d := New()
	files := 0
	err := fs.WalkDir(root, ".", func(file string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		kind := path.Ext(strings.TrimSuffix(file, ".gz"))
		if !e.Type().IsRegular() || kind != ".json" && kind != ".jsonl" {
			return nil
		}
		if files++; files > mostFiles {
			return fmt.Errorf("more than %d files", mostFiles)
		}
		in, err := root.Open(file)
		if err != nil {
			return err
		}
		defer in.Close()
		var r io.Reader = in
		if strings.HasSuffix(file, ".gz") {
			if r, err = gzip.NewReader(in); err != nil {
				return fmt.Errorf("%s: %w", file, err)
			}
		}
		if kind == ".jsonl" {
			err = d.ReadLines(r)
		} else {
			var data []byte
			if data, err = io.ReadAll(io.LimitReader(r, 16*largestRecord+1)); err == nil && len(data) > 16*largestRecord {
				err = fmt.Errorf("it has more than %d MB", 16*largestRecord>>20)
			}
			if err == nil {
				err = d.Read(data)
			}
		}
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	if d.Len() == 0 {
		return nil, nil, errors.New("it holds no advisories: files of OSV end in .json, lists of them in .jsonl")
	}
	return d, []Source{{Name: name, Records: d.Len(), Newest: newest(d.records)}}, nil
}
