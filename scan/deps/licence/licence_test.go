package licence

import (
	"context"
	"slices"
	"testing"
	"testing/fstest"

	"palisade.dev/scan/deps/pack"
	"palisade.dev/scan/settings"
	"palisade.dev/scan/tree"
)

func TestRefused(t *testing.T) {
	allow := settings.Licences{Allow: []string{"MIT", "Apache-2.0", "GPL-2.0-only WITH Classpath-exception-2.0"}}
	deny := settings.Licences{Deny: []string{"AGPL-3.0-only"}}
	for _, c := range []struct {
		policy settings.Licences
		text   string
		want   bool
	}{
		{allow, "MIT", false},
		{allow, "mit", false},
		{allow, "MIT OR AGPL-3.0-only", false},
		{allow, "MIT AND AGPL-3.0-only", true},
		{allow, "MIT AND Apache-2.0", false},
		{allow, "(MIT AND (BSD-3-Clause OR Apache-2.0))", false},
		{allow, "AGPL-3.0-only OR MIT AND ISC", true}, // AND binds closer
		{allow, "GPL-2.0-only WITH Classpath-exception-2.0", false},
		{allow, "GPL-2.0-only", true},
		{allow, "(MIT", true},
		{allow, "MIT OR", true},
		{allow, "see LICENSE", true},
		{deny, "AGPL-3.0-only", true},
		{deny, "MIT AND AGPL-3.0-only", true},
		{deny, "see LICENSE", false},
	} {
		if _, got := refused(c.policy, []string{c.text}); got != c.want {
			t.Errorf("%q under %+v is refused: %v", c.text, c.policy, got)
		}
	}
	if bad, ok := refused(deny, []string{"AGPL-3.0-only", "MIT"}); ok {
		t.Errorf("one of two that a package is under is allowed, and it is refused for %s", bad)
	}
}

func TestRecognise(t *testing.T) {
	for text, want := range map[string]string{
		"Apache License\n   Version 2.0, January 2004":                                                                 "Apache-2.0",
		"                   GNU AFFERO GENERAL PUBLIC LICENSE\n                      Version 3, 19 November 2007":      "AGPL-3.0-only",
		"GNU GENERAL PUBLIC LICENSE\nVersion 2, June 1991":                                                             "GPL-2.0-only",
		"Mozilla Public License, version 2.0":                                                                          "MPL-2.0",
		"MIT License\n\nPermission is hereby granted, free of charge, to any person obtaining a copy of this software": "MIT",
		"Redistribution and use in source and binary forms\n* Neither the name of X":                                   "BSD-3-Clause",
		"Redistribution and use in source and binary forms":                                                            "BSD-2-Clause",
		"All rights reserved.": "",
	} {
		if got := recognise(text); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}

// TestVendored reads the texts of Go modules that lie in the tree.
func TestVendored(t *testing.T) {
	root := fstest.MapFS{
		"go.mod":                               {Data: []byte("module x\n")},
		"vendor/example.com/lib/LICENSE":       {Data: []byte("GNU AFFERO GENERAL PUBLIC LICENSE Version 3")},
		"vendor/example.com/other/COPYING":     {Data: []byte("All rights reserved.")},
		"vendor/example.com/other/sub/LICENSE": {Data: []byte("MIT")},
	}
	tr, err := tree.Read(context.Background(), root, tree.Limits{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	p := &pack.Project{Ecosystem: pack.Go, Dir: ".", Lock: &pack.Lock{Path: "go.mod", Packages: []pack.Package{
		{Ecosystem: pack.Go, Name: "example.com/lib", Version: "1.0.0"}, {Ecosystem: pack.Go, Name: "example.com/other", Version: "1.0.0"},
	}}}
	part := Check.Run(p, &pack.World{Tree: tr, Licences: settings.Licences{Deny: []string{"AGPL-3.0-only"}}})
	if len(part.Findings) != 1 || part.Findings[0].Message != "example.com/lib 1.0.0 is under AGPL-3.0-only, which the policy of .palisade.yaml does not allow." {
		t.Errorf("%+v", part.Findings)
	}
	if len(part.Outcomes) != 1 || part.Outcomes[0].Why != "for 1 of the packages the licence is not at hand" {
		t.Errorf("%+v", part.Outcomes)
	}
}

func FuzzParse(f *testing.F) {
	seeds := []string{"MIT", "MIT OR (Apache-2.0 AND BSD-3-Clause)", "GPL-2.0 WITH x", "((((", "AND OR", ")("}
	for _, s := range seeds {
		f.Add(s)
	}
	if len(seeds) != 6 {
		f.Fatal("seeds are missing")
	}
	f.Fuzz(func(t *testing.T, text string) {
		e := parse(text)
		var ids []string
		e.allowed(func(id string) bool { ids = append(ids, id); return false })
		if !e.allowed(func(string) bool { return true }) && len(e.list) > 0 {
			t.Errorf("%q is refused where all is allowed: %+v, %v", text, e, ids)
		}
		if slices.Contains(ids, "OR") && len(e.list) > 0 {
			t.Errorf("%q has a licence called OR", text)
		}
	})
}
