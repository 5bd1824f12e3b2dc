package token

import (
	crand "crypto/rand"
	"math/rand"
	"time"
)

func newToken() string { return crand.Text() }

func wait() time.Duration {
	return time.Duration(rand.Intn(100)) * time.Millisecond
}
