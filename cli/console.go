package cli

import (
	"fmt"
	"io"
	"net/url"
	"strings"

	"palisade.dev/backend/api"
	"palisade.dev/store"
)

type consoleCmd struct{}

func (consoleCmd) Run(s *session) error {
	var link api.SignInLink
	if err := s.call("POST", "/sign-in-links", nil, &link); err != nil {
		return err
	}
	link.Path = strings.TrimSuffix(s.Server, "/") + link.Path
	return s.show(map[string]string{"url": link.Path}, func(w io.Writer) {
		fmt.Fprintln(w, link.Path)
		fmt.Fprintln(s.Err, "It signs in whoever opens it first, within 15 minutes, as the operator.")
	})
}

type auditCmd struct {
	List   auditListCmd   `cmd:"" help:"Who changed what, newest first."`
	Verify auditVerifyCmd `cmd:"" help:"Recompute the chain of the whole log: was anything changed or taken out?"`
}

type auditListCmd struct {
	Subject string `help:"Only about this, such as 'rule login' or 'ban 203.0.113.7'." placeholder:"SUBJECT"`
	Limit   int    `help:"How many." default:"50"`
}

func (c auditListCmd) Run(s *session) error {
	var list []store.Audited
	if err := s.call("GET", fmt.Sprintf("/audit?limit=%d&subject=%s", c.Limit, url.QueryEscape(c.Subject)), nil, &list); err != nil {
		return err
	}
	return s.show(list, func(w io.Writer) {
		if len(list) == 0 {
			fmt.Fprintln(s.Err, "Nothing was changed yet.")
		}
		for _, e := range list {
			fmt.Fprintf(w, "%d  %s  %s  %s\n", e.N, s.ago(e.At), clean(e.Author), clean(e.Action))
		}
	})
}

type auditVerifyCmd struct {
	Head string `help:"The number and hash that an earlier run printed, as N:HASH; the log has to contain it." placeholder:"N:HASH"`
}

func (c auditVerifyCmd) Run(s *session) error {
	var head store.AuditHead
	if err := s.call("GET", "/audit/verify", nil, &head); err != nil {
		return err
	}
	if c.Head != "" {
		if err := c.holds(s); err != nil {
			return err
		}
	}
	return s.show(head, func(w io.Writer) {
		fmt.Fprintf(w, "All %d entries are what was written.\n%d:%s\n", head.N, head.N, head.Hash)
		fmt.Fprintln(s.Err, "Keep the last line elsewhere; --head with it shows later that the log up to there is still the same.")
	})
}

// holds looks for an entry noted earlier: the chain alone does not show that all of it was written anew.
func (c auditVerifyCmd) holds(s *session) error {
	var n int64
	var hash string
	if _, err := fmt.Sscanf(strings.Replace(c.Head, ":", " ", 1), "%d %64s", &n, &hash); err != nil || n < 1 || len(hash) != 64 {
		return misuse{fmt.Errorf("--head %q: want what an earlier run printed, such as 12:3f…", c.Head)}
	}
	var list []store.Audited
	if err := s.call("GET", fmt.Sprintf("/audit?limit=1&before=%d", n+1), nil, &list); err != nil {
		return err
	}
	if len(list) != 1 || list[0].N != n || list[0].Hash != hash {
		return fmt.Errorf("the audit log does not contain entry %d as it was noted: it was written anew since", n)
	}
	return nil
}
