package link

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"

	"palisade.dev/guard/prefix"
	"palisade.dev/guard/wire"
)

// keeper holds the last good policy on disk as the envelopes it came in, a line each: a whole policy, then deltas. So
// the signature is checked again when it is read.
type keeper struct {
	dir    string
	deltas int
}

// maxDeltas is how many changes the file may hold before the back end is asked for the whole at the next start.
const maxDeltas = 10_000

func (k *keeper) path() string { return filepath.Join(k.dir, "policy.jsonl") }

func (k *keeper) load() ([]wire.Envelope, error) {
	b, err := os.ReadFile(k.path())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var out []wire.Envelope
	for line := range bytes.Lines(b) {
		var e wire.Envelope
		if err := json.Unmarshal(line, &e); err != nil {
			if len(out) > 0 { // a crash in the middle of an append leaves half a line at the end
				return out, nil
			}
			return nil, fmt.Errorf("%s: %w", k.path(), err)
		}
		out = append(out, e)
	}
	k.deltas = max(0, len(out)-1)
	return out, nil
}

// save keeps an envelope that is in force now.
func (k *keeper) save(e wire.Envelope) error {
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	line = append(line, '\n')
	if e.Kind == wire.KindDelta && k.deltas < maxDeltas {
		f, err := os.OpenFile(k.path(), os.O_WRONLY|os.O_APPEND, 0o600)
		if err != nil {
			return err
		}
		k.deltas++
		_, err = f.Write(line)
		return errors.Join(err, f.Close())
	}
	if e.Kind == wire.KindDelta {
		return nil // the file ends earlier; a restart catches up from there
	}
	k.deltas = 0
	return replace(k.path(), line)
}

// replace writes a file so that a crash leaves the old one or the new one, whole.
func replace(path string, b []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	w := bufio.NewWriter(f)
	_, err = w.Write(b)
	err = errors.Join(err, w.Flush(), f.Sync(), f.Close())
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

func (k *keeper) networkPath(checksum string) string {
	return filepath.Join(k.dir, "networks", filepath.Base(checksum)+".txt")
}

func (k *keeper) network(checksum string) ([]netip.Prefix, bool) {
	f, err := os.Open(k.networkPath(checksum))
	if err != nil {
		return nil, false
	}
	defer f.Close()
	prefixes, err := prefix.Parse(f)
	return prefixes, err == nil
}

// saveNetwork keeps a list; failing to only means fetching it again.
func (k *keeper) saveNetwork(checksum string, prefixes []netip.Prefix) {
	path := k.networkPath(checksum)
	if os.MkdirAll(filepath.Dir(path), 0o700) != nil {
		return
	}
	var b bytes.Buffer
	for _, p := range prefixes {
		b.WriteString(p.String())
		b.WriteByte('\n')
	}
	_ = replace(path, b.Bytes())
}
