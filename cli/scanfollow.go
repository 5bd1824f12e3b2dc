package cli

import (
	"os"

	"palisade.dev/scan/deps/reach"
)

// scanFollowCmd is what a scan of code starts for itself: following calls takes gigabytes, which end with the process.
type scanFollowCmd struct{}

func (c *scanFollowCmd) Run(s *session) error {
	return scanEnd(reach.Serve(s.ctx, s.In, s.Out), nil, nil)
}

// again is this program with other arguments, called by the same name; nothing where it was not started as a program.
func (s *session) again(args ...string) []string {
	self, err := os.Executable()
	if err != nil || s.Program == "" {
		return nil
	}
	return append([]string{self, s.Program}, args...)
}
