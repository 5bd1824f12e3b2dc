package fetch

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
)

func preview(w http.ResponseWriter, r *http.Request) {
	http.Get(r.FormValue("url"))                          // want "chooses which server"
	http.Get("https://" + r.FormValue("shop") + ".shops") // want "chooses which server"
	net.Dial("tcp", r.URL.Query().Get("host")+":25")      // want "chooses which server"
}

type hook struct{ Target string }

func register(w http.ResponseWriter, r *http.Request) {
	var h hook
	if json.NewDecoder(r.Body).Decode(&h) != nil {
		return
	}
	call(r.Context(), h)
}

func call(ctx context.Context, h hook) error {
	u, err := url.Parse(h.Target)
	if err != nil {
		return fmt.Errorf("no address: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, "POST", u.String(), nil) // want "chooses which server"
	if err != nil {
		return err
	}
	_, err = http.DefaultClient.Do(req)
	return err
}
