package keep

import (
	"crypto/des"
	"crypto/md5"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"

	"golang.org/x/crypto/bcrypt"
)

func keep(password string, resetToken, key []byte) {
	md5.Sum([]byte(password))                        // want "fast hash"
	sha256.Sum256([]byte("salt" + password))         // want "fast hash"
	md5.Sum(resetToken)                              // want "no longer holds"
	des.NewCipher(key)                               // want "broken"
	rsa.GenerateKey(rand.Reader, 1024)               // want "can be factored"
	bcrypt.GenerateFromPassword([]byte(password), 4) // want "too low"
}
