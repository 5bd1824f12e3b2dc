package licence

import (
	"strings"
)

// marks are sentences that only one licence has, those of longer licences before those that they quote.
var marks = []struct{ id, text string }{
	{"AGPL-3.0-only", "gnu affero general public license version 3"},
	{"LGPL-3.0-only", "gnu lesser general public license version 3"},
	{"LGPL-2.1-only", "gnu lesser general public license version 2.1"},
	{"GPL-3.0-only", "gnu general public license version 3"},
	{"GPL-2.0-only", "gnu general public license version 2"},
	{"MPL-2.0", "mozilla public license version 2.0"},
	{"Apache-2.0", "apache license version 2.0"},
	{"EPL-2.0", "eclipse public license - v 2.0"},
	{"BSL-1.0", "boost software license - version 1.0"},
	{"Unlicense", "this is free and unencumbered software released into the public domain"},
	{"CC0-1.0", "cc0 1.0 universal"},
	{"ISC", "permission to use, copy, modify, and/or distribute this software for any purpose with or without fee"},
	{"ISC", "permission to use, copy, modify, and distribute this software for any purpose with or without fee"},
	{"MIT", "permission is hereby granted, free of charge, to any person obtaining a copy of this software"},
}

// recognise tells which licence a text is, as far as its first sentences say; empty where they do not.
func recognise(text string) string {
	const enough = 8 << 10 // the long ones say who they are on their first lines
	if len(text) > enough {
		text = text[:enough]
	}
	// Titles stand in the middle of their lines, with and without commas.
	plain := strings.ToLower(strings.Join(strings.Fields(text), " "))
	titles := strings.ReplaceAll(plain, ", version", " version")
	for _, m := range marks {
		if strings.Contains(titles, m.text) {
			return m.id
		}
	}
	if strings.Contains(plain, "redistribution and use in source and binary forms") {
		if strings.Contains(plain, "neither the name") || strings.Contains(plain, "names of its contributors") {
			return "BSD-3-Clause"
		}
		return "BSD-2-Clause"
	}
	return ""
}
