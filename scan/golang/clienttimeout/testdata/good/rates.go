package rates

import (
	"context"
	"net/http"
	"time"
)

var client = &http.Client{Timeout: time.Second}

func today(ctx context.Context) {
	client.Get("https://rates.example.com/today")
	req, _ := http.NewRequestWithContext(ctx, "GET", "https://rates.example.com/today", nil)
	http.DefaultClient.Do(req)
}
