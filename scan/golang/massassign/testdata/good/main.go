package main

import (
	"encoding/json"
	"net/http"
	"os"
)

type User struct {
	Name  string `json:"name"`
	Role  string `json:"role"`
	Admin bool   `json:"-"`
}

type Note struct{ Text string }

type store struct{}

func (store) Create(v any) error { return nil }

func register(w http.ResponseWriter, r *http.Request, db store) {
	var in struct{ Name string }
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		return
	}
	_ = db.Create(&User{Name: in.Name, Role: "member"})
}

func set(w http.ResponseWriter, r *http.Request, db store) {
	var u User
	_ = json.NewDecoder(r.Body).Decode(&u)
	u.Role = "member"
	_ = db.Create(&u)
}

func note(w http.ResponseWriter, r *http.Request, db store) {
	var n Note
	_ = json.NewDecoder(r.Body).Decode(&n)
	_ = db.Create(&n)
}

func seed(f *os.File, db store) {
	var u User
	_ = json.NewDecoder(f).Decode(&u)
	_ = db.Create(&u)
}

func show(w http.ResponseWriter, r *http.Request) {
	var u User
	_ = json.NewDecoder(r.Body).Decode(&u)
	_ = json.NewEncoder(w).Encode(&u)
}

func isAdmin(r *http.Request) bool { return r.TLS != nil }

func byAdmin(w http.ResponseWriter, r *http.Request, db store) {
	if !isAdmin(r) {
		return
	}
	var u User
	_ = json.NewDecoder(r.Body).Decode(&u)
	_ = db.Create(&u)
}
