package main

import (
	"crypto/sha1"
	"encoding/hex"
)

func digest(text string) string {
	h := sha1.New()
	h.Write([]byte(text))
	return hex.EncodeToString(h.Sum(nil))
}

func etag(page string) string { return digest(page) }
