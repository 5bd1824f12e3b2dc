// Code generated from the folders by scripts/folders; DO NOT EDIT.

package checks

import (
	"palisade.dev/scan/exposure"
	"palisade.dev/scan/exposure/admin"
	"palisade.dev/scan/exposure/banner"
	"palisade.dev/scan/exposure/database"
	"palisade.dev/scan/exposure/debug"
	"palisade.dev/scan/exposure/epmd"
	"palisade.dev/scan/exposure/port"
	"palisade.dev/scan/exposure/secretfile"
	"palisade.dev/scan/exposure/ssh"
	"palisade.dev/scan/exposure/tls"
)

// All gives every check there is a folder of, by name.
func All() []exposure.Check {
	return []exposure.Check{
		admin.Check,
		banner.Check,
		database.Check,
		debug.Check,
		epmd.Check,
		port.Check,
		secretfile.Check,
		ssh.Check,
		tls.Check,
	}
}
