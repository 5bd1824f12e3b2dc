// Command elixir-oracle holds the Go parser of Elixir against Elixir itself.
//
//	elixir-oracle DIR...                compare the trees of every .ex and .exs below the directories
//	elixir-oracle -golden FILE...       write what Elixir makes of the snippets in golden files
//	elixir-oracle -speed DIR...         only read the files, and say how fast a core does it
//
// It needs Debian's elixir. Files that this Elixir rejects are counted apart: they may be of a newer one.
package main

import (
	"bufio"
	"crypto/md5"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"syscall"
	"time"

	"palisade.dev/scan/elixir/syntax"
)

func main() {
	golden := flag.Bool("golden", false, "write the golden trees of snippet files")
	speed := flag.Bool("speed", false, "measure our own reading alone, without Elixir")
	flag.Parse()
	var err error
	switch {
	case flag.NArg() == 0:
		err = fmt.Errorf("no directories; for example: make oracle ORACLE_DIRS=\"$HOME/src/app1 $HOME/src/app2\"")
	case *golden:
		err = writeGolden(flag.Args())
	case *speed:
		err = measure(flag.Args())
	default:
		err = compare(flag.Args())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "elixir-oracle:", err)
		os.Exit(1)
	}
}

// answer is one line of quoted.exs.
type answer struct {
	ok             bool
	tree, comments string // digests, or with --text the tree and the number of comments
	reason         string
	took           time.Duration
}

// ask has Elixir parse the files and calls back with each answer, in their order.
func ask(paths []string, text bool, each func(i int, a answer) error) error {
	if _, err := exec.LookPath("elixir"); err != nil {
		return fmt.Errorf("elixir is not installed; on Debian: sudo apt-get install elixir")
	}
	args := []string{"scripts/elixir-oracle/quoted.exs"}
	if text {
		args = append(args, "--text")
	}
	cmd := exec.Command("elixir", args...)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting elixir: %w", err)
	}
	go func() {
		defer in.Close()
		for _, p := range paths {
			if _, err := fmt.Fprintln(in, p); err != nil {
				return // elixir ended; its own output says why
			}
		}
	}()
	lines := bufio.NewReader(out)
	for i := range paths {
		line, err := lines.ReadString('\n')
		if err != nil {
			return fmt.Errorf("elixir ended before %s: %w", paths[i], err)
		}
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		a := answer{ok: fields[0] == "ok"}
		switch {
		case a.ok && len(fields) == 4:
			micros, _ := strconv.Atoi(fields[3])
			a.tree, a.comments, a.took = fields[1], fields[2], time.Duration(micros)*time.Microsecond
		case fields[0] == "rejected" && len(fields) > 1:
			a.reason = fields[1]
		default:
			return fmt.Errorf("elixir said %q of %s", line, paths[i])
		}
		if err := each(i, a); err != nil {
			return err
		}
	}
	_, _ = io.Copy(io.Discard, lines)
	return cmd.Wait()
}

func compare(dirs []string) error {
	paths, err := sources(dirs)
	if err != nil {
		return err
	}
	var equal, unequal, rejected, readAnyway int
	var bytes int64
	var ours, theirs time.Duration
	err = ask(paths, false, func(i int, a answer) error {
		src, err := os.ReadFile(paths[i])
		if err != nil {
			return err
		}
		started := time.Now()
		f := syntax.Parse(src, syntax.Option{})
		took := time.Since(started)
		if !a.ok {
			rejected++
			if !f.Partial {
				readAnyway++
			}
			return nil
		}
		ours, theirs, bytes = ours+took, theirs+a.took, bytes+int64(len(src))
		switch {
		case len(f.Faults) > 0:
			unequal++
			fmt.Printf("fault    %s: %v\n", paths[i], f.Faults[0])
		case digest(syntax.Quoted(f.Tree)) != a.tree:
			unequal++
			fmt.Printf("tree     %s\n", paths[i])
		case digest(comments(f)) != a.comments:
			unequal++
			fmt.Printf("comments %s\n", paths[i])
		default:
			equal++
		}
		return nil
	})
	if err != nil {
		return err
	}
	mb := float64(bytes) / 1e6
	fmt.Printf("%d files: %d equal, %d unequal; %d rejected by this elixir, of which we read %d whole\n", len(paths), equal, unequal, rejected, readAnyway)
	fmt.Printf("%.1f MB of the accepted: ours %.2f s (%.1f MB/s), elixir %.2f s (%.1f MB/s)\n",
		mb, ours.Seconds(), mb/ours.Seconds(), theirs.Seconds(), mb/theirs.Seconds())
	if unequal > 0 {
		return fmt.Errorf("%d trees differ", unequal)
	}
	if equal == 0 {
		return fmt.Errorf("no file was compared")
	}
	return nil
}

// measure counts processor time, which other programs on the machine do not change much; the collector's is in it.
func measure(dirs []string) error {
	paths, err := sources(dirs)
	if err != nil {
		return err
	}
	var files [][]byte
	var bytes int
	for _, p := range paths {
		src, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		files, bytes = append(files, src), bytes+len(src)
	}
	partial := 0
	started := processorTime()
	for _, src := range files {
		if syntax.Parse(src, syntax.Option{}).Partial {
			partial++
		}
	}
	took := processorTime() - started
	fmt.Printf("%d files, %.1f MB, %d partly read: %.2f s of processor time, %.1f MB/s\n", len(files), float64(bytes)/1e6, partial, took.Seconds(), float64(bytes)/1e6/took.Seconds())
	return nil
}

func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err) // only wrong arguments make it fail
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func comments(f *syntax.File) string {
	var b strings.Builder
	for _, c := range f.Comments {
		fmt.Fprintf(&b, "%d:%d %s\n", c.Line, c.Column, c.Text)
	}
	return b.String()
}

func digest(s string) string { return fmt.Sprintf("%x", md5.Sum([]byte(s))) }

func sources(dirs []string) ([]string, error) {
	var paths []string
	for _, dir := range dirs {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() && (strings.HasSuffix(path, ".ex") || strings.HasSuffix(path, ".exs")) {
				paths = append(paths, path)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	sort.Strings(paths)
	return paths, nil
}

// writeGolden puts Elixir's tree under each snippet: "=== name", the source, "---", the tree.
func writeGolden(files []string) error {
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		dir, err := os.MkdirTemp("", "elixir-oracle")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		var names, paths, texts []string
		snippets := strings.Split(string(raw), "\n=== ")
		for _, s := range snippets[1:] {
			name, rest, _ := strings.Cut(s, "\n")
			source, _, _ := strings.Cut(rest, "\n---\n")
			source = strings.TrimSuffix(source, "\n")
			path := filepath.Join(dir, fmt.Sprint(len(paths))+".ex")
			if err := os.WriteFile(path, []byte(source+"\n"), 0o600); err != nil {
				return err
			}
			names, paths, texts = append(names, name), append(paths, path), append(texts, source)
		}
		var b strings.Builder
		b.WriteString(snippets[0] + "\n")
		err = ask(paths, true, func(i int, a answer) error {
			if !a.ok {
				return fmt.Errorf("%s: elixir rejects %q: %s", file, names[i], a.reason)
			}
			fmt.Fprintf(&b, "=== %s\n%s\n---\n%s\n", names[i], texts[i], a.tree)
			return nil
		})
		if err != nil {
			return err
		}
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			return err
		}
		fmt.Printf("%s: %d snippets\n", file, len(names))
	}
	return nil
}
