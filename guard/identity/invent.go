package identity

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strings"
)

// inventedBody is how long an invented key is behind its prefix where its format leaves that open: what most vendors' keys
// have, and more than anybody can guess.
const inventedBody = 32

// inventTries bounds the search for a key whose checksum is of the alphabet too. One in ten is, of the alphabet that has
// the fewest hexadecimal digits.
const inventTries = 2000

// Invent makes a key of the declared format that is nobody's, in the one spelling that is hashed.
func (k *Keys) Invent(random io.Reader) (string, error) {
	n := len(k.prefix) + inventedBody
	if k.f.MaxLength > 0 {
		n = min(n, k.f.MaxLength)
	}
	if n = max(n, k.f.MinLength); n-len(k.prefix) < MinDecoy {
		return "", fmt.Errorf("api_key: keys of %d letters behind their prefix could be guessed: a decoy needs %d", n-len(k.prefix), MinDecoy)
	}
	letters := k.letters()
	if len(letters) < 2 {
		return "", errors.New("api_key: alphabet: want two letters at least to make a key of")
	}
	for range inventTries {
		s, err := k.draw(random, letters, n)
		if err != nil {
			return "", fmt.Errorf("inventing a key: %w", err)
		}
		if got, err := k.Normalise(s); err == nil && got == s {
			return s, nil
		}
	}
	return "", fmt.Errorf("api_key: no key of the declared format was found: are the checksum's digits (%s) of the alphabet?", k.f.Checksum)
}

// letters are those that the body of a key may have and that people copy whole.
func (k *Keys) letters() string {
	if k.f.Checksum == "luhn" {
		return "0123456789"
	}
	var b strings.Builder
	for c := byte('!'); c <= '~'; c++ {
		plain := '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		if k.any && !plain || !k.any && !k.alphabet[c] || k.f.CaseInsensitive && lowerByte(c) != c {
			continue
		}
		b.WriteByte(c)
	}
	return b.String()
}

// draw makes a key of n letters, with its checksum.
func (k *Keys) draw(random io.Reader, letters string, n int) (string, error) {
	body := make([]byte, n-len(k.prefix))
	if _, err := io.ReadFull(random, body); err != nil {
		return "", err
	}
	for i, b := range body {
		body[i] = letters[int(b)%len(letters)] // a little more often the first: it need not be a good key, only nobody's
	}
	switch k.f.Checksum {
	case "crc32":
		if len(body) <= 8 {
			return "", errors.New("no room beside the checksum")
		}
		s := k.prefix + string(body[:len(body)-8])
		sum := fmt.Sprintf("%08x", crc32.ChecksumIEEE([]byte(s)))
		if !strings.ContainsRune(letters, 'a') {
			sum = strings.ToUpper(sum)
		}
		return s + sum, nil
	case "luhn":
		for c := byte('0'); c <= '9'; c++ {
			if body[len(body)-1] = c; luhnHolds(string(body)) {
				break
			}
		}
	}
	return k.prefix + string(body), nil
}
