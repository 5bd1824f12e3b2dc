package keep

import (
	"crypto/aes"
	"crypto/md5"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"

	"golang.org/x/crypto/bcrypt"
)

func keep(password string, resetToken, key, file []byte) {
	md5.Sum(file)
	sha256.Sum256(resetToken)
	aes.NewCipher(key)
	rsa.GenerateKey(rand.Reader, 3072)
	bcrypt.GenerateFromPassword([]byte(password), bcrypt.DefaultCost)
}
