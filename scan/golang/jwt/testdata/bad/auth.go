package auth

import "github.com/golang-jwt/jwt/v5"

func read(text string) {
	jwt.NewParser().ParseUnverified(text, jwt.MapClaims{}) // want "without its signature"
	jwt.Parse(text, func(t *jwt.Token) (any, error) {      // want "chooses by which method"
		return []byte("secret"), nil // want "stands in the source"
	})
}

func write() {
	t := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{})
	t.SignedString([]byte("secret"))                   // want "stands in the source"
	t.SignedString(jwt.UnsafeAllowNoneSignatureType)   // want "without a signature"
	jwt.NewWithClaims(jwt.SigningMethodNone, t.Claims) // want "without a signature"
}
