package ip

import (
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
)

func clientIP(r *http.Request) string {
	if ip := r.Header.Get("X-Real-IP"); ip != "" { // want "which the client itself can send"
		return ip
	}
	ip, _, _ := strings.Cut(r.Header.Get("X-Forwarded-For"), ",") // want "which the client itself can send"
	return ip
}

func who(c *gin.Context) string {
	return c.ClientIP() // want "until SetTrustedProxies is called"
}
