// Package ssh looks at how one may sign in by SSH, and at what is offered to keep the line secret.
package ssh

import (
	"context"
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/exposure"
	"palisade.dev/scan/late"
)

//go:embed doc.md
var doc string

// Check is the check.
var Check = exposure.Check{
	Check: scan.Check{
		ID: "exposure/ssh", Title: "SSH lets in by password, or by what is broken", Severity: scan.Medium, CWE: []int{307, 327, 326},
		Standards: []string{"PCI DSS 4.0 2.2.7", "PCI DSS 4.0 8.4.3", "SOC 2 CC6.1"}, Doc: doc,
	},
	Mode:  exposure.Active,
	Fix:   "In sshd_config: PasswordAuthentication no, KbdInteractiveAuthentication no, PermitRootLogin no; leave Ciphers, MACs and KexAlgorithms to a supported release.",
	Class: func(c exposure.Class) bool { return c == exposure.Shell },
	Fits: func(p *exposure.Port) bool {
		_, class, _ := p.What()
		return class == exposure.Shell
	},
	Run: run,
}

// broken are algorithms whose protection can be undone today by those who want to: 1024-bit groups, MD5, RC4, DES,
// DSA keys of 1024 bits.
var broken = map[string]bool{
	"diffie-hellman-group1-sha1": true, "rsa1024-sha1": true, "ssh-dss": true, "ssh-dss-cert-v01@openssh.com": true,
	"arcfour": true, "arcfour128": true, "arcfour256": true, "3des-cbc": true, "des-cbc": true, "blowfish-cbc": true, "cast128-cbc": true, "none": true,
	"hmac-md5": true, "hmac-md5-96": true, "hmac-md5-etm@openssh.com": true, "hmac-md5-96-etm@openssh.com": true,
}

// fading are those that newer releases leave out, and that nobody breaks in passing.
var fading = map[string]bool{
	"diffie-hellman-group14-sha1": true, "diffie-hellman-group-exchange-sha1": true, "ssh-rsa": true, "aes128-cbc": true, "aes192-cbc": true, "aes256-cbc": true,
	"rijndael-cbc@lysator.liu.se": true, "hmac-sha1-96": true, "hmac-sha1-96-etm@openssh.com": true,
}

func run(_ context.Context, l *exposure.Look) {
	s := l.Service.SSH
	if l.Service.Name != "ssh" || s == nil {
		l.CannotTell(fmt.Sprintf("port %d is open, where SSH is usual, and SSH did not answer", l.Number), "look at the host itself: ss -ltnp")
		return
	}
	found := func(key string, severity scan.Severity, confidence scan.Confidence, message string, evidence ...scan.Exchange) {
		l.Found(exposure.Hit{Key: key, Severity: l.Reached(severity), Confidence: confidence, Message: message, Evidence: evidence})
	}
	methods := scan.Exchange{Title: "the methods to sign in", Request: "the method none, without credentials", Response: strings.Join(s.Methods, ", ")}
	switch {
	case s.NoneOK:
		found("none", scan.Critical, scan.Confirmed, "It lets in whoever connects, without any credential.")
	case slices.Contains(s.Methods, "password"):
		found("password", scan.Medium, scan.Confirmed, "It takes passwords. Every address of the Internet is tried with lists of them, all day.", methods)
	case slices.Contains(s.Methods, "keyboard-interactive"):
		found("interactive", scan.Low, scan.Tentative, "It asks questions (keyboard-interactive). As a rule the question is for the password; with a second factor all is well.", methods)
	}
	if s.Protocol != "" && s.Protocol != "2.0" {
		found("protocol", scan.High, scan.Firm, "It speaks version "+s.Protocol+" of the protocol, and with it the first, whose secrecy can be undone on the way.")
	}
	if o := s.Offer; o != nil {
		offered := slices.Concat(o.Kex, o.HostKeys, o.Ciphers, o.MACs)
		list := func(bad map[string]bool) string {
			var names []string
			for _, name := range offered {
				if bad[name] && !slices.Contains(names, name) {
					names = append(names, name)
				}
			}
			return strings.Join(names, ", ")
		}
		if names := list(broken); names != "" {
			found("broken", scan.Medium, scan.Confirmed, "It offers algorithms that are broken: "+names+".")
		}
		if names := list(fading); names != "" {
			found("fading", scan.Low, scan.Confirmed, "It offers algorithms that newer releases leave out: "+names+".")
		}
		if prefixCut(o.Kex, o.Ciphers, o.MACs) {
			found("terrapin", scan.Low, scan.Firm, "The beginning of a connection can be cut short on the way (Terrapin, CVE-2023-48795): the strict key exchange is not offered.")
		}
	}
	if year, old := released(l.Service.Product, l.Service.Version); old {
		found("old", scan.Low, scan.Tentative, fmt.Sprintf("It calls itself %s %s, of %d. Distributions mend old releases without a new number; see that this one is still mended.", l.Service.Product, l.Service.Version, year))
	}
	switch {
	case l.Told() && s.Methods == nil && !s.NoneOK:
		l.CannotTell("how one may sign in was not told: "+s.Fault, "")
	case l.Told():
	case s.Methods == nil || s.Offer == nil:
		l.CannotTell("the conversation broke off: "+s.Fault, "scan again; sshd's MaxStartups refuses at random while many connect")
	default:
		l.Clear("in by " + strings.Join(s.Methods, ", ") + " only, and nothing weak is offered")
	}
}

// prefixCut says that the Terrapin attack is possible: a cipher that it works on, and no strict key exchange.
func prefixCut(kex, ciphers, macs []string) bool {
	if slices.Contains(kex, "kex-strict-s-v00@openssh.com") {
		return false
	}
	cbc := slices.ContainsFunc(ciphers, func(c string) bool { return strings.HasSuffix(c, "-cbc") })
	etm := slices.ContainsFunc(macs, func(m string) bool { return strings.Contains(m, "-etm@") })
	return slices.Contains(ciphers, "chacha20-poly1305@openssh.com") || cbc && etm
}

var number = late.Pattern(`^(\d+)\.(\d+)`)

// years are those of OpenSSH's releases, by what came first in them. What is before 8.0 is older than seven years.
var years = []struct{ major, minor, year int }{{4, 0, 2005}, {5, 0, 2008}, {6, 0, 2012}, {7, 0, 2015}, {7, 4, 2016}, {7, 6, 2017}, {7, 7, 2018}}

func released(product, version string) (year int, old bool) {
	m := number.FindStringSubmatch(version)
	if product != "OpenSSH" || m == nil {
		return 0, false
	}
	major, _ := strconv.Atoi(m[1])
	minor, _ := strconv.Atoi(m[2])
	if major >= 8 {
		return 0, false
	}
	for _, y := range years {
		if major > y.major || major == y.major && minor >= y.minor {
			year = y.year
		}
	}
	return year, year > 0
}
