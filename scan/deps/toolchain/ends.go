package toolchain

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"
	"time"
)

//go:embed ends.txt
var endsText string

// line is a line of releases: Go 1.21, OTP 25.
type line struct{ major, minor int }

func (l line) before(o line) bool {
	return l.major < o.major || l.major == o.major && l.minor < o.minor
}

// ends are the last days of lines, by tool.
type ends map[string]map[line]time.Time

// readEnds reads the list of them. It is part of the program, so a line that cannot be read is a fault of ours.
func readEnds(text string) (ends, error) {
	all := ends{}
	for i, l := range strings.Split(text, "\n") {
		if l == "" || l[0] == '#' {
			continue
		}
		fields := strings.Fields(l)
		if len(fields) != 3 {
			return nil, fmt.Errorf("line %d of the ends of tool chains has %d fields, not tool, line and day", i+1, len(fields))
		}
		at, ok := lineOf(fields[0], fields[1])
		day, err := time.Parse(time.DateOnly, fields[2])
		if !ok || err != nil {
			return nil, fmt.Errorf("line %d of the ends of tool chains: %q is no line of releases with its day", i+1, l)
		}
		if all[fields[0]] == nil {
			all[fields[0]] = map[line]time.Time{}
		}
		all[fields[0]][at] = day
	}
	return all, nil
}

// of gives the last day of a line. Of one before all that are known it is the first day that is.
func (e ends) of(tool string, l line) (time.Time, bool) {
	if day, ok := e[tool][l]; ok {
		return day, true
	}
	var oldest line
	for o := range e[tool] {
		if oldest == (line{}) || o.before(oldest) {
			oldest = o
		}
	}
	if oldest != (line{}) && l.before(oldest) {
		return e[tool][oldest], true
	}
	return time.Time{}, false
}

// lineOf is the line that a version belongs to: of Erlang/OTP and Node.js its first number, of the others its first two.
func lineOf(tool, version string) (line, bool) {
	parts := strings.SplitN(version, ".", 3)
	major, err := strconv.Atoi(parts[0])
	if err != nil {
		return line{}, false
	}
	if tool == OTP || tool == Node {
		return line{major: major}, true
	}
	if len(parts) < 2 {
		return line{}, false
	}
	digits := len(parts[1]) - len(strings.TrimLeft(parts[1], "0123456789")) // 1.27rc1
	minor, err := strconv.Atoi(parts[1][:digits])
	return line{major, minor}, err == nil
}
