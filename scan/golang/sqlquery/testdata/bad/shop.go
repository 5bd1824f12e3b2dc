package shop

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/jackc/pgx/v5/pgxpool"
	_ "github.com/mattn/go-sqlite3"
	"gorm.io/gorm"
)

type Shop struct{ db *sql.DB }

func (s *Shop) List(w http.ResponseWriter, r *http.Request) {
	customer := r.URL.Query().Get("customer")
	rows, err := s.db.QueryContext(r.Context(), "SELECT id FROM orders WHERE customer = '"+customer+"'") // want "becomes a part of an SQL statement"
	if err != nil {
		http.Error(w, "no", 500)
		return
	}
	defer rows.Close()
}

func (s *Shop) Sorted(w http.ResponseWriter, r *http.Request) {
	s.find(r.Context(), r.FormValue("sort"))
}

func (s *Shop) find(ctx context.Context, order string) {
	query := fmt.Sprintf("SELECT id FROM orders ORDER BY %s LIMIT %d", strings.TrimSpace(order), 10)
	s.db.QueryContext(ctx, query) // want "becomes a part of an SQL statement"
}

type filter struct {
	Name string
	Max  int
}

func decode(r *http.Request, into any) error { return json.NewDecoder(r.Body).Decode(into) }

func (s *Shop) Search(w http.ResponseWriter, r *http.Request) {
	var f filter
	if err := decode(r, &f); err != nil {
		return
	}
	var b strings.Builder
	b.WriteString("SELECT id FROM goods WHERE name LIKE '%")
	b.WriteString(f.Name)
	b.WriteString("%'")
	s.db.Query(b.String()) // want "becomes a part of an SQL statement"
}

type store interface{ remove(id string) error }

type pg struct{ pool *pgxpool.Pool }

func (p *pg) remove(id string) error {
	_, err := p.pool.Exec(context.Background(), "DELETE FROM goods WHERE id = "+id) // want "becomes a part of an SQL statement"
	return err
}

func routes(g *gin.Engine, st store, db *gorm.DB) {
	g.DELETE("/goods/:id", func(c *gin.Context) {
		st.remove(c.Param("id"))
	})
	g.GET("/users/:id", func(c *gin.Context) {
		var user struct{ Name string }
		db.First(&user, c.Param("id"))                           // want "becomes a part of an SQL statement"
		db.Where("name = '" + c.Query("name") + "'").Find(&user) // want "becomes a part of an SQL statement"
	})
}
