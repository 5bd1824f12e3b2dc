package main

import (
	"encoding/json"
	"net/http"
)

type User struct {
	Name string `json:"name"`
	Role string `json:"role"`
}

type Account struct {
	Owner   string
	Balance int
}

type store struct{}

func (store) Create(v any) error { return nil }

func (store) Save(v any) error { return nil }

func register(w http.ResponseWriter, r *http.Request, db store) {
	var u User
	if err := json.NewDecoder(r.Body).Decode(&u); err != nil { // want "Role included"
		return
	}
	_ = db.Create(&u)
}

func change(w http.ResponseWriter, r *http.Request, db store) {
	a := &Account{}
	_ = json.NewDecoder(r.Body).Decode(a) // want "Balance included"
	a.Owner = "me"
	_ = db.Save(a)
}
