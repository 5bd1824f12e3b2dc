// Package cli is the command line: arguments, streams and environment in, an exit code out. One file per command; what
// commands do is elsewhere.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/alecthomas/kong"
	"github.com/lmittmann/tint"

	"palisade.dev/config"
)

// Version is set at build time.
var Version = "dev"

// Exit codes. A script can tell what to do by them.
const (
	OK          = 0
	Failed      = 1 // it was tried and did not work
	Misuse      = 2 // the command line or a file is wrong; nothing was tried
	Unreachable = 3 // the back end did not answer
)

// Streams are what a command reads and writes.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
	Terminal bool // Out is one, so colours and live updates make sense
	Env      func(string) (string, bool)
	Now      func() time.Time
	Program  string // as it was called, for lines that are to be typed
}

// globals are the flags of every command.
type globals struct {
	Data   string `help:"Data folder." env:"PALISADE_DATA" default:"palisade-data" placeholder:"DIR"`
	Server string `help:"Address of the back end that other commands talk to." env:"PALISADE_SERVER" default:"http://127.0.0.1:9090" placeholder:"URL"`
	Token  string `help:"Token for it; the operator's is read from the data folder." env:"PALISADE_TOKEN" placeholder:"TOKEN"`
	JSON   bool   `help:"Answer in JSON."`
	Debug  bool   `help:"Log more."`
}

// commands is the whole command line; its tags are the manual.
type commands struct {
	globals

	Run     runCmd     `cmd:"" help:"Protect an app: gateway and back end in one process."`
	Serve   serveCmd   `cmd:"" help:"Run the back end alone, for gateways and apps elsewhere."`
	Gateway gatewayCmd `cmd:"" help:"Run the gateway alone, with a back end elsewhere."`

	Site      siteCmd      `cmd:"" help:"Sites and their keys."`
	Rule      ruleCmd      `cmd:"" help:"Rules: list, add, test, rehearse."`
	Console   consoleCmd   `cmd:"" help:"Print a link that signs in to the console, once."`
	People    peopleCmd    `cmd:"" help:"Who can sign in to the console, and as what."`
	Alert     alertCmd     `cmd:"" help:"Be told of bans, levers, traps and lost guards."`
	Audit     auditCmd     `cmd:"" help:"Who changed what, and whether that record is whole."`
	Appeal    appealCmd    `cmd:"" help:"What refused people say, and your answer."`
	Ban       banCmd       `cmd:"" help:"Keep a client out."`
	Allow     allowCmd     `cmd:"" help:"Let a client pass whatever the rules say."`
	Trap      trapCmd      `cmd:"" help:"Decoys: lay them, and see who touched them."`
	Network   networkCmd   `cmd:"" help:"Network lists: clouds, crawlers, Tor and your own."`
	Lever     leverCmd     `cmd:"" help:"Close a route at once, and open it again."`
	Monitor   monitorCmd   `cmd:"" help:"Scan an API or hosts again and again."`
	Finding   findingCmd   `cmd:"" help:"What scans found, and what became of it."`
	Detection detectionCmd `cmd:"" help:"Attacks that go on, and what to do about them."`
	Event     eventCmd     `cmd:"" help:"What happens, as it happens."`
	Client    clientCmd    `cmd:"" help:"Everything about one client."`
	Retention retentionCmd `cmd:"" help:"For how long events are kept."`

	scans

	MCP     mcpCmd     `cmd:"" name:"mcp" help:"Let an assistant scan and look, by the Model Context Protocol."`
	Config  configCmd  `cmd:"" help:"The configuration file."`
	Doctor  doctorCmd  `cmd:"" help:"Look for what is wrong with this installation."`
	Backup  backupCmd  `cmd:"" help:"Copy the database while it is in use."`
	Restore restoreCmd `cmd:"" help:"Put a backup in place of the database."`
	Demo    demoCmd    `cmd:"" help:"The demo shop, and an attack on it."`
	Version versionCmd `cmd:"" help:"Print the version."`
}

// scans are a part of the command line that stands alone as well.
type scans struct {
	Scan scanCmd `cmd:"" help:"Look for faults in a project before somebody else does."`
}

// grammar is what arguments are read by: the whole, or the part that they ask for. All tags are read before the first
// argument is, and those of the whole cost more CPU than a scan of a small application.
func grammar(args []string) (any, *globals) {
	if len(args) > 0 && args[0] == "scan" {
		c := &struct {
			globals
			scans
		}{}
		return c, &c.globals
	}
	c := &commands{}
	return c, &c.globals
}

// session is what a command works with.
type session struct {
	Streams
	*globals
	ctx  context.Context
	log  *slog.Logger
	file string // the configuration that was read
	busy bool   // what is being done stands on the terminal
}

// misuse is an error of who typed the command.
type misuse struct{ error }

func (m misuse) Unwrap() error { return m.error }

// exited is thrown by kong for --help.
type exited int

// Main runs a command line.
func Main(ctx context.Context, args []string, s Streams) (code int) {
	grammar, c := grammar(args)
	defer func() {
		if r := recover(); r != nil {
			e, ok := r.(exited)
			if !ok {
				panic(r)
			}
			code = int(e)
		}
	}()
	k, err := kong.New(grammar,
		kong.Name("palisade"),
		kong.Description("Keeps bots and exploits away from web apps.\n\nProtect an app on port 4000:\n  palisade run --upstream http://127.0.0.1:4000"),
		kong.Writers(s.Out, s.Err),
		kong.Exit(func(code int) { panic(exited(code)) }),
		kong.Help(printHelp),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, FlagsLast: true, WrapUpperBound: 100}),
		kong.UsageOnError(),
		kong.Resolvers(environment(s.Env)),
		kong.Vars{"formats": formats()},
	)
	if err != nil {
		panic("cli: the commands do not fit together: " + err.Error()) // a mistake of ours, met by every test
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	parsed, err := k.Parse(args)
	if err != nil {
		fmt.Fprintf(s.Err, "palisade: %v\n", err)
		var p *kong.ParseError
		if errors.As(err, &p) && p.Context != nil && p.Context.Command() != "" {
			fmt.Fprintf(s.Err, "Try: palisade %s --help\n", strings.Fields(p.Context.Command())[0])
		} else {
			fmt.Fprintln(s.Err, "Try: palisade --help")
		}
		return Misuse
	}
	level := slog.LevelInfo
	if c.Debug {
		level = slog.LevelDebug
	}
	run := &session{Streams: s, globals: c, ctx: ctx, log: logger(s, level)}
	return run.exit(parsed.Run(run))
}

// environment lets tests give variables without setting those of the process.
func environment(env func(string) (string, bool)) kong.Resolver {
	return kong.ResolverFunc(func(_ *kong.Context, _ *kong.Path, f *kong.Flag) (any, error) {
		for _, name := range f.Envs {
			if v, ok := env(name); ok {
				return v, nil
			}
		}
		return nil, nil
	})
}

func (s *session) exit(err error) int {
	if err == nil {
		return OK
	}
	var faults config.Faults
	var m misuse
	var u unreachable
	var e ended
	switch {
	case errors.As(err, &e):
		if e.err != nil {
			fmt.Fprintf(s.Err, "palisade: %v\n", e.err)
		}
		return e.code
	case errors.As(err, &faults):
		fmt.Fprintln(s.Err, faults)
		return Misuse
	case errors.As(err, &m):
		fmt.Fprintf(s.Err, "palisade: %v\n", err)
		return Misuse
	case errors.As(err, &u):
		fmt.Fprintf(s.Err, "palisade: %v\n", err)
		return Unreachable
	case errors.Is(err, context.Canceled):
		return OK
	}
	fmt.Fprintf(s.Err, "palisade: %v\n", err)
	return Failed
}

// logger writes for people on a terminal and JSON otherwise.
func logger(s Streams, level slog.Level) *slog.Logger {
	if s.Terminal {
		return slog.New(tint.NewTextHandler(s.Err, &tint.Options{Level: level, TimeFormat: time.TimeOnly}))
	}
	return slog.New(slog.NewJSONHandler(s.Err, &slog.HandlerOptions{Level: level}))
}

// Std is the process's own streams.
func Std() Streams {
	terminal := false
	if info, err := os.Stdout.Stat(); err == nil {
		_, plain := os.LookupEnv("NO_COLOR")
		terminal = info.Mode()&os.ModeCharDevice != 0 && !plain
	}
	return Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Terminal: terminal, Env: os.LookupEnv, Now: time.Now, Program: os.Args[0]}
}
