package people

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"palisade.dev/guard/limit"
)

// kind is what somebody tries.
type kind uint8

const (
	tryPassword kind = iota
	trySecond        // a one-time or recovery code after the password
	tryLink          // the code of a link: 256 bits, so this is against load, not against guessing
	tryCeremony      // to begin with a passkey or an identity provider, which costs a write
)

// numbers say how many tries there are of a kind: for one account, by one device that has signed in to it before, by one
// address, and by everybody together. A first burst of the whole count, then one token back each per/count.
//
// OWASP's ASVS 4.0.3 (2.2.1) asks that no account can be tried more than 100 times in an hour, whatever the number of
// addresses: a burst of 10 and one each 90 seconds are 50. A one-time code has 6 digits of which 3 are right at a time (each
// step is valid for its neighbours too): 10 and one each 24 minutes are 70 guesses in the first day, a chance of 1 in 4,700,
// for one who has the password already. Each wait has an end: nobody is ever locked out.
//
// A browser that has signed in before holds a device cookie (OWASP, "Slow Down Online Guessing Attacks with Device Cookies")
// and is counted by itself, so that neither an attack on the account nor one from the same address keeps its person out.
var numbers = [...]struct{ account, device, address, everybody limit.Rate }{
	tryPassword: {limit.Rate{Count: 10, Per: 15 * time.Minute}, limit.Rate{Count: 10, Per: 15 * time.Minute}, limit.Rate{Count: 30, Per: 15 * time.Minute}, limit.Rate{Count: 600, Per: 15 * time.Minute}},
	trySecond:   {limit.Rate{Count: 10, Per: 4 * time.Hour}, limit.Rate{Count: 10, Per: 15 * time.Minute}, limit.Rate{Count: 30, Per: 15 * time.Minute}, limit.Rate{Count: 600, Per: 15 * time.Minute}},
	tryLink:     {limit.Rate{}, limit.Rate{}, limit.Rate{Count: 20, Per: 15 * time.Minute}, limit.Rate{Count: 300, Per: 15 * time.Minute}},
	tryCeremony: {limit.Rate{}, limit.Rate{Count: 60, Per: 15 * time.Minute}, limit.Rate{Count: 60, Per: 15 * time.Minute}, limit.Rate{Count: 1000, Per: 15 * time.Minute}},
}

// mostCeremonies is how many of a kind are kept at once: more than numbers let begin in the five minutes that they last, so
// that none is pushed out.
const mostCeremonies = 2000

// Limited says that there were too many tries, and when there is another.
type Limited struct{ Wait time.Duration }

func (l *Limited) Error() string {
	return fmt.Sprintf("%v: try again in %s", ErrLimited, (l.Wait + time.Second - 1).Truncate(time.Second))
}

// Is makes a Limited an ErrLimited.
func (l *Limited) Is(target error) bool { return target == ErrLimited }

// keys is how many accounts, addresses and devices are remembered at once; a flood of new ones pushes out others that were
// never refused. 512 kB.
const keys = 1 << 14

type limits struct {
	table *limit.Table
	key   limit.Key
	rates [len(numbers)][4]limit.Limit
}

func newLimits(seed [16]byte) *limits {
	l := &limits{table: limit.NewTable(keys), key: limit.NewKey(seed)}
	for i, n := range numbers {
		l.rates[i] = [4]limit.Limit{n.account.Limit(), n.device.Limit(), n.address.Limit(), n.everybody.Limit()}
	}
	return l
}

const (
	ofAccount = iota
	ofDevice
	ofAddress
	ofEverybody
)

func (l *limits) hash(k kind, of int, name string) uint64 {
	return l.key.String(name, uint64(k)<<2|uint64(of))
}

// admit counts a try before it is made, so that a hundred at once are a hundred. account is an e-mail address or an id, of
// somebody or not; device is the nonce of a device cookie of theirs, or "".
func (p *People) admit(k kind, account, device string, v Visit) error {
	l, now := p.limits, p.now().UnixNano()
	take := func(of int, name string) error {
		if r := l.table.Take(l.hash(k, of, name), &l.rates[k][of], now, 1); !r.OK {
			return &Limited{time.Duration(r.Wait)}
		}
		return nil
	}
	if device != "" {
		return take(ofDevice, device)
	}
	// From the narrowest, so that who is refused takes nothing from others.
	if err := take(ofAddress, network(v.Address)); err != nil {
		return err
	}
	if account != "" {
		if err := take(ofAccount, account); err != nil {
			return err
		}
	}
	return take(ofEverybody, "")
}

// succeeded forgets the account's tries, and the device's: it was them. The address's stay, or an attacker with an account
// of their own would clear it now and then.
func (p *People) succeeded(k kind, account, device string) {
	p.limits.table.Forget(p.limits.hash(k, ofAccount, account))
	p.limits.table.Forget(p.limits.hash(k, ofDevice, device))
}

// network is what one client has at least: an address, or a /64 of IPv6, which is what a single line is given.
func network(a netip.Addr) string {
	a = a.Unmap().WithZone("")
	if a.Is6() {
		p, _ := a.Prefix(64) // an IPv6 address always has one
		return p.String()
	}
	return a.String()
}

// A device cookie is v1.PERSON.SECOND.NONCE.MAC: it says that this browser once signed in as that person. It lets nobody in.
const (
	deviceLasts = 180 * day
	deviceMost  = 200
)

// device makes the cookie for a browser that has just signed in.
func (p *People) device(person string) string {
	body := "v1." + person + "." + strconv.FormatInt(p.now().Unix(), 36) + "." + base64.RawURLEncoding.EncodeToString(p.random(12))
	return body + "." + p.deviceMAC(body)
}

func (p *People) deviceMAC(body string) string {
	h := hmac.New(sha256.New, p.deviceKey)
	h.Write([]byte(body))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}

// knownDevice reads a device cookie and gives whose it is and its nonce; "" if it is none, or too old.
func (p *People) knownDevice(cookie string) (person, nonce string) {
	i := strings.LastIndexByte(cookie, '.')
	if len(cookie) > deviceMost || i < 0 || !hmac.Equal([]byte(cookie[i+1:]), []byte(p.deviceMAC(cookie[:i]))) {
		return "", ""
	}
	f := strings.Split(cookie[:i], ".")
	if len(f) != 4 || f[0] != "v1" {
		return "", ""
	}
	since, err := strconv.ParseInt(f[2], 36, 64)
	if err != nil || p.now().Sub(time.Unix(since, 0)) > deviceLasts {
		return "", ""
	}
	return f[1], f[3]
}

// deviceOf is the nonce of the visit's device cookie if it is that person's.
func (p *People) deviceOf(person string, v Visit) string {
	if whose, nonce := p.knownDevice(v.Device); whose == person && person != "" {
		return nonce
	}
	return ""
}

// A try that was one too many is written down once a minute for each network.
var oncePerMinute = limit.Rate{Count: 1, Per: time.Minute}.Limit()

const noteSalt = 1 << 8 // no kind's
