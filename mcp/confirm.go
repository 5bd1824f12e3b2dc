package mcp

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"time"
)

// pending is a change that waits for somebody's word.
type pending struct {
	what  [32]byte
	until time.Time
}

// confirmed gives "" once a change was confirmed, and else the code with which the same change has to be asked for again. A code
// is for that change alone, once, and for two minutes.
func (x *server) confirmed(change, code string) (string, error) {
	sum := sha256.Sum256([]byte(change))
	now := x.o.Now()
	x.mu.Lock()
	defer x.mu.Unlock()
	for c, p := range x.pending {
		if !p.until.After(now) {
			delete(x.pending, c)
		}
	}
	if code != "" {
		p, ok := x.pending[code]
		delete(x.pending, code)
		if !ok || p.what != sum {
			return "", errors.New("this confirmation is for something else, was used, or is older than two minutes: ask without it, show the person what would be done, and ask again")
		}
		return "", nil
	}
	if len(x.pending) >= 100 {
		return "", errors.New("too many changes wait to be confirmed: try again in two minutes")
	}
	var raw [12]byte
	if _, err := io.ReadFull(x.o.Rand, raw[:]); err != nil {
		return "", err
	}
	code = hex.EncodeToString(raw[:])
	x.pending[code] = pending{sum, now.Add(2 * time.Minute)}
	return code, nil
}
