// Package weakhash looks for hashes and ciphers that do not hold where something secret hangs on them: passwords by a fast
// hash, signatures by MD5 or SHA-1, blocks enciphered one by one, a vector that is always the same.
package weakhash

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/elixir"
	"palisade.dev/scan/elixir/phoenix"
	"palisade.dev/scan/elixir/project"
	"palisade.dev/scan/elixir/syntax"
)

//go:embed doc.md
var doc string

// Check is elixir/weakhash.
var Check = elixir.Check{
	Check: scan.Check{
		ID: "elixir/weakhash", Title: "A hash or cipher that does not hold", Severity: scan.Medium, CWE: []int{327, 328, 916},
		Standards: []string{"OWASP A02:2021", "PCI DSS 4.0 3.6.1", "PCI DSS 4.0 8.3.2"}, Tags: []string{"crypto"}, Doc: doc,
	},
	Run: run,
}

func run(p *elixir.Pass) {
	phoenix.Walk(p.Project, func(m *project.Module, n *syntax.Node) bool {
		if n.Kind != syntax.Remote || n.Fun == nil || n.Fun.Kind != syntax.Atom {
			return true
		}
		switch n.Fun.Name + "." + n.Name {
		case "crypto.hash":
			if len(n.Args) == 2 && n.Args[0].Kind == syntax.Atom {
				hashed(p, m, n, n.Args[0].Name, n.Args[1])
			}
		case "erlang.md5":
			if len(n.Args) == 1 {
				hashed(p, m, n, "md5", n.Args[0])
			}
		case "crypto.mac", "crypto.hmac":
			for _, a := range n.Args[:min(2, len(n.Args))] {
				if a.Kind == syntax.Atom && a.Name == "md5" {
					report(p, m, n, scan.Low, "A signature by HMAC with MD5 holds today by luck; take :sha256.")
				}
			}
		case "crypto.crypto_one_time", "crypto.crypto_one_time_aead", "crypto.crypto_init", "crypto.block_encrypt", "crypto.stream_init":
			ciphered(p, m, n)
		}
		return true
	}, ":crypto.", ":erlang.md5")
}

// secrets are words in names of what must not be found out by trying, or must not be made up.
var secrets = []string{"password", "passwd", "passphrase", "pin", "secret", "token", "signature", "sign", "hmac", "otp", "nonce", "session", "credential", "credentials", "cookie"}

func hashed(p *elixir.Pass, m *project.Module, n *syntax.Node, algorithm string, what *syntax.Node) {
	name := about(what)
	switch algorithm {
	case "md5", "md4", "sha", "ripemd160":
		if name == "" {
			name = named(m, n)
		}
		if name == "" {
			return
		}
		severity := scan.Medium
		if strings.Contains(name, "passw") || name == "pin" {
			severity = scan.High
		}
		shown := map[string]string{"md5": "MD5", "md4": "MD4", "sha": "SHA-1", "ripemd160": "RIPEMD-160"}[algorithm]
		report(p, m, n, severity, fmt.Sprintf("%s for a %s: others with the same hash can be made, and short ones are found by trying billions a second.", shown, name))
	case "sha256", "sha512", "sha384", "sha224", "sha3_256", "sha3_512", "blake2b", "blake2s":
		if name == "password" || name == "passwd" || name == "passphrase" || name == "pin" {
			report(p, m, n, scan.High, fmt.Sprintf("A %s by a fast hash: a stolen table is tried through at billions of guesses a second.", name))
		}
	}
}

// about is the secret that a value is of, by the names in it.
func about(n *syntax.Node) (found string) {
	syntax.Walk(n, func(n *syntax.Node) bool {
		if found == "" && (n.Kind == syntax.Var || n.Kind == syntax.Remote && len(n.Args) == 0 || n.Kind == syntax.Access || n.Kind == syntax.Atom) {
			words := phoenix.Words(n.Name)
			for i, w := range words {
				// password_hash and token_id are no secrets; a contract of tokens is none either.
				if slices.Contains(secrets, w) && i == len(words)-1 {
					found = w
				}
			}
		}
		return found == ""
	})
	return found
}

// named is the secret that the function around a node is about, by its name.
func named(m *project.Module, n *syntax.Node) string {
	symbol := m.File.Symbol(n)
	name := symbol[strings.LastIndexByte(symbol, '.')+1:]
	name, _, _ = strings.Cut(name, "/")
	for _, w := range phoenix.Words(name) {
		if slices.Contains(secrets, w) {
			return w
		}
	}
	return ""
}

func ciphered(p *elixir.Pass, m *project.Module, n *syntax.Node) {
	if len(n.Args) < 3 || n.Args[0].Kind != syntax.Atom {
		return
	}
	cipher := n.Args[0].Name
	switch {
	case strings.HasSuffix(cipher, "_ecb") || cipher == "aes_ecb":
		report(p, m, n, scan.Medium, "ECB enciphers like blocks alike: what repeats shows, and blocks can be moved.")
		return
	case strings.HasPrefix(cipher, "des") || cipher == "rc4" || cipher == "rc2_cbc" || cipher == "blowfish_cbc":
		report(p, m, n, scan.Medium, strings.ToUpper(cipher)+" is broken: keys or texts are found in hours.")
		return
	}
	if v := m.Value(n.Args[2]); fixed(v) {
		report(p, m, n, scan.Medium, "The initialisation vector is always the same: like beginnings encipher alike, and in counter modes two texts undo each other.")
	}
}

// fixed says whether a value is written out: a text, zeros, or bytes of numbers.
func fixed(v *syntax.Node) bool {
	switch v.Kind {
	case syntax.String:
		return len(v.Name) >= 8
	case syntax.Bitstring:
		ok := len(v.Args) > 0
		syntax.Walk(v, func(n *syntax.Node) bool {
			ok = ok && n.Kind != syntax.Hole && (n.Kind != syntax.Var || n.Name == "binary" || n.Name == "size" || n.Name == "integer")
			return ok
		})
		return ok
	case syntax.Call, syntax.Remote:
		return syntax.Callee(v) == ":binary.copy" && len(v.Args) == 2 && fixed(v.Args[0])
	}
	return false
}

func report(p *elixir.Pass, m *project.Module, n *syntax.Node, severity scan.Severity, message string) {
	f := p.At(m.File, n)
	f.Severity, f.Message = severity, message
	f.Fix = &scan.Fix{Text: "Passwords by bcrypt_elixir, argon2_elixir or pbkdf2_elixir; signatures by :crypto.mac(:hmac, :sha256, key, text) or Plug.Crypto; texts by :crypto.crypto_one_time_aead(:aes_256_gcm, …) with 12 new bytes of :crypto.strong_rand_bytes each time."}
	p.Report(f)
}
