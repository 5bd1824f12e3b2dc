package rates

import "net/http"

var client = &http.Client{} // want "has no Timeout"

func today() {
	http.Get("https://rates.example.com/today") // want "waits for ever"
}
