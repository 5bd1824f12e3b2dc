package cli

import (
	"net/url"
	"path/filepath"
	"strings"

	"palisade.dev/backend"
	"palisade.dev/config"
	"palisade.dev/console/settings"
)

// installation is what the console shows of how this process was set up. No secret is in it.
func (s *session) installation(b *backend.Backend, conf *config.Config) settings.Installation {
	public, _ := s.Env("PALISADE_URL")
	h := settings.Installation{
		Version: Version, File: s.file, Data: conf.Data, Listen: conf.Console, Proxies: conf.ConsoleProxies, URL: strings.TrimSuffix(public, "/"),
		Database: "SQLite in " + filepath.Join(conf.Data, databaseFile), Networks: b.Networks.Status,
	}
	if conf.Database != "" {
		h.Database = "PostgreSQL"
		if u, err := url.Parse(conf.Database); err == nil && u.Host != "" {
			h.Database = "PostgreSQL at " + u.Host
		}
	}
	// What PALISADE_SMTP says was read before, so that a fault in it has ended the program already.
	if mail, err := s.mailServer(); err == nil && mail != nil {
		h.Mail = mail.Host + ", from " + mail.From
	}
	return h
}
