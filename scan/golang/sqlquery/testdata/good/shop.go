package shop

import (
	"database/sql"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"
	"gorm.io/gorm"
)

type Shop struct {
	db    *sql.DB
	table string
}

var columns = map[string]string{"date": "created_at", "price": "cents"}

var allowed = map[string]bool{"asc": true, "desc": true}

func (s *Shop) List(w http.ResponseWriter, r *http.Request) {
	customer := r.URL.Query().Get("customer")
	s.db.QueryContext(r.Context(), "SELECT id FROM orders WHERE customer = $1", customer)
	s.db.QueryContext(r.Context(), "SELECT id FROM "+s.table+" WHERE customer = $1", customer)
	id, err := strconv.Atoi(r.FormValue("id"))
	if err != nil {
		return
	}
	s.db.Query(fmt.Sprintf("SELECT * FROM orders WHERE id = %d", id))
	s.db.Query("SELECT * FROM orders ORDER BY " + columns[r.FormValue("sort")])
}

func (s *Shop) Sorted(w http.ResponseWriter, r *http.Request) {
	order, column := r.FormValue("order"), r.FormValue("column")
	if !allowed[order] {
		order = "asc"
	}
	if !slices.Contains([]string{"id", "name"}, column) {
		http.Error(w, "no", 400)
		return
	}
	s.db.Query("SELECT id FROM orders ORDER BY " + column + " " + order)
	switch dir := r.FormValue("dir"); dir {
	case "up", "down":
		s.db.Query("SELECT " + dir)
	}
	sort := r.FormValue("sort")
	if sort != "name" && sort != "id" {
		sort = "id"
	}
	s.db.Query("SELECT id FROM t ORDER BY " + sort)
}

func (s *Shop) Many(w http.ResponseWriter, r *http.Request) {
	r.ParseForm()
	ids := r.Form["id"]
	marks := strings.Repeat("?,", len(ids))
	args := make([]any, 0, len(ids))
	for _, id := range ids {
		args = append(args, id)
	}
	s.db.Query("SELECT id FROM t WHERE id IN ("+strings.TrimSuffix(marks, ",")+")", args...)
}

type user struct{ Name string }

func routes(g *gin.Engine, db *gorm.DB) {
	g.POST("/users", func(c *gin.Context) {
		var in user
		if err := c.ShouldBindJSON(&in); err != nil {
			return
		}
		var out user
		db.Where("name = ?", in.Name).First(&out)
		db.Where(&in).First(&out)
		db.First(&out, "id = ?", c.Param("id"))
		db.Create(&in)
	})
}
