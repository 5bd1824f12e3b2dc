package cli

import (
	"fmt"
	"os"

	"palisade.dev/scan/code/newcheck"
)

type scanNewCheckCmd struct {
	ID string `arg:"" help:"The check's identifier, as elixir/oddthing: the path of its folder."`
}

// Run makes a folder in palisade's own repository.
func (c *scanNewCheckCmd) Run(s *session) error {
	root, err := os.OpenRoot(".")
	if err != nil {
		return err
	}
	defer root.Close()
	files, then, err := newcheck.Make(root, c.ID)
	if err != nil {
		return misuse{err}
	}
	for _, f := range files {
		fmt.Fprintln(s.Out, f)
	}
	fmt.Fprintf(s.Err, "Write the samples first, then the check. Then: %s\n", then)
	return nil
}
