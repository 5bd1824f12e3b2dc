package clean

import (
	"strings"
	"testing"
	"unicode"
)

func TestLine(t *testing.T) {
	for in, want := range map[string]string{
		"lib/a.ex":                 "lib/a.ex",
		"\x1b[31mred\x1b[0m":       `\u001b[31mred\u001b[0m`,
		"::error file=a::b":        ": :error file=a::b",
		"  ::set-output name=x::y": "  : :set-output name=x::y",
		"a\n::stop-commands::x":    "a ::stop-commands::x",
		"##[error]x ##vso[task.x]": "# #[error]x # #vso[task.x]",
		"user\u202etxt.exe":        `user\u202etxt.exe`,
		"a\xffb":                   `a\xffb`,
		"\x1b]0;title\x07":         `\u001b]0;title\u0007`,
		"zero\u200bwidth":          `zero\u200bwidth`,
		"spec f(a) :: integer":     "spec f(a) :: integer",
		"\u009b31m":                `\u009b31m`,
	} {
		if got := Line(in); got != want {
			t.Errorf("%q is cleaned to %q, want %q", in, got, want)
		}
	}
}

func TestMarkdown(t *testing.T) {
	for in, want := range map[string]string{
		"**b** <img src=x> [a](http://x)": `\*\*b\*\* &lt;img src=x&gt; \[a\]\(http:&#8203;//x\)`,
		"@team see #12":                   "@&#8203;team see #&#8203;12",
		"a | b\n# head":                   `a \| b #&#8203; head`,
		"www.evil.example":                "www.&#8203;evil.example",
		"- item":                          `\- item`,
	} {
		if got := Markdown(in); got != want {
			t.Errorf("%q is cleaned to %q, want %q", in, got, want)
		}
	}
	if got := Code("a `b` ``"); got != "``` a `b` `` ```" {
		t.Errorf("code is %q", got)
	}
	if got := Block("go", "x\n```\n</details>"); got != "````go\nx\n```\n</details>\n````\n" {
		t.Errorf("a block is %q", got)
	}
}

func FuzzClean(f *testing.F) {
	for _, s := range []string{"a", "::x", "\x1b[0m", "`", "##vso[x]", "\u202e", "\xff\xfe", "<script>", "@a", "a\r\n::b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		line := Line(s)
		if strings.HasPrefix(strings.TrimSpace(line), "::") || strings.Contains(line, "##[") {
			t.Fatalf("%q leaves a command: %q", s, line)
		}
		for _, r := range line {
			if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
				t.Fatalf("%q leaves %U", s, r)
			}
		}
		if m := Markdown(s); strings.ContainsAny(m, "<>\n") {
			t.Fatalf("%q leaves markup: %q", s, m)
		}
		if c := Code(s); strings.ContainsAny(c, "\n\r") {
			t.Fatalf("%q leaves a line break: %q", s, c)
		}
	})
}
