package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"palisade.dev/config"
	"palisade.dev/scan"
	"palisade.dev/scan/deps/advisory"
	"palisade.dev/scan/deps/refresh"
)

type scanRefreshCmd struct {
	From []string      `help:"Fetch from these addresses instead: OSV's bulk data, as a zip archive or JSON; all together, or nothing is kept." env:"PALISADE_ADVISORIES_URL" placeholder:"URL"`
	NPM  bool          `help:"Fetch those for npm as well, 200 MB." name:"npm"`
	Dir  string        `help:"Keep them in this folder (advisories in the data folder)." placeholder:"DIR"`
	Wait time.Duration `help:"Give up on an address after this long." default:"5m"`
}

func (c *scanRefreshCmd) Run(s *session) error {
	if c.Wait <= 0 {
		return misuse{errors.New("--wait has to be longer than nothing, as 5m")}
	}
	r := &refresh.Refresher{Client: refresh.Client(c.Wait), Dir: c.Dir, Now: s.Now}
	if r.Dir == "" {
		r.Dir = s.advisories()
	}
	sources := refresh.Defaults
	if c.NPM {
		sources = append(slices.Clone(sources), refresh.NPM)
	}
	if len(c.From) > 0 {
		sources = []refresh.Source{{URLs: c.From, Large: c.NPM}}
	}
	copies := []refresh.Copy{}
	var faults []error
	for _, source := range sources {
		done, err := r.Fetch(s.ctx, source)
		if errors.Is(err, context.Canceled) {
			return err
		}
		copies, faults = append(copies, done...), append(faults, err)
	}
	err := s.show(copies, func(w io.Writer) {
		for _, k := range copies {
			newest := ""
			if !k.Newest.IsZero() {
				newest = ", newest of " + k.Newest.Format(time.DateOnly)
			}
			fmt.Fprintf(w, "%s: %d advisories%s, in %s\n", k.Ecosystem, k.Records, newest, k.File)
		}
		if len(copies) > 0 && c.Dir != "" {
			fmt.Fprintf(w, "Scan with them: palisade scan code --advisories %s\n", c.Dir)
		}
	})
	return errors.Join(append(faults, err)...)
}

// advisories is the folder of fetched advisories. The default data folder lies where the command is typed, which may be
// somebody else's source tree, and what lies there must not decide what is found: so it stands in the user's own folder
// unless the data folder was named.
func (s *session) advisories() string {
	if s.Data == config.DefaultData {
		if own, err := os.UserCacheDir(); err == nil {
			return filepath.Join(own, "palisade", "advisories")
		}
	}
	return filepath.Join(s.Data, "advisories")
}

// aged tells in a report of which day its advisories are, and where they are too old to go by. That is no fault of what
// was scanned, so it changes no exit code.
func aged(run *scan.Run, ages []refresh.Age, now time.Time) {
	for _, a := range ages {
		of, age := a.Of(now)
		run.Facts = append(run.Facts, scan.Fact{Name: "age of advisories for " + a.Ecosystem, Value: of})
		var why []string
		if a.Fault != nil {
			why = append(why, "the fetched advisories cannot be read, and those built in were used: "+a.Fault.Error())
		}
		if age > refresh.Old {
			why = append(why, fmt.Sprintf("the advisories for %s are %s", a.Ecosystem, of))
		}
		if len(why) > 0 {
			run.Outcomes = append(run.Outcomes, scan.Outcome{ // about what is not known yet: what is, was looked at everywhere
				Check: advisory.Check.ID, Where: "what became known since", Verdict: scan.CouldNotTell, Why: strings.Join(why, "; "), Unlock: "fetch them anew: palisade scan refresh",
			})
		}
	}
}
