package identity

import (
	"crypto/hmac"
	"crypto/sha256"
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
type Devices struct{ secret []byte }

// Device is what a valid cookie says.
type Device struct {
	Since   time.Time
	Account string // hash of the account that signed in
}

// NewDevices takes the site's secret.
func NewDevices(secret []byte) *Devices {
	m := hmac.New(sha256.New, secret)
	m.Write([]byte("device"))
	return &Devices{m.Sum(nil)}
}

func (d *Devices) sum(parts ...string) []byte {
	m := hmac.New(sha256.New, d.secret)
	for _, p := range parts {
		m.Write([]byte(p))
		m.Write([]byte{'.'})
	}
	return m.Sum(nil)
}

var b64 = base64.RawURLEncoding

// Issue makes the cookie for a device on which an account has just signed in.
func (d *Devices) Issue(account string, now time.Time, secure bool) *http.Cookie {
	at := strconv.FormatInt(now.Unix(), 36)
	who := b64.EncodeToString(d.sum("account", account)[:12])
	c := &http.Cookie{
		Name: DeviceCookie, Value: "v1." + at + "." + who + "." + b64.EncodeToString(d.sum("v1", at, who)[:16]),
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
	header := r.Header["Cookie"]
	if len(header) == 0 {
		return best, false
	}
	has := false
	for _, line := range header {
		has = has || strings.Contains(line, DeviceCookie)
	}
	if !has {
		return best, false
	}
	tried := 0
	for _, name := range [...]string{"__Host-" + DeviceCookie, DeviceCookie} {
		for _, c := range r.CookiesNamed(name) {
			if tried++; tried > 4 {
				return best, ok
			}
			if dev, valid := d.read(c.Value, now); valid && (!ok || dev.Since.Before(best.Since)) {
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
	f := strings.Split(value, ".")
	if len(f) != 4 || f[0] != "v1" {
		return Device{}, false
	}
	mac, err := b64.DecodeString(f[3])
	if err != nil || !hmac.Equal(mac, d.sum("v1", f[1], f[2])[:16]) {
		return Device{}, false
	}
	at, err := strconv.ParseInt(f[1], 36, 64)
	if err != nil {
		return Device{}, false
	}
	since := time.Unix(at, 0)
	if since.After(now.Add(leeway)) || now.Sub(since) > deviceLife {
		return Device{}, false
	}
	return Device{since, f[2]}, true
}

// Renew reports whether a new login should give the device a new cookie.
func (d *Devices) Renew(known Device, ok bool, account string, now time.Time) bool {
	return !ok || now.Sub(known.Since) > renewAfter || known.Account != b64.EncodeToString(d.sum("account", account)[:12])
}

// Is reports whether the device is known for this account.
func (d *Devices) Is(known Device, account string) bool {
	return known.Account == b64.EncodeToString(d.sum("account", account)[:12])
}

// Session hashes a session cookie's value, which itself is never kept.
func (d *Devices) Session(value string) string {
	return b64.EncodeToString(d.sum("session", value)[:12])
}
