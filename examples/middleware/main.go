// A Go app with Palisade in it: a guard round its handler, tied to the back end.
//
//	PALISADE_SITE_KEY=… go run .
package main

import (
	"context"
	"log"
	"net/http"
	"os"

	"palisade.dev/guard"
)

func main() {
	app := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { // your app
		_, _ = w.Write([]byte("hello\n"))
	})

	g := guard.New(guard.Options{})
	link, err := g.Connect(guard.Back{
		URL:     "http://127.0.0.1:9090",
		SiteKey: os.Getenv("PALISADE_SITE_KEY"),
		Dir:     "palisade-guard", // keeps the last policy and unsent events over a restart
	})
	if err != nil {
		log.Fatal(err)
	}
	go link.Run(context.Background())

	log.Fatal(http.ListenAndServe("127.0.0.1:4000", g.Middleware(app)))
}
