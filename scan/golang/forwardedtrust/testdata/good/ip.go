package ip

import (
	"net"
	"net/http"

	"github.com/gin-gonic/gin"
)

type finder struct{ trusted []net.IPNet }

func (f finder) clientIP(r *http.Request) string {
	for _, n := range f.trusted {
		if n.Contains(net.ParseIP(r.RemoteAddr)) {
			return r.Header.Get("X-Forwarded-For")
		}
	}
	return r.RemoteAddr
}

func show(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Debug", r.Header.Get("X-Forwarded-For"))
}

func engine() *gin.Engine {
	e := gin.New()
	e.SetTrustedProxies([]string{"10.0.0.0/8"})
	e.GET("/", func(c *gin.Context) { c.String(200, c.ClientIP()) })
	return e
}
