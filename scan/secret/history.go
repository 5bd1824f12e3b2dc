package secret

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path"
	"strconv"
	"strings"
	"time"

	"palisade.dev/scan"
)

// History looks through what a repository held before. A secret that was taken out is still in every clone.
type History struct {
	Dir   string        // of the work tree, or of a bare repository
	Git   string        // the git command; empty is the one in the path
	Bytes int64         // of changes that are read; 0 is [HistoryBytes]
	Time  time.Duration // 0 is [HistoryTime]
}

// The defaults: git prints about 40 MB/s of changes, of which a year of a busy application has about 50 MB.
const (
	HistoryBytes = 2 << 30
	HistoryTime  = 10 * time.Minute
)

// look reads the lines that any commit added, and tells what is not known as of today. It never fails because of what the repository holds: what could not be
// read is a gap.
func (h *History) look(ctx context.Context, checks map[string]scan.Check, today map[string]bool) (part scan.Part, err error) {
	limit, until := h.Bytes, h.Time
	if limit <= 0 {
		limit = HistoryBytes
	}
	if until <= 0 {
		until = HistoryTime
	}
	ctx, cancel := context.WithTimeout(ctx, until)
	defer cancel()
	cmd := h.command(ctx)
	var talk bytes.Buffer
	cmd.Stderr = &limited{w: &talk, left: 4096}
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return gap(fmt.Sprintf("the git command could not be started: %v; install git, or leave the history out", err)), nil
	}
	lines := &io.LimitedReader{R: out, N: limit}
	commits, fault := readHistory(lines, checks, today, &part)
	if lines.N == 0 {
		part.Add(gap(fmt.Sprintf("the history has more than %d MB of changes; the oldest were not read", limit>>20)))
		cancel()
	} else if fault != nil {
		part.Add(gap(fmt.Sprintf("the history could not be read to its end: %v", fault)))
		cancel()
	}
	err = cmd.Wait()
	switch {
	case lines.N == 0 || fault != nil:
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		part.Add(gap(fmt.Sprintf("the history was not read to its end in %v", until)))
	case ctx.Err() != nil:
		return part, ctx.Err()
	case err != nil:
		part.Add(gap(fmt.Sprintf("git ended with %v: %s", err, strings.TrimSpace(talk.String()))))
	}
	part.Facts = append(part.Facts, scan.Fact{Name: "commits looked at for secrets", Value: strconv.Itoa(commits)})
	return part, nil
}

func gap(why string) scan.Part { return scan.Part{Gaps: []scan.Gap{{Where: "git history", Why: why}}} }

// command is git log, with all that a repository may tell git to run turned off: its settings are the scanned project's.
func (h *History) command(ctx context.Context) *exec.Cmd {
	git := h.Git
	if git == "" {
		git = "git"
	}
	cmd := exec.CommandContext(ctx, git, "--no-pager", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "log.showSignature=false",
		"-c", "protocol.allow=never", "-c", "diff.external=", "-c", "core.quotePath=false", "-c", "log.mailmap=false", "-c", "submodule.recurse=false",
		"log", "--all", "--no-ext-diff", "--no-textconv", "--no-color", "--no-renames", "--no-show-signature", "--diff-filter=AM", "--unified=0", "--no-prefix", "--format=commit %H %ct", "--patch")
	cmd.Dir = h.Dir
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_TERMINAL_PROMPT=0", "GIT_OPTIONAL_LOCKS=0",
		"GIT_NO_LAZY_FETCH=1", "GIT_PAGER=cat", "GIT_ASKPASS=true", "GIT_SSH_COMMAND=false", "HOME=/nonexistent",
	}
	cmd.WaitDelay = 5 * time.Second
	return cmd
}

// limited keeps the first bytes and lets the rest go.
type limited struct {
	w    io.Writer
	left int
}

func (l *limited) Write(p []byte) (int, error) {
	if n := min(len(p), l.left); n > 0 {
		l.left -= n
		_, _ = l.w.Write(p[:n])
	}
	return len(p), nil
}

// readHistory reads what git log prints. Each run of added lines is a text of its own.
func readHistory(r io.Reader, checks map[string]scan.Check, today map[string]bool, part *scan.Part) (commits int, err error) {
	in := bufio.NewReaderSize(r, 1<<16)
	var (
		commit, file string
		when         int64
		added        []byte
		line         int // of the first added line, in the file as the commit left it
		seen         = maps.Clone(today)
	)
	if seen == nil {
		seen = map[string]bool{}
	}
	flush := func() {
		if len(added) > 0 && file != "" && Written(file) {
			found := Look(file, added, checks)
			for _, f := range found.Findings {
				// The same secret stands in many commits: the newest is told, which comes first.
				if !seen[once(f, file)] {
					seen[once(f, file)] = true
					past(&f, commit, when, line)
					part.Findings = append(part.Findings, f)
				}
			}
		}
		added = added[:0]
	}
	for {
		text, err := longLine(in)
		switch {
		case bytes.HasPrefix(text, []byte("commit ")):
			flush()
			file = ""
			fields := strings.Fields(string(text))
			if len(fields) == 3 && len(fields[1]) >= 40 {
				commit, commits = fields[1], commits+1
				when, _ = strconv.ParseInt(fields[2], 10, 64)
			}
		case bytes.HasPrefix(text, []byte("diff --git ")):
			flush()
			file = ""
		case bytes.HasPrefix(text, []byte("+++ ")) && file == "" && commit != "":
			line = 1
			file = path.Clean(strings.TrimSuffix(strings.TrimSpace(string(text[4:])), "\t"))
			if strings.HasPrefix(file, `"`) || file == "/dev/null" || strings.HasPrefix(file, "..") || path.IsAbs(file) {
				file = ""
			}
		case bytes.HasPrefix(text, []byte("@@ ")):
			flush()
			line = hunk(text)
		case bytes.HasPrefix(text, []byte("+")) && file != "" && len(added) < MaxBytes:
			added = append(append(added, text[1:]...), '\n')
		}
		if err != nil {
			flush()
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return commits, err
		}
	}
}

// once is what makes two findings of secrets the same, wherever in the file they are.
func once(f scan.Finding, file string) string { return f.Check + "\x00" + f.Key + "\x00" + file }

// past turns a finding of added lines into one of history.
func past(f *scan.Finding, commit string, when int64, line int) {
	f.Place.Symbol = "commit " + commit
	f.Place.Start.Line += line - 1
	f.Place.End.Line += line - 1
	f.Place.Start.Offset, f.Place.End.Offset = 0, 0
	f.Message += fmt.Sprintf(" It came with commit %s of %s and is in every clone since.", commit[:10], time.Unix(when, 0).UTC().Format(time.DateOnly))
	f.Fix = &scan.Fix{Text: "Revoke it: that is the only thing that helps against clones. Rewriting the history, with git filter-repo for one, only keeps it from new ones."}
}

// hunk is the first new line of @@ -a,b +c,d @@.
func hunk(text []byte) int {
	_, after, _ := bytes.Cut(text, []byte(" +"))
	n := 0
	for _, c := range after {
		if c < '0' || c > '9' || n > 1<<30 {
			break
		}
		n = n*10 + int(c-'0')
	}
	return max(n, 1)
}

// longLine reads a line without its end, and of a very long one only its beginning.
func longLine(in *bufio.Reader) ([]byte, error) {
	text, err := in.ReadSlice('\n')
	if !errors.Is(err, bufio.ErrBufferFull) {
		return bytes.TrimSuffix(text, []byte("\n")), err
	}
	kept := bytes.Clone(text)
	for errors.Is(err, bufio.ErrBufferFull) {
		_, err = in.ReadSlice('\n')
	}
	return kept, err
}
