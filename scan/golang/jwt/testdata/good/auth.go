package auth

import (
	"errors"

	"github.com/golang-jwt/jwt/v5"
)

var key []byte

func read(text string) {
	jwt.Parse(text, func(t *jwt.Token) (any, error) { return key, nil }, jwt.WithValidMethods([]string{"HS256"}))
	jwt.ParseWithClaims(text, &jwt.RegisteredClaims{}, func(t *jwt.Token) (any, error) {
		if _, ok := t.Method.(*jwt.SigningMethodHMAC); !ok {
			return nil, errors.New("no")
		}
		return key, nil
	})
}

func write() {
	t := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{})
	t.SignedString(key)
}
