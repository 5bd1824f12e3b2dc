// Command bench-scan says what a scan of code costs: the CPU and the peak of memory of the whole process, the median of
// three, for each folder. Where SOBELOW is the command that runs Sobelow, its CPU and the ratio stand beside it. It is run by
// `make bench-scan`.
//
//	go run ./scripts/bench-scan -palisade ./palisade DIR...
package main

import (
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// runs is how often ours is measured: a start of the program differs by a third from the next.
const runs = 3

func main() {
	log.SetFlags(0)
	binary := flag.String("palisade", "palisade", "the program to measure")
	checks := flag.String("checks", "*", "the checks to run; Sobelow's are elixir/*")
	flag.Parse()
	sobelow := strings.Fields(os.Getenv("SOBELOW"))
	if flag.NArg() == 0 {
		log.Fatal("no folders are named: go run ./scripts/bench-scan DIR...")
	}
	fmt.Printf("%-34s %8s %8s %8s %6s\n", "application", "cpu", "memory", "theirs", "ratio")
	for _, dir := range flag.Args() {
		var cpus []time.Duration
		var peaks []int64
		for range runs {
			cpu, peak, err := run("", *binary, "scan", "code", "--quiet", "--checks", *checks, dir)
			if err != nil {
				log.Fatalf("%s: %v", dir, err)
			}
			cpus, peaks = append(cpus, cpu), append(peaks, peak)
		}
		slices.Sort(cpus)
		slices.Sort(peaks)
		cpu := cpus[runs/2]
		fmt.Printf("%-34s %8s %5d MB", filepath.Base(dir), cpu.Round(time.Millisecond), peaks[runs/2]>>20)
		if len(sobelow) > 0 {
			var theirs time.Duration
			for _, app := range apps(dir) {
				took, _, err := run(app, sobelow[0], append(slices.Clone(sobelow[1:]), "--root", ".", "--private", "--no-config", "--format", "json")...)
				if err != nil {
					log.Fatalf("Sobelow in %s: %v", app, err)
				}
				theirs += took
			}
			fmt.Printf(" %8s %6.2f", theirs.Round(10*time.Millisecond), float64(cpu)/float64(theirs))
		}
		fmt.Println()
	}
}

// apps are the folders that Sobelow can scan: it takes one application of an umbrella at a time.
func apps(dir string) []string {
	inner, _ := filepath.Glob(filepath.Join(dir, "apps", "*", "mix.exs"))
	if len(inner) == 0 {
		return []string{dir}
	}
	for i := range inner {
		inner[i] = filepath.Dir(inner[i])
	}
	return inner
}

// run measures a command to its end. That it ends with another code than 0 says that something was found.
func run(in, name string, args ...string) (cpu time.Duration, peak int64, err error) {
	cmd := exec.Command(name, args...)
	cmd.Dir = in
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		return 0, 0, err
	}
	if code := cmd.ProcessState.ExitCode(); code == 2 || code == 4 || code < 0 {
		return 0, 0, fmt.Errorf("%s: %s", cmd, cmd.ProcessState)
	}
	if u, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		peak = u.Maxrss << 10 // kilobytes on Linux
	}
	return cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), peak, nil
}
