package trap

import (
	"encoding/hex"
	"fmt"
	"io"
	"strings"

	"palisade.dev/guard/wire"
)

// linkPath is where canary links lead. It says nothing, so that who finds one expects something there.
const linkPath = "/shared/"

// Invent makes a trap of a kind that nobody can have guessed. What it does on a touch fits the kind: who asks for another's id
// or sends a form that nobody sees is a program; a link may have been followed by somebody who found it in good faith, so it
// tells and does not ban. One of kind key or account still lacks its word: see Word and Bear.
func (t *Traps) Invent(kind Kind) (wire.Trap, error) {
	mark, err := t.mark()
	if err != nil {
		return wire.Trap{}, err
	}
	x := wire.Trap{Name: "decoy-" + string(kind) + "-" + mark[:4], Then: []string{"block", "ban 1h", "alert"}}
	switch kind {
	case Form:
		x.Form = "/contact-" + mark[:8]
	case Path:
		x.Paths = []string{"/backup-" + mark[:8] + "/**"}
	case Link:
		x.Paths, x.Then = []string{linkPath + mark}, []string{"block", "alert"}
	case ID:
		x.Paths = []string{mark[:8] + "-" + mark[8:12] + "-4" + mark[13:16] + "-a" + mark[17:20] + "-" + mark[20:]}
	case Key: // may be tried in good faith, as a link may be followed
		x.Then = []string{"block", "alert"}
	case Account:
	case Signature:
		x.Name, x.Then = "", []string{"block", "ban 10m"}
	default:
		return wire.Trap{}, fmt.Errorf("%w: kind: %.40q is none of form, path, link, id, key, account and signature", ErrInvalid, kind)
	}
	return x, nil
}

// mark is 128 random bits in hexadecimal.
func (t *Traps) mark() (string, error) {
	var b [16]byte
	if _, err := io.ReadFull(t.Rand, b[:]); err != nil {
		return "", fmt.Errorf("inventing a trap: %w", err)
	}
	return hex.EncodeToString(b[:]), nil
}

// isID reports whether a word has the form of a UUID, as ids of most apps have.
func isID(w string) bool {
	if len(w) != 36 {
		return false
	}
	for i, c := range []byte(w) {
		switch i {
		case 8, 13, 18, 23:
			if c != '-' {
				return false
			}
		default:
			if !('0' <= c && c <= '9' || 'a' <= c && c <= 'f') {
				return false
			}
		}
	}
	return true
}

// Snippet is something to copy, and where to.
type Snippet struct {
	Title string `json:"title"`
	How   string `json:"how"`
	Text  string `json:"text"`
}

// Snippets tells what to put where for a trap to be found by those it is for. Paths hold no character that means something in
// HTML or a template: Plain has looked.
func Snippets(x wire.Trap, kind Kind) []Snippet {
	switch kind {
	case Form:
		if !plain(x.Form) {
			return nil
		}
		form := decoy(x.Form)
		return []Snippet{
			{"HTML", "Anywhere before </body>, on pages with forms of your own above all. Nobody sees it, no keyboard reaches it, no screen reader says it.", form},
			{"Phoenix (HEEx)", "In lib/YOUR_APP_web/components/layouts/root.html.heex, before </body>. It needs no route and no CSRF token: what is sent never reaches the app.", "<%!-- a decoy for programs; see trap " + x.Name + " in Palisade --%>\n" + form},
			{"Go (html/template)", "Once among your templates, and {{template \"decoy\"}} before </body> of the layout.", "{{define \"decoy\"}}" + form + "{{end}}\n"},
		}
	case Path:
		var lines, comments []string
		for _, p := range x.Paths {
			if p = strings.TrimSuffix(strings.TrimSuffix(p, "/**"), "/*"); plain(p) {
				lines = append(lines, "Disallow: "+p)
				comments = append(comments, "<!-- old: "+p+"/ -->\n")
			}
		}
		if len(lines) == 0 {
			return nil
		}
		return []Snippet{
			{"robots.txt", "Search engines that keep to it stay away; who reads it to find what is hidden comes running.", "User-agent: *\n" + strings.Join(lines, "\n") + "\n"},
			{"HTML", "In the source of a page, where people who look for forgotten things look.", strings.Join(comments, "")},
		}
	case Link:
		if len(x.Paths) == 0 || !plain(x.Paths[0]) {
			return nil
		}
		return []Snippet{{"Link", "In a wiki, a mailbox, a ticket, a document that only few may read, after your own host name. Whoever opens it has read that. Programs that look into links before people do open it too: keep it out of what is mailed.", x.Paths[0]}}
	case ID:
		if len(x.Paths) == 0 {
			return nil
		}
		return []Snippet{{"ID", "As the id of a record that belongs to nobody, in a table whose ids stand in paths (/orders/ID). Nobody is shown it, so who asks for it is going through other people's. It is seen in paths, not in queries or bodies.", x.Paths[0]}}
	case Account:
		return accountSnippets(x)
	}
	return nil
}

// plain reports whether a path can be written into HTML, templates and robots.txt as it is.
func plain(p string) bool {
	return strings.HasPrefix(p, "/") && !strings.ContainsFunc(p, func(c rune) bool {
		return !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.ContainsRune("-._~/", c))
	})
}

// decoy is the form that the gateway puts into pages by itself; gateway/honeypot tells why it looks so.
func decoy(path string) string {
	return `<x-note hidden inert aria-hidden="true">
  <form action="` + path + `" method="post" autocomplete="off">
    <label>Website <input type="text" name="website" tabindex="-1" autocomplete="off"></label>
    <label>Message <textarea name="message" tabindex="-1" autocomplete="off"></textarea></label>
    <button type="submit" tabindex="-1">Send</button>
  </form>
</x-note>
`
}
