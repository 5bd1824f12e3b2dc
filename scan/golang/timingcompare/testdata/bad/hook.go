package hook

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
)

type conf struct{ Token, Key string }

func (c conf) receive(w http.ResponseWriter, r *http.Request, body []byte) {
	mac := hmac.New(sha256.New, []byte(c.Key))
	mac.Write(body)
	signature := hex.EncodeToString(mac.Sum(nil))
	if r.Header.Get("X-Signature") != signature { // want "byte by byte"
		return
	}
	if bytes.Equal(body, mac.Sum(nil)) { // want "byte by byte"
		return
	}
	if r.Header.Get("X-Token") == c.Token { // want "byte by byte"
		w.WriteHeader(204)
	}
}
