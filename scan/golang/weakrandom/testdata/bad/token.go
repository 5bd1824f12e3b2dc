package token

import "math/rand"

const letters = "abcdef"

func newToken() string {
	b := make([]byte, 16)
	for i := range b {
		b[i] = letters[rand.Intn(len(letters))] // want "can be guessed"
	}
	return string(b)
}

func reset() int64 {
	otp := rand.Int63n(1000000) // want "can be guessed"
	return otp
}
