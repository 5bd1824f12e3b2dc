package service

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"strings"
	"time"

	"palisade.dev/scan/late"
)

// listen waits for a server that speaks first.
func listen(ctx context.Context, w Wire, wait time.Duration) (Service, bool) {
	l, err := w.open(ctx, wait)
	if err != nil {
		return Service{}, false
	}
	b := first(l)
	_ = l.Close()
	s, ok := Greeting(b, w.Port)
	if ok && s.Name == "ssh" && w.Active {
		s.SSH = askSSH(ctx, w)
	}
	return s, ok
}

var (
	smtpProduct = late.Pattern(`\b(Postfix|Exim|Sendmail|Microsoft ESMTP MAIL Service|OpenSMTPD|Haraka)\b(?:[ /]v?(\d[\w.+-]*))?`)
	ftpProduct  = late.Pattern(`(?i)\b(vsFTPd|ProFTPD|Pure-FTPd|FileZilla Server|Microsoft FTP Service)\b[ /]*(?:version )?v?(\d[\w.+-]*)?`)
	mailProduct = late.Pattern(`\b(Dovecot|Cyrus|Courier-IMAP|Exchange)\b(?:[ /]v?(\d[\w.+-]*))?`)
	sshBanner   = late.Pattern(`^SSH-(\d\.\d+)-([^\s_/-]+)[_/-]?(\S*)`)
)

// Greeting recognises what a server said first. Where it is no language that we know the banner is kept.
func Greeting(b []byte, port int) (Service, bool) {
	s := Service{Banner: printable(b)}
	text := string(b)
	product := func(name string, re *late.Regexp) (Service, bool) {
		s.Name = name
		if m := re.FindStringSubmatch(text[:min(len(text), 1024)]); m != nil {
			s.Product, s.Version = word(strings.ReplaceAll(m[1], " ", "-")), word(m[2])
		}
		return s, true
	}
	switch {
	case len(b) == 0:
		return s, false
	case strings.HasPrefix(text, "SSH-"):
		s.Name = "ssh"
		if m := sshBanner.FindStringSubmatch(text[:min(len(text), 255)]); m != nil {
			s.Product, s.Version = word(m[2]), word(m[3])
		}
		return s, true
	case strings.HasPrefix(text, "220") && (strings.Contains(text, "SMTP") || port == 25 || port == 465 || port == 587 || port == 2525):
		return product("smtp", smtpProduct)
	case strings.HasPrefix(text, "220"):
		return product("ftp", ftpProduct)
	case strings.HasPrefix(text, "* OK") || strings.HasPrefix(text, "* PREAUTH"):
		return product("imap", mailProduct)
	case strings.HasPrefix(text, "+OK"):
		return product("pop3", mailProduct)
	case strings.HasPrefix(text, "RFB 00"):
		s.Name, s.Version = "vnc", word(strings.TrimPrefix(text, "RFB "))
		return s, true
	case strings.HasPrefix(text, "@RSYNCD:"):
		s.Name, s.Version = "rsync", word(strings.TrimPrefix(text, "@RSYNCD:"))
		return s, true
	case strings.HasPrefix(text, "INFO {"):
		return nats(s, text)
	case b[0] == 0xff && len(b) > 2 && b[1] >= 0xfb && b[1] <= 0xfe:
		s.Name = "telnet"
		return s, true
	}
	if m, ok := MySQL(b); ok {
		m.Banner = s.Banner
		return m, true
	}
	return s, false
}

func nats(s Service, text string) (Service, bool) {
	var info struct {
		Version string `json:"version"`
		Auth    bool   `json:"auth_required"`
	}
	line, _, _ := strings.Cut(strings.TrimPrefix(text, "INFO "), "\r\n")
	if json.Unmarshal([]byte(line), &info) != nil || info.Version == "" {
		return s, false
	}
	s.Name, s.Product, s.Version = "nats", "NATS", word(info.Version)
	s.Access = Open
	s.Proof = Proof{"nothing: the server speaks first", `INFO {… "auth_required": false …}`}
	if info.Auth {
		s.Access, s.Proof = Guarded, Proof{}
	}
	return s, true
}

// MySQL reads the first packet of MySQL or MariaDB: a greeting with a version, or a refusal of our address.
func MySQL(b []byte) (Service, bool) {
	if len(b) < 8 || b[3] != 0 {
		return Service{}, false
	}
	size := int(b[0]) | int(b[1])<<8 | int(b[2])<<16
	body := b[4:]
	if size < 4 || size > len(body) {
		return Service{}, false
	}
	body = body[:size]
	s := Service{Name: "mysql", Product: "MySQL"}
	switch body[0] {
	case 0xff:
		code := binary.LittleEndian.Uint16(body[1:])
		if code != 1130 && code != 1129 && code != 1040 { // host not allowed, host blocked, too many connections
			return Service{}, false
		}
		if code != 1040 {
			s.Access = Guarded
		}
		return s, true
	case 10:
		end := bytes.IndexByte(body, 0)
		if end < 4 || end > 100 || body[1] < '0' || body[1] > '9' {
			return Service{}, false
		}
		version := string(body[1:end])
		if _, maria, ok := strings.Cut(version, "5.5.5-"); ok {
			version = maria // MariaDB put it before its own for clients that could not count to ten
		}
		if strings.Contains(version, "MariaDB") {
			s.Product = "MariaDB"
			version, _, _ = strings.Cut(version, "-MariaDB")
		}
		s.Version = word(version)
		// Thread, eight bytes of salt and a zero, then what the server can do; bit 11 is TLS.
		if at := end + 1 + 4 + 8 + 1; len(body) >= at+2 {
			s.Plain = binary.LittleEndian.Uint16(body[at:])&0x0800 == 0
		}
		return s, true
	}
	return Service{}, false
}
