package page

import "testing"

func TestWordsKeepTheirLines(t *testing.T) {
	for text, want := range map[string]string{
		"":                         "",
		"one\r\ntwo":               "<bdi>one</bdi>\n<bdi>two</bdi>",
		"<script>":                 "<bdi>&lt;script&gt;</bdi>",
		"a\u202eb\n\x1b[2J":        "<bdi>a⟨202E⟩b</bdi>\n<bdi>⟨001B⟩[2J</bdi>",
		"ends with a line's end\n": "<bdi>ends with a line&#39;s end</bdi>\n",
	} {
		if got := string(Words(text)); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
