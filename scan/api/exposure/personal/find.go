package personal

import (
	"slices"
	"strconv"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/api/evidence"
	"palisade.dev/scan/late"
)

// kind is what sort of personal data it is, as a message speaks of it.
type kind string

// The kinds.
const (
	Account  kind = "account numbers (IBAN)"
	Identity kind = "numbers of social security"
	Birth    kind = "dates of birth"
	Contact  kind = "mail addresses or telephone numbers"
)

// public is how bad it is that everybody may read it.
func (k kind) public() scan.Severity {
	switch k {
	case Identity:
		return scan.Critical
	case Contact:
		return scan.Medium
	}
	return scan.High
}

// Datum is one piece of personal data.
type Datum struct {
	Kind  kind
	Value string // without blanks, in lower case
}

var (
	iban  = late.Pattern(`\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b`)
	ssn   = late.Pattern(`\b(\d{3})-(\d{2})-(\d{4})\b`)
	mail  = late.Pattern(`\b[A-Za-z0-9][A-Za-z0-9._%+-]{0,63}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+){1,4}\b`)
	phone = late.Pattern(`(?i)"[a-z_ -]{0,20}(?:phone|mobile|telephone|tel|cell|msisdn)[a-z_ -]{0,20}"\s*:\s*"(\+?[\d ()/.-]{7,20})"`)
	birth = late.Pattern(`(?i)"(?:[a-z_ -]{0,20}birth[a-z_ -]{0,20}|dob)"\s*:\s*"((?:19|20)\d\d-\d\d-\d\d)`)
)

// maxLook is how much of an answer is read; a list of people shows itself long before.
const maxLook = 1 << 20

// Find gives the personal data in an answer, each piece once.
func Find(body []byte) []Datum {
	text := string(body[:min(len(body), maxLook)])
	var out []Datum
	seen := map[Datum]bool{}
	add := func(k kind, v string) {
		d := Datum{k, strings.ToLower(strings.ReplaceAll(v, " ", ""))}
		if !seen[d] && len(out) < 5000 {
			seen[d] = true
			out = append(out, d)
		}
	}
	for _, m := range iban.FindAllString(text, -1) {
		if plain := strings.ReplaceAll(m, " ", ""); evidence.IBAN(plain) && !slices.Contains(exampleIBANs, plain) {
			add(Account, plain)
		}
	}
	for _, at := range ssn.FindAllStringSubmatchIndex(text, -1) {
		m := text[at[0]:at[1]]
		if validSSN(text[at[2]:at[3]], text[at[4]:at[5]], text[at[6]:at[7]]) && !slices.Contains(exampleSSNs, m) && nearby(text, at[0]) {
			add(Identity, m)
		}
	}
	for _, m := range birth.FindAllStringSubmatch(text, -1) {
		add(Birth, m[1])
	}
	for _, m := range mail.FindAllString(text, -1) {
		if !role(m) {
			add(Contact, m)
		}
	}
	for _, m := range phone.FindAllStringSubmatch(text, -1) {
		digits := strings.Map(func(r rune) rune {
			if r >= '0' && r <= '9' {
				return r
			}
			return -1
		}, m[1])
		// 555-01xx is set aside for films, and for examples.
		if len(digits) >= 8 && len(digits) <= 15 && !strings.Contains(digits, "55501") && strings.Trim(digits, digits[:1]) != "" {
			add(Contact, digits)
		}
	}
	return out
}

// Numbers that stand in documentation everywhere.
var (
	exampleIBANs = []string{"GB82WEST12345698765432", "GB29NWBK60161331926819", "DE89370400440532013000", "FR1420041010050500013M02606", "NL91ABNA0417164300", "CH9300762011623852957", "ES9121000418450200051332", "BE68539007547034", "AT611904300234573201", "IT60X0542811101000000123456"}
	exampleSSNs  = []string{"078-05-1120", "219-09-9999", "123-45-6789", "111-11-1111"}
)

// validSSN leaves out what was never given out.
func validSSN(area, group, serial string) bool {
	a, _ := strconv.Atoi(area)
	return a != 0 && a != 666 && a < 900 && group != "00" && serial != "0000"
}

// nearby looks for the words before a number without which it may be anything.
func nearby(text string, at int) bool {
	before := strings.ToLower(text[max(0, at-40):at])
	return strings.Contains(before, "ssn") || strings.Contains(before, "social") || strings.Contains(before, "tax_id") || strings.Contains(before, "taxid")
}

// role says that a mail address is one of nobody: of an office, or of an example.
func role(address string) bool {
	name, domain, _ := strings.Cut(strings.ToLower(address), "@")
	for _, d := range []string{"example.com", "example.org", "example.net"} {
		if domain == d || strings.HasSuffix(domain, "."+d) {
			return true
		}
	}
	if strings.HasSuffix(domain, ".example") || strings.HasSuffix(domain, ".invalid") || strings.HasSuffix(domain, ".png") || strings.HasSuffix(domain, ".jpg") || strings.HasSuffix(domain, ".svg") {
		return true
	}
	name, _, _ = strings.Cut(name, "+")
	return slices.Contains([]string{
		"info", "support", "contact", "hello", "help", "sales", "admin", "office", "noreply", "no-reply", "donotreply", "abuse", "security", "privacy", "legal", "team", "api", "dev", "developers", "webmaster", "postmaster", "hostmaster", "billing", "press", "jobs", "apiteam", "service", "mail", "root",
	}, name)
}
