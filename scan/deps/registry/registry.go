// Package registry reads the files in which a Hex registry tells of a package's releases, and which of them were taken
// back. They are compressed, signed protocol buffers; the few fields that matter are decoded by hand. The signature is
// not checked: the files come from a folder that whoever scans has chosen.
package registry

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"sync"
)

// largest bounds a file once it is unpacked; the largest on the public registry has 300 kB.
const largest = 16 << 20

// Release is what is told of one release.
type Release struct {
	Version string
	Reason  string // why it was taken back; empty where it was not
	Message string
}

// Package is a package's releases.
type Package struct {
	Name       string
	Repository string
	Releases   []Release
}

// reasons by their numbers in the registry's files.
var reasons = []string{"other", "invalid", "security", "deprecated", "renamed"}

var errBroken = errors.New("it is no file of a Hex registry")

// Read reads the file of a package: packages/NAME of a mirror, compressed or not.
func Read(data []byte) (Package, error) {
	var p Package
	if bytes.HasPrefix(data, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(bytes.NewReader(data))
		if err != nil {
			return p, errBroken
		}
		if data, err = io.ReadAll(io.LimitReader(z, largest+1)); err != nil {
			return p, errBroken
		}
	}
	if len(data) > largest {
		return p, fmt.Errorf("it unpacks to more than %d MB", largest>>20)
	}
	var payload []byte
	if err := fields(data, func(n int, value []byte) error {
		if n == 1 {
			payload = value
		}
		return nil
	}); err != nil || payload == nil {
		return p, errBroken
	}
	err := fields(payload, func(n int, value []byte) error {
		switch n {
		case 1:
			r, err := release(value)
			p.Releases = append(p.Releases, r)
			return err
		case 2:
			p.Name = string(value)
		case 3:
			p.Repository = string(value)
		}
		return nil
	})
	if err != nil || p.Name == "" {
		return p, errBroken
	}
	return p, nil
}

func release(data []byte) (r Release, err error) {
	err = fields(data, func(n int, value []byte) error {
		switch n {
		case 1:
			r.Version = string(value)
		case 4:
			r.Reason = reasons[0]
			return fields(value, func(n int, value []byte) error {
				switch n {
				case 1:
					if number, size := binary.Uvarint(value); size > 0 && number < uint64(len(reasons)) {
						r.Reason = reasons[number]
					}
				case 2:
					r.Message = string(value)
				}
				return nil
			})
		}
		return nil
	})
	return r, err
}

// fields walks the fields of a message. A number is handed on as its bytes.
func fields(data []byte, f func(n int, value []byte) error) error {
	for len(data) > 0 {
		tag, size := binary.Uvarint(data)
		if size <= 0 || tag>>3 == 0 || tag>>3 > 1<<28 {
			return errBroken
		}
		data = data[size:]
		var value []byte
		switch tag & 7 {
		case 0:
			_, size := binary.Uvarint(data)
			if size <= 0 {
				return errBroken
			}
			value, data = data[:size], data[size:]
		case 1, 5:
			size := 8
			if tag&7 == 5 {
				size = 4
			}
			if len(data) < size {
				return errBroken
			}
			value, data = data[:size], data[size:]
		case 2:
			length, size := binary.Uvarint(data)
			if size <= 0 || length > uint64(len(data)-size) {
				return errBroken
			}
			value, data = data[size:size+int(length)], data[size+int(length):]
		default:
			return errBroken
		}
		if err := f(int(tag>>3), value); err != nil {
			return err
		}
	}
	return nil
}

// Folder answers from a folder of a registry's files: NAME, or packages/NAME as a mirror keeps them.
type Folder struct {
	Root fs.FS

	mu   sync.Mutex
	read map[string]*answer
}

type answer struct {
	p   Package
	ok  bool
	err error
}

// Retired says whether a release was taken back.
func (f *Folder) Retired(name, version string) (reason, message string, ok bool, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	a := f.read[name]
	if a == nil {
		a = f.load(name)
		if f.read == nil {
			f.read = map[string]*answer{}
		}
		f.read[name] = a
	}
	if a.err != nil || !a.ok {
		return "", "", false, a.err
	}
	for _, r := range a.p.Releases {
		if r.Version == version {
			return r.Reason, r.Message, true, nil
		}
	}
	return "", "", true, nil
}

func (f *Folder) load(name string) *answer {
	for _, file := range []string{path.Join("packages", name), name} {
		if !fs.ValidPath(file) || path.Base(file) != name {
			break
		}
		in, err := f.Root.Open(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return &answer{err: err}
		}
		defer in.Close()
		data, err := io.ReadAll(io.LimitReader(in, largest))
		if err != nil {
			return &answer{err: err}
		}
		p, err := Read(data)
		if err == nil && p.Name != name {
			err = fmt.Errorf("it is about %.40q", p.Name)
		}
		return &answer{p, err == nil, err}
	}
	return &answer{}
}
