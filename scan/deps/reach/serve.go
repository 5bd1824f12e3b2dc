package reach

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"runtime/debug"
	"runtime/metrics"
	"strings"
	"time"

	vuln "golang.org/x/vuln/scan"
)

// request is what the process that follows calls is told: a line on its standard input. The rest of that input is its
// lifeline, which ends with whoever asked.
type request struct {
	Dir        string   `json:"dir"`
	Advisories string   `json:"advisories"` // a folder of them
	Packages   []string `json:"packages"`   // where to begin
	Memory     int64    `json:"memory"`
}

// reply is its answer, on its standard output.
type reply struct {
	Answers []answer `json:"answers"`
	Fault   string   `json:"fault,omitempty"`
	Bound   string   `json:"bound,omitempty"` // why it stopped before its end
}

type answer struct{ Advisory, Module, Text string }

// longestRequest bounds the line; a pattern for each of ten thousand packages fits.
const longestRequest = 1 << 20

// mostPackages are named one by one; with more of them, all are followed.
const mostPackages = 2000

// Serve follows calls for one request and answers. It is the whole work of a process that was started for it: bounds on
// memory are for all that the process has.
func Serve(ctx context.Context, in io.Reader, out io.Writer) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var r request
	if err := json.NewDecoder(io.LimitReader(in, longestRequest)).Decode(&r); err != nil {
		return fmt.Errorf("this follows the calls of Go code for palisade scan code, which tells it what to do: %w", err)
	}
	if r.Memory == 0 {
		r.Memory = mostMemory
	}
	// The collector works harder before the bound, so that it is met by what is needed and not by what lies about. Nearer
	// to what our own repository needs at once (1.9 GB), it would work more than the rest.
	debug.SetGCPercent(75)
	debug.SetMemoryLimit(r.Memory / 4 * 3)
	var said reply
	done := make(chan struct{})
	go func() {
		defer close(done)
		answers, err := follow(ctx, r)
		for k, text := range answers {
			said.Answers = append(said.Answers, answer{k[0], k[1], text})
		}
		if err != nil {
			said.Fault = err.Error()
		}
	}()
	gone := make(chan struct{})
	go func() { // ends with the process, as reading does not end before
		_, _ = io.Copy(io.Discard, in)
		close(gone)
	}()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-gone:
			return errors.New("whoever asked is gone")
		case <-done:
			return json.NewEncoder(out).Encode(said)
		case <-tick.C:
			if taken() > r.Memory {
				// What works cannot be stopped from outside; it ends with the process.
				return json.NewEncoder(out).Encode(reply{Bound: fmt.Sprintf("following the calls takes more than the %d MB of memory that it may", r.Memory>>20)})
			}
		}
	}
}

// taken is what the process has of the system.
func taken() int64 {
	samples := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(samples)
	return int64(samples[0].Value.Uint64() - samples[1].Value.Uint64())
}

// follow runs govulncheck.
func follow(ctx context.Context, r request) (Answers, error) {
	packages := r.Packages
	if len(packages) > mostPackages {
		packages = []string{"./..."}
	}
	out, in := io.Pipe()
	cmd := vuln.Command(ctx, append([]string{"-json", "-db", "file://" + filepath.ToSlash(r.Advisories), "-C", r.Dir, "--"}, packages...)...)
	var said strings.Builder
	cmd.Env, cmd.Stdout, cmd.Stderr = environment(r.Dir), in, &said
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	failed := make(chan error, 1)
	go func() {
		err := cmd.Wait()
		_ = in.CloseWithError(io.EOF)
		failed <- err
	}()
	answers, err := read(out)
	_ = out.CloseWithError(io.ErrClosedPipe)
	if fault := <-failed; fault != nil {
		return nil, fmt.Errorf("govulncheck could not follow the calls: %s", short(said.String()+" "+fault.Error()))
	}
	return answers, err
}
