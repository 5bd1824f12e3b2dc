package cli

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"palisade.dev/backend"
	"palisade.dev/backend/api"
	"palisade.dev/config"
	"palisade.dev/store/sqlite"
)

type versionCmd struct{}

func (c *versionCmd) Run(s *session) error {
	v := map[string]string{"version": Version, "go": runtime.Version(), "platform": runtime.GOOS + "/" + runtime.GOARCH}
	return s.show(v, func(w io.Writer) { fmt.Fprintf(w, "palisade %s (%s, %s)\n", Version, v["go"], v["platform"]) })
}

type backupCmd struct {
	To     string `arg:"" help:"File to write; it must not exist."`
	Config string `help:"The configuration file, if there is one." short:"c" env:"PALISADE_CONFIG" placeholder:"FILE"`
}

func (c *backupCmd) Run(s *session) error {
	conf, err := s.config(c.Config)
	if err != nil {
		return err
	}
	if conf.Database != "" {
		return ownTool(conf.Database, "backed up", "while it is in use", func(d dump) string { return d.save(c.To) })
	}
	to, err := filepath.Abs(c.To)
	if err != nil {
		return err
	}
	path := filepath.Join(conf.Data, databaseFile)
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("there is no database at %s: say --data DIR, or --config FILE where the configuration names another", path)
	}
	db, err := sqlite.Open(s.ctx, path)
	if err != nil {
		return err
	}
	defer db.Close()
	if err := db.BackupTo(s.ctx, to); err != nil {
		return err
	}
	info, err := os.Stat(to)
	if err != nil {
		return err
	}
	return s.show(map[string]any{"file": to, "bytes": info.Size()}, func(w io.Writer) {
		fmt.Fprintf(w, "The database is backed up to %s (%s bytes). It holds the site keys' hashes and the signing key: keep it as you keep passwords.\n", to, thousands(info.Size()))
		fmt.Fprintf(s.Err, "One-time codes and pseudonyms of addresses need %s as well, which is not in it: keep a copy elsewhere.\n", filepath.Join(conf.Data, backend.KeyFile))
	})
}

type restoreCmd struct {
	From   string `arg:"" help:"A backup." type:"existingfile"`
	Yes    bool   `help:"Do it without asking; the database that is there is kept beside it."`
	Config string `help:"The configuration file, if there is one." short:"c" env:"PALISADE_CONFIG" placeholder:"FILE"`
}

func (c *restoreCmd) Run(s *session) error {
	conf, err := s.config(c.Config)
	if err != nil {
		return err
	}
	if conf.Database != "" {
		return ownTool(conf.Database, "restored", "once palisade is stopped", func(d dump) string { return d.load(c.From) })
	}
	if !c.Yes {
		return misuse{errors.New("this puts the backup in place of the database; stop palisade first, then say --yes")}
	}
	if conn, err := net.DialTimeout("tcp", address(s.Server), time.Second); err == nil {
		_ = conn.Close()
		return fmt.Errorf("something answers at %s: stop palisade before restoring, or what it writes is lost", s.Server)
	}
	db, err := sqlite.Open(s.ctx, c.From) // reads its version, and refuses what is no database of ours
	if err != nil {
		return err
	}
	if err := db.Close(); err != nil {
		return err
	}
	path := filepath.Join(conf.Data, databaseFile)
	kept := ""
	if _, err := os.Stat(path); err == nil {
		kept = path + ".before-restore-" + s.Now().UTC().Format("20060102-150405")
		for _, suffix := range []string{"", "-wal", "-shm"} {
			if err := os.Rename(path+suffix, kept+suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
				return err
			}
		}
	}
	if err := copyFile(c.From, path); err != nil {
		return err
	}
	return s.show(map[string]string{"database": path, "kept": kept}, func(w io.Writer) {
		fmt.Fprintf(w, "%s is restored from %s.\n", path, c.From)
		if kept != "" {
			fmt.Fprintf(w, "The database that was there is kept as %s.\n", kept)
		}
	})
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Sync(), out.Close())
}

type doctorCmd struct {
	Config string `help:"The configuration file, if there is one." placeholder:"FILE"`
}

// finding is one thing the doctor looked at.
type finding struct {
	What string `json:"what"`
	OK   bool   `json:"ok"`
	Say  string `json:"say"`
}

func (c *doctorCmd) Run(s *session) error {
	var out []finding
	note := func(what string, err error, good string) {
		f := finding{what, err == nil, good}
		if err != nil {
			f.Say = clean(err.Error())
		}
		out = append(out, f)
	}
	conf, err := config.Load(c.Config, s.Env, checkSites)
	if c.Config != "" {
		note("configuration", err, c.Config+" is sound")
	}
	if info, err := os.Stat(s.Data); err != nil {
		note("data folder", fmt.Errorf("%s cannot be read: %w; is --data right?", s.Data, err), "")
	} else if info.Mode().Perm()&0o077 != 0 {
		note("data folder", fmt.Errorf("others may read %s, which holds keys: chmod 700 %s", s.Data, s.Data), "")
	} else {
		note("data folder", nil, s.Data+" is readable by its owner only")
	}
	var sites []api.SiteState
	err = s.call("GET", "/sites", nil, &sites)
	note("back end", err, s.Server+" answers")
	for _, x := range sites {
		if len(x.Guards) == 0 {
			note("site "+x.Name, errors.New("no guard has ever been seen"), "")
		}
		for _, g := range x.Guards {
			var bad error
			switch {
			case g.Fault != "":
				bad = fmt.Errorf("it refused a policy: %s", g.Fault)
			case s.Now().Sub(time.UnixMilli(g.LastSeen)) > 2*time.Minute:
				bad = fmt.Errorf("not seen for %s", span(s.Now().Sub(time.UnixMilli(g.LastSeen))))
			case g.Revision < x.Revision:
				bad = fmt.Errorf("it enforces revision %d of %d", g.Revision, x.Revision)
			case g.Dropped > 0:
				bad = fmt.Errorf("it lost %d events for want of room", g.Dropped)
			}
			note("guard "+g.ID+" of "+x.Name, bad, fmt.Sprintf("enforces revision %d, seen %s", g.Revision, s.ago(g.LastSeen)))
		}
	}
	if err == nil {
		var lists []api.ListState
		err := s.call("GET", "/networks", nil, &lists)
		old := 0
		for _, l := range lists {
			if l.Renewed && l.AgeHours > 7*24 {
				old++
			}
		}
		if err == nil && old > 0 {
			err = fmt.Errorf("%d of %d lists are older than a week: can the operators' addresses be reached? See: palisade network list", old, len(lists))
		}
		note("network lists", err, fmt.Sprintf("%d lists, none older than a week", len(lists)))
	}
	if conf != nil {
		for _, site := range conf.Sites {
			for _, u := range site.Upstreams {
				res, err := (&http.Client{Timeout: 3 * time.Second}).Head(u)
				if err == nil {
					_ = res.Body.Close()
				}
				note("upstream of "+site.Name, err, u+" answers")
			}
		}
	}
	bad := 0
	for _, f := range out {
		if !f.OK {
			bad++
		}
	}
	err = s.show(out, func(w io.Writer) {
		for _, f := range out {
			mark := "ok  "
			if !f.OK {
				mark = "BAD "
			}
			fmt.Fprintf(w, "%s %s: %s\n", mark, word(f.What), word(f.Say))
		}
	})
	if err == nil && bad > 0 {
		return fmt.Errorf("%d of %d checks found something", bad, len(out))
	}
	return err
}
