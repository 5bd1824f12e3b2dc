package people

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"hash/crc32"
	"math/big"
	"strings"

	"golang.org/x/crypto/chacha20poly1305"
)

// secretLength is that of 256 bits in base64 without padding.
const secretLength = 43

// secret makes what a browser or a link holds, and the hash that is kept of it. Of 256 bits of chance a plain hash is
// enough: there is nothing to guess. kind keeps one from being taken for another.
func (p *People) secret(kind string) (text string, hash []byte) {
	text = base64.RawURLEncoding.EncodeToString(p.random(32))
	return text, hashSecret(kind, text)
}

// hashSecret gives nil for what cannot be a secret.
func hashSecret(kind, text string) []byte {
	if len(text) != secretLength {
		return nil
	}
	h := sha256.Sum256([]byte(kind + " " + text))
	return h[:]
}

// Kinds of secrets.
const (
	secretSession  = "session"
	secretLink     = "link"
	secretCeremony = "ceremony"
	secretBrowser  = "browser"
)

// A token is plt_, 256 bits in base 62, and a checksum of both: a scanner of source code finds a token by its first letters
// and knows by its last that it is one, as do we before asking the database.
const (
	tokenPrefix   = "plt_"
	tokenDigits   = 43
	tokenChecksum = 6
	tokenLength   = len(tokenPrefix) + tokenDigits + tokenChecksum
)

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// formatToken writes a token.
func formatToken(b [32]byte) string {
	body := tokenPrefix + digits(new(big.Int).SetBytes(b[:]), tokenDigits)
	return body + checksum(body)
}

func checksum(body string) string {
	return digits(big.NewInt(int64(crc32.ChecksumIEEE([]byte(body)))), tokenChecksum)
}

// digits writes a number in base 62 with leading zeros. big.Int has its small letters first.
func digits(n *big.Int, width int) string {
	text := []byte(n.Text(62))
	for i, c := range text {
		switch {
		case 'a' <= c && c <= 'z':
			text[i] = c - 'a' + 'A'
		case 'A' <= c && c <= 'Z':
			text[i] = c - 'A' + 'a'
		}
	}
	return strings.Repeat("0", width-len(text)) + string(text)
}

var errToken = errors.New("this is no token: want plt_ and 49 letters and digits")

// parseToken reads a token. What parses is written just so.
func parseToken(s string) (b [32]byte, err error) {
	body, found := strings.CutPrefix(s, tokenPrefix)
	if len(s) != tokenLength || !found {
		return b, errToken
	}
	n, radix := new(big.Int), big.NewInt(62)
	for _, c := range []byte(body[:tokenDigits]) {
		i := strings.IndexByte(base62, c)
		if i < 0 {
			return b, errToken
		}
		n.Add(n.Mul(n, radix), big.NewInt(int64(i)))
	}
	if n.BitLen() > 256 {
		return b, errToken
	}
	if checksum(s[:tokenLength-tokenChecksum]) != s[tokenLength-tokenChecksum:] {
		return b, errors.New("this token was cut or mistyped: its checksum is not right")
	}
	n.FillBytes(b[:])
	return b, nil
}

// seal encrypts what the database keeps, for one person: another's row does not open it.
func (p *People) seal(person string, plain []byte) []byte {
	aead, err := chacha20poly1305.NewX(p.totpKey)
	if err != nil {
		panic(err) // the key has 32 bytes
	}
	nonce := p.random(aead.NonceSize())
	return aead.Seal(nonce, nonce, plain, []byte(person))
}

func (p *People) open(person string, sealed []byte) ([]byte, error) {
	aead, err := chacha20poly1305.NewX(p.totpKey)
	if err != nil {
		panic(err)
	}
	if len(sealed) < aead.NonceSize() {
		return nil, errors.New("the one-time secret in the database is damaged")
	}
	plain, err := aead.Open(nil, sealed[:aead.NonceSize()], sealed[aead.NonceSize():], []byte(person))
	if err != nil {
		return nil, fmt.Errorf("decrypting a one-time secret: %w; was the installation key replaced? Put the old one back, or send the person a link to recover", err)
	}
	return plain, nil
}
