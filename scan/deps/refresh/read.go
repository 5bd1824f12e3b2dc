package refresh

import (
	"archive/zip"
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"palisade.dev/scan/deps/osv"
)

// limits bound what is read.
type limits struct {
	packed, whole int64 // bytes, before and after unpacking
	entries       int   // of an archive
}

// All of Go's advisories are 5 MB packed and 25 MB unpacked, those for Hex a tenth of that. npm's are 250,000, of which
// most are passed over unread.
var (
	small = limits{64 << 20, 512 << 20, 200_000}
	large = limits{512 << 20, 1 << 30, 1_000_000}
)

// largestRecord is what one advisory may have, as osv reads them.
const largestRecord = 8 << 20

// ecosystems are those that a scan compares with; what else a source holds is passed over.
var ecosystems = []string{"Hex", "Go", "npm"}

var (
	errTooMuch = errors.New("it unpacks to more than it may")
	errTooLong = fmt.Errorf("an advisory is longer than %d MB", largestRecord>>20)
)

// bulk is what sources held: by ecosystem and identifier, each advisory on one line.
type bulk map[string]map[string]advisory

type advisory struct {
	record *osv.Record
	line   []byte
}

// read takes up a source's answer: a zip archive of advisories in OSV's form, or JSON with a list of them or one after
// the other, plain or compressed. One that cannot be read spoils the whole, since nobody would notice that it is missing.
func (b bulk) read(in io.ReaderAt, size int64, l limits) error {
	left := l.whole
	var head [4]byte
	n, _ := in.ReadAt(head[:], 0)
	whole := io.NewSectionReader(in, 0, size)
	switch {
	case bytes.HasPrefix(head[:n], []byte("PK\x03\x04")):
		return b.archive(in, size, l.entries, &left)
	case bytes.HasPrefix(head[:n], []byte("\x1f\x8b")):
		z, err := gzip.NewReader(whole)
		if err != nil {
			return fmt.Errorf("it cannot be unpacked: %w", err)
		}
		return b.json(&budget{r: z, left: &left})
	default:
		return b.json(&budget{r: whole, left: &left})
	}
}

// archive reads a zip. Nothing is written under the names in it; one that leads out of its folder is refused all the
// same, as no source makes such an archive.
func (b bulk) archive(in io.ReaderAt, size int64, entries int, left *int64) error {
	// Each entry costs memory before the first can be looked at, so they are counted by their mark.
	if n, err := marks(io.NewSectionReader(in, 0, size), []byte("PK\x01\x02")); err != nil {
		return err
	} else if n > entries {
		return fmt.Errorf("its archive has more than %d files", entries)
	}
	z, err := zip.NewReader(in, size)
	if err != nil {
		return fmt.Errorf("its archive cannot be read: %w", err)
	}
	for _, f := range z.File {
		if strings.Contains(f.Name, `\`) || !fs.ValidPath(strings.TrimSuffix(f.Name, "/")) {
			return fmt.Errorf("its archive names a file %.60q, outside of its own folder", f.Name)
		}
		// Go's database puts lists of names beside the advisories, in a folder of that name.
		// Malicious packages are advisories of their own, MAL-2026-1, and no longer to be had.
		if path.Ext(f.Name) != ".json" || strings.HasPrefix(f.Name, "index/") || strings.HasPrefix(path.Base(f.Name), "MAL-") {
			continue
		}
		if err := b.entry(f, left); errors.Is(err, errTooMuch) {
			return err
		} else if err != nil {
			return fmt.Errorf("%.80q in its archive: %w", f.Name, err)
		}
	}
	return nil
}

// marks counts a mark of four bytes in a stream.
func marks(r io.Reader, mark []byte) (n int, err error) {
	buf := make([]byte, 0, 64<<10)
	for {
		k, err := r.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+k]
		n += bytes.Count(buf, mark)
		rest := min(len(buf), len(mark)-1) // of a mark that two reads share
		buf = append(buf[:0], buf[len(buf)-rest:]...)
		if errors.Is(err, io.EOF) {
			return n, nil
		} else if err != nil {
			return n, err
		}
	}
}

func (b bulk) entry(f *zip.File, left *int64) error {
	in, err := f.Open()
	if err != nil {
		return err
	}
	defer in.Close()
	return b.json(&budget{r: in, left: left})
}

// json reads values one after the other, or one list of them.
func (b bulk) json(r *budget) error {
	in := bufio.NewReader(r)
	dec := json.NewDecoder(in)
	head, err := in.Peek(1)
	for err == nil && bytes.IndexByte([]byte(" \t\r\n"), head[0]) >= 0 {
		_, _ = in.Discard(1)
		head, err = in.Peek(1)
	}
	if errors.Is(err, io.EOF) {
		return errors.New("it is empty")
	} else if err != nil {
		return err
	}
	list := head[0] == '['
	if list {
		if _, err := dec.Token(); err != nil {
			return fmt.Errorf("it is no JSON: %w", err)
		}
	}
	for n := 1; !list || dec.More(); n++ {
		var one json.RawMessage
		r.one = 0
		err := dec.Decode(&one)
		switch {
		case errors.Is(err, io.EOF) && !list:
			return nil
		case errors.Is(err, errTooMuch), errors.Is(err, errTooLong):
			return err
		case err != nil:
			return fmt.Errorf("advisory %d is no JSON: %w", n, err)
		}
		if err := b.add(one); err != nil {
			return fmt.Errorf("advisory %d: %w", n, err)
		}
	}
	if _, err := dec.Token(); err != nil {
		return fmt.Errorf("its list does not end: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something stands behind its list")
	}
	return nil
}

// add takes up one advisory, under each ecosystem that it speaks of. Where two sources have it, the newer counts.
func (b bulk) add(raw json.RawMessage) error {
	if len(raw) > largestRecord {
		return errTooLong
	}
	if len(raw) == 0 || raw[0] != '{' {
		return errors.New("this is no advisory: it is not an object")
	}
	d := osv.New()
	if err := d.Read(raw); err != nil {
		return err
	}
	for _, r := range d.Records() { // none, if it was withdrawn
		var line bytes.Buffer
		if err := json.Compact(&line, raw); err != nil {
			return err
		}
		for _, a := range r.Affected {
			name, _, _ := strings.Cut(a.Package.Ecosystem, ":")
			if !slices.Contains(ecosystems, name) {
				continue
			}
			if b[name] == nil {
				b[name] = map[string]advisory{}
			}
			if had, ok := b[name][r.ID]; !ok || r.Modified.After(had.record.Modified) {
				b[name][r.ID] = advisory{r, line.Bytes()}
			}
		}
	}
	return nil
}

// budget is a reader that many share until nothing is left. It counts what comes out, as what an archive says of itself
// may be a lie, and what comes out for one value, as JSON's decoder takes all of that into memory.
type budget struct {
	r    io.Reader
	left *int64
	one  int64
}

func (b *budget) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	b.one += int64(n)
	if *b.left -= int64(n); *b.left < 0 {
		return 0, errTooMuch
	}
	if b.one > 4*largestRecord { // the decoder reads ahead, so only add knows exactly
		return 0, errTooLong
	}
	return n, err
}
