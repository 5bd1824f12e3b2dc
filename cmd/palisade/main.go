// Command palisade keeps bots and exploits away from web apps. All it does is in package cli.
package main

import (
	"context"
	"os"

	"palisade.dev/cli"
)

func main() {
	os.Exit(cli.Main(context.Background(), os.Args[1:], cli.Std()))
}
