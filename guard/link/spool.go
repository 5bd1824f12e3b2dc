package link

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"

	"palisade.dev/guard/wire"
)

// spool keeps batches in files, one each, named in their order. Its size is bounded: the oldest goes first and is
// counted. Only the sender uses it.
type spool struct {
	dir     string
	max     int64
	next    uint64
	files   []spooled
	bytes   int64
	reading string
	dropped atomic.Uint64
}

type spooled struct {
	name   string
	size   int64
	events int
}

func newSpool(dir string, limit int64) *spool {
	s := &spool{dir: filepath.Join(dir, "spool"), max: limit}
	entries, _ := os.ReadDir(s.dir) // sorted by name, which is their order
	for _, e := range entries {
		var n uint64
		var count int
		if _, err := fmt.Sscanf(e.Name(), "%020d-%d.json.gz", &n, &count); err != nil || strings.HasSuffix(e.Name(), ".part") {
			continue
		}
		if info, err := e.Info(); err == nil {
			s.files = append(s.files, spooled{e.Name(), info.Size(), count})
			s.bytes += info.Size()
			s.next = max(s.next, n+1)
		}
	}
	return s
}

// push keeps a batch; one that cannot be kept (a full disk) is lost and counted.
func (s *spool) push(b wire.Batch) {
	name := fmt.Sprintf("%020d-%d.json.gz", s.next, len(b.Events))
	s.next++
	size, err := s.write(name, b)
	if err != nil {
		s.dropped.Add(uint64(len(b.Events)))
		return
	}
	s.files = append(s.files, spooled{name, size, len(b.Events)})
	s.bytes += size
	for s.bytes > s.max && len(s.files) > 1 {
		s.drop(0)
	}
}

func (s *spool) drop(i int) {
	s.dropped.Add(uint64(s.files[i].events))
	s.remove(i)
}

func (s *spool) remove(i int) {
	os.Remove(filepath.Join(s.dir, s.files[i].name))
	s.bytes -= s.files[i].size
	s.files = slices.Delete(s.files, i, i+1)
}

func (s *spool) write(name string, b wire.Batch) (int64, error) {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return 0, err
	}
	path := filepath.Join(s.dir, name)
	f, err := os.OpenFile(path+".part", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return 0, err
	}
	defer os.Remove(path + ".part")
	defer f.Close()
	z, _ := gzip.NewWriterLevel(f, gzip.BestSpeed)
	if err := json.NewEncoder(z).Encode(b); err != nil {
		return 0, err
	}
	if err := z.Close(); err != nil {
		return 0, err
	}
	size, err := f.Seek(0, io.SeekCurrent)
	if err != nil {
		return 0, err
	}
	return size, os.Rename(path+".part", path)
}

// pop reads the oldest batch; it stays on disk until done. A file that cannot be read is dropped and counted.
func (s *spool) pop() (*wire.Batch, bool) {
	for len(s.files) > 0 {
		b, err := readSpooled(filepath.Join(s.dir, s.files[0].name))
		if err == nil {
			s.reading = s.files[0].name
			return b, true
		}
		s.drop(0)
	}
	return nil, false
}

func readSpooled(path string) (*wire.Batch, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	b := new(wire.Batch)
	return b, wire.Read(z, wire.MaxBatch, b)
}

// done forgets the batch that pop gave last, if it came from here.
func (s *spool) done() {
	if s.reading == "" {
		return
	}
	for i := range s.files {
		if s.files[i].name == s.reading {
			s.remove(i)
			break
		}
	}
	s.reading = ""
}
