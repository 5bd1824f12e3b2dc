//go:build unix

package storetest

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// Postgres starts a private PostgreSQL for a test from Debian's binaries, reachable over a Unix socket in a temporary folder
// only, and gives the address of its database "postgres". The server ends with the test. Where there are no binaries the test
// fails and says what to install; PALISADE_SKIP_POSTGRES=1 skips it instead, loudly.
func Postgres(t testing.TB) string {
	t.Helper()
	if os.Getenv("PALISADE_SKIP_POSTGRES") == "1" {
		fmt.Fprintf(os.Stderr, "\n*** PALISADE_SKIP_POSTGRES=1: %s did NOT run against PostgreSQL ***\n\n", t.Name())
		t.SkipNow()
	}
	bin, err := binaries()
	if err != nil {
		t.Fatal(err)
	}
	// Not t.TempDir: a socket's path has 107 bytes at most, and the server may run as another user.
	dir, err := os.MkdirTemp("", "palisade-pg-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	as := leash()
	if os.Geteuid() == 0 { // PostgreSQL refuses to run as root
		uid, gid, err := postgresUser()
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Chown(dir, uid, gid); err != nil {
			t.Fatal(err)
		}
		as.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	}
	data := filepath.Join(dir, "data")
	command := func(name string, args ...string) *exec.Cmd {
		c := exec.Command(filepath.Join(bin, name), args...)
		c.Dir, c.SysProcAttr, c.Env = dir, as, []string{"PATH=" + bin, "LC_ALL=C.UTF-8", "TZ=UTC"}
		return c
	}
	// A server that sorts as people do, with "a-b" after "aa": nothing of ours may rest on that.
	if out, err := command("initdb", "-D", data, "-U", "palisade", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale-provider=icu", "--icu-locale=en-US").CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, out)
	}
	var log bytes.Buffer
	server := command("postgres", "-D", data, "-k", dir, "-c", "listen_addresses=", "-c", "fsync=off", "-c", "full_page_writes=off",
		"-c", "max_connections=100", "-c", "shared_buffers=64MB")
	server.Stdout, server.Stderr = &log, &log
	if err := server.Start(); err != nil {
		t.Fatalf("starting postgres: %v", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Wait() }()
	t.Cleanup(func() {
		_ = server.Process.Signal(syscall.SIGINT) // its fast shutdown
		select {
		case <-ended:
		case <-time.After(10 * time.Second):
			_ = server.Process.Kill()
			<-ended
		}
	})
	dsn := "postgres://palisade@/postgres?host=" + dir
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, dsn)
		if err == nil {
			_ = conn.Close(ctx)
			return dsn
		}
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("postgres ended: %v\n%s", err, log.String())
		case <-ctx.Done():
			t.Fatalf("postgres does not answer: %v", err)
		case <-time.After(20 * time.Millisecond): // it is another process: there is nothing else to wait on
		}
	}
}

// Database makes an empty corner of a server's database and gives its address. It is a schema of its own, which is made
// many times quicker than a database.
func Database(t testing.TB, server string) string {
	t.Helper()
	name := "t" + strconv.FormatInt(serial.Add(1), 10)
	if _, err := Raw(t, server).ExecContext(t.Context(), "CREATE SCHEMA "+name); err != nil {
		t.Fatal(err)
	}
	return server + "&search_path=" + name
}

// Raw opens a PostgreSQL database beside the store.
func Raw(t testing.TB, dsn string) *sql.DB {
	t.Helper()
	c, err := pgx.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	db := stdlib.OpenDB(*c)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// binaries finds the newest server that is installed.
func binaries() (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if err != nil {
		return "", err
	}
	if len(found) == 0 {
		if path, err := exec.LookPath("postgres"); err == nil {
			found = append(found, path)
		}
	}
	if len(found) == 0 {
		return "", fmt.Errorf("no PostgreSQL server is installed; try: apt-get install postgresql (or set PALISADE_SKIP_POSTGRES=1 and test half of the store)")
	}
	version := func(path string) int {
		v, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
		return v
	}
	return filepath.Dir(slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) })), nil
}

func postgresUser() (uid, gid int, err error) {
	u, err := user.Lookup("postgres")
	if err != nil {
		return 0, 0, fmt.Errorf("these tests run as root, which PostgreSQL refuses, and there is no user postgres; try: apt-get install postgresql: %w", err)
	}
	uid, err = strconv.Atoi(u.Uid)
	if err != nil {
		return 0, 0, err
	}
	gid, err = strconv.Atoi(u.Gid)
	return uid, gid, err
}
