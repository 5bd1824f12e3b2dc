package toolchain

import (
	"path"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/late"
)

var (
	from     = late.Pattern(`(?i)^\s*FROM\s+(?:--\S+\s+)*(\S+)`)
	argument = late.Pattern(`(?i)^\s*ARG\s+([A-Za-z_][A-Za-z0-9_]*)=["']?([^"'\s]+)`)
	variable = late.Pattern(`\$\{?([A-Za-z_][A-Za-z0-9_]*)(?:(:-)([^}]*))?\}?`)
	otpTag   = late.Pattern(`-(?:otp|erlang)-(\d+(?:\.\d+)*)`)
)

var images = map[string]string{"golang": Go, "elixir": Elixir, "erlang": OTP, "node": Node}

// dockerfile reads the images that a file builds on. What an ARG above holds is put in; a version that stands there is told
// at its FROM, where the reader sees what it is for.
func dockerfile(file, src string) (pins []Pin) {
	lines := scan.NewLines([]byte(src))
	args := map[string]string{}
	each(src, func(at int, l string) {
		if m := argument.FindStringSubmatch(l); m != nil && len(args) < most {
			args[m[1]] = filled(m[2], args)
			return
		}
		m := from.FindStringSubmatchIndex(l)
		if m == nil || len(pins) >= most {
			return
		}
		written := l[m[2]:m[3]]
		image := filled(written, args)
		name, tag := image, ""
		if i := strings.IndexByte(name, '@'); i >= 0 {
			name = name[:i]
		}
		if i := strings.LastIndexByte(name, ':'); i > strings.LastIndexByte(name, '/') {
			name, tag = name[:i], name[i+1:]
		}
		tool := images[path.Base(name)]
		if tool == "" {
			return
		}
		version, _, _ := strings.Cut(tag, "-")
		if strings.Contains(tag, "-rc") { // 1.27-rc, 28-rc1
			version = tag
		}
		place := at + m[2]
		// Where the version stands in the line as it is, it can be changed there.
		begin := len(name) + 1
		if version != "" && strings.HasPrefix(written, name+":"+version) {
			pins = add(pins, lines, file, tool, place+begin, version)
		} else {
			pins = append(pins, Pin{Tool: tool, Version: version, Place: lines.Span(file, place, place+len(written))})
		}
		if o := otpTag.FindStringSubmatch(tag); o != nil && tool == Elixir {
			pins = append(pins, Pin{Tool: OTP, Version: o[1], Place: lines.Span(file, place, place+len(written))})
		}
	})
	return pins
}

// longest bounds what variables may make of a name, each of which may hold others.
const longest = 500

// filled puts in what variables hold, as far as that is known.
func filled(text string, args map[string]string) string {
	var out strings.Builder
	end := 0
	for _, m := range variable.FindAllStringSubmatchIndex(text, -1) {
		out.WriteString(text[end:m[0]])
		end = m[1]
		switch value, ok := args[text[m[2]:m[3]]]; {
		case ok:
			out.WriteString(value)
		case m[4] >= 0: // ${NAME:-this}
			out.WriteString(text[m[6]:m[7]])
		default:
			out.WriteString(text[m[0]:m[1]])
		}
	}
	out.WriteString(text[end:])
	if out.Len() > longest {
		return text
	}
	return out.String()
}
