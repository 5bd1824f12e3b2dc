package shop

import (
	"crypto/subtle"
	"encoding/json"
	"net/http"
)

func writeJSON(w http.ResponseWriter, status int, body any) {
	raw, err := json.Marshal(body)
	if err != nil {
		panic("shop: " + err.Error()) // only plain structs of ours are written
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(append(raw, '\n')) // the caller may have left
}

type apiError struct {
	Error struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
}

func writeFault(w http.ResponseWriter, status int, code, message string) {
	var e apiError
	e.Error.Code, e.Error.Message = code, message
	writeJSON(w, status, e)
}

// holder gives the account that a key of X-API-Key opens, or "".
func holder(key string) (account string) {
	for _, k := range APIKeys() {
		if subtle.ConstantTimeCompare([]byte(k.Key), []byte(key)) == 1 {
			account = k.Account
		}
	}
	return account
}

// caller answers requests without a known key, and gives the account of the others.
func (s *Shop) caller(w http.ResponseWriter, r *http.Request) string {
	account := holder(r.Header.Get("X-API-Key"))
	if account == "" {
		s.count.apiDenied.Add(1)
		writeFault(w, http.StatusUnauthorized, "unauthorized", "Send a known key in X-API-Key.")
	}
	return account
}

func (s *Shop) apiProducts(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]any{"products": products})
}

func (s *Shop) apiOrders(w http.ResponseWriter, r *http.Request) {
	account := s.caller(w, r)
	if account == "" {
		return
	}
	own := []order{}
	for _, o := range orders {
		if o.Account == account {
			own = append(own, o)
		}
	}
	writeJSON(w, http.StatusOK, map[string]any{"account": account, "orders": own})
}

// apiOrder does not tell another account's order from one that does not exist.
func (s *Shop) apiOrder(w http.ResponseWriter, r *http.Request) {
	account := s.caller(w, r)
	if account == "" {
		return
	}
	for _, o := range orders {
		if o.Account == account && o.ID == r.PathValue("id") {
			writeJSON(w, http.StatusOK, o)
			return
		}
	}
	writeFault(w, http.StatusNotFound, "not_found", "There is no such order.")
}

func (s *Shop) health(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]string{"status": "ok"})
}
