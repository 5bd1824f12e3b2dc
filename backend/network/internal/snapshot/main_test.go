package main

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"palisade.dev/backend/network"
)

// source makes a folder with one list of AWS in two copies.
func source(t *testing.T, licence, list string) string {
	t.Helper()
	dir := t.TempDir()
	manifest := fmt.Sprintf(`{"providers":[{"name":"aws","file":"aws.txt","licence":%q,"mirrors":[
		{"repo":"some/mirror","path":"v4.txt","date":"2026-08-22","commit":"14dd971b18758c856dd47b2fc51c9376d2413c6a"},
		{"repo":"some/mirror","path":"v6.txt","date":"2026-08-21","commit":"b2fc68b65f17409850e42c58435edf8c7c93a52a"}]}]}`, licence)
	for name, text := range map[string]string{"manifest.json": manifest, "aws.txt": list} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestRemake(t *testing.T) {
	target := t.TempDir()
	if err := remake(source(t, "CC0-1.0", "3.4.12.0/25\n3.4.12.128/25\n203.0.113.0/24\n2600:1f00::/40\n"), target); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(filepath.Join(target, "manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	var entries []network.Entry
	if err := json.Unmarshal(raw, &entries); err != nil || len(entries) != 1 {
		t.Fatalf("%v, %s", err, raw)
	}
	e := entries[0]
	if e.Name != "cloud/aws" || e.Date != "2026-08-21" || e.Prefixes != 2 || e.Licence != "CC0-1.0" || e.Source != "some/mirror v4.txt at 14dd971b1875, some/mirror v6.txt at b2fc68b65f17" {
		t.Errorf("%+v", e)
	}
	f, err := os.Open(filepath.Join(target, e.File))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	zr, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(zr); err != nil || string(text) != "3.4.12.0/24\n2600:1f00::/40\n" {
		t.Errorf("%q, %v", text, err)
	}
}

func TestRemakeRefuses(t *testing.T) {
	cases := []struct{ licence, list, want string }{
		{"not checked; prefixes of public routing tables", "3.4.12.0/24\n", "list cloud/aws: licence \"not checked; prefixes of public routing tables\": neither a known one nor the operator's own publication"},
		{"GPL-3.0", "3.4.12.0/24\n", "list cloud/aws: licence \"GPL-3.0\""},
		{"CC0-1.0", "10.0.0.0/8\n", "list cloud/aws: it holds 10.0.0.0/8, which is not a public address"},
		{"CC0-1.0", "", "list cloud/aws: it holds no prefixes"},
		{"CC0-1.0", "<html>\n", "list cloud/aws: line 1: "},
	}
	n := 0
	for _, c := range cases {
		target := t.TempDir()
		err := remake(source(t, c.licence, c.list), target)
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%v, want %s", err, c.want)
		}
		if _, err := os.Stat(filepath.Join(target, "manifest.json")); err == nil {
			t.Errorf("%s: a manifest was written all the same", c.want)
		}
		n++
	}
	if n < 5 {
		t.Errorf("%d cases", n)
	}
}
