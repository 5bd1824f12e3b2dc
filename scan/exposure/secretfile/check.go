// Package secretfile asks web servers for files that were never meant to be served: repositories, settings, keys, dumps,
// and the lists of folders that lead to them.
package secretfile

import (
	"context"
	_ "embed"

	"palisade.dev/scan"
	"palisade.dev/scan/exposure"
	"palisade.dev/scan/late"
)

//go:embed doc.md
var doc string

// Check is the check.
var Check = exposure.Check{
	Check: scan.Check{
		ID: "exposure/secretfile", Title: "Files with secrets are served", Severity: scan.Critical, CWE: []int{538, 548, 312, 530},
		Standards: []string{"PCI DSS 4.0 6.2.4", "PCI DSS 4.0 8.6.2", "SOC 2 CC6.1"}, Doc: doc,
	},
	Mode: exposure.Active,
	Fix:  "Take the file out of what is served, and change every secret that stood in it: it has been read already. Serve a folder that holds public files only.",
	Fits: func(p *exposure.Port) bool { return p.Service.Web },
	Run:  func(ctx context.Context, l *exposure.Look) { l.Leaks(ctx, files) },
}

var (
	settings  = late.Pattern(`(?m)^(?:export )?[A-Z][A-Z0-9_]*(?:SECRET|KEY|PASSWORD|PASSWD|TOKEN|DATABASE_URL|DSN)[A-Z0-9_]*\s*=\s*\S+`)
	dump      = late.Pattern(`^(?:-- (?:MySQL|MariaDB|PostgreSQL|phpMyAdmin)|/\*!\d|--\n-- PostgreSQL database dump|PGDMP|SET statement_timeout)|(?m)^(?:CREATE TABLE|INSERT INTO|COPY) `)
	zip       = late.Pattern(`^PK\x03\x04`)
	gzip      = late.Pattern(`^\x1f\x8b\x08`)
	privately = late.Pattern(`^-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----`)
	listing   = late.Pattern(`(?i)<title>(?:Index of /|Directory listing for /|Listing of /)|<h1>Index of /`)
	php       = late.Pattern(`^\s*<\?php[\s\S]*DB_PASSWORD`)
)

var files = []exposure.Leak{
	{Path: "/.git/HEAD", Name: "the repository of the source", Severity: scan.Critical, Sign: late.Pattern(`^(?:ref: refs/heads/|[0-9a-f]{40}\s*$)`), Show: exposure.FirstLine},
	{Path: "/.git/config", Name: "the settings of the repository", Severity: scan.Critical, Sign: late.Pattern(`(?m)^\[core\]`)},
	{Path: "/.svn/entries", Name: "the repository of the source", Severity: scan.High, Sign: late.Pattern(`^(?:8|9|10|12)\n`)},
	{Path: "/.svn/wc.db", Name: "the repository of the source", Severity: scan.Critical, Sign: late.Pattern(`^SQLite format 3\x00`)},
	{Path: "/.hg/requires", Name: "the repository of the source", Severity: scan.Critical, Sign: late.Pattern(`(?m)^revlogv1$`)},
	{Path: "/.env", Name: "a file of settings with secrets", Severity: scan.Critical, Sign: settings, Show: exposure.NamesOnly},
	{Path: "/.env.production", Name: "a file of settings with secrets", Severity: scan.Critical, Sign: settings, Show: exposure.NamesOnly},
	{Path: "/.env.local", Name: "a file of settings with secrets", Severity: scan.Critical, Sign: settings, Show: exposure.NamesOnly},
	{Path: "/.env.bak", Name: "a file of settings with secrets", Severity: scan.Critical, Sign: settings, Show: exposure.NamesOnly},
	{Path: "/app/.env", Name: "a file of settings with secrets", Severity: scan.Critical, Sign: settings, Show: exposure.NamesOnly},
	{Path: "/config.json", Name: "a file of settings with secrets", Severity: scan.High, Sign: late.Pattern(`(?i)"[a-z_]*(?:secret|password|private_key)[a-z_]*"\s*:\s*"[^"]{4,}"`)},
	{Path: "/config/prod.secret.exs", Name: "secrets of a Phoenix app", Severity: scan.Critical, Sign: late.Pattern(`(?m)^\s*(?:use Mix\.Config|import Config)`)},
	{Path: "/wp-config.php.bak", Name: "the settings of WordPress", Severity: scan.Critical, Sign: php},
	{Path: "/wp-config.php~", Name: "the settings of WordPress", Severity: scan.Critical, Sign: php},
	{Path: "/.htpasswd", Name: "names and hashes of passwords", Severity: scan.High, Sign: late.Pattern(`(?m)^[\w.@-]{1,64}:(?:\$(?:apr1|2[aby]|5|6)\$|\{SHA\})`)},
	{Path: "/.aws/credentials", Name: "keys of a cloud", Severity: scan.Critical, Sign: late.Pattern(`(?m)^aws_secret_access_key\s*=`)},
	{Path: "/.ssh/id_rsa", Name: "a private key", Severity: scan.Critical, Sign: privately, Show: exposure.FirstLine},
	{Path: "/id_rsa", Name: "a private key", Severity: scan.Critical, Sign: privately, Show: exposure.FirstLine},
	{Path: "/server.key", Name: "a private key", Severity: scan.Critical, Sign: privately, Show: exposure.FirstLine},
	{Path: "/privkey.pem", Name: "a private key", Severity: scan.Critical, Sign: privately, Show: exposure.FirstLine},
	{Path: "/backup.sql", Name: "a dump of a database", Severity: scan.Critical, Sign: dump},
	{Path: "/dump.sql", Name: "a dump of a database", Severity: scan.Critical, Sign: dump},
	{Path: "/database.sql", Name: "a dump of a database", Severity: scan.Critical, Sign: dump},
	{Path: "/db.sqlite3", Name: "a database", Severity: scan.Critical, Sign: late.Pattern(`^SQLite format 3\x00`)},
	{Path: "/backup.zip", Name: "a backup", Severity: scan.High, Sign: zip},
	{Path: "/backup.tar.gz", Name: "a backup", Severity: scan.High, Sign: gzip},
	{Path: "/www.zip", Name: "a backup", Severity: scan.High, Sign: zip},
	{Path: "/.bash_history", Name: "commands that were typed", Severity: scan.High, Sign: late.Pattern(`(?m)^(?:sudo|ssh|cd|vi|vim|nano|apt|git|psql|mysql) \S`)},
	{Path: "/.DS_Store", Name: "a list of files", Severity: scan.Low, Sign: late.Pattern(`^\x00\x00\x00\x01Bud1`)},
	{Path: "/", Name: "the list of a folder", Severity: scan.Medium, Sign: listing},
	{Path: "/uploads/", Name: "the list of a folder", Severity: scan.Medium, Sign: listing},
	{Path: "/backup/", Name: "the list of a folder", Severity: scan.Medium, Sign: listing},
	{Path: "/backups/", Name: "the list of a folder", Severity: scan.Medium, Sign: listing},
	{Path: "/files/", Name: "the list of a folder", Severity: scan.Low, Sign: listing},
}
