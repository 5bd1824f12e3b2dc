package identity

import (
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// DeviceCookie is the name of the cookie by which a device is known that signed in before; over TLS it has the prefix
// __Host-, which keeps sibling domains from setting it.
const DeviceCookie = "palisade_known"

const (
	deviceLife = 180 * 24 * time.Hour
	// renewAfter is how old a cookie may get before a new login replaces it. Replacing it each time would make every
	// device look new while a lever asks for those known before it moved.
	renewAfter = 90 * 24 * time.Hour
)

// Devices issues and checks known-device cookies: who signed in here before, on this device, and since when. The
// cookie holds no account, only a hash of it.
type Devices struct {
	mac  *mac
	weak bool // without a secret nobody is known: anyone could make the cookie
}

// Device is what a valid cookie says.
type Device struct {
	Since   time.Time
	Account string // hash of the account that signed in
}

// NewDevices takes the site's secret. Under one of less than 16 bytes no device is ever known.
func NewDevices(secret []byte) *Devices {
	derived := newMac(secret).sum("device")
	return &Devices{newMac(derived[:]), len(secret) < weakSecret}
}

// hash names an account or a session without saying which one it is.
func (d *Devices) hash(kind, value string) string {
	sum := d.mac.sum(kind, ".", value, ".")
	var text [16]byte
	b64.Encode(text[:], sum[:12])
	return string(text[:])
}

// seal is the MAC over a cookie's time and account.
func (d *Devices) seal(at, who string) (text [22]byte) {
	sum := d.mac.sum("v1.", at, ".", who, ".")
	b64.Encode(text[:], sum[:16])
	return text
}

var b64 = base64.RawURLEncoding

// Issue makes the cookie for a device on which an account has just signed in.
func (d *Devices) Issue(account string, now time.Time, secure bool) *http.Cookie {
	at := strconv.FormatInt(now.Unix(), 36)
	who := d.hash("account", account)
	seal := d.seal(at, who)
	c := &http.Cookie{
		Name: DeviceCookie, Value: "v1." + at + "." + who + "." + string(seal[:]),
		Path: "/", MaxAge: int(deviceLife / time.Second), HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: secure,
	}
	if secure {
		c.Name = "__Host-" + DeviceCookie
	}
	return c
}

// Known reads the cookie of a request. A forged, stale or future one is as good as none. Of several the oldest valid
// one counts.
func (d *Devices) Known(r *http.Request, now time.Time) (best Device, ok bool) {
	if d.weak {
		return best, false
	}
	tried := 0
	for _, name := range [...]string{"__Host-" + DeviceCookie, DeviceCookie} {
		for value := range cookies(r.Header, name) {
			if tried++; tried > 4 {
				return best, ok
			}
			if dev, valid := d.read(value, now); valid && (!ok || dev.Since.Before(best.Since)) {
				best, ok = dev, true
			}
		}
	}
	return best, ok
}

func (d *Devices) read(value string, now time.Time) (Device, bool) {
	if len(value) > 96 {
		return Device{}, false
	}
	version, rest, _ := strings.Cut(value, ".")
	at, rest, _ := strings.Cut(rest, ".")
	who, mac, ok := strings.Cut(rest, ".")
	if !ok || version != "v1" {
		return Device{}, false
	}
	// The text is compared, not what it decodes to: base64 has several spellings of the last bits.
	if want := d.seal(at, who); subtle.ConstantTimeCompare(want[:], []byte(mac)) != 1 {
		return Device{}, false
	}
	seconds, err := strconv.ParseInt(at, 36, 64)
	if err != nil {
		return Device{}, false
	}
	since := time.Unix(seconds, 0)
	if since.After(now.Add(leeway)) || now.Sub(since) > deviceLife {
		return Device{}, false
	}
	return Device{since, who}, true
}

// Renew reports whether a new login should give the device a new cookie.
func (d *Devices) Renew(known Device, ok bool, account string, now time.Time) bool {
	return !d.weak && (!ok || now.Sub(known.Since) > renewAfter || !d.Is(known, account))
}

// Is reports whether the device is known for this account.
func (d *Devices) Is(known Device, account string) bool {
	return known.Account == d.hash("account", account)
}

// Session hashes a session cookie's value, which itself is never kept.
func (d *Devices) Session(value string) string {
	return d.hash("session", value)
}
