package trap

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"

	"palisade.dev/guard/wire"
	"palisade.dev/store"
)

// KeySnippets tells where to put a decoy key, which is known only while it is being laid.
func KeySnippets(s store.Site, key string) ([]Snippet, error) {
	format, err := keyFormat(s)
	if err != nil {
		return nil, err
	}
	out := []Snippet{{"The key", "Kept as a hash only, and shown this once. One in each place tells you which of them was read: lay another for the next.", key}}
	if !copied(key) {
		return out, nil
	}
	name, value := placed(format, key)
	return append(out,
		Snippet{"JavaScript comment", "In a script that browsers get. Who reads sources to find keys finds this one, and tries it.", fmt.Sprintf("// old client, remove after the move: fetch(\"/api/v1/orders\", { headers: { %q: %q } })\n", name, value)},
		Snippet{".env.example", "A line of a file that is committed, for who got at the repository or at a folder that should not be served.", fmt.Sprintf("%s_API_KEY=%s\n", strings.ToUpper(strings.ReplaceAll(s.Name, "-", "_")), key)},
		Snippet{"README or wiki", "In a page that only few may read, with your own host name. Whoever tries it has read that.", fmt.Sprintf("curl -H '%s: %s' https://YOUR-HOST/api/v1/orders\n", name, value)},
		Snippet{"SQL", "A row that a stolen copy of the database holds. Nothing reads it.", fmt.Sprintf("INSERT INTO settings (name, value) VALUES ('legacy_api_key', '%s');\n", key)},
	), nil
}

// placed gives the header in which a key of a format goes.
func placed(format *wire.Key, key string) (name, value string) {
	if format != nil {
		for _, from := range format.From {
			if name, ok := strings.CutPrefix(from, "header:"); ok && copied(name) {
				if format.Scheme != "" && copied(format.Scheme) {
					key = format.Scheme + " " + key
				}
				return name, key
			}
		}
	}
	return "Authorization", "Bearer " + key
}

// copied reports whether a word stands for itself in a shell, in JavaScript, Elixir and SQL.
func copied(w string) bool {
	return w != "" && !strings.ContainsFunc(w, func(c rune) bool {
		return !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.ContainsRune("-._~+=@", c))
	})
}

// accountSnippets tells where to put an account that is nobody's.
func accountSnippets(x wire.Trap) []Snippet {
	if len(x.Accounts) == 0 || !copied(x.Accounts[0]) {
		return nil
	}
	account := x.Accounts[0]
	return []Snippet{
		{"The account", "As it is. Put it where your real ones are: whoever steals that list signs in with this one too. Take an address whose domain is yours, so that nobody can own it, and to which no mail is sent.", account},
		{"Phoenix (priv/repo/seeds.exs)", "For tables as mix phx.gen.auth makes them; run it where the real accounts are. Its password was never known. Say nowhere what it is: who reads the repository must not know.", `nobody = Bcrypt.hash_pwd_salt(Base.encode64(:crypto.strong_rand_bytes(32)))
now = NaiveDateTime.truncate(NaiveDateTime.utc_now(), :second)
YOUR_APP.Repo.insert_all("users",
  [%{email: "` + account + `", hashed_password: nobody, confirmed_at: now, inserted_at: now, updated_at: now}],
  on_conflict: :nothing)
`},
		{"SQL", "For a table of users with a bcrypt column. No password has this hash.", fmt.Sprintf("INSERT INTO users (email, hashed_password, confirmed_at, inserted_at, updated_at)\nVALUES ('%s', '%s', CURRENT_TIMESTAMP, CURRENT_TIMESTAMP, CURRENT_TIMESTAMP);\n", account, nobodysHash(account))},
		{".env.example", "A line of a file that is committed, for who got at the repository.", "ADMIN_EMAIL=" + account + "\n"},
	}
}

// nobodysHash has the form of a bcrypt hash, of no password that anybody knows: its bytes are those of another hash. It is
// the same each time, so that what was pasted can be told again.
func nobodysHash(account string) string {
	a, b := sha256.Sum256([]byte("salt of "+account)), sha256.Sum256([]byte("hash of "+account))
	text := strings.NewReplacer("-", ".", "_", "/").Replace(base64.RawURLEncoding.EncodeToString(a[:])[:21] + "u" + base64.RawURLEncoding.EncodeToString(b[:])[:31])
	return "$2b$12$" + text
}
