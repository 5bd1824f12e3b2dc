package ssh_test

import (
	"errors"
	"net"
	"testing"

	"golang.org/x/crypto/ssh"

	"palisade.dev/scan"
	"palisade.dev/scan/exposure/exposuretest"
	check "palisade.dev/scan/exposure/ssh"
)

var errNo = errors.New("no")

func keysOnly() *ssh.ServerConfig {
	return &ssh.ServerConfig{ServerVersion: "SSH-2.0-OpenSSH_9.6", PublicKeyCallback: func(ssh.ConnMetadata, ssh.PublicKey) (*ssh.Permissions, error) { return nil, errNo }}
}

func serving(change func(*ssh.ServerConfig)) func(*exposuretest.Host) {
	return func(h *exposuretest.Host) {
		conf := keysOnly()
		if change != nil {
			change(conf)
		}
		h.SSH(0, conf)
	}
}

func TestSamples(t *testing.T) {
	exposuretest.Run(t, check.Check, []exposuretest.Sample{
		{Name: "passwords", Kind: exposuretest.Vulnerable, Serve: serving(func(c *ssh.ServerConfig) {
			c.PasswordCallback = func(ssh.ConnMetadata, []byte) (*ssh.Permissions, error) { return nil, errNo }
		})},
		{Name: "everybody", Kind: exposuretest.Vulnerable, Least: scan.Critical, Serve: serving(func(c *ssh.ServerConfig) { c.NoClientAuth = true })},
		{Name: "a broken group and a broken cipher", Kind: exposuretest.Vulnerable, Serve: serving(func(c *ssh.ServerConfig) {
			c.KeyExchanges, c.Ciphers, c.MACs = []string{"diffie-hellman-group1-sha1"}, []string{"3des-cbc"}, []string{"hmac-sha1"}
		})},
		{Name: "an old release", Kind: exposuretest.Vulnerable, Least: scan.Low, Serve: serving(func(c *ssh.ServerConfig) { c.ServerVersion = "SSH-2.0-OpenSSH_6.6.1p1" })},
		{Name: "the first version too", Kind: exposuretest.Vulnerable, Least: scan.High, Serve: func(h *exposuretest.Host) { h.Says(0, "SSH-1.99-OpenSSH_3.9p1\r\n") }},
		{Name: "keys only", Kind: exposuretest.Sound, Serve: serving(nil)},
		{Name: "keys and questions", Kind: exposuretest.Sound, Serve: serving(func(c *ssh.ServerConfig) {
			c.KeyboardInteractiveCallback = func(ssh.ConnMetadata, ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) { return nil, errNo }
		})},
		{Name: "a greeting and then garbage", Kind: exposuretest.Noisy, Serve: func(h *exposuretest.Host) { h.Says(0, "SSH-2.0-dropbear\r\n\xff\xff\xff\xff\xff\xff\xff\xff") }},
		{Name: "a greeting and then nothing", Kind: exposuretest.Noisy, Serve: func(h *exposuretest.Host) {
			h.Raw(0, func(c net.Conn) { _, _ = c.Write([]byte("SSH-2.0-OpenSSH_9.6\r\n")) })
		}},
	})
}
