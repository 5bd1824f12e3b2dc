package shop

import (
	"errors"
	"net/http"
)

const sessionCookie = "shop_session"

// signedIn gives the e-mail address of whoever asks, or "".
func (s *Shop) signedIn(r *http.Request) string {
	c, err := r.Cookie(sessionCookie)
	if err != nil {
		return ""
	}
	return s.people.whose(c.Value)
}

// greet opens a session and sends the visitor home.
func (s *Shop) greet(w http.ResponseWriter, r *http.Request, email string) {
	http.SetCookie(w, &http.Cookie{
		Name: sessionCookie, Value: s.people.open(email), Path: "/",
		MaxAge: int(sessionLife.Seconds()), HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: r.TLS != nil,
	})
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// readForm answers for a form that is too large or broken, and says whether to go on.
func (s *Shop) readForm(w http.ResponseWriter, r *http.Request) bool {
	err := r.ParseForm()
	if err == nil {
		return true
	}
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		http.Error(w, "This form is too large: the shop reads 16 KiB.", http.StatusRequestEntityTooLarge)
		return false
	}
	http.Error(w, "The shop could not read this form.", http.StatusBadRequest)
	return false
}

func (s *Shop) showLogIn(w http.ResponseWriter, r *http.Request) {
	s.show(w, r, http.StatusOK, "log_in", view{Title: "Sign in"})
}

// logIn answers a wrong pair with 200 and the form, as many frameworks do: who watches must look further than the status.
func (s *Shop) logIn(w http.ResponseWriter, r *http.Request) {
	if !s.readForm(w, r) {
		return
	}
	s.count.logIns.Add(1)
	typed := r.PostForm.Get("user[email]")
	email, ok := s.people.recognise(typed, r.PostForm.Get("user[password]"))
	if !ok {
		s.show(w, r, http.StatusOK, "log_in", view{
			Title: "Sign in", Error: "E-mail address or password is wrong.", Email: typed,
		})
		return
	}
	s.count.loggedIn.Add(1)
	s.greet(w, r, email)
}

func (s *Shop) logOut(w http.ResponseWriter, r *http.Request) {
	if c, err := r.Cookie(sessionCookie); err == nil {
		s.people.close(c.Value)
	}
	http.SetCookie(w, &http.Cookie{Name: sessionCookie, Path: "/", MaxAge: -1})
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (s *Shop) showRegister(w http.ResponseWriter, r *http.Request) {
	s.show(w, r, http.StatusOK, "register", view{Title: "Create an account"})
}

func (s *Shop) register(w http.ResponseWriter, r *http.Request) {
	if !s.readForm(w, r) {
		return
	}
	s.count.signUps.Add(1)
	typed := r.PostForm.Get("user[email]")
	err := s.people.join(typed, r.PostForm.Get("user[password]"))
	if err != nil {
		status := http.StatusUnprocessableEntity
		if errors.Is(err, errFull) {
			status = http.StatusServiceUnavailable
		}
		s.show(w, r, status, "register", view{Title: "Create an account", Error: sentence(err), Email: typed})
		return
	}
	s.count.accounts.Add(1)
	email, err := parseEmail(typed)
	if err != nil {
		panic("shop: an account was made for an address that cannot be read") // join has just read it
	}
	s.greet(w, r, email)
}

func (s *Shop) showReset(w http.ResponseWriter, r *http.Request) {
	s.show(w, r, http.StatusOK, "reset", view{Title: "Reset your password"})
}

// reset says the same whether or not there is such an account, and sends nothing: the shop has no mail.
func (s *Shop) reset(w http.ResponseWriter, r *http.Request) {
	if !s.readForm(w, r) {
		return
	}
	s.count.resets.Add(1)
	s.show(w, r, http.StatusOK, "reset", view{
		Title:  "Reset your password",
		Notice: "If we know this address, a letter is on its way. (In the demo shop it never arrives.)",
	})
}

func (s *Shop) account(w http.ResponseWriter, r *http.Request) {
	if s.signedIn(r) == "" {
		http.Redirect(w, r, "/users/log_in", http.StatusSeeOther)
		return
	}
	s.show(w, r, http.StatusOK, "account", view{Title: "Your account"})
}

// sentence turns an error of ours into words for a page.
func sentence(err error) string {
	words := err.Error()
	return string(words[0]-'a'+'A') + words[1:] + "."
}
