package main

import (
	"crypto/md5"
	"encoding/hex"
)

func digest(text string) string {
	h := md5.New() // want "Passwords go through digest"
	h.Write([]byte(text))
	return hex.EncodeToString(h.Sum(nil))
}

func signIn(name, password string) (string, string) {
	return name, digest(password)
}

func signUp(name, secret string) string {
	return name + secret
}

func stamp(text string) [16]byte {
	h := md5.New() // want "taken for proof"
	h.Write([]byte(text))
	return [16]byte(h.Sum(nil))
}

func sign(id string) [16]byte {
	signature := stamp(id)
	return signature
}
