package login

import (
	"log"
	"log/slog"
)

func in(name, password, passwordFile string, tries int) {
	log.Printf("signing in %s", name)
	log.Printf("the password of %s is wrong", name)
	slog.Info("reading", "file", passwordFile, "length", len(password))
}
