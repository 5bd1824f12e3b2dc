package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
)

func streams(in io.Reader, out, talk io.Writer) Streams {
	return Streams{In: in, Out: out, Err: talk, Env: func(string) (string, bool) { return "", false }, Now: time.Now, Program: "palisade"}
}

// An assistant speaks over stdin and stdout; the talk is on stderr, so that nothing breaks the protocol.
func TestMCPOverStdio(t *testing.T) {
	in, ask := io.Pipe()
	answer, out := io.Pipe()
	var talk bytes.Buffer
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan int, 1)
	go func() { ended <- Main(ctx, []string{"mcp", "--alone"}, streams(in, out, &talk)) }()
	client, err := sdk.NewClient(&sdk.Implementation{Name: "test"}, nil).Connect(ctx, &sdk.IOTransport{Reader: answer, Writer: ask}, nil)
	if err != nil {
		t.Fatal(err)
	}
	stranger := httptest.NewServer(http.NotFoundHandler())
	defer stranger.Close()
	res, err := client.CallTool(ctx, &sdk.CallToolParams{Name: "scan_api", Arguments: map[string]any{"url": "http://stranger.example/"}})
	if err != nil || !res.IsError {
		t.Errorf("a stranger is scanned: %v %v", res, err)
	}
	res, err = client.CallTool(ctx, &sdk.CallToolParams{Name: "scan_api", Arguments: map[string]any{"url": stranger.URL, "checks": []string{"api/transport/*"}}})
	if err != nil || res.IsError {
		t.Fatalf("this machine: %v %v", res, err)
	}
	text, err := json.Marshal(res.StructuredContent)
	if err != nil || !strings.Contains(string(text), `"target":"`+stranger.URL) {
		t.Errorf("%s %v", text, err)
	}
	_ = client.Close()
	cancel()
	select {
	case code := <-ended:
		if code != OK {
			t.Errorf("it ended with %d: %s", code, &talk)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("it goes on after its client left")
	}
	if talk.Len() > 0 {
		t.Errorf("it said %q", &talk)
	}
}
