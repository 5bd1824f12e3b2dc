// Package network holds the network lists: which addresses belong to clouds, crawlers, Tor, VPNs and the rest, and the
// operator's own. A dated snapshot is bundled, so a fresh install knows them without asking anybody; a Refresher renews
// them from their official addresses and never trades a good list for a bad download.
package network

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"time"

	"palisade.dev/guard/prefix"
)

// List is one network list. Prefixes are merged and sorted, as Canonical leaves them; nobody changes them afterwards.
type List struct {
	Name     string // "cloud/aws"
	Kind     string // "cloud"
	Title    string // "Amazon Web Services"
	Source   string // where this copy came from
	Official string // where the operator publishes it, or in a few words why nobody does
	Licence  string
	Date     time.Time // the day of the copy
	Checksum string
	Prefixes []netip.Prefix
	Own      bool // declared by the operator of this installation
}

// Kinds, in the order in which the lists that cover an address are named. The operator's own word goes first. Crawlers,
// monitors and webhooks go before the clouds they are hosted in, and the narrow kinds before hosting, which covers most.
const (
	Own     = "own"
	Crawler = "crawler"
	Monitor = "monitor"
	Webhook = "webhook"
	Relay   = "relay"
	CDN     = "cdn"
	Tor     = "tor"
	VPN     = "vpn"
	Scanner = "scanner"
	Cloud   = "cloud"
	Hosting = "hosting"
)

var kinds = []string{Own, Crawler, Monitor, Webhook, Relay, CDN, Tor, VPN, Scanner, Cloud, Hosting}

// Kinds lists all kinds by rank.
func Kinds() []string { return slices.Clone(kinds) }

// Rank is the place of a kind, 0 first; an unknown kind comes last.
func Rank(kind string) int {
	if i := slices.Index(kinds, kind); i >= 0 {
		return i
	}
	return len(kinds)
}

// Compare orders lists by rank, then by name.
func Compare(a, b List) int {
	return cmp.Or(cmp.Compare(Rank(a.Kind), Rank(b.Kind)), cmp.Compare(a.Name, b.Name))
}

var nameForm = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?(/[a-z0-9]([a-z0-9-]*[a-z0-9])?)?$`)

// CheckName tells why a list cannot be called so.
func CheckName(name string) error {
	if len(name) > 64 || !nameForm.MatchString(name) {
		return fmt.Errorf("%.80q is no name for a network list: want small letters, digits and dashes, such as office or cloud/hetzner", name)
	}
	return nil
}

// Text is the written form of a list: a prefix a line, IPv4 first, sorted.
func Text(prefixes []netip.Prefix) []byte {
	var b bytes.Buffer
	for _, p := range prefixes {
		b.WriteString(p.String())
		b.WriteByte('\n')
	}
	return b.Bytes()
}

// Checksum is the first half of the SHA-256 of Text. Lists of equal checksum hold the same prefixes.
func Checksum(prefixes []netip.Prefix) string {
	sum := sha256.Sum256(Text(prefixes))
	return hex.EncodeToString(sum[:])[:32]
}

// Canonical merges prefixes into the fewest, sorted.
func Canonical(prefixes []netip.Prefix) []netip.Prefix { return prefix.Merge(prefixes) }
