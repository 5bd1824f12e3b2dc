package main

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

func main() {
	http.Handle("/", http.FileServer(http.Dir("./public")))
	gin.New().Static("/files", "public")
}
