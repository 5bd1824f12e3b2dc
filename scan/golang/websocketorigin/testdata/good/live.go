package live

import (
	"net/http"

	"github.com/gorilla/websocket"
)

var plain = websocket.Upgrader{}

var upgrader = websocket.Upgrader{
	CheckOrigin: func(r *http.Request) bool { return r.Header.Get("Origin") == "https://example.com" },
}
