package conf

import (
	"crypto/tls"
	"crypto/x509"
)

func configs(pool *x509.CertPool, insecure bool, verify func(tls.ConnectionState) error) []*tls.Config {
	return []*tls.Config{
		{RootCAs: pool},
		{InsecureSkipVerify: insecure},
		{InsecureSkipVerify: true, VerifyConnection: verify},
		{MinVersion: tls.VersionTLS13},
		{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool},
		{ClientAuth: tls.NoClientCert},
	}
}
