package settings

import (
	"fmt"
	"strings"
	"testing"
)

func TestRead(t *testing.T) {
	s, err := Read([]byte("fail_on: high\nskip: [deps/licence]\nignore:\n  - test/fixtures/**\nlicences:\n  deny: [AGPL-3.0-only]\n"))
	if err != nil || s.FailOn != "high" || s.Ignore[0] != "test/fixtures/**" || s.Licences.Deny[0] != "AGPL-3.0-only" {
		t.Errorf("%+v, %v", s, err)
	}
	for src, want := range map[string]string{
		"fail_on: urgent":            `fail_on: "urgent" is no severity`,
		"min_confidence: sure":       `min_confidence: "sure" is no confidence`,
		"ignore: [../x]":             `ignore: "../x" is no pattern of paths below the scanned folder`,
		"checks: [sql]":              `"sql" names no check`,
		"fail-on: high":              `line 1: unknown field "fail-on"`,
		"ignore: ['lib/[']":          `is no pattern of paths: syntax error in pattern`,
		"ignore: ['**/**/**/**/**']": "more than four **",
	} {
		if _, err := Read([]byte(src)); !strings.Contains(fmt.Sprint(err), want) {
			t.Errorf("%s gives %v, want %s", src, err, want)
		}
	}
}
