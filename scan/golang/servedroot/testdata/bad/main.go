package main

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

func main() {
	http.Handle("/all/", http.FileServer(http.Dir("/"))) // want "of the machine"
	http.Handle("/", http.FileServer(http.Dir(".")))     // want "runs in"
	gin.New().Static("/files", "./")                     // want "runs in"
}
