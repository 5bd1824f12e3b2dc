package cli

import (
	"encoding/json"
	"fmt"
	"strings"

	brought "palisade.dev/backend/finding"
	"palisade.dev/scan"
)

// bring brings a run's report to the back end, if that was asked for.
func (f *reportFlags) bring(s *session, run *scan.Run) error {
	if !f.Upload {
		return nil
	}
	path, err := s.site(f.Site)
	if err != nil {
		return err
	}
	kept := *run
	if kept.Kind == "code" { // whatever the folder is called on this machine: the code of a site is one target
		kept.Target = strings.TrimPrefix(path, "/sites/")
	}
	text, err := kept.JSON()
	if err != nil {
		return err
	}
	var b brought.Brought
	if err := s.call("POST", path+"/scans", json.RawMessage(text), &b); err != nil {
		return fmt.Errorf("bringing the report to %s: %w", s.Server, err)
	}
	fmt.Fprintf(s.Err, "Brought to %s: %d new, %d come back, %d still there, %d resolved, %d not looked at.\n", strings.TrimPrefix(path, "/sites/"), len(b.New), len(b.Regressed), b.Still, b.Resolved, b.Untold)
	return nil
}
