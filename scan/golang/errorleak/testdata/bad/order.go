package order

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

func show(w http.ResponseWriter, err error) {
	http.Error(w, "failed: "+err.Error(), http.StatusInternalServerError) // want "as it is"
}

func gins(c *gin.Context, err error) {
	c.JSON(500, gin.H{"error": err.Error()}) // want "as it is"
}
