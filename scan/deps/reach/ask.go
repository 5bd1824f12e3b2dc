package reach

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"time"
)

// longestReply bounds what the process may answer: an answer takes some 200 bytes.
const longestReply = 16 << 20

// ask starts the process and waits for its answer. Whatever ends it, what it started ends with it.
func (f Follower) ask(ctx context.Context, r request) (Answers, error) {
	line, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, f.Program[0])
	cmd.Args = f.Program[1:]
	cmd.WaitDelay = time.Second
	together(cmd)
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &bounded{&out, longestReply}, &bounded{&said, 4 << 10}
	lifeline, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return nil, fmt.Errorf("starting a process to follow the calls: %w", err)
	}
	_, told := lifeline.Write(append(line, '\n')) // a process that does not listen fails below
	ended := cmd.Wait()
	_ = lifeline.Close()
	_ = cmd.Cancel() // of a process that is gone, what it left behind
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	var back reply
	err = json.Unmarshal(out.Bytes(), &back)
	var exit *exec.ExitError
	switch {
	case errors.As(ended, &exit) && !exit.Exited():
		return nil, Bound{fmt.Sprintf("the process that followed the calls was ended from outside (%s), as systems do that run out of memory", exit)}
	case ended != nil || err != nil || told != nil:
		return nil, fmt.Errorf("the process that follows the calls failed: %s", short(said.String()+" "+fmt.Sprint(errors.Join(ended, err, told))))
	case back.Bound != "":
		return nil, Bound{back.Bound}
	case back.Fault != "":
		return nil, errors.New(back.Fault)
	}
	answers := Answers{}
	for _, a := range back.Answers {
		answers[[2]string{a.Advisory, a.Module}] = a.Text
	}
	return answers, nil
}

// bounded drops what goes beyond.
type bounded struct {
	w    io.Writer
	left int
}

func (b *bounded) Write(p []byte) (int, error) {
	n := min(len(p), b.left)
	b.left -= n
	_, err := b.w.Write(p[:n])
	return len(p), err
}
