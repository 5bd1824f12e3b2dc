package event

import (
	"context"
	"net/netip"
	"slices"
	"time"

	"palisade.dev/backend/veil"
	"palisade.dev/guard/wire"
)

// SignedIn knows which clients signed in, and when. A rule that would have refused a client that signed in within the hour
// would probably have refused a customer.
type SignedIn struct {
	within  int64
	times   map[client][]int64 // sorted
	Bounded bool               // there were more sign-ins than are kept
}

// client is an address and an account; either may be absent.
type client struct {
	address netip.Addr
	account string
}

// maxSignIns bounds what SignedIn holds, some 100 bytes each.
const maxSignIns = 500_000

// SignedIn reads the successful sign-ins of a time and of within on both sides of it.
func (s *Search) SignedIn(ctx context.Context, site string, from, to time.Time, within time.Duration) (*SignedIn, error) {
	in := &SignedIn{within: within.Microseconds(), times: make(map[client][]int64)}
	q := Query{Site: site, From: from.Add(-within), To: to.Add(within), Outcome: loginKind + "." + loginOK}
	n := 0
	err := s.Export(ctx, q, func(e wire.Event) error {
		for _, o := range e.Outcomes {
			if o.Kind != loginKind || o.Result != loginOK {
				continue
			}
			if n++; n > maxSignIns {
				in.Bounded = true
				return nil
			}
			account := o.Subject
			if account == "" {
				account = e.Account
			}
			in.note(client{e.Address, account}, e.At)
			in.note(client{address: e.Address}, e.At)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, times := range in.times {
		slices.Sort(times) // nearly is already
	}
	return in, nil
}

func (in *SignedIn) note(c client, at int64) { in.times[c] = append(in.times[c], at) }

// Near says whether a client signed in near a time, in Unix microseconds, before or after it. A request that names no
// account counts as that of anybody at its address.
func (in *SignedIn) Near(address netip.Addr, account string, at int64) bool {
	if veil.Of(address) == veil.Clear {
		address = bare(address)
	}
	times := in.times[client{address, account}]
	i, _ := slices.BinarySearch(times, at-in.within)
	return i < len(times) && times[i] <= at+in.within
}
