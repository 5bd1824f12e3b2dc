package config

import (
	"strings"
	"testing"
)

// A way to keep addresses that there is not is told with its line; it must never count as clear.
func TestPrivacyIsOneOfThree(t *testing.T) {
	read := func(mode string) error {
		return Read(&Config{Console: DefaultConsole}, "p.yml", []byte("sites:\n  - name: shop\n    privacy: "+mode+"\n"), func(string) (string, bool) { return "", false }, nil)
	}
	for _, mode := range []string{"clear", "encrypted", "hashed"} {
		if err := read(mode); err != nil {
			t.Errorf("%s: %v", mode, err)
		}
	}
	for _, mode := range []string{"Encrypted", "none", "hash"} {
		if err := read(mode); err == nil || !strings.Contains(err.Error(), "p.yml:3") || !strings.Contains(err.Error(), `"`+mode+`": want clear, encrypted or hashed`) {
			t.Errorf("%s: %v", mode, err)
		}
	}
}
